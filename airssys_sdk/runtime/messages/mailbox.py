"""The mailbox: what an actor's name accepts, in which order it comes out, and how much may wait.

A mailbox belongs to a name, not to one life of an actor: while a crashed actor waits for its restart, messages
collect here for its successor. Messages of normal priority wait in one queue, which `ActorRef.tell` fills directly;
the other priorities get theirs when they are first used.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections import deque
from queue import SimpleQueue
from typing import Literal, Protocol, Self

from ..checks import check_text, check_whole
from ..errors import ActorStopped, MailboxFull
from ..scheduling.queue import Runnable, RunQueue
from ..state import describe
from .envelope import ENVELOPE, NORMAL_PRIORITY, Envelope, Priority

EMPTY = object()
"""What `Mailbox.take` returns when nothing waits (None is a message like any other)."""


@dataclasses.dataclass(frozen=True, slots=True)
class MailboxOptions:
    """How much a mailbox holds, and what happens to a Python caller when it is full.

    Attributes:
        capacity: messages that may wait; None: any number.
        overflow: what `await ref.send()` and `await ref.ask()` do when it is full: `error` raises `MailboxFull`, `block` waits
            for room. `tell` never waits.

    Raises:
        UsageError: the capacity is no whole number from 0, or there is no such overflow policy.
    """

    capacity: int | None = 1000
    overflow: Literal["error", "block"] = "error"

    def __post_init__(self) -> None:
        if self.capacity is not None:
            check_whole("MailboxOptions.capacity", self.capacity, 0, otherwise=", or None for any number")
        check_text("MailboxOptions.overflow", self.overflow, ("error", "block"))


DEFAULT_MAILBOX = MailboxOptions()


class Owner(Runnable, Protocol):
    """Whoever handles the messages of a mailbox."""

    def failure(self) -> Exception | None:
        """What its last life failed of; None if it runs, or has ended otherwise."""
        ...


class Mailbox:
    """The waiting messages of one actor name; not usable before `set_up`.

    Attributes (read and written by `ActorRef.tell` and the actor's turn, which is why they are bare):
        owner: who handles the messages.
        run_queue: where the owner waits for its turn.
        normal: messages of normal priority, bare payloads or envelopes.
        room: `tell` refuses when `normal` is this long; negative: the mailbox is closed.
        scheduled: the owner is in the run queue, or parked: busy, starting, stopping, waiting for its restart.
            A sender that finds False wakes the owner.
        more: may be more than the one message that the owner was woken for. A sender that finds `scheduled` True sets it, and then
            looks at `scheduled` again: the owner, at the end of its turn, first clears `scheduled` and then looks here, so one of
            the two sees the other.
        interrupted: the owner's turn must be a careful one: other priorities wait, or somebody waits for room, or the
            owner does not run (it is busy, starting, stopping, down or gone).
        waiters: who waits for room; None: nobody.
    """

    __slots__ = (
        "_lanes",
        "_options",
        "interrupted",
        "more",
        "normal",
        "owner",
        "refused",
        "room",
        "run_queue",
        "scheduled",
        "waiters",
    )

    def set_up(self, owner: Owner, run_queue: RunQueue, options: MailboxOptions) -> Self:
        """Be ready for messages; the owner does not run yet."""
        self.owner = owner
        self.run_queue = run_queue
        self._options = options
        # By priority; that of normal holds only what was put back.
        self._lanes: tuple[deque[object], deque[object], deque[object], deque[object]] | None = None
        self.waiters: deque[asyncio.Future[None]] | None = None
        # Not a deque: that takes 770 bytes even when it is empty, this 170, and most mailboxes are empty.
        self.normal: SimpleQueue[object] = SimpleQueue()
        self.room = sys.maxsize if options.capacity is None else options.capacity
        self.scheduled = True
        self.more = False
        self.interrupted = True
        self.refused = 0
        return self

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return self.normal.qsize() + (sum(map(len, self._lanes)) if self._lanes else 0)

    @property
    def closed(self) -> bool:
        """Whether it accepts no more messages, for good."""
        return self.room < 0

    @property
    def has_room(self) -> bool:
        """Whether a message would be accepted now."""
        return self.normal.qsize() < self.room

    @property
    def must_wait(self) -> bool:
        """Whether a caller who can wait should wait for room."""
        return self._options.overflow == "block" and self.normal.qsize() >= self.room >= 0

    def put(self, message: object) -> None:
        """Accept a message (an `Envelope` goes where its priority says) and wake the owner.

        Raises:
            MailboxFull: as many messages wait as may.
            ActorStopped: the mailbox is closed.
        """
        if self.normal.qsize() >= self.room:
            self.refuse()
        self.put_unbounded(message)

    def put_unbounded(self, message: object) -> None:
        """Accept a message even when the mailbox is full; what the system itself has to say is never refused."""
        if type(message) is ENVELOPE and message.priority is not NORMAL_PRIORITY:
            self._lane(message.priority).append(message)
            self._measure()
        else:
            self.normal.put_nowait(message)
        self.notice()

    def notice(self) -> None:
        """Let the owner see to what was put in; from any thread."""
        if self.scheduled:
            self.more = True
            if self.scheduled:
                return
        self.wake()

    def put_back(self, message: Envelope[object]) -> None:
        """Let this message, which was taken, be the next one of its priority again."""
        self._lane(message.priority).appendleft(message)
        self._measure()

    def refuse(self) -> None:
        """Count and explain why a message is not accepted.

        Raises:
            MailboxFull: as many messages wait as may.
            ActorStopped: the mailbox is closed.
        """
        self.refused += 1
        if self.closed:
            failure = self.owner.failure()
            why = "" if failure is None else f": {describe(failure)}"
            raise ActorStopped(
                f"{self.owner} has stopped{why}", hint="watch() an actor to hear of its end"
            ) from failure
        raise MailboxFull(
            f"the mailbox of {self.owner} is full ({self._capacity} messages wait)",
            hint="send less, give it a larger MailboxOptions.capacity ([limits] mailbox of a component), or await send() "
            "with overflow='block'",
        )

    async def until_room(self) -> None:
        """Wait until a message would be accepted, if the overflow policy is to block; else return at once.

        Returns also when the mailbox is closed meanwhile; `put` then says so.
        """
        while self.must_wait:
            if self.waiters is None:
                self.waiters = deque()
            waiter = asyncio.get_running_loop().create_future()
            self.waiters.append(waiter)
            self.interrupted = True
            try:
                await waiter
            except asyncio.CancelledError:
                # Whoever would have had the room after us must not miss it.
                self.release()
                raise

    def release(self) -> None:
        """Tell those who wait for room how much there is; the owner calls it after each turn."""
        waiters = self.waiters
        if waiters is None:
            return
        free = len(waiters) if self.closed else self.room - self.normal.qsize()
        while waiters and free > 0:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                free -= 1
        if not waiters:
            self.waiters = None

    def take(self) -> object:
        """Take the next message by priority, or return `EMPTY`."""
        normal = self.normal
        lanes = self._lanes
        if lanes is None:
            return normal.get_nowait() if normal.qsize() else EMPTY
        critical, high, back, low = lanes
        lane = critical or high or back
        if not lane:
            if normal.qsize():
                return normal.get_nowait()
            if not low:
                return EMPTY
            lane = low
        message = lane.popleft()
        self._measure()
        return message

    def wake(self) -> None:
        """Give the owner a turn; from any thread."""
        self.scheduled = True
        self.run_queue.ready.append(self.owner)
        if not self.run_queue.awake:
            self.arm()

    def arm(self) -> None:
        """Have the run queue drained, which sleeps.

        Raises:
            ActorStopped: the event loop is closed, and with it everybody gone who could have handled the message.
        """
        try:
            self.run_queue.arm()
        except RuntimeError:
            self.normal = SimpleQueue()
            raise ActorStopped(f"{self.owner} has stopped: its event loop is closed") from None

    def resume(self) -> None:
        """The owner runs and can take messages; on the loop's thread."""
        # As `unpark`, spelled out: each life begins here.
        self.scheduled = False
        if self._lanes is None and self.waiters is None:
            self.interrupted = others_wait = False
        else:
            others_wait = self._others_wait
            self.interrupted = others_wait or self.waiters is not None
        if others_wait or self.normal.qsize():
            self.more = True
            self.wake()

    def unpark(self) -> None:
        """Give the owner a turn if any message waits, else let the next sender do so; on the loop's thread."""
        self.scheduled = False
        # Looked at after `scheduled` is False: another thread may append in between, and then sees that.
        if self.normal.qsize() or self._others_wait:
            self.more = True
            self.wake()

    def resize(self, options: MailboxOptions) -> None:
        """Hold another number of messages from now on; those that wait stay, whoever waits for room gets what there is."""
        if self.closed:
            return
        self._options = options
        self.room = self._capacity
        self._measure()
        self.release()

    def close(self) -> None:
        """Accept nothing more, for good. What comes in by a race wakes the owner, who must dispose of it."""
        self.room = -1
        self.scheduled = False
        self.release()

    def _lane(self, priority: Priority) -> deque[object]:
        if self._lanes is None:
            self._lanes = (deque(), deque(), deque(), deque())
        return self._lanes[priority]

    def _measure(self) -> None:
        # The bound counts all priorities. Recomputed, not counted up and down, so that a race between threads
        # can only be wrong until the next call.
        if self._lanes is None:
            return
        waiting = sum(map(len, self._lanes))
        if not self.closed:
            self.room = max(0, self._capacity - waiting)
        if waiting:
            self.interrupted = True

    @property
    def _capacity(self) -> int:
        return sys.maxsize if self._options.capacity is None else self._options.capacity

    @property
    def _others_wait(self) -> bool:
        return self._lanes is not None and any(self._lanes)
