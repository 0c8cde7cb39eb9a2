"""Whether a node still has something to run, and why not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator

from airssys_sdk.cli.events import brief
from airssys_sdk.errors import AirssysError
from airssys_sdk.runtime import Exit, Node
from airssys_sdk.runtime.errors import IntensityExceeded
from airssys_sdk.runtime.events import ActorEnded, SupervisorGaveUp

ROOT = "root"
"""The name of what stands above everything on a node."""


class Outlook:
    """What is left of a node.

    Args:
        node: it runs.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._gave_up = False
        self._over = asyncio.Event()
        self._closed = False

    async def wait(self) -> None:
        """Wait until no component is left."""
        self._look()  # the last one may have ended before
        await self._over.wait()

    async def check(self) -> None:
        """Nothing, unless the root of the node has given up.

        Raises:
            AirssysError: it has; says why.
        """
        if self._gave_up:
            raise reason(await self._node.ended())

    def hear(self, event: object) -> None:
        """Take note of an event of the node."""
        if isinstance(event, SupervisorGaveUp) and event.supervisor == ROOT:
            self._gave_up = True
        elif isinstance(event, ActorEnded):
            # The node itself forgets the component after this event.
            asyncio.get_running_loop().call_soon(self._look)

    def close(self) -> None:
        """Look at the node no more."""
        self._closed = True

    def _look(self) -> None:
        if self._closed:
            return
        if self._gave_up or not self._node.components():
            self._over.set()
        else:
            self._over.clear()


@contextlib.contextmanager
def watched(node: Node) -> Generator[Outlook, None, None]:
    """Keep the outlook of a node up to date."""
    outlook = Outlook(node)
    subscription = node.events.subscribe(outlook.hear)
    try:
        yield outlook
    finally:
        outlook.close()
        subscription.cancel()


def reason(exit_: Exit) -> AirssysError:
    """Why the root of a node gave up: the first end that was one too many, and how it went on from there."""
    chain: list[BaseException] = []
    error: BaseException | None = exit_.error
    while error is not None:
        chain.append(error)
        error = error.__cause__
    steps = [one for one in chain if isinstance(one, IntensityExceeded)]
    if not steps:
        return AirssysError(f"the node has ended: {exit_}")
    told = [step.message for step in reversed(steps)]
    after = chain[chain.index(steps[-1]) + 1 :]
    details = told[1:] + ([f"its last error: {brief(after[0])}"] if after else [])
    if after and isinstance(after[0], AirssysError) and after[0].details:
        details.append(after[0].details)
    return AirssysError(
        f"the system gave up: {told[0]}",
        details="\n".join(details) or None,
        hint="the last error is the cause; if it may fail this often, raise its `intensity`, or that of a supervisor above it",
    )
