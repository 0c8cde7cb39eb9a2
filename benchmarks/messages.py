"""How fast messages are into a Python guest and back, and what the runtime adds to the bare call.

`python benchmarks/messages.py` builds the tests' guest (seconds), compiles it for both profiles and prints, for a payload
of 64 bytes that the guest echoes: the bare call through generated code; a message and its reply with 100 asks under way;
one ask at a time; a message whose handler writes one key; and the time from a crash to the next reply.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal, cast

from airssys_sdk.component import CallError, Component, Limits
from airssys_sdk.manifest import Manifest
from airssys_sdk.runtime import ComponentSpec, Node
from airssys_sdk.runtime.components.bindings import RuntimeHost, RuntimeHostImports
from airssys_sdk.runtime.components.bindings.imports import types

ROOT = Path(__file__).parent.parent
PAYLOAD = b"x" * 64
WRITE = b'[["set", "key", "value"]]'
CRASH = b'[["crash", "now"]]'
COUNT = 2000
ROUNDS = 7
UNDER_WAY = 100


class Nothing:
    """Imports that are linked and never called."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Nothing()

    def __call__(self, *arguments: object) -> None:
        raise NotImplementedError


def build(folder: Path) -> Path:
    """Build the guest of the tests."""
    made = folder / "actor.wasm"
    tool = Path(sys.executable).with_name("componentize-py")
    command: list[str | Path] = [tool, "-d", ROOT / "wit" / "airssys-core", "-w", "runtime-host"]
    command += ["componentize", "-p", ROOT / "tests" / "guests" / "actor", "app", "-o", made]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return made


def spec(wasm: Path, profile: str, name: str) -> ComponentSpec:
    """A component that may crash as often as it likes, and starts again at once."""
    manifest = {
        "component": {"namespace": "bench", "name": name, "version": "1.0.0", "world": "runtime-host"},
        "runtime": {"profile": profile},
        "supervision": {
            "intensity": {"restarts": 1_000_000, "within": 1.0},
            "backoff": {"base": 1e-6, "factor": 1.0, "max": 1e-6},
        },
    }
    return ComponentSpec(Manifest.model_validate(manifest), wasm)


def bare(wasm: Path, profile: Literal["metered", "plain"]) -> float:
    """Seconds of a call through generated code."""
    limits = Limits(deadline=30.0) if profile == "metered" else None
    message = types.ComponentMessage(
        types.ComponentId("airssys", "host", "0"),
        PAYLOAD,
        types.MessageMetadata(
            "bench-1", types.ComponentId("airssys", "host", "0"), types.Timestamp(1, 2), None
        ),
    )
    component = Component.open(wasm, profile=profile)
    with RuntimeHost.load(component, imports=cast("RuntimeHostImports", Nothing()), limits=limits) as world:
        config = types.ComponentConfig([], None, types.ResourceLimits(0, 0, None))
        world.component_lifecycle.initialize(config)
        call = world.component_lifecycle.handle_message
        return best(lambda: [call(message) for _ in range(COUNT)]) / COUNT


def best(run: Callable[[], object]) -> float:
    """Median seconds of several rounds, after one that warms up."""
    run()
    return statistics.median(_timed(run) for _ in range(ROUNDS))


def _timed(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


async def best_of(run: Callable[[], Coroutine[Any, Any, object]]) -> float:
    """The same for a coroutine."""
    await run()
    times: list[float] = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await run()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


async def together(node: Node, target: str, payload: bytes) -> None:
    """Ask with many asks under way."""
    for _ in range(COUNT // UNDER_WAY):
        await asyncio.gather(*(node.ask(target, payload) for _ in range(UNDER_WAY)))


async def one_by_one(node: Node, target: str, payload: bytes) -> None:
    """Ask, wait, ask again."""
    for _ in range(COUNT):
        await node.ask(target, payload)


async def restart(node: Node, target: str) -> None:
    """Crash, then ask the successor."""
    for _ in range(20):
        try:
            await node.ask(target, CRASH)
        except CallError:
            await node.ask(target, PAYLOAD)


async def measure(node: Node, wasm: Path, profile: Literal["metered", "plain"]) -> None:
    """Print the rows of one profile."""
    target = str(await node.start(spec(wasm, profile, profile)))
    call = bare(wasm, profile)
    many = await best_of(lambda: together(node, target, PAYLOAD)) / COUNT
    single = await best_of(lambda: one_by_one(node, target, PAYLOAD)) / COUNT
    writing = await best_of(lambda: together(node, target, WRITE)) / COUNT
    again = await best_of(lambda: restart(node, target)) / 20
    for name, seconds, compared in (
        ("bare call", call, False),
        (f"message + reply, {UNDER_WAY} under way", many, True),
        ("message + reply, one by one", single, True),
        ("message that writes a key", writing, False),
        ("crash to next reply", again, False),
    ):
        adds = f"{seconds / call - 1:.0%}" if compared else ""
        print(f"{profile:<9}{name:<34}{seconds * 1e6:>8.1f}{1 / seconds:>12,.0f}{adds:>14}")


async def measure_all(wasm: Path, storage: Path) -> None:
    """Print the table."""
    logging.disable()
    print(f"Python guest, {len(PAYLOAD)} B echoed, medians of {ROUNDS} rounds, one node, one core")
    print(f"{'profile':<9}{'figure':<34}{'us':>8}{'a second':>12}{'runtime adds':>14}")
    async with Node(storage) as node:
        await measure(node, wasm, "metered")
        await measure(node, wasm, "plain")


def main() -> None:
    """Build and measure."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure_all(build(Path(folder)), Path(folder) / "node.db"))


if __name__ == "__main__":
    main()
