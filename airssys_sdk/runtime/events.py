"""Monitor events: what happens in a system, as one typed stream."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from .state import Exit, HealthStatus

_log = logging.getLogger("airssys.runtime")


@dataclasses.dataclass(frozen=True, slots=True)
class ActorStarted:
    """A life began; `restarts` counts the earlier lives under this name."""

    name: str
    restarts: int


@dataclasses.dataclass(frozen=True, slots=True)
class ActorFailed:
    """A life ended by a crash, or did not begin."""

    name: str
    error: Exception


@dataclasses.dataclass(frozen=True, slots=True)
class RestartPlanned:
    """The supervisor will start the actor again after `delay` seconds; `count` restarts lie inside the window."""

    name: str
    delay: float
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class SupervisorGaveUp:
    """A child ended more often than its intensity allows; the supervisor fails with it."""

    supervisor: str
    child: str
    error: Exception


@dataclasses.dataclass(frozen=True, slots=True)
class LifeEnded:
    """A life ended in order (a crash is `ActorFailed`); its name may get another.

    Attributes:
        name: whose.
        exit: why; `ExitKind.KILLED` if it did not end in time.
        seconds: how long it took from the order to the end, children included.
    """

    name: str
    exit: Exit
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class ActorEnded:
    """The actor is gone for good, with its name; `exit` is how its last life ended."""

    name: str
    exit: Exit


@dataclasses.dataclass(frozen=True, slots=True)
class HookFailed:
    """`stopping` or `stopped` raised; the stop went on."""

    name: str
    hook: str
    error: Exception


@dataclasses.dataclass(frozen=True, slots=True)
class HealthChecked:
    """An actor was asked for its health.

    Attributes:
        name: who.
        status: what it said; unhealthy if it failed or did not answer.
        failures: failed checks since the last healthy one.
        error: why there is no answer.
    """

    name: str
    status: HealthStatus
    failures: int
    error: Exception | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class MessageFailed:
    """A message failed without a crash, or its crash was told to whoever asked."""

    name: str
    error: Exception


class DeadReason(enum.Enum):
    """Why a message ended as a dead letter."""

    CRASHED = "crashed"
    """Its handling crashed the actor."""
    KILLED = "killed"
    """The actor was killed in the middle of it."""
    STOPPED = "stopped"
    """It waited when its actor ended for good."""
    EXPIRED = "expired"
    """It waited longer than its time to live."""
    REFUSED = "refused"
    """It was published, and the mailbox of this subscriber did not take it; no mailbox counts it as accepted."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody will handle.

    Attributes:
        target: name of the actor that it was for.
        payload: the message.
        sender: who sent it, if known.
        reason: why nobody will handle it.
        error: the error behind it, if there is one.
    """

    target: str
    payload: object
    sender: object
    reason: DeadReason
    error: Exception | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Unrouted:
    """A message was published under a topic that nobody has subscribed to.

    Attributes:
        topic: which.
        payload: the message.
        sender: who published it, if known.
    """

    topic: str
    payload: object
    sender: object


Event = (
    ActorStarted
    | ActorFailed
    | RestartPlanned
    | SupervisorGaveUp
    | LifeEnded
    | ActorEnded
    | HookFailed
    | HealthChecked
    | MessageFailed
    | DeadLetter
    | Unrouted
)

E = TypeVar("E")


class Subscription:
    """A place in the audience of a stream; `cancel` leaves it."""

    __slots__ = ("_listener", "_stream")

    def __init__(self, stream: EventStream, listener: Callable[[object], None]) -> None:
        self._stream = stream
        self._listener = listener

    def cancel(self) -> None:
        """Hear no more; may be called twice."""
        self._stream.leave(self._listener)


class EventStream:
    """The events of one system, in order; all on the loop's thread.

    Other parts of a node may publish their own event classes here too.

    Attributes:
        wanted: whether anybody listens; publishers on hot paths look first.
    """

    __slots__ = ("_audience", "wanted")

    def __init__(self) -> None:
        self._audience: list[Callable[[object], None]] = []
        self.wanted = False

    def publish(self, event: object) -> None:
        """Tell everybody now. A listener that raises is logged and stays; the others hear the event all the same."""
        for listener in tuple(self._audience):
            try:
                listener(event)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - not the error of the actor; it is logged
                _log.exception("an event listener raised")

    def subscribe(self, listener: Callable[[object], None]) -> Subscription:
        """Call `listener` with each event; it must be quick, it runs in the middle of the actors' work."""
        self._audience.append(listener)
        self.wanted = True
        return Subscription(self, listener)

    def leave(self, listener: Callable[[object], None]) -> None:
        """Call `listener` no more; for `Subscription`."""
        if listener in self._audience:
            self._audience.remove(listener)
        self.wanted = bool(self._audience)

    def listen(self, *kinds: type[E], capacity: int = 1000) -> Listening[E]:
        """Collect events for an `async for`: those of the given classes, or all.

        A slow reader loses the oldest beyond `capacity`; `Listening.lost` counts them. Events are collected from this
        call on, so nothing is missed between it and the loop.
        """
        return Listening(self, kinds, capacity)


class Listening(AsyncIterator[E]):
    """Events on their way to one reader; `close`, or leave its `with` block, to end it."""

    __slots__ = ("_kinds", "_subscription", "_waiter", "_waiting", "lost")

    def __init__(self, stream: EventStream, kinds: tuple[type[E], ...], capacity: int) -> None:
        self._kinds = kinds
        self._waiting: deque[E] = deque(maxlen=capacity)
        self._waiter: asyncio.Future[None] | None = None
        self.lost = 0
        self._subscription: Subscription | None = stream.subscribe(self._hear)

    def __enter__(self) -> Listening[E]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more; what was heard can still be read, then the iteration ends."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        self._wake()

    def __aiter__(self) -> Listening[E]:
        return self

    async def __anext__(self) -> E:
        while not self._waiting:
            if self._subscription is None:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._waiting.popleft()

    def _hear(self, event: object) -> None:
        if self._kinds and not isinstance(event, self._kinds):
            return
        if len(self._waiting) == self._waiting.maxlen:
            self.lost += 1
        self._waiting.append(event)  # type: ignore[arg-type]  # one of the kinds, or E is object
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
