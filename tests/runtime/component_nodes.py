"""Helpers of the tests that run components on a node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from airssys_sdk.manifest import Manifest
from airssys_sdk.runtime import ComponentSpec, Node

T = TypeVar("T")
Script = Sequence[Sequence[Any]]


def run(scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a scenario; one that hangs fails."""
    return run_for(120, scenario)


def run_for(seconds: float, scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a scenario; one that takes longer fails."""

    async def bounded() -> T:
        return await asyncio.wait_for(scenario(), seconds)

    return asyncio.run(bounded())


def spec(
    wasm: Path | bytes,
    name: str = "a",
    *,
    instance: str = "0",
    environment: dict[str, str] | None = None,
    **sections: dict[str, Any],
) -> ComponentSpec:
    """A component `test/NAME/INSTANCE` with these sections of a manifest; limits are in bytes and seconds."""
    component = {
        "namespace": "test",
        "name": name,
        "version": "0.1.0",
        "world": "airssys:core/runtime-host@1.0.0",
    }
    manifest = Manifest.model_validate({"component": component, **sections})
    return ComponentSpec(manifest, wasm, instance, environment=environment or {})


def messaging(**allowed: list[str]) -> dict[str, Any]:
    """A section `[permissions]` with messaging only."""
    return {"messaging": allowed}


def script(*operations: Sequence[Any]) -> bytes:
    """A message for the guest: operations with their arguments; the last one's value is the answer."""
    return json.dumps(operations).encode()


async def do(node: Node, target: str, *operations: Sequence[Any], timeout: float | None = 60) -> Any:  # noqa: ASYNC109
    """Have the guest run operations; the last one's value."""
    answer = await node.ask(target, script(*operations), timeout=timeout)
    return None if answer is None else json.loads(answer)


async def until(value: Callable[[], Awaitable[T]]) -> T:
    """Ask again and again until the value is true; each asking is a round through the node."""
    while True:
        if found := await value():
            return found
        await asyncio.sleep(0)
