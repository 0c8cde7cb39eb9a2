"""Pools of components: several instances of one component that share an id beside their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...manifest import ComponentId
from ...services.messaging import Letter
from ..actors.routing import Router, Routing
from ..checks import is_time, refuse
from ..errors import ActorStopped, RequestTimeout
from ..messages.envelope import Envelope
from ..messages.outcomes import Metrics

if TYPE_CHECKING:
    from ..actors.cell import Cell
    from .entry import Entry


class ComponentPool:
    """Components that do the same. A message to the pool's id goes straight into the mailbox of one of them.

    Each has an id of its own, and under that its storage, its versions and its supervisor; it sends under its own id too.

    Args:
        component: the pool's id.
        size: how many instances.
        routing: who gets the next message.

    Attributes:
        id: the pool's id.
        instances: the ids of the components, whether they run or not.
        opening: whether it is being started.
    """

    def __init__(self, component: ComponentId, size: int, routing: Routing) -> None:
        self.id = component
        self.instances = tuple(
            ComponentId(component.namespace, component.name, f"{component.instance}-{number}")
            for number in range(size)
        )
        self.opening = True
        self._router = Router(routing)
        self._entries: dict[Cell, Entry] = {}

    @property
    def entries(self) -> list[Entry]:
        """Its components that run or wait for a restart, in the order of their start."""
        return list(self._entries.values())

    @property
    def topics(self) -> set[str]:
        """The patterns that any of their manifests asks for."""
        return {pattern for entry in self._entries.values() for pattern in entry.topics}

    @property
    def metrics(self) -> Metrics:
        """The sum over its components, those included that have ended."""
        return self._router.metrics()

    def join(self, entry: Entry) -> None:
        """A component of the pool has started."""
        self._entries[entry.ref.cell] = entry
        self._router.join(entry.ref.cell)

    def leave(self, entry: Entry) -> None:
        """A component of the pool has ended for good."""
        self._entries.pop(entry.ref.cell, None)

    def choose(self) -> Entry | None:
        """Who should get a message now. If none has room, one that refuses it; None: none runs."""
        cell = self._router.choose()
        if cell is None:
            return next(iter(self._entries.values()), None)
        return self._entries.get(cell)

    async def send(self, envelope: Envelope[Letter]) -> None:
        """Send a letter of the host to one of them; waits for room at any if their policy says so.

        Raises:
            MailboxFull, ActorStopped, StorageFault: as for one component.
        """
        await self._router.until_room()
        await self._chosen().send(envelope)

    async def ask(self, envelope: Envelope[Letter], timeout: float | None) -> Any:  # noqa: ASYNC109 - part of the request
        """Send a letter of the host to one of them and wait for its answer.

        Raises:
            MailboxFull, ActorStopped, StorageFault: as for one component.
            Exception: as `ActorRef.ask`.
        """
        if self._router.must_wait:
            if timeout is not None and not is_time(timeout):
                refuse("timeout", timeout, "a number of seconds, or None for any time")
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                async with asyncio.timeout(timeout):
                    await self._router.until_room()
            except TimeoutError:
                raise RequestTimeout(f"no answer within {timeout:g} s") from None
            if timeout is not None:
                timeout = max(0.0, timeout - (loop.time() - began))
        return await self._chosen().ask(envelope, timeout)

    def _chosen(self) -> Entry:
        entry = self.choose()
        if entry is None:
            raise ActorStopped(f"no component of {self.id} runs")
        return entry


class ComponentPools:
    """The pools of one node."""

    def __init__(self) -> None:
        self._pools: dict[str, ComponentPool] = {}

    def open(self, pool: ComponentPool) -> None:
        """List a pool until all its components have ended, but not before `opened`."""
        self._pools[str(pool.id)] = pool

    def opened(self, pool: ComponentPool) -> None:
        """All components of a pool have been started, or will not be."""
        pool.opening = False
        self.close_if_empty(pool)

    def close_if_empty(self, pool: ComponentPool) -> None:
        """Forget a pool that nothing runs in."""
        if not pool.opening and not pool.entries:
            self._pools.pop(str(pool.id), None)

    def find(self, target: str | ComponentId) -> ComponentPool | None:
        """The pool with exactly this id."""
        return self._pools.get(str(target)) if self._pools else None

    def of(self, component: ComponentId) -> ComponentPool | None:
        """The pool that has this component."""
        return next((pool for pool in self._pools.values() if component in pool.instances), None)

    def __iter__(self) -> Iterator[ComponentPool]:
        """All of them, in the order of their start."""
        return iter(self._pools.values())
