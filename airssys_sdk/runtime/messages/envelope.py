"""The envelope: a payload with everything a message may carry beside it.

A plain `ActorRef.tell(payload)` makes no envelope; the mailbox then holds the bare payload, which is what keeps the
common case cheap. Whoever needs a sender, an answer, a priority or a time to live sends an `Envelope`.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Generic, Protocol, TypeVar

M = TypeVar("M")


class Priority(enum.IntEnum):
    """The order of delivery; messages of one priority keep their order."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


NORMAL_PRIORITY = Priority.NORMAL
"""For the hot paths: up to Python 3.11, looking a member up in its class runs Python code."""


class ReplyTo(Protocol):
    """Where the answer to a message goes. Both methods say whether the answer was still wanted."""

    def succeed(self, value: object, /) -> bool:
        """Deliver the handler's return value."""
        ...

    def fail(self, error: Exception, /) -> bool:
        """Deliver the reason why there is no value."""
        ...


class Kept(Protocol):
    """A message's copy that outlives the process."""

    def forget(self) -> None:
        """Nobody has to handle the message any more; may be called twice."""
        ...


@dataclasses.dataclass(slots=True)
class Envelope(Generic[M]):
    """A message on its way; one envelope is sent once, but `ask` takes it any number of times.

    Attributes:
        payload: what `receive` gets.
        sender: who sent it: an `ActorRef` or an address such as a component id; None if nobody said.
        reply_to: who hears the outcome; told exactly once.
        correlation_id: the request that this message belongs to.
        priority: the order of delivery.
        time_to_live: seconds that the message may wait in the mailbox; None: any time.
        expires_at: end of that time on the system's clock; set when the mailbox accepts the message.
        attempts: crashes that this message has survived (`OnCrash.retry`).
        kept: its copy in a durable mailbox. If the actor stops for good before it came to the message, the copy stays there
            for the next actor of this name; however else the message ends, the copy goes.
    """

    payload: M
    sender: object = None
    reply_to: ReplyTo | None = None
    correlation_id: str | None = None
    priority: Priority = NORMAL_PRIORITY
    time_to_live: float | None = None
    expires_at: float | None = None
    attempts: int = 0
    kept: Kept | None = None

    def anew(self) -> Envelope[M]:
        """The same message before it was sent: nobody hears the outcome, and no copy of it is kept."""
        return dataclasses.replace(self, reply_to=None, expires_at=None, attempts=0, kept=None)


ENVELOPE: type[Envelope[Any]] = Envelope
"""The same class, for comparing the class of a message whose type nobody knows."""
