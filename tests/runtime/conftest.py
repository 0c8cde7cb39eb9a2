"""The guest that the tests of nodes run: built once, kept by the content of what it is made from."""

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

ROOT = Path(__file__).resolve().parents[2]
GUEST = ROOT / "tests" / "guests" / "actor"
WIT = ROOT / "wit" / "airssys-core"


@pytest.fixture(scope="session")
def kept(pytestconfig: pytest.Config) -> Path:
    """A folder that outlives the test run, below pytest's own cache."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("airssys-guests")


@pytest.fixture(scope="session")
def actor_wasm(kept: Path) -> Path:
    """The guest `tests/guests/actor`, whose behaviour is chosen by its messages."""
    digest = hashlib.sha256(importlib.metadata.version("componentize-py").encode())
    for file in sorted([*GUEST.glob("*.py"), *WIT.glob("*.wit")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    wasm = kept / f"actor-{digest.hexdigest()[:16]}.wasm"
    if not wasm.exists():
        tool = Path(sys.executable).with_name("componentize-py")
        with tempfile.TemporaryDirectory(dir=kept) as folder:
            made = Path(folder) / "actor.wasm"
            command: list[str | Path] = [
                tool,
                "-d",
                WIT,
                "-w",
                "runtime-host",
                "componentize",
                "-p",
                GUEST,
                "app",
                "-o",
                made,
            ]
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
            made.replace(wasm)
    return wasm


@pytest.fixture(scope="module", autouse=True)
def _own_cache(kept: Path) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    """Compiled components go to a cache of the tests', which a second run finds again."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(kept)
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
