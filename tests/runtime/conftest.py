"""The guest that the tests of nodes run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

WIT = Path(__file__).resolve().parents[2] / "wit" / "airssys-core"


@pytest.fixture(scope="session")
def actor_wasm(bare_guest: Callable[[str, Path, str], Path]) -> Path:
    """The guest `tests/guests/actor`, whose behaviour is chosen by its messages."""
    return bare_guest("actor", WIT, "runtime-host")
