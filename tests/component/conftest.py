"""What the tests of components share: the Python guest `tests/guests/probe`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PROBE = Path(__file__).resolve().parents[1] / "guests" / "probe"


@pytest.fixture(scope="session")
def probe_wasm(bare_guest: Callable[[str, Path, str], Path]) -> Path:
    """The guest `tests/guests/probe`: a Python guest that misbehaves on request."""
    return bare_guest("probe", PROBE, "probe")
