"""What all tests share: caches of their own that a second run finds again, and the type checkers as a user runs them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airssys_sdk.component.engine.filelock import file_lock

GUESTS = Path(__file__).resolve().parent / "guests"


def pytest_configure() -> None:
    """Have interrupts arrive: a run that was started in the background of a shell inherits that they are ignored."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
def bare_guest(kept: Path) -> Callable[[str, Path, str], Path]:
    """Wraps the module `app` of a folder of `tests/guests` with componentize-py alone, as people do without this SDK.

    The component is kept by the content of what it is made from, and workers of one test run share it.
    """

    def make(name: str, wit: Path, world: str) -> Path:
        folder = GUESTS / name
        digest = hashlib.sha256(importlib.metadata.version("componentize-py").encode())
        for file in sorted([*folder.glob("*.py"), *wit.glob("*.wit")]):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        wasm = kept / f"{name}-{digest.hexdigest()[:16]}.wasm"
        with file_lock(kept / f"{name}.lock", patience=120, waiting=lambda: None):
            if not wasm.exists():
                with tempfile.TemporaryDirectory(dir=kept) as work:
                    made = Path(work) / "made.wasm"
                    tool = Path(sys.executable).with_name("componentize-py")
                    options = ["-d", wit, "-w", world, "componentize", "-p", folder, "app", "-o", made]
                    subprocess.run([tool, *options], check=True, capture_output=True, cwd=work)
                    made.replace(wasm)
        return wasm

    return make


@pytest.fixture(scope="session")
def mypy_cache(kept: Path) -> Path:
    """Where mypy keeps what it learned of the standard library; one folder a worker, since it is no shared one."""
    return kept / f"mypy-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@pytest.fixture(scope="session")
def check_types(mypy_cache: Path) -> Callable[[Path], dict[str, str]]:
    """Checks every Python file below a folder with `mypy --strict` and basedpyright in strict mode.

    It gives what each of them complains about; nothing for one that is content.
    """

    def run(folder: Path) -> dict[str, str]:
        settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["."]}
        (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
        commands = {
            "mypy": ["--strict", "--python-version", "3.11", f"--cache-dir={mypy_cache}", "."],
            "basedpyright": ["--project", ".", "--pythonpath", sys.executable],
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
