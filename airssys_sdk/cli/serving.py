"""One life of a node for `run`: start everything, ask what there is to ask or wait for Ctrl-C, stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from airssys_sdk.cli import stdin
from airssys_sdk.cli.targets import Target, find_id
from airssys_sdk.cli.voice import Voice
from airssys_sdk.errors import AirssysError
from airssys_sdk.manifest import ComponentId
from airssys_sdk.runtime import ComponentSpec, Node


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of the node.

    Attributes:
        sends: ids and payloads to ask for, in order.
        lines_to: the component that is asked once for each line of standard input.
        timeout: seconds for each answer.
        storage: the file that keeps the components' state; None keeps it in memory.
    """

    sends: Sequence[tuple[str, str]]
    lines_to: str | None
    timeout: float
    storage: Path | None

    @property
    def serves(self) -> bool:
        """Whether the node runs until it is interrupted."""
        return not self.sends and self.lines_to is None


async def serve(targets: Sequence[Target], wish: Wish, voice: Voice) -> None:
    """Run a node with the components until the wish is fulfilled; Ctrl-C stops it in order.

    A question that fails is told to the voice, which counts it; the next one is asked all the same.

    Raises:
        AirssysError: a component does not start, an id means none, or the node gave up.
    """
    ids = [target.manifest.id() for target in targets]
    questions = [
        (find_id(name, ids), payload.encode("utf-8", "surrogateescape")) for name, payload in wish.sends
    ]
    lines_to = None if wish.lines_to is None else find_id(wish.lines_to, ids)
    async with Node(storage=wish.storage) as node:
        with _told(node, voice):
            for target in targets:
                await node.start(ComponentSpec(target.manifest, target.wasm))
            if wish.serves:
                await _until_interrupted(voice)
            for one, payload in questions:
                await _ask(node, one, payload, wish, voice)
            if lines_to is not None:
                async for line in stdin.lines():
                    await _ask(node, lines_to, line, wish, voice)
            started = time.perf_counter()
            await node.stop()
            voice.stopped(time.perf_counter() - started)


@contextlib.contextmanager
def _told(node: Node, voice: Voice) -> Iterator[None]:
    subscription = node.events.subscribe(voice.event)
    try:
        yield
    finally:
        subscription.cancel()


async def _until_interrupted(voice: Voice) -> None:
    voice.say("running; Ctrl-C stops")
    task = asyncio.current_task()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        # Ctrl-C reaches the main task as a cancellation. Here it is the way to end, not a failure.
        if task is not None:
            task.uncancel()
    voice.say("stopping")


async def _ask(node: Node, one: ComponentId, payload: bytes, wish: Wish, voice: Voice) -> None:
    try:
        answer = await node.ask(str(one), payload, timeout=wish.timeout)
    except AirssysError as error:
        voice.failed(one, error)
    else:
        voice.reply(one, answer)
