"""The directory of a node: who runs here, who a name means, and how a message gets into a mailbox."""

from __future__ import annotations

import dataclasses
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

from ...errors import UsageError
from ...manifest import ComponentId
from ...services.eventually import Eventually, Later, settle
from ...services.faults import MessagingFault, StorageFault
from ...services.messaging import Letter, Request
from ..actors.ref import ActorRef
from ..actors.system import ActorSystem
from ..errors import ActorNotFound, ActorStopped, MailboxFull
from ..events import DeadLetter, DeadReason
from ..messages.envelope import Envelope, Kept
from ..messages.outcomes import Metrics
from ..metrics.meter import Meter
from ..scheduling.timers import Timer
from ..state import HealthStatus
from .subscriptions import Subscriptions
from .together import ComponentPool, ComponentPools
from .version import Hosted

_log = logging.getLogger("airssys.runtime")


@dataclasses.dataclass(slots=True)
class Entry:
    """A component that runs, or waits for a restart.

    Attributes:
        hosted: what outlives its lives.
        ref: the component.
        supervisor: its supervisor, if that has no other child.
    """

    hosted: Hosted
    ref: ActorRef[Any]
    supervisor: ActorRef[Any] | None

    @property
    def id(self) -> ComponentId:
        """Who it is."""
        return self.hosted.id

    @property
    def entries(self) -> list[Entry]:
        """Itself alone, as a pool has several."""
        return [self]

    @property
    def topics(self) -> Collection[str]:
        """The patterns of topics that the manifest of the version that runs asks for."""
        return self.hosted.version.spec.manifest.subscriptions.topics

    @property
    def metrics(self) -> Metrics:
        """What became of its messages."""
        return self.ref.metrics

    def accept(self, letter: Letter) -> Eventually[Kept | None]:
        """Put a letter on disk, if the mailbox is durable and has room for it.

        Raises:
            MailboxFull, ActorStopped: the mailbox does not take it.
            StorageFault: it is not on disk; now, or when what is returned is awaited.
        """
        if not self.hosted.durable:
            return None
        mailbox = self.ref.cell.mailbox
        if not mailbox.has_room:
            mailbox.refuse()
        return self.hosted.letters.keep(self.hosted.id, letter)

    async def send(self, envelope: Envelope[Letter]) -> None:
        """Send it a letter of the host; waits for room if the mailbox's policy says so.

        Raises:
            MailboxFull, ActorStopped: the mailbox does not take it.
            StorageFault: its durable mailbox cannot be written.
        """
        if not self.hosted.durable:
            await self.ref.send(envelope)
            return
        await self.ref.cell.mailbox.until_room()
        self.put(envelope, await settle(self.accept(envelope.payload)))

    def ask(self, envelope: Envelope[Letter], timeout: float | None) -> Awaitable[object]:
        """Send it a letter of the host and wait for its answer; nothing is sent before that is awaited.

        Raises:
            MailboxFull, ActorStopped: the mailbox does not take it.
            StorageFault: its durable mailbox cannot be written.
            Exception: as `ActorRef.ask`.
        """
        # Each coroutine that waits for another one is seen in an `ask`, so the usual way has none here.
        return (
            self._ask_durably(envelope, timeout) if self.hosted.durable else self.ref.ask(envelope, timeout)
        )

    async def _ask_durably(self, envelope: Envelope[Letter], timeout: float | None) -> object:  # noqa: ASYNC109 - part of the request
        await self.ref.cell.mailbox.until_room()
        envelope.kept = await settle(self.accept(envelope.payload))
        try:
            return await self.ref.ask(envelope, timeout)
        except MailboxFull:
            if envelope.kept is not None:
                envelope.kept.forget()
            raise

    def put(self, envelope: Envelope[Letter], kept: Kept | None) -> None:
        """Put an accepted letter into the mailbox; one that is on disk is never refused.

        Raises:
            MailboxFull, ActorStopped: the mailbox does not take it.
        """
        mailbox = self.ref.cell.mailbox
        if kept is None:
            self.ref.deliver(envelope)
        elif mailbox.closed:
            # It stays on disk for the next component of this id.
            if envelope.reply_to is not None:
                envelope.reply_to.fail(ActorStopped(f"{self.hosted.id} has stopped"))
        else:
            envelope.kept = kept
            mailbox.put_unbounded(envelope)


