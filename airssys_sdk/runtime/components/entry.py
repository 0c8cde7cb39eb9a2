"""An entry of a node's directory: one component that runs, and how a letter gets into its mailbox."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from collections.abc import Awaitable, Collection, Coroutine
from typing import Any

from ...manifest import ComponentId
from ...services.eventually import Eventually, settle
from ...services.messaging import Letter
from ..actors.ref import ActorRef
from ..errors import ActorStopped
from ..messages.envelope import Envelope, Kept
from ..messages.outcomes import Metrics
from .version import Hosted


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

        The timeout counts while it waits for room, and for the file of a durable mailbox. A letter that is on disk is handled
        also if nobody waits for its answer any more.

        Raises:
            MailboxFull, ActorStopped: the mailbox does not take it.
            StorageFault: its durable mailbox cannot be written.
            Exception: as `ActorRef.ask`.
        """
        # Each coroutine that waits for another one is seen in an `ask`, so the usual way has none here.
        return (
            self._ask_durably(envelope, timeout)
            if self.hosted.version.durable
            else self.ref.ask(envelope, timeout)
        )

    async def _ask_durably(self, envelope: Envelope[Letter], timeout: float | None) -> object:  # noqa: ASYNC109 - part of the request
        cell = self.ref.cell
        answered: asyncio.Future[object] = cell.system.loop.create_future()
        envelope.reply_to = request = cell.system.requests.expect(answered, timeout)
        try:
            if cell.mailbox.must_wait:
                await self._send_before(answered, self.send(envelope))
            elif inspect.isawaitable(kept := self.accept(envelope.payload)):
                await self._send_before(answered, self._put_later(envelope, kept))
            else:
                self.put(envelope, kept)
            return await answered
        except BaseException:
            request.cancel()
            raise

    async def _put_later(self, envelope: Envelope[Letter], kept: Awaitable[Kept | None]) -> None:
        self.put(envelope, await kept)

    async def _send_before(
        self, answered: asyncio.Future[object], sending: Coroutine[Any, Any, None]
    ) -> None:
        """Wait until the letter is sent, unless the request ends first; then it is not sent.

        From the disk it goes into the mailbox without a pause, so whenever this is given up, it is in both or in neither.
        """
        task = asyncio.ensure_future(sending)
        try:
            await asyncio.wait((task, answered), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
        if task.done() and not answered.done():
            task.result()
        elif task.done():
            task.exception()  # looked at; what ended the request first is told

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
