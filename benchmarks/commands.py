"""How long the command takes as a process: start, help, generate; and the example, as `make run` runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

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
    print(f"\n{'the example (make run, without installation)':44}{'s':>8}{'goal':>8}")
    for (took, counted), name, goal in zip(example(), ("empty caches", "again"), (180, 8), strict=True):
        print(f"{name:44}{took:8.1f}{'< ' + str(goal):>8}  {counted}")


if __name__ == "__main__":
    main()
