"""A node: one process's components, supervised, with their storage, and the host's way to talk to them.

async with Node(Path("node.db")) as node:
await node.start(ComponentSpec(load_manifest(Path("Component.toml")), Path("dist/hello.wasm")))
answer = await node.ask("example/hello/0", b"hi")
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import sys
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from ...component import Component
from ...component.engine.cache import Cache, OnCompile
from ...errors import UsageError, ValidationError
from ...manifest import ComponentId
from ...security import AuditLog, Grants
from ...services.logs import ComponentLog
from ...services.messaging import HOST, Letter, Outbox
from ...services.storage import Storage
from ..actors.ref import ActorRef
from ..actors.spec import ChildSpec, SupervisorSpec
from ..actors.system import ActorSystem
from ..components.actor import ComponentActor, Hosted
from ..components.calls import Lanes
from ..components.directory import Directory, Entry
from ..components.spec import ComponentSpec
from ..components.tracing import Trace
from ..errors import NameTaken, StartFailed
from ..events import ActorStarted, DeadLetter, EventStream
from ..messages.envelope import Envelope
from ..messages.mailbox import MailboxOptions, Metrics
from ..metrics.meter import Meter
from ..metrics.snapshot import NodeSnapshot
from ..scheduling.workers import Workers
from ..state import Exit
from ..supervision.backoff import Policy
from .measuring import Counters, take
from .outline import Outline, outline

SWITCH_SECONDS = 0.0005
"""How often threads take turns while a node runs; Python's default of 5 ms starves workers beside a busy loop."""
_WORKERS_END = 2.0


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
        self._path = storage
        self._audit = audit or AuditLog()
        self._worker_count = workers
        self._overflow: Literal["error", "block"] = overflow
        self._patience = patience
        self._keep_dead_letters = keep_dead_letters
        self._cache = cache
        self._measure_memory = measure_memory
        self._trace = trace
        self._incarnation = secrets.token_hex(4)
        self._starting: set[ComponentId] = set()
        self._asked_prefix = f"{self._incarnation}-{HOST}-"
        self._asked = 0
        self._restarts = 0
        self._running: _Running | None = None
        self._final: Counters | None = None

    async def open(self) -> None:
        """Open the storage and begin to run; `async with` does it.

        Raises:
            StorageUnavailable: the file belongs to another node, is no storage file, or cannot be opened.
            UsageError: it runs already.
        """
        if self._running is not None:
            raise UsageError("the node runs already")
        storage = await asyncio.to_thread(Storage, self._path, audit=self._audit, patience=self._patience)
        system = ActorSystem(keep_dead_letters=self._keep_dead_letters, correlation_prefix=self._incarnation)
        workers = Workers(self._worker_count)
        lanes = Lanes(system.run_queue, system.timers, workers)
        directory = Directory(system)
        self._running = _Running(
            system, storage, workers, lanes, directory, sys.getswitchinterval(), time.monotonic()
        )
        sys.setswitchinterval(SWITCH_SECONDS)
        system.events.subscribe(self._count)

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
        running = self._run()
        spec.check()
        grants = spec.grants
        component = spec.id
        if component in self._starting or running.directory.lists(component):
            raise NameTaken(
                f"a component {component} runs on this node already",
                hint="give the other one another instance",
            )
        self._starting.add(component)
        try:
            code = await asyncio.to_thread(
                Component.open,
                spec.wasm,
                profile=spec.manifest.runtime.profile,
                cache=self._cache,
                on_compile=on_compile,
                bulk=spec.limits.bulk,
            )
            await self._supervise(self._hosted(spec, grants, code, running), running)
        finally:
            self._starting.discard(component)
        return component

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
            timeout: seconds; None waits as long as it takes.
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
            TypeError: the payload is not bytes.
            UsageError: the content type holds control characters.
        """
        entry = self._run().directory.find(target)
        letter = _letter(payload, content_type)
        self._asked += 1
        letter.correlation = f"{self._asked_prefix}{self._asked}"
        letter.reply_to = HOST
        answer: object = await entry.ref.ask(Envelope(letter, HOST), timeout)
        return answer if isinstance(answer, bytes) else None

    async def send(
        self, target: str | ComponentId, payload: bytes, *, content_type: str | None = None
    ) -> None:
        """Send a component a message from the host that nobody answers.

        Raises:
            ActorNotFound: no component fits, or several do.
            MailboxFull: no room, and the node's overflow policy is `error`.
            ActorStopped: the component has stopped.
            TypeError: the payload is not bytes.
            UsageError: the content type holds control characters.
        """
        await self._run().directory.find(target).ref.send(Envelope(_letter(payload, content_type), HOST))

    def components(self) -> list[ComponentId]:
        """The ids of the components that run, also those that wait for a restart, in the order of their start."""
        return self._run().directory.components()

    def resolve(self, target: str | ComponentId) -> ComponentId:
        """The component that a whole id, `namespace/name` or a name alone means.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        return self._run().directory.find(target).hosted.id

    @property
    def events(self) -> EventStream:
        """What happens: starts, failures, restarts, ends, failed messages, dead letters; typed."""
        return self._run().system.events

    @property
    def dead_letters(self) -> deque[DeadLetter]:
        """The last messages that nobody handled; their payload is a `Letter`."""
        return self._run().system.dead_letters

    def metrics(self, target: str | ComponentId) -> Metrics:
        """What became of the messages of one component.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        return self._run().directory.find(target).ref.metrics

    def counters(self) -> Counters:
        """What happened so far; once the node has stopped, all that happened, what its stop did to messages included.

        Raises:
            UsageError: it never ran.
        """
        if self._running is None and self._final is not None:
            return self._final
        running = self._run()
        late = running.directory.late + running.system.requests.counts.late
        return Counters(running.system.metrics(), self._restarts, self._audit.denials, late)

    def metrics_snapshot(self) -> NodeSnapshot:
        """Everything that is counted and measured, of the node and of each component; on the loop's thread.

        Raises:
            UsageError: it does not run.
        """
        running = self._run()
        return take(
            running.system,
            running.directory,
            self._audit,
            self.counters(),
            uptime=time.monotonic() - running.opened,
        )

    def outline(self) -> Outline:
        """The tree of supervisors and components now; on the loop's thread.

        Raises:
            UsageError: it does not run.
        """
        running = self._run()
        return outline(running.system, {str(component) for component in running.directory.components()})

    async def stop_component(self, target: str | ComponentId) -> Exit:
        """Stop one component for good, in order and within its shutdown time.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        entry = self._run().directory.find(target)
        exit_ = await entry.ref.stop()
        await entry.supervisor.stop()
        return exit_

    async def stop(self) -> None:
        """Stop all components in order, the last started first, each within its shutdown time, then everything else.

        Doing it again is harmless.
        """
        running = self._running
        if running is None:
            return
        try:
            await running.system.stop()
        finally:
            self._final = self.counters()
            self._running = None
            await asyncio.to_thread(running.workers.close, _WORKERS_END)
            # What a worker let go last comes back to the loop before the storage goes.
            await asyncio.sleep(0)
            await asyncio.to_thread(running.storage.close)
            sys.setswitchinterval(running.switch_seconds)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _hosted(self, spec: ComponentSpec, grants: Grants, code: Component, running: _Running) -> Hosted:
        component, limits = spec.id, spec.manifest.limits
        return Hosted(
            spec,
            component,
            code,
            spec.limits,
            running.storage.area(component, quota=limits.storage, grants=grants),
            Outbox(
                component,
                grants=grants,
                post=running.directory,
                audit=self._audit,
                prefix=self._incarnation,
                most_open=limits.mailbox,
            ),
            ComponentLog(component),
            running.directory,
            running.lanes,
            Meter(locates=self._measure_memory),
            self._trace,
        )

    async def _supervise(self, hosted: Hosted, running: _Running) -> None:
        """Start the component below a supervisor of its own and wait for its first life."""
        spec, system = hosted.spec, running.system
        name = str(hosted.id)
        supervising = f"{name} (supervisor)"
        left = system.find(supervising)
        if left is not None:
            await left.stop()  # of an earlier component with this id, which has ended
        # When it gives its component up, that component is gone and nothing else.
        supervisor: ActorRef[Any] = system.spawn(
            SupervisorSpec(name=supervising, policy=Policy.TEMPORARY, shutdown=spec.shutdown)
        )
        await supervisor.ready()
        directory = running.directory

        def appear(ref: ActorRef[Any]) -> None:
            if not directory.lists(hosted.id):
                directory.add(Entry(hosted, ref, supervisor))

        child: ChildSpec[Letter] = ChildSpec(
            lambda: ComponentActor(hosted, appear),
            name=name,
            policy=spec.policy,
            shutdown=spec.shutdown,
            intensity=spec.intensity,
            backoff=spec.backoff,
            mailbox=MailboxOptions(spec.manifest.limits.mailbox, self._overflow),
            on_crash=spec.on_crash,
        )
        ref: ActorRef[Any] = system.spawn(child, under=supervisor)
        try:
            await ref.ready()
        except StartFailed as failed:
            await supervisor.stop()
            error = failed.__cause__ or failed
            if isinstance(error, ValidationError):
                raise error from None
            raise StartFailed(
                f"the component did not start: {getattr(error, 'message', error)}",
                where=name,
                details=getattr(error, "details", None),
                hint=getattr(error, "hint", None),
            ) from error

    def _run(self) -> _Running:
        if self._running is None:
            raise UsageError("the node does not run", hint="use it inside 'async with Node(...) as node:'")
        return self._running

    def _count(self, event: object) -> None:
        if isinstance(event, ActorStarted) and event.restarts:
            self._restarts += 1


@dataclasses.dataclass(slots=True)
class _Running:
    system: ActorSystem
    storage: Storage
    workers: Workers
    lanes: Lanes
    directory: Directory
    switch_seconds: float
    opened: float


def _letter(payload: object, content_type: str | None) -> Letter:
    """A message of the host, checked here so that a mistake of the caller is no crash of the component."""
    if not isinstance(payload, bytes):
        raise TypeError(f"a payload is bytes, not {type(payload).__name__}")
    if content_type is not None and not content_type.isprintable():
        raise UsageError(f"{content_type!r} is no content type")
    return Letter(HOST, payload, content_type=content_type)
