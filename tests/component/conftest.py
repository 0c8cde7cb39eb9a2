"""What the tests of components share: a cache of their own, and the Python guest `tests/guests/probe`, built once."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_sdk.component.filelock import file_lock

ROOT = Path(__file__).resolve().parents[2]
PROBE = ROOT / "tests" / "guests" / "probe"


@pytest.fixture(scope="session")
def kept(pytestconfig: pytest.Config) -> Path:
    """A folder that outlives the test run, below pytest's own cache."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("airssys-guests")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(kept: Path) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    """Compiled components go to a cache of the tests', which a second run finds again."""
    before = {name: os.environ.pop(name, None) for name in ("AIRSSYS_CACHE_DIR", "XDG_CACHE_HOME")}
    os.environ["XDG_CACHE_HOME"] = str(kept)
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="session")
def probe_wasm(kept: Path) -> Path:
    """The guest `tests/guests/probe`: a Python guest that misbehaves on request."""
    digest = hashlib.sha256(importlib.metadata.version("componentize-py").encode())
    for file in sorted([*PROBE.glob("*.py"), *PROBE.glob("*.wit")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    wasm = kept / f"probe-{digest.hexdigest()[:16]}.wasm"
    # Workers of one test run share it.
    with file_lock(kept / "probe.lock", patience=120, waiting=lambda: None):
        if not wasm.exists():
            tool = Path(sys.executable).with_name("componentize-py")
            with tempfile.TemporaryDirectory(dir=kept) as folder:
                made = Path(folder) / "probe.wasm"
                command = [tool, "-d", PROBE, "-w", "probe", "componentize", "-p", PROBE, "app", "-o", made]
                subprocess.run(command, check=True, capture_output=True, cwd=folder)
                made.replace(wasm)
    return wasm
