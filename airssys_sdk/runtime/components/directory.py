"""The directory of a node: who runs here, who a name means, and how a message gets into a mailbox."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from ...manifest import ComponentId
from ...services.faults import MessagingFault
from ...services.messaging import Letter, Request
from ..actors.ref import ActorRef
from ..actors.system import ActorSystem
from ..errors import ActorNotFound, ActorStopped, MailboxFull
from ..events import DeadLetter, DeadReason
from ..messages.envelope import Envelope
from ..metrics.meter import Meter
from ..scheduling.timers import Timer
from .actor import Hosted


@dataclasses.dataclass(slots=True)
class Entry:
    """A component that runs, or waits for a restart.

    Attributes:
        hosted: what outlives its lives.
        ref: the component.
        supervisor: the supervisor that has no other child.
    """

    hosted: Hosted
    ref: ActorRef[Any]
    supervisor: ActorRef[Any]


class Directory:
    """Who runs on a node; also the post office of messaging.

    Args:
        system: the node's actors.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._by_text: dict[str, Entry] = {}
        self._late = 0
        self._ended = Meter()

    def add(self, entry: Entry) -> None:
        """List a component until it ends for good."""
        component = entry.hosted.id
        self._entries[_key(component)] = self._by_text[str(component)] = entry
        entry.ref.on_end(lambda _: self._remove(component))

    def lists(self, component: ComponentId) -> bool:
        """Whether there is a component with exactly this id."""
        return _key(component) in self._entries

    def components(self) -> list[ComponentId]:
        """The ids of all components, in the order of their start."""
        return [entry.hosted.id for entry in self._entries.values()]

    def entries(self) -> list[Entry]:
        """All components, in the order of their start."""
        return list(self._entries.values())

    def version(self, component: ComponentId, /) -> str | None:
        """A component's version, from its manifest; None if there is none of this id."""
        entry = self._entries.get(_key(component))
        return None if entry is None else entry.hosted.spec.manifest.component.version

    def find(self, target: str | ComponentId) -> Entry:
        """The component that a whole id, `namespace/name` or a name alone means.

        Raises:
            ActorNotFound: no component fits, or several do.
        """
        text = str(target)
        exact = self._by_text.get(text)
        if exact is not None:
            return exact
        parts = tuple(text.split("/"))
        fitting = [
            entry
            for (namespace, name, _), entry in self._entries.items()
            if parts in ((name,), (namespace, name))
        ]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise ActorNotFound(
                f"{text!r} fits several components: {_listed(entry.hosted.id for entry in fitting)}",
                hint="write the whole id, namespace/name/instance",
            )
        raise ActorNotFound(
            f"no component {text!r} runs on this node",
            hint=f"components that run: {_listed(self.components()) or 'none'}",
        )

    @property
    def late(self) -> int:
        """Answers to requests of components that came after the request was over."""
        return self._late + sum(entry.hosted.outbox.late for entry in self._entries.values())

    def measured(self) -> Meter:
        """What was measured of all components together, those that have ended included."""
        together = Meter()
        together.absorb(self._ended)
        for entry in self._entries.values():
            together.absorb(entry.hosted.meter)
        return together

    def deliver(self, target: ComponentId, letter: Letter, request: Request | None, /) -> None:
        """Put a component's message into the mailbox of another.

        Raises:
            MessagingFault: `queue-full` or `target-not-found`.
        """
        entry = self._entries.get(_key(target))
        if entry is None:
            raise _not_found(target)
        try:
            entry.ref.deliver(Envelope(letter, letter.sender, request, letter.correlation))
        except MailboxFull as error:
            raise MessagingFault("queue-full", error.message) from error
        except ActorStopped as error:
            raise _not_found(target) from error

    def call_back(self, requester: ComponentId, letter: Letter, /) -> None:
        """Put the answer to a request into the requester's mailbox, even when it is full."""
        entry = self._entries.get(_key(requester))
        if entry is not None and entry.ref.alive:
            entry.ref.cell.mailbox.put_unbounded(Envelope(letter, letter.sender))
        else:
            self._system.bury(DeadLetter(str(requester), letter, letter.sender, DeadReason.STOPPED))

    def after(self, seconds: float, callback: Callable[[], None], /) -> Timer:
        """Call `callback` in so many seconds."""
        return self._system.timers.after(seconds, callback)

    def _remove(self, component: ComponentId) -> None:
        entry = self._entries.pop(_key(component), None)
        if entry is not None:
            del self._by_text[str(component)]
            entry.hosted.outbox.close()
            self._late += entry.hosted.outbox.late
            self._ended.absorb(entry.hosted.meter)


def _key(component: ComponentId) -> tuple[str, str, str]:
    return component.namespace, component.name, component.instance


def _listed(components: Iterable[ComponentId]) -> str:
    return ", ".join(map(str, components))


def _not_found(target: ComponentId) -> MessagingFault:
    return MessagingFault("target-not-found", f"no component {str(target)[:200]!r} runs here", target=target)
