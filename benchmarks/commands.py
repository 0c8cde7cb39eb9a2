"""How long the command takes as a process: start, help, generate; and the example, as `make run` runs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from airssys_sdk.wit.tools import run_wasm_tools

ROOT = Path(__file__).parent.parent
RUNS = 7


def best_of(arguments: Sequence[str], *, module: str | None = "airssys_sdk.cli", runs: int = RUNS) -> float:
    """The best wall time of several runs of a command, in milliseconds."""
    command = [sys.executable, *(["-m", module] if module else []), *arguments]
    times: list[float] = []
    for _ in range(runs):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return min(times) * 1000


FOREVER = """(component
  (core module $code (func (export "forever") (loop $again (br $again))))
  (core instance $code (instantiate $code))
  (func (export "forever") (canon lift (core func $code "forever"))))"""
PROGRAM = """
import sys
from airssys_sdk.component import Component, Limits

component = Component.open(sys.argv[1], profile="metered")
with component.instantiate(limits=Limits(deadline=60)) as instance:
    print("begun", flush=True)
    instance.call("forever")
"""


def interrupted(command: Sequence[str], runs: int = RUNS) -> float:
    """Milliseconds from Ctrl-C to the end of a process that is inside a guest which never ends; the worst of several runs.

    The command prints a line when it begins, or has begun two seconds after its start.
    """
    times: list[float] = []
    for _ in range(runs):
        with subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            if "-c" in command and process.stdout is not None:
                process.stdout.readline()
                time.sleep(0.2)
            else:
                time.sleep(2.0)
            begin = time.perf_counter()
            process.send_signal(signal.SIGINT)
            process.wait(60)
            times.append(time.perf_counter() - begin)
    return max(times) * 1000


def example() -> tuple[tuple[float, str], tuple[float, str]]:
    """The example in a copy of its own: the first time with empty caches, and again; seconds, and what it counted."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for part in ("examples", "wit"):
            ignored = shutil.ignore_patterns("dist", "__pycache__")
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        environment = {**os.environ, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        environment.pop("AIRSSYS_CACHE_DIR", None)
        command = [sys.executable, "-m", "examples.word_count", str(ROOT / "README.md")]

        def once() -> tuple[float, str]:
            begin = time.perf_counter()
            done = subprocess.run(
                command, cwd=copy, env=environment, check=True, capture_output=True, text=True
            )
            return time.perf_counter() - begin, done.stdout.rpartition("in all; ")[2].strip()

        return once(), once()


def main() -> None:
    """Print the tables."""
    wit = str(ROOT / "wit" / "airssys-core")
    floor = best_of(["-c", "pass"], module=None)
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "bindings")
        generate = ["generate", "host", wit, "--world", "runtime-host", "--out", target]
        rows = [
            ("airssys-sdk --help", best_of(["--help"]), 150),
            ("airssys-sdk generate host (airssys:core)", best_of(generate), 400),
        ]
    print(f"{'process, best of ' + str(RUNS):44}{'ms':>8}{'goal':>8}{'/ bare Python':>15}")
    print(f"{'python -c pass':44}{floor:8.0f}{'':8}{1.0:15.1f}")
    for name, took, goal in rows:
        print(f"{name:44}{took:8.0f}{'< ' + str(goal):>8}{took / floor:15.1f}")
    if os.name != "nt":
        with tempfile.TemporaryDirectory() as folder:
            wasm = Path(folder, "forever.wasm")
            wasm.write_bytes(run_wasm_tools(["parse", "-"], stdin=FOREVER.encode()))
            ended = (
                ("airssys-sdk call", interrupted(["-m", "airssys_sdk.cli", "call", str(wasm), "forever()"])),
                ("a call with a deadline in a program", interrupted(["-c", PROGRAM, str(wasm)])),
            )
        print(f"\n{'Ctrl-C to the end of the process, worst of ' + str(RUNS):52}{'ms':>8}{'goal':>8}")
        for name, ms in ended:
            print(f"{name:52}{ms:8.0f}{'< 100':>8}")
    print(f"\n{'the example (make run, without installation)':44}{'s':>8}{'goal':>8}")
    for (took, counted), name, goal in zip(example(), ("empty caches", "again"), (180, 8), strict=True):
        print(f"{name:44}{took:8.1f}{'< ' + str(goal):>8}  {counted}")


if __name__ == "__main__":
    main()
