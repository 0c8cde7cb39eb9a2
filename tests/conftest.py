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
def check_types(kept: Path) -> Callable[[Path], dict[str, str]]:
    """Checks every Python file below a folder with `mypy --strict` and basedpyright in strict mode.

    It gives what each of them complains about; nothing for one that is content.
    """

    def run(folder: Path) -> dict[str, str]:
        settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["."]}
        (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        commands = {
            "mypy": ["--strict", "--python-version", "3.11", f"--cache-dir={kept / 'mypy'}", "."],
            "basedpyright": ["--project", "."],
        }
        complaints = dict[str, str]()
        for tool, arguments in commands.items():
            program = Path(sys.executable).with_name(tool)
            done = subprocess.run(
                [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                complaints[tool] = done.stdout + done.stderr
        return complaints

    return run
