"""jco on Node: installed once into the user's cache folder, and run as a process that is asked for one round at a time."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from airssys_sdk.component.engine.cache import cache_folder

from .common import Unavailable

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
PACKAGE = "@bytecodealliance/jco"
LONGEST = 600.0
"""Seconds that an installation may take."""
HOST = "export function next(x) { return x + 1; }\n"


class Jco:
    """A Node process with the component, transpiled; use it in a `with` statement.

    Args:
        wasm: the component.

    Raises:
        Unavailable: Node or npm are missing, or jco cannot be installed or does not run.
    """

    def __init__(self, wasm: bytes) -> None:
        node = _program("node")
        modules = _installed()
        self._folder = tempfile.TemporaryDirectory()
        try:
            script = _transpiled(node, modules, wasm, Path(self._folder.name))
            version = _run("node does not run", [node, "--version"], HERE).strip()
            self._process = subprocess.Popen(
                [node, HERE / "measure.mjs", script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        except BaseException:
            self._folder.cleanup()
            raise
        about = json.loads((modules / PACKAGE / "package.json").read_bytes())
        self.version = f"{about['version']} on Node {version}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()

    def prepare(
        self, name: str, arguments: Sequence[Any], expected: object, times: int
    ) -> Callable[[], float]:
        """A function that measures one round, after one call that has to answer what is expected."""
        self._ask({"name": name, "arguments": list(map(_plain, arguments)), "expected": _plain(expected)})
        return functools.partial(self._ask, {"times": times})

    def _ask(self, question: dict[str, Any]) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the Node process has ended; what it wrote to stderr says why")
        return float(answer)


def _plain(value: object) -> object:
    """A value as the program on the other side reads it from JSON."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"there is no {name} on PATH")
    return found


def _installed() -> Path:
    """The folder of installed packages, exactly those of the lock file; its name says which lock file that was."""
    target = cache_folder() / "bench" / f"jco-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if target.is_dir():
        return target / "node_modules"
    npm = _program("npm")
    print("installing jco for the bench (about 340 MB, once) ...", flush=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            whole = Path(folder, "whole")
            whole.mkdir()
            for name in ("package.json", LOCK.name):
                shutil.copy(HERE / name, whole)
            # No package needs a script of its own here, and a machine without a network should hear of it soon.
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
            _run("npm ci failed", [npm, "ci", *options, "--fetch-retry-mintimeout=1000"], whole)
            whole.rename(target)
    except OSError as error:
        if not target.is_dir():  # else another bench has installed it meanwhile
            raise Unavailable(f"it cannot be installed: {error}") from None
    return target / "node_modules"


def _transpiled(node: str, modules: Path, wasm: bytes, folder: Path) -> Path:
    """The script that jco makes of the component."""
    component = folder / "bench.wasm"
    component.write_bytes(wasm)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (folder / "host.mjs").write_text(HOST, encoding="utf-8")
    entry = json.loads((modules / PACKAGE / "package.json").read_bytes())["bin"]["jco"]
    command = [node, modules / PACKAGE / entry, "transpile", component, "--quiet", "--name", "bench"]
    _run("it does not run", [*command, "--map", "bench:calls/host=./host.mjs", "--out-dir", folder], folder)
    return folder / "bench.js"


def _run(failure: str, command: Sequence[str | Path], folder: Path) -> str:
    """What a command writes; if it fails, `Unavailable` with its first error."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", timeout=LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{failure}: {error}") from None
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = [line for line in said if "error" in line.lower()]  # warnings may come before them
        raise Unavailable(f"{failure}: {[*errors, *said, f'exit code {done.returncode}'][0]}")
    return done.stdout
