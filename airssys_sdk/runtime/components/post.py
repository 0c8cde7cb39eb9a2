"""The post of a node: a component's messages and the answers to its requests go into the mailboxes of others."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable

from ...manifest import ComponentId
from ...services.eventually import Eventually, Later
from ...services.faults import MessagingFault, StorageFault
from ...services.messaging import Letter, Request
from ..actors.system import ActorSystem
from ..errors import ActorStopped, MailboxFull
from ..events import DeadLetter, DeadReason
from ..messages.envelope import Envelope
from ..scheduling.timers import Timer
from .directory import Directory
from .entry import Entry

_log = logging.getLogger("airssys.runtime")


class PostOffice:
    """What the messaging of components asks of their node.

    Args:
        system: the node's actors.
        directory: who runs.
    """

    def __init__(self, system: ActorSystem, directory: Directory) -> None:
        self._system = system
        self._directory = directory

    def deliver(self, target: ComponentId, letter: Letter, request: Request | None, /) -> Eventually[None]:
        """Put a component's message into the mailbox of another.

        Raises:
            MessagingFault: `queue-full`, `target-not-found`, or `delivery-failed` if a durable mailbox cannot be written.
        """
        entry = self._directory.chosen(target)
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
        entry = self._directory.listed(requester)
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


def _not_written(target: ComponentId, fault: StorageFault) -> MessagingFault:
    return MessagingFault(
        "delivery-failed", f"the durable mailbox of {target} cannot be written: {fault.message}"
    )


def _not_found(target: ComponentId) -> MessagingFault:
    return MessagingFault("target-not-found", f"no component {str(target)[:200]!r} runs here", target=target)
