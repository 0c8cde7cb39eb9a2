"""The Python guest that the runtime is measured with, and how its figures are taken and printed.

Rates are of the processor time of the loop's thread, the best of many short rounds: a process that shares its cores
with others is not interrupted in most of them. Latencies are by the clock on the wall, so read them beside their control.
"""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from airssys_sdk.manifest import Manifest
from airssys_sdk.runtime import ComponentSpec

Profile: TypeAlias = Literal["metered", "plain"]
SHARED = "AIRSSYS_BENCH_FOLDER"
"""The environment's variable with a folder in which the sets of one run find what others built."""
ROOT = Path(__file__).parent.parent
PAYLOAD = b"x" * 64
CRASH = b'[["crash", "now"]]'


def with_guest(measure: Callable[[Path, Path], Coroutine[Any, Any, None]]) -> Coroutine[Any, Any, None]:
    """Build the guest of the tests (seconds), then measure with the component and an empty folder."""

    async def measured() -> None:
        logging.disable()
        with tempfile.TemporaryDirectory() as folder:
            shared = Path(os.environ.get(SHARED, folder))
            await measure(build(shared), Path(folder))

    return measured()


def build(folder: Path) -> Path:
    """Build the guest of the tests, unless the folder has it."""
    made = folder / "actor.wasm"
    if made.exists():
        return made
    tool = Path(sys.executable).with_name("componentize-py")
    command: list[str | Path] = [tool, "-d", ROOT / "wit" / "airssys-core", "-w", "runtime-host"]
    command += ["componentize", "-p", ROOT / "tests" / "guests" / "actor", "app", "-o", made]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return made


def spec(
    wasm: Path,
    name: str,
    *,
    profile: Profile = "metered",
    instance: str = "0",
    version: str = "1.0.0",
    **runtime: object,
) -> ComponentSpec:
    """A component that may crash as often as it likes, and starts again at once; the rest goes to its section `[runtime]`."""
    manifest = {
        "component": {"namespace": "bench", "name": name, "version": version, "world": "runtime-host"},
        "runtime": {"profile": profile, **runtime},
        "supervision": {
            "intensity": {"restarts": 1_000_000, "within": 1.0},
            "backoff": {"base": 1e-6, "factor": 1.0, "max": 1e-6},
        },
    }
    return ComponentSpec(Manifest.model_validate(manifest), wasm, instance)


async def processor_time(run: Callable[[], Coroutine[Any, Any, object]]) -> float:
    """Seconds of this thread's processor time."""
    begin = time.thread_time()
    await run()
    return time.thread_time() - begin


async def in_turns(
    rounds: int, measured: Sequence[Callable[[], Coroutine[Any, Any, object]]]
) -> tuple[float, ...]:
    """Let each have a round, again and again: processor seconds of the best round of each."""
    best = [float("inf")] * len(measured)
    for _ in range(rounds):
        for number, run in enumerate(measured):
            best[number] = min(best[number], await processor_time(run))
    return tuple(best)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of all values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def row(figure: str, value: str, goal: str = "", note: str = "") -> None:
    """Print a figure, its goal and what else is known of it."""
    print(f"{figure:<58}{value:>16}   {goal:<22}{note}".rstrip(), flush=True)