class Directory:
    """Who runs on a node; also the post office of messaging.

    Args:
        system: the node's actors.

    Attributes:
        pools: the pools of components, which have an id beside those of their components.
        subscriptions: who gets what is published.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._by_text: dict[str, Entry] = {}
        self._late = 0
        self.pools = ComponentPools()
        self.subscriptions = Subscriptions(system.topics, self._chosen)
        self._ended = Meter()

    def add(self, entry: Entry) -> None:
        """List a component until it ends for good."""
        component = entry.hosted.id
        self._entries[_key(component)] = self._by_text[str(component)] = entry
        pool = self.pools.of(component)
        if pool is not None:
            pool.join(entry)
        entry.hosted.on_version = lambda: self._subscribe(entry)
        self._subscribe(entry)
        entry.ref.on_end(lambda _: self._remove(component))

    def lists(self, component: ComponentId) -> bool:
        """Whether there is a component, or a pool of them, with exactly this id."""
        return _key(component) in self._entries or self.pools.find(component) is not None

    def components(self) -> list[ComponentId]:
        """The ids of all components, in the order of their start."""
        return [entry.hosted.id for entry in self._entries.values()]

    def entries(self) -> list[Entry]:
        """All components, in the order of their start."""
        return list(self._entries.values())

    def version(self, component: ComponentId, /) -> str | None:
        """A component's version, from its manifest; None if there is none of this id."""
        entry = self._entries.get(_key(component))
        return None if entry is None else entry.hosted.version.spec.manifest.component.version

    def health(self, component: ComponentId, /) -> str:
        """What a component last said of its health: `healthy`, `degraded`, `unhealthy` or `unknown`."""
        entry = self._entries.get(_key(component))
        return HealthStatus.UNKNOWN.value if entry is None else entry.ref.health.value

    def find(self, target: str | ComponentId) -> Entry:
        """The component that a whole id, `namespace/name` or a name alone means.

        Raises:
            ActorNotFound: no component fits, or several do.
            UsageError: it is a pool of components.
        """
        found = self.address(target)
        if isinstance(found, ComponentPool):
            raise UsageError(
                f"{found.id} is a pool of several components",
                hint=f"name one of them: {_listed(entry.id for entry in found.entries)}",
            )
        return found

    def address(self, target: str | ComponentId) -> Entry | ComponentPool:
        """What a whole id, `namespace/name` or a name alone means: a component, or a pool, which stands for its own.

        Raises:
            ActorNotFound: nothing fits, or several do.
        """
        text = str(target)
        exact = self._by_text.get(text) or self.pools.find(text)
        if exact is not None:
            return exact
        parts = text.split("/")
        everybody: list[Entry | ComponentPool] = [*self._entries.values(), *self.pools]
        fitting = [
            found
            for found in everybody
            if parts in ([found.id.name], [found.id.namespace, found.id.name])
            and self.pools.of(found.id) is None
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise ActorNotFound(
                f"{text!r} fits several components: {_listed(found.id for found in fitting)}",
                hint="write the whole id, namespace/name/instance",
            )
        raise ActorNotFound(
            f"no component {text!r} runs on this node",
            hint=f"components that run: {_listed(self.components()) or 'none'}",
        )

    @property
    def late(self) -> int:
        """Answers to requests of components that came after the request was over."""
        return self._late + sum(entry.hosted.version.outbox.late for entry in self._entries.values())

    def measured(self) -> Meter:
        """What was measured of all components together, those that have ended included."""
        together = Meter()
        together.absorb(self._ended)
        for entry in self._entries.values():
            together.absorb(entry.hosted.meter)
        return together

    def deliver(self, target: ComponentId, letter: Letter, request: Request | None, /) -> Eventually[None]:
        """Put a component's message into the mailbox of another.

        Raises:
            MessagingFault: `queue-full`, `target-not-found`, or `delivery-failed` if a durable mailbox cannot be written.
        """
        entry = self._chosen(target)
        if entry is None:
            raise _not_found(target)
        envelope = Envelope(letter, letter.sender, request, letter.correlation)
        try:
            kept = entry.accept(letter)
            if not inspect.isawaitable(kept):
                entry.put(envelope, kept)
                return None
        except MailboxFull as error:
            raise MessagingFault("queue-full", error.message) from error
        except ActorStopped as error:
            raise _not_found(target) from error
        except StorageFault as fault:
            raise _not_written(target, fault) from fault

        async def later() -> None:
            try:
                entry.put(envelope, await kept)
            except StorageFault as fault:
                raise _not_written(target, fault) from fault

        return Later(later)

    def call_back(self, requester: ComponentId, letter: Letter, /) -> None:
        """Put the answer to a request into the requester's mailbox, even when it is full."""
        entry = self._entries.get(_key(requester))
        if entry is None or not entry.ref.alive:
            self._system.bury(DeadLetter(str(requester), letter, letter.sender, DeadReason.STOPPED))
            return
        envelope = Envelope(letter, letter.sender)
        if not entry.hosted.durable:
            entry.ref.cell.mailbox.put_unbounded(envelope)
            return
        try:
            kept = entry.hosted.letters.keep(entry.hosted.id, letter)
        except StorageFault as fault:
            self._only_in_memory(entry, envelope, fault)
            return
        if not inspect.isawaitable(kept):
            entry.put(envelope, kept)
            return

        async def later() -> None:
            try:
                entry.put(envelope, await kept)
            except StorageFault as fault:
                self._only_in_memory(entry, envelope, fault)

        self._system.run(later())

    def _only_in_memory(self, entry: Entry, envelope: Envelope[Letter], fault: StorageFault) -> None:
        """An answer must not be lost because a file is locked; it only does not survive the process."""
        _log.warning("%s: an answer is not on disk: %s", entry.hosted.id, fault.message)
        if entry.ref.alive:
            entry.ref.cell.mailbox.put_unbounded(envelope)
        else:
            letter = envelope.payload
            self._system.bury(DeadLetter(str(entry.hosted.id), letter, letter.sender, DeadReason.STOPPED))

    def after(self, seconds: float, callback: Callable[[], None], /) -> Timer:
        """Call `callback` in so many seconds."""
        return self._system.timers.after(seconds, callback)

    def _remove(self, component: ComponentId) -> None:
        entry = self._entries.pop(_key(component), None)
        if entry is not None:
            del self._by_text[str(component)]
            entry.hosted.version.outbox.close()
            self._late += entry.hosted.version.outbox.late
            self._ended.absorb(entry.hosted.meter)
            pool = self.pools.of(component)
            if pool is None:
                self.subscriptions.follow(component, ())
            else:
                pool.leave(entry)
                self.subscriptions.follow(pool.id, pool.topics)
                self.pools.close_if_empty(pool)

    def _chosen(self, target: ComponentId) -> Entry | None:
        """The component that a message to an id goes to now."""
        entry = self._entries.get(_key(target))
        if entry is not None:
            return entry
        pool = self.pools.find(target)
        return None if pool is None else pool.choose()

    def _subscribe(self, entry: Entry) -> None:
        """Let it, or its pool, have what the version that runs asks for."""
        whole = self.pools.of(entry.id) or entry
        self.subscriptions.follow(whole.id, whole.topics)


def _key(component: ComponentId) -> tuple[str, str, str]:
    return component.namespace, component.name, component.instance


def _listed(components: Iterable[ComponentId]) -> str:
    return ", ".join(map(str, components))


def _not_written(target: ComponentId, fault: StorageFault) -> MessagingFault:
    return MessagingFault(
        "delivery-failed", f"the durable mailbox of {target} cannot be written: {fault.message}"
    )


def _not_found(target: ComponentId) -> MessagingFault:
    return MessagingFault("target-not-found", f"no component {str(target)[:200]!r} runs here", target=target)
