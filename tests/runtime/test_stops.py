"""A stop goes on to its end whoever gives up waiting for it, however deep the tree is and whoever listens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from actor_helpers import on_loop, settle

from airssys_sdk.runtime import (
    ActorStopped,
    ActorSystem,
    Context,
    ExitKind,
)

SOON = 30.0
"""Seconds; a limit, never a measurement."""


class Tidy:
    """Stops when the test opens the gate."""

    def __init__(self, gate: asyncio.Event) -> None:
        self.gate = gate

    async def stopping(self, context: Context) -> None:
        await self.gate.wait()

    def receive(self, message: Any, context: Context) -> object:
        if isinstance(message, Exception):
            raise message
        return message


class Echo:
    def receive(self, message: Any, context: Context) -> object:
        if isinstance(message, Exception):
            raise message
        return message


@on_loop
async def test_a_stop_that_nobody_waits_for_any_longer_goes_on_to_its_end() -> None:
    gate = asyncio.Event()
    async with ActorSystem() as system:
        ref = system.spawn(lambda: Tidy(gate), name="it")
        stop = asyncio.ensure_future(ref.stop())
        await settle()
        stop.cancel()
        await settle()
        gate.set()
        async with asyncio.timeout(SOON):
            assert (await ref.ended()).kind is ExitKind.SHUTDOWN
        assert system.find("it") is None
        with pytest.raises(ActorStopped):
            ref.tell("late")
        assert await system.spawn(Echo, name="it").ask("again") == "again"


@on_loop
async def test_a_system_whose_stop_nobody_waits_for_any_longer_ends() -> None:
    gate = asyncio.Event()
    system = ActorSystem()
    system.spawn(lambda: Tidy(gate))
    stop = asyncio.ensure_future(system.stop())
    await settle()
    stop.cancel()
    await settle()
    gate.set()
    async with asyncio.timeout(SOON):
        assert (await system.ended()).kind is ExitKind.SHUTDOWN
        assert (await system.stop()).kind is ExitKind.SHUTDOWN
