"""One life of a node for `run`: start everything, ask what there is to ask or wait for Ctrl-C, stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from airssys_sdk.cli import stdin
from airssys_sdk.cli.seeing import Seeing, shown
from airssys_sdk.cli.targets import Target, find_id
from airssys_sdk.cli.voice import Voice
from airssys_sdk.errors import AirssysError
from airssys_sdk.manifest import ComponentId
from airssys_sdk.runtime import Counters, Node
from airssys_sdk.runtime.events import ActorEnded


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of the node.

    Attributes:
        sends: ids and payloads to ask for, in order.
        lines_to: the component that is asked once for each line of standard input.
        timeout: seconds for each answer.
        storage: the file that keeps the components' state; None keeps it in memory.
        seeing: how others may see what the node does.
    """

    sends: Sequence[tuple[str, str]]
    lines_to: str | None
    timeout: float
    storage: Path | None
    seeing: Seeing = dataclasses.field(default_factory=Seeing)

    @property
    def serves(self) -> bool:
        """Whether the node runs until it is interrupted."""
        return not self.sends and self.lines_to is None


async def serve(targets: Sequence[Target], wish: Wish, voice: Voice) -> Counters:
    """Run a node with the components until the wish is fulfilled; Ctrl-C stops it in order.

    A question that fails is told to the voice, which counts it; the next one is asked all the same.

    Returns:
        what happened on the node.

    Raises:
        AirssysError: a component does not start, an id means none, or no component is left.
    """
    ids = [target.id for target in targets]
    questions = [
        (find_id(name, ids), payload.encode("utf-8", "surrogateescape")) for name, payload in wish.sends
    ]
    lines_to = None if wish.lines_to is None else find_id(wish.lines_to, ids)
    with _termination(), _while_heard(voice):
        return await _serve(targets, questions, lines_to, wish, voice)


async def _serve(
    targets: Sequence[Target],
    questions: Sequence[tuple[ComponentId, bytes]],
    lines_to: ComponentId | None,
    wish: Wish,
    voice: Voice,
) -> Counters:
    async with (
        Node(wish.storage, measure_memory=True, trace=voice.trace if wish.seeing.trace else None) as node,
        shown(node, wish.seeing, voice, name=targets[0].id.name),
    ):
        with _told(node, voice):
            for target in targets:
                await node.start(target.spec)
            if wish.serves:
                await _until_interrupted(node, voice)
            for one, payload in questions:
                await _ask(node, one, payload, wish, voice)
            if lines_to is not None:
                async for line in stdin.lines():
                    await _ask(node, lines_to, line, wish, voice)
            started = time.perf_counter()
            await node.stop()
            voice.stopped(time.perf_counter() - started)
    return node.counters()


@contextlib.contextmanager
def _told(node: Node, voice: Voice) -> Generator[None, None, None]:
    """Let the voice tell the node's events."""
    subscription = node.events.subscribe(voice.event)
    try:
        yield
    finally:
        subscription.cancel()


@contextlib.contextmanager
def _deserted(node: Node) -> Generator[asyncio.Event, None, None]:
    """Give an event that is set when no component is left on a node that runs."""
    loop, deserted = asyncio.get_running_loop(), asyncio.Event()
    watching = True

    def look() -> None:
        if watching and not node.components():
            deserted.set()

    def listen(event: object) -> None:
        if isinstance(event, ActorEnded):
            loop.call_soon(look)  # the node itself forgets the component after this event

    subscription = node.events.subscribe(listen)
    look()  # the last one may have ended before anybody listened
    try:
        yield deserted
    finally:
        watching = False
        subscription.cancel()


@contextlib.contextmanager
def _termination() -> Generator[None, None, None]:
    """Let a termination signal do what Ctrl-C does, with the exit code of its own."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    caught: list[int] = []

    def terminate() -> None:
        caught.append(signal.SIGTERM)
        if task is not None:
            task.cancel()

    try:
        loop.add_signal_handler(signal.SIGTERM, terminate)
    except NotImplementedError:  # on Windows nothing asks a process to end
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        if caught:
            raise SystemExit(128 + caught[0])


@contextlib.contextmanager
def _while_heard(voice: Voice) -> Generator[None, None, None]:
    """Stop the node in order when its events can no longer be written, as into a closed pipe or onto a full disk."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        voice.when_lost = lambda: loop.call_soon_threadsafe(task.cancel)
    try:
        yield
    finally:
        if voice.lost is not None:
            raise voice.lost


async def _until_interrupted(node: Node, voice: Voice) -> None:
    voice.say("running; Ctrl-C stops")
    task = asyncio.current_task()
    with _deserted(node) as deserted:
        try:
            await deserted.wait()
        except asyncio.CancelledError:
            # Ctrl-C reaches the main task as a cancellation. Here it is the way to end, not a failure.
            if task is not None:
                task.uncancel()
            voice.say("stopping")
            return
    raise AirssysError(
        "no component runs any more",
        hint="the events above say why; [supervision] in Component.toml decides about restarts",
    )


async def _ask(node: Node, one: ComponentId, payload: bytes, wish: Wish, voice: Voice) -> None:
    try:
        answer = await node.ask(str(one), payload, timeout=wish.timeout)
    except AirssysError as error:
        voice.failed(one, error)
    else:
        voice.reply(one, answer)


def in_numbers(counters: Counters) -> dict[str, int]:
    """What people want to know of a node's counters."""
    messages = counters.messages
    return {
        "messages handled": messages.handled,
        "failed": messages.failed,
        "dead letters": messages.dead_lettered,
        "restarts": counters.restarts,
        "denials": counters.denials,
    }
