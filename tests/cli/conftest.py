from __future__ import annotations

from pathlib import Path

import pytest
from cli_process import Command


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that the whole test run shares, so that nothing is built twice."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def sdk(cache: Path) -> Command:
    """The command."""
    return Command(cache)
