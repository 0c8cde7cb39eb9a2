"""One life of a node for `run`: start everything, ask what there is to ask or wait for Ctrl-C, stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from airssys_sdk.cli import deploying, sending, stdin
from airssys_sdk.cli.deploying import AsRun, watching
from airssys_sdk.cli.outcome import Outlook, watched
from airssys_sdk.cli.seeing import Seeing, shown
from airssys_sdk.cli.system_targets import SystemTarget
from airssys_sdk.cli.targets import Target, find_id
from airssys_sdk.cli.voice import Voice
from airssys_sdk.errors import AirssysError
from airssys_sdk.manifest import ComponentId
from airssys_sdk.runtime import ComponentSpec, Counters, Node


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants of the node.

    Attributes:
        sends: ids and payloads to ask for, in order.
        lines_to: the component that is asked once for each line of standard input.
        timeout: seconds for each answer.
        storage: the file that keeps the components' state; None keeps it in memory.
        seeing: how others may see what the node does.
        watch: whether projects are built and deployed again when their files change.
    """

    sends: Sequence[tuple[str, str]]
    lines_to: str | None
    timeout: float
    storage: Path | None
    seeing: Seeing = dataclasses.field(default_factory=Seeing)
    watch: bool = False

    @property
    def serves(self) -> bool:
        """Whether the node runs until it is interrupted."""
        return not self.sends and self.lines_to is None


async def serve(targets: Sequence[Target] | SystemTarget, wish: Wish, voice: Voice) -> Counters:
    """Run a node with the components, or the system, until the wish is fulfilled; Ctrl-C stops it in order.

    A question that fails is told to the voice, which counts it; the next one is asked all the same.

    Returns:
        what happened on the node.

    Raises:
        AirssysError: a component does not start, an id means none, no component is left, or the system gave up.
    """
    ids = targets.ids if isinstance(targets, SystemTarget) else [target.id for target in targets]
    questions = [
        (find_id(name, ids), payload.encode("utf-8", "surrogateescape")) for name, payload in wish.sends
    ]
    lines_to = None if wish.lines_to is None else find_id(wish.lines_to, ids)
    with _termination(), _while_heard(voice):
        return await _serve(targets, questions, lines_to, wish, voice)


async def _serve(
    targets: Sequence[Target] | SystemTarget,
    questions: Sequence[tuple[ComponentId, bytes]],
    lines_to: ComponentId | None,
    wish: Wish,
    voice: Voice,
) -> Counters:
    async with (
        Node(wish.storage, measure_memory=True, trace=voice.trace if wish.seeing.trace else None) as node,
        shown(node, wish.seeing, voice, name=_name(targets)) as control,
    ):
        deploying.admit(control, node, _version(targets))
        sending.admit(control, node)
        with _told(node, voice):
            with watched(node) as outlook:
                await _start(node, targets, voice)
                if wish.serves:
                    with _watched(node, targets, voice) if wish.watch else contextlib.nullcontext():
                        await _until_interrupted(outlook, voice)
                for one, payload in questions:
                    await _ask(node, one, payload, wish, voice)
                    await outlook.check()
                if lines_to is not None:
                    async for line in stdin.lines():
                        await _ask(node, lines_to, line, wish, voice)
                        await outlook.check()
            started = time.perf_counter()
            await node.stop()
            voice.stopped(time.perf_counter() - started)
    return node.counters()


def _specs(targets: Sequence[Target] | SystemTarget) -> list[ComponentSpec]:
    if isinstance(targets, SystemTarget):
        return list(targets.spec.components)
    return [target.spec for target in targets]


def _version(targets: Sequence[Target] | SystemTarget) -> AsRun:
    return targets.version if isinstance(targets, SystemTarget) else lambda spec: spec


def _watched(
    node: Node, targets: Sequence[Target] | SystemTarget, voice: Voice
) -> contextlib.AbstractContextManager[None]:
    return watching(node, _specs(targets), voice, _version(targets))


def _name(targets: Sequence[Target] | SystemTarget) -> str:
    """What the node is called."""
    return targets.spec.name if isinstance(targets, SystemTarget) else targets[0].id.name


async def _start(node: Node, targets: Sequence[Target] | SystemTarget, voice: Voice) -> None:
    if isinstance(targets, SystemTarget):
        await node.start_system(targets.spec)
        voice.system(targets.spec)
        return
    for target in targets:
        await node.start(target.spec)


@contextlib.contextmanager
def _told(node: Node, voice: Voice) -> Generator[None, None, None]:
    """Let the voice tell the node's events."""
    subscription = node.events.subscribe(voice.event)
    try:
        yield
    finally:
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


async def _until_interrupted(outlook: Outlook, voice: Voice) -> None:
    voice.say("running; Ctrl-C stops")
    task = asyncio.current_task()
    try:
        await outlook.wait()
    except asyncio.CancelledError:
        # Ctrl-C reaches the main task as a cancellation. Here it is the way to end, not a failure.
        if task is not None:
            task.uncancel()
        voice.say("stopping")
        return
    await outlook.check()
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
        "kept on disk": messages.kept,
        "restarts": counters.restarts,
        "denials": counters.denials,
    }
