"""What all tests share: caches of their own that a second run finds again, and the type checkers as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kept(pytestconfig: pytest.Config) -> Path:
    """A folder that outlives the test run, below pytest's own cache."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("airssys-guests")


@pytest.fixture(scope="session", autouse=True)
def _no_cache_of_the_users(kept: Path) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    """What is built and compiled goes to the tests' own cache: nothing here reads or writes the user's."""
    before = {name: os.environ.pop(name, None) for name in ("AIRSSYS_CACHE_DIR", "XDG_CACHE_HOME")}
    os.environ["XDG_CACHE_HOME"] = str(kept)
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="session")
def check_types(kept: Path) -> Callable[[Path], None]:
    """Checks every Python file below a folder with `mypy --strict` and basedpyright in strict mode, as it is written."""

    def run(folder: Path) -> None:
        mypy = ["mypy", "--strict", "--python-version", "3.11", f"--cache-dir={kept / 'mypy'}", "."]
        _tool(mypy, folder)
        settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["."]}
        (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        _tool(["basedpyright", "--project", "."], folder)

    return run


def _tool(command: list[str], folder: Path) -> None:
    program = Path(sys.executable).with_name(command[0])
    done = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
