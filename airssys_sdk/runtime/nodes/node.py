"""A node: one process's components, supervised, with their storage, and the host's way to talk to them.

async with Node(Path("node.db")) as node:
await node.start(ComponentSpec(load_manifest(Path("Component.toml")), Path("dist/hello.wasm")))
answer = await node.ask("example/hello/0", b"hi")
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

from ...component import Supervised, WorldActor
from ...component.engine.cache import Cache, OnCompile
from ...errors import UsageError
from ...manifest import ComponentId
from ...security import AuditLog
from ...services.messaging import HOST, Letter
from ..actors.routing import Routing
from ..checks import check_kind, check_text
from ..components.deployment import Deployed
from ..components.pool import Watching
from ..components.spec import ComponentSpec
from ..components.tracing import Trace
from ..components.typed import ActorChannel
from ..components.version import VersionRecord
from ..events import ActorStarted, DeadLetter, EventStream
from ..messages.envelope import Envelope
from ..messages.outcomes import Metrics
from ..metrics.snapshot import NodeSnapshot
from ..state import SHUTDOWN, Exit
from .counters import Counters
from .deploying import as_spec
from .measuring import take
from .outline import Outline, outline
from .pools import start_pool, stop
from .running import Options, Running
from .system_spec import SystemSpec
from .systems import start_system

A = TypeVar("A", bound=WorldActor)


class Node:
    """One process's components. Use it with `async with`, on one event loop.

    Args:
        storage: the SQLite file of all its components, created when missing; None keeps their storage in memory.
        audit: where denials are recorded; None for Python's logging.
        workers: threads for long calls; None for one less than there are cores.
        overflow: what `send` and `ask` do when a mailbox is full: `error` raises `MailboxFull`, `block` waits for room.
            A component that sends to a full mailbox always gets `queue-full`.
        patience: seconds that storage waits while another process holds a lock on the file.
        keep_dead_letters: how many of the last dead letters can be looked at.
        cache: where compiled components are kept; None for the user's cache folder.
        measure_memory: whether `metrics_snapshot` tells the memory of each component. Starting one then takes longer, with
            400 of them 10 ms; those beyond are not measured.
        trace: hears of each call into a component and each of its imports, on the thread where it ended; calls then take
            longer.

    Raises:
        UsageError: the storage is no path, or there is no such overflow policy.
    """

    def __init__(
        self,
        storage: Path | None = None,
        *,
        audit: AuditLog | None = None,
        workers: int | None = None,
        overflow: Literal["error", "block"] = "error",
        patience: float = 5.0,
        keep_dead_letters: int = 1000,
        cache: Cache | None = None,
        measure_memory: bool = False,
        trace: Trace | None = None,
    ) -> None:
        if storage is not None:
            check_kind("Node.storage", storage, Path, otherwise=", or None to keep nothing")
        check_text("Node.overflow", overflow, ("error", "block"))
        self._audit = audit or AuditLog()
        incarnation = secrets.token_hex(4)
        self._options = Options(
            storage,
            self._audit,
            incarnation,
            workers=workers,
            overflow=overflow,
            patience=patience,
            keep_dead_letters=keep_dead_letters,
            cache=cache,
            watching=Watching(trace, measure_memory),
        )
        self._asked_prefix = f"{incarnation}-{HOST}-"
        self._asked = 0
        self._restarts = 0
        self._running: Running | None = None
        self._final: Counters | None = None

    async def open(self) -> None:
        """Open the storage and begin to run; `async with` does it.

        Raises:
            StorageUnavailable: the file belongs to another node, is no storage file, or cannot be opened.
            UsageError: it runs already.
        """
        if self._running is not None:
            raise UsageError("the node runs already")
        running = await Running.open(self._options)
        running.system.events.subscribe(self._count)
        self._running = running

    async def start(self, spec: ComponentSpec, *, on_compile: OnCompile | None = None) -> ComponentId:
        """Start a component under a supervisor of its own, as its manifest says, and wait until it is ready.

        The first start is the caller's affair: if it fails, the component is not restarted but gone. Loading a component
        that was never compiled takes seconds; other components go on meanwhile.

        Args:
            spec: the component.
            on_compile: told when compiling begins and ends, on another thread.

        Returns:
            Its id.

        Raises:
            NotEnforced: the manifest asks for something that this version does not enforce.
            ValidationError: the manifest or a capability pattern is not what it must be.
            InvalidComponent: there is no such file, or it is no component.
            LinkError: it is a component, but not of the world `airssys:core/runtime-host`.
            NameTaken: a component with this id runs.
            StartFailed: it did not get ready; the cause says why.
        """
        return await self._run().hosting.start(spec, on_compile)

    async def start_pool(
        self,
        spec: ComponentSpec,
        size: int,
        *,
        routing: Routing = "round-robin",
        on_compile: OnCompile | None = None,
    ) -> ComponentId:
        """Start several instances of a component behind one id, and wait until all are ready.

        The id is that of the spec, such as `example/counter/pool`. The host (`ask`, `send`) and components (`send`, `request`,
        with permission for that id) use it like any other; each message goes straight into the mailbox of one instance.
        One that is down is passed over while another runs; what waits in its mailbox waits for it. What is published goes to
        one of them. The instances are components of their own, called `example/counter/pool-0`, `pool-1` and so on, each with
        its storage, its supervisor and its versions. The pool is there until all of them have ended.

        Args:
            spec: the component; its instance names the pool.
            size: how many instances.
            routing: `round-robin`: one after the other. `least-loaded`: whoever has the fewest messages.
            on_compile: told when compiling begins and ends, on another thread.

        Returns:
            The pool's id.

        Raises:
            Exception: as `start`; then no instance runs.
            UsageError: no size, or no such routing.
        """
        running = self._run()
        return await start_pool(spec, size, routing, running.hosting, running.directory, on_compile)

    async def start_world(
        self, spec: ComponentSpec, supervised: Supervised[A], *, on_compile: OnCompile | None = None
    ) -> A:
        """Start a component of any typed world under a supervisor of its own, as `start` does.

        Its package is generated with `--actors`; `supervised` comes from there: `supervised(imports)`. What the result's
        functions are given and give back are the values of that package. Each call is a message: bounded, in order, one at a
        time, with the limits of the manifest; a crash fails the call in progress and starts the component again.

        Args:
            spec: the component; its manifest names its world.
            supervised: the world and what implements its imports. Their functions may be called on other threads;
                those that are `async def` run on the loop.
            on_compile: told when compiling begins and ends, on another thread.

        Raises:
            As `start`; LinkError also if an import is not implemented.
        """
        component = await self._run().hosting.start(spec, on_compile, supervised)
        return supervised.actor(ActorChannel(self._run().directory.find(component).ref))

    async def start_system(
        self, spec: SystemSpec, *, on_compile: OnCompile | None = None
    ) -> list[ComponentId]:
        """Start components in order, below supervisors that stand below one another, and wait until all are ready.

        Nothing starts before all of it is loaded. If a component does not start, those before it are stopped in reverse
        order. When the system gives up, so does the node: see `ended`.

        Args:
            spec: the system.
            on_compile: told when compiling begins and ends, on another thread.

        Returns:
            The ids of its components, in start order.

        Raises:
            NotEnforced, ValidationError, InvalidComponent, LinkError: as `start`.
            UsageError: a name in it is none, or is there twice.
            NameTaken: a component with one of the ids, or a supervisor or system with one of the names, runs.
            StartFailed: a component did not get ready; `where` names it, the cause says why.
        """
        running = self._run()
        return await start_system(spec, running.hosting, running.system, on_compile)

    async def ended(self) -> Exit:
        """Wait until nothing runs here any more: a system has given up, or the node was stopped.

        Returns:
            Why; an error's causes lead to the first end that was one too many.
        """
        return await self._run().system.ended()

    async def deploy(
        self,
        target: str | ComponentId,
        spec: ComponentSpec | Path | bytes,
        *,
        on_compile: OnCompile | None = None,
    ) -> Deployed:
        """Let another version of a component take over while messages come in.

        It starts and initializes beside the old one and must not be unhealthy. It takes over name, mailbox and open
        requests between two messages; then the old one shuts down. No accepted message is lost. What was in memory is,
        what is stored is not. What the new version writes before it takes over is stored with that, or forgotten;
        messages that it sends are not taken back. On any failure the old version goes on, also if whoever waits is
        cancelled; unless the new one had taken over by then, which `history` tells.

        Args:
            target: the component, as in `ask`.
            spec: the new version, of the same id; or only its code, under the manifest of the old one.
            on_compile: told when compiling begins and ends, on another thread.

        Raises:
            ActorNotFound: no component fits, or several do.
            DeploymentFailed: the new version did not get ready, or another deployment of the component is under way.
            NotEnforced, ValidationError, InvalidComponent, LinkError: as `start`.
            UsageError: the spec is for another id.
        """
        running = self._run()
        entry = running.directory.find(target)
        if isinstance(spec, Path | bytes):
            spec = as_spec(entry, spec)
        return await running.deployments.deploy(entry, spec, on_compile)

    async def deploy_all(
        self,
        target: str | ComponentId,
        spec: ComponentSpec | Path | bytes,
        *,
        on_compile: OnCompile | None = None,
    ) -> list[Deployed]:
        """Deploy to all instances of a component, or to a pool, one after the other in the order of their start.

        If one does not get the new version, or whoever waits is cancelled, those that have it get back what they had.

        Args:
            target: as in `ask`, or the id of a pool, or a name that fits several.
            spec: as for `deploy`; its instance does not count.
            on_compile: told when compiling begins and ends, on another thread.

        Raises:
            ActorNotFound: no component fits.
            DeploymentFailed: one did not get it; `where` names it.
            Exception: as `deploy`.
        """
        running = self._run()
        return await running.deployments.deploy_all(running.directory.every(target), spec, on_compile)

    async def rollback(self, target: str | ComponentId, to: int | None = None) -> Deployed:
        """Let an earlier version of a component take over again, as `deploy` does.

        Args:
            target: the component, as in `ask`.
            to: the number of the version; None for the one before the one that runs.

        Raises:
            ActorNotFound: no component fits, or several do.
            DeploymentFailed: it did not get ready, or another deployment of the component is under way.
            UsageError: there is no such version, or its code is not kept any more.
        """
        running = self._run()
        return await running.deployments.rollback(running.directory.find(target), to)

    def history(self, target: str | ComponentId) -> tuple[VersionRecord, ...]:
        """The versions of a component since it was started, in order, also those that did not take over; at most 100.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        return tuple(self._run().directory.find(target).hosted.history)

    async def ask(
        self,
        target: str | ComponentId,
        payload: bytes,
        *,
        timeout: float | None = 30.0,  # noqa: ASYNC109  (part of the request)
        content_type: str | None = None,
    ) -> bytes | None:
        """Send a component a message from the host and wait for its answer.

        Args:
            target: an id, `namespace/name/instance`, or a part of it that fits one component only.
            payload: the message.
            timeout: seconds, waiting for room and for the file of a durable mailbox included; None waits as long as it takes.
                A message that was accepted stays accepted: it is handled also if its answer comes too late for this.
            content_type: what the payload is, if the component cares.

        Returns:
            What the component answered; None if it returned no payload.

        Raises:
            ActorNotFound: no component fits, or several do.
            ComponentFailed: the component reports a failure.
            CallError: it trapped, or went beyond a limit; it starts again.
            RequestTimeout: no answer in time.
            MailboxFull: no room, and the node's overflow policy is `error`.
            ActorStopped: the component has stopped.
            StorageFault: its durable mailbox cannot be written; the message was not accepted.
            TypeError: the payload is not bytes.
            UsageError: the content type holds control characters, or the timeout is NaN.
        """
        running = self._running or self._run()
        entry = running.directory.address(target)
        if type(payload) is not bytes or content_type is not None:
            _check(payload, content_type)
        self._asked = asked = self._asked + 1
        correlation = f"{self._asked_prefix}{asked}"
        letter = Letter(HOST, payload, correlation, HOST, content_type, False, None, time.time_ns())
        answer: object = await entry.ask(Envelope(letter, HOST), timeout)
        return answer if isinstance(answer, bytes) else None

    async def send(
        self, target: str | ComponentId, payload: bytes, *, content_type: str | None = None
    ) -> None:
        """Send a component a message from the host that nobody answers.

        Raises:
            ActorNotFound: no component fits, or several do.
            MailboxFull: no room, and the node's overflow policy is `error`.
            ActorStopped: the component has stopped.
            StorageFault: its durable mailbox cannot be written; the message was not accepted.
            TypeError: the payload is not bytes.
            UsageError: the content type holds control characters.
        """
        await self._run().directory.address(target).send(Envelope(_letter(payload, content_type), HOST))

    async def publish(self, topic: str, payload: bytes, content_type: str | None = None) -> int:
        """Send a message from the host to every component whose manifest asks for its topic; nobody answers.

        A mailbox that does not take it keeps it from nobody else: that component's message becomes a dead letter with the
        reason `REFUSED`. A message that nobody asks for is counted (`Counters.unrouted`) and told as the event `Unrouted`.

        Args:
            topic: levels between dots, such as `orders.created`. Components do not see it.
            payload: the message.
            content_type: what the payload is, if components care.

        Returns:
            How many mailboxes have accepted it.

        Raises:
            UsageError: the topic is malformed, or the content type holds control characters.
            TypeError: the payload is not bytes.
        """
        letter = _letter(payload, content_type)
        return await self._run().directory.subscriptions.publish(topic, letter)

    def components(self) -> list[ComponentId]:
        """The ids of the components that run, also those that wait for a restart, in the order of their start."""
        return self._run().directory.components()

    def resolve(self, target: str | ComponentId) -> ComponentId:
        """The component, or the pool, that a whole id, `namespace/name` or a name alone means.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        return self._run().directory.address(target).id

    @property
    def events(self) -> EventStream:
        """What happens: starts, failures, restarts, ends, failed messages, dead letters; typed."""
        return self._run().system.events

    @property
    def dead_letters(self) -> deque[DeadLetter]:
        """The last messages that nobody handled; their payload is a `Letter`."""
        return self._run().system.dead_letters

    def metrics(self, target: str | ComponentId) -> Metrics:
        """What became of the messages of one component, or of all components of a pool.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        return self._run().directory.address(target).metrics

    def open_requests(self, target: str | ComponentId) -> int:
        """How many requests of one component wait for their answer.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        return self._run().directory.find(target).hosted.version.outbox.open_requests

    def counters(self) -> Counters:
        """What happened so far; once the node has stopped, all that happened, what its stop did to messages included.

        Raises:
            UsageError: it never ran.
        """
        if self._running is None and self._final is not None:
            return self._final
        running = self._run()
        late = running.directory.late + running.system.requests.counts.late
        unrouted = running.system.topics.counts.unrouted
        return Counters(running.system.metrics(), self._restarts, self._audit.denials, late, unrouted)

    def metrics_snapshot(self) -> NodeSnapshot:
        """Everything that is counted and measured, of the node and of each component; on the loop's thread.

        Raises:
            UsageError: it does not run.
        """
        running = self._run()
        uptime = time.monotonic() - running.opened
        return take(running.system, running.directory, self._audit, self.counters(), uptime=uptime)

    def outline(self) -> Outline:
        """The tree of supervisors and components now; on the loop's thread.

        Raises:
            UsageError: it does not run.
        """
        running = self._run()
        return outline(running.system, {str(component) for component in running.directory.components()})

    async def stop_component(self, target: str | ComponentId) -> Exit:
        """Stop one component for good, in order and within its shutdown time; or a pool, the last started first.

        Returns:
            How its last life ended; of a pool, that of its first component.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        exit_ = SHUTDOWN
        for entry in reversed(self._run().directory.address(target).entries):
            exit_ = await stop(entry)
        return exit_

    async def stop(self) -> None:
        """Stop all components in order, the last started first, each within its shutdown time, then everything else.

        Doing it again is harmless.
        """
        running = self._running
        if running is None:
            return
        try:
            await running.stop()
        finally:
            self._final = self.counters()
            self._running = None
            await running.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _run(self) -> Running:
        if self._running is None:
            raise UsageError("the node does not run", hint="use it inside 'async with Node(...) as node:'")
        return self._running

    def _count(self, event: object) -> None:
        if isinstance(event, ActorStarted) and event.restarts:
            self._restarts += 1


def _letter(payload: bytes, content_type: str | None) -> Letter:
    """A message of the host."""
    _check(payload, content_type)
    return Letter(HOST, payload, content_type=content_type)


def _check(payload: object, content_type: str | None) -> None:
    """A mistake of the caller is found here, so that it is no crash of the component."""
    if not isinstance(payload, bytes):
        raise TypeError(f"a payload is bytes, not {type(payload).__name__}")
    if content_type is not None and not content_type.isprintable():
        raise UsageError(f"{content_type!r} is no content type")
