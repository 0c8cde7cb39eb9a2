"""Messaging for components: who may write to whom, and what becomes of a request.

`Outbox` is one component's side: it checks permissions, gives requests their correlation ids and sees to it that each
accepted request is answered by exactly one callback: with the answer, with the reason why there is none, or with a
timeout. How a message reaches its target is the node's business (`Post`).

Everything here runs on the thread of the node's loop.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from ..manifest.ids import NAME, ComponentId
from ..security import AuditLog, AuditRecord, Capability, Grants
from .eventually import Eventually, Later
from .faults import MessagingFault

HOST = ComponentId("airssys", "host", "0")
"""Who the host is to a component."""
MOST_TARGETS = 1000
"""How many components one broadcast may name: each is a check and a delivery, and meanwhile the node does nothing else."""
LONGEST_TIMEOUT = 366 * 24 * 3600.0
"""Seconds; a longer timeout of a request is cut to this."""


@dataclasses.dataclass(slots=True)
class Letter:
    """A message from one component (or the host) to another.

    Attributes:
        sender: who wrote it.
        payload: the bytes.
        correlation: the request that it is, or that it answers.
        reply_to: who hears the answer; None if nobody does.
        content_type: what the bytes are, if anybody said.
        callback: whether it answers a request and goes to `handle-callback`.
        fault: in a callback, why there is no answer; the payload is then made from it.
        sent: nanoseconds since the epoch.
    """

    sender: ComponentId
    payload: bytes
    correlation: str | None = None
    reply_to: ComponentId | None = None
    content_type: str | None = None
    callback: bool = False
    fault: MessagingFault | None = None
    sent: int = dataclasses.field(default_factory=time.time_ns)


class Alarm(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None:
        """Call it off; does nothing after it has rung."""
        ...


class Post(Protocol):
    """What a node does for messaging."""

    def deliver(self, target: ComponentId, letter: Letter, request: Request | None, /) -> Eventually[None]:
        """Put the letter into the target's mailbox; `request` hears the outcome.

        A durable mailbox may have to wait for its file; the letter is accepted when that is over.

        Raises:
            MessagingFault: it was not accepted: `queue-full`, `target-not-found`.
        """
        ...

    def call_back(self, requester: ComponentId, letter: Letter, /) -> None:
        """Put the answer to a request into the requester's mailbox, even when that is full."""
        ...

    def after(self, seconds: float, callback: Callable[[], None], /) -> Alarm:
        """Call `callback` in so many seconds."""
        ...


class Request:
    """A request that was accepted: it hears from its target at most once, and calls back exactly once."""

    __slots__ = ("_alarm", "_outbox", "correlation", "target")

    def __init__(self, outbox: Outbox, target: ComponentId, correlation: str) -> None:
        self._outbox = outbox
        self._alarm: Alarm | None = None
        self.target = target
        self.correlation = correlation

    def succeed(self, value: object, /) -> bool:
        """The target answered: bytes, or None. Says whether the answer was still wanted."""
        return self._outbox.answer(self, value if isinstance(value, bytes) else b"", None)

    def fail(self, error: Exception, /) -> bool:
        """The target will not answer. Says whether the answer was still wanted."""
        fault = error
        if not isinstance(fault, MessagingFault):
            fault = MessagingFault("delivery-failed", f"{self.target}: {_reason(error)}")
        return self._outbox.answer(self, b"", fault)

    def is_of(self, outbox: Outbox) -> bool:
        """Whether it was made through this outbox."""
        return self._outbox is outbox

    def arm(self, alarm: Alarm) -> None:
        """Remember the alarm of the timeout."""
        self._alarm = alarm

    def disarm(self) -> None:
        """Call the timeout off."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class _Ledger:
    """The requests of one component, whatever its version.

    Attributes:
        open: those that wait for their answer, by correlation id.
        count: how many there were.
        late: answers that came after their request was over.
    """

    __slots__ = ("count", "late", "open")

    def __init__(self) -> None:
        self.open: dict[str, Request] = {}
        self.count = 0
        self.late = 0


class Outbox:
    """Everything that one component sends.

    Args:
        component: who it is.
        grants: what it may do.
        post: the node.
        audit: where denials are recorded.
        prefix: the beginning of every correlation id; unique to this life of the node.
        most_open: requests that may wait for their answer at a time.
    """

    __slots__ = (
        "_audit",
        "_broadcasts",
        "_component",
        "_held",
        "_ledger",
        "_most_open",
        "_post",
        "_prefix",
        "_requests",
        "_sends",
    )

    def __init__(
        self,
        component: ComponentId,
        *,
        grants: Grants,
        post: Post,
        audit: AuditLog,
        prefix: str,
        most_open: int = 1000,
    ) -> None:
        self._ledger = _Ledger()
        self._held: list[Letter] | None = None
        self._component = component
        self._sends = grants[Capability.SEND]
        self._requests = grants[Capability.REQUEST]
        self._broadcasts = grants[Capability.BROADCAST]
        self._post = post
        self._audit = audit
        self._prefix = prefix
        self._most_open = most_open

    def successor(self, grants: Grants, most_open: int) -> Outbox:
        """The outbox of a version of the component that may take over: same requests, other permissions.

        Answers to requests that it makes are held back until `take_over`; `abandon` drops them.
        """
        other = Outbox(
            self._component,
            grants=grants,
            post=self._post,
            audit=self._audit,
            prefix=self._prefix,
            most_open=most_open,
        )
        other._ledger = self._ledger
        other._held = []
        return other

    def take_over(self) -> None:
        """This version runs now: deliver what was held back."""
        held, self._held = self._held, None
        for letter in held or ():
            self._post.call_back(self._component, letter)

    def abandon(self) -> None:
        """This version never ran: give up the requests that it made."""
        for request in [one for one in self._ledger.open.values() if one.is_of(self)]:
            request.disarm()
            del self._ledger.open[request.correlation]
        self._held = []

    @property
    def open_requests(self) -> int:
        """Requests that still wait for their answer."""
        return len(self._ledger.open)

    @property
    def late(self) -> int:
        """Answers that came after their request was over; they were dropped."""
        return self._ledger.late

    def send(self, target: ComponentId, payload: bytes) -> Eventually[None]:
        """Send a message that nobody waits for.

        Raises:
            MessagingFault: it was not accepted: `delivery-failed` without permission, `target-not-found`, `queue-full`.
        """
        if not self._sends.allows((target.namespace, target.name, target.instance)):
            raise self._deny(Capability.SEND, target)
        return self._post.deliver(target, Letter(self._component, payload), None)

    def request(self, target: ComponentId, payload: bytes, timeout: float) -> Eventually[str]:
        """Send a message and have its answer delivered as a callback with the id that this returns.

        Args:
            target: who is asked.
            payload: the question.
            timeout: seconds after which the callback says `correlation-timeout`.

        Raises:
            MessagingFault: it was not accepted and there will be no callback: `delivery-failed` without permission,
                `target-not-found`, `queue-full` (also when too many requests of this component are open).
        """
        if not self._requests.allows((target.namespace, target.name, target.instance)):
            raise self._deny(Capability.REQUEST, target)
        ledger = self._ledger
        if len(ledger.open) >= self._most_open:
            raise MessagingFault(
                "queue-full", f"{self._most_open} requests of {self._component} wait for an answer"
            )
        ledger.count += 1
        correlation = f"{self._prefix}-{self._component}-{ledger.count}"
        request = Request(self, target, correlation)
        letter = Letter(self._component, payload, correlation, self._component)
        ledger.open[correlation] = request
        try:
            accepted = self._post.deliver(target, letter, request)
        except MessagingFault:
            ledger.open.pop(correlation, None)
            raise
        if correlation in ledger.open:
            request.arm(
                self._post.after(min(max(timeout, 0.0), LONGEST_TIMEOUT), lambda: self._time_out(request))
            )
        if accepted is None:
            return correlation
        return Later(lambda: self._accepted(request, accepted))

    async def _accepted(self, request: Request, accepted: Awaitable[None]) -> str:
        """The id of a request that is accepted a little later."""
        try:
            await accepted
        except BaseException:
            request.disarm()
            self._ledger.open.pop(request.correlation, None)
            raise
        return request.correlation

    def cancel(self, correlation: str) -> None:
        """Give a request up: no callback will follow, and an answer that comes later is dropped.

        Raises:
            MessagingFault: `invalid-message`: no such request of this component is open.
        """
        request = self._ledger.open.pop(correlation, None)
        if request is None:
            raise MessagingFault(
                "invalid-message", f"no request {correlation[:200]!r} of {self._component} is open"
            )
        request.disarm()

    def broadcast(self, targets: Sequence[ComponentId], payload: bytes) -> Eventually[None]:
        """Send a message to several targets; what one of them says does not keep it from the others.

        Raises:
            MessagingFault: it was not accepted everywhere; all others have accepted it. With one target the fault is the
                same as that of `send`; with more it is `delivery-failed` and names each with its reason, in order.
        """
        if len(targets) > MOST_TARGETS:
            raise MessagingFault(
                "delivery-failed",
                f"a broadcast goes to {MOST_TARGETS} targets at most, not to {len(targets)}; nothing was sent",
            )
        faults: list[tuple[ComponentId, MessagingFault]] = []
        waiting: list[tuple[ComponentId, Awaitable[None]]] = []
        for target in targets:
            try:
                if not self._broadcasts.allows((target.namespace, target.name, target.instance)):
                    raise self._deny(Capability.BROADCAST, target)
                accepted = self._post.deliver(target, Letter(self._component, payload), None)
            except MessagingFault as fault:
                faults.append((target, fault))
            else:
                if accepted is not None:
                    waiting.append((target, accepted))
        if waiting:
            return Later(lambda: self._accepted_by_all(targets, faults, waiting))
        _raise_for(targets, faults)
        return None

    async def _accepted_by_all(
        self,
        targets: Sequence[ComponentId],
        faults: list[tuple[ComponentId, MessagingFault]],
        waiting: Sequence[tuple[ComponentId, Awaitable[None]]],
    ) -> None:
        for target, accepted in waiting:
            try:
                await accepted
            except MessagingFault as fault:
                faults.append((target, fault))
        order = {target: place for place, target in enumerate(targets)}
        _raise_for(targets, sorted(faults, key=lambda one: order[one[0]]))

    def answer(self, request: Request, payload: bytes, fault: MessagingFault | None) -> bool:
        """Call back with an answer or a fault; False, and nothing more, if the request is over already."""
        ledger = self._ledger
        if ledger.open.get(request.correlation) is not request:
            ledger.late += 1
            return False
        del ledger.open[request.correlation]
        request.disarm()
        letter = Letter(request.target, payload, correlation=request.correlation, callback=True, fault=fault)
        if self._held is None:
            self._post.call_back(self._component, letter)
        else:
            self._held.append(letter)
        return True

    def close(self) -> None:
        """Give all open requests up: the component has stopped for good."""
        for request in self._ledger.open.values():
            request.disarm()
        self._ledger.open.clear()

    def _time_out(self, request: Request) -> None:
        correlation = request.correlation
        if self._ledger.open.get(correlation) is request:
            self.answer(
                request,
                b"",
                MessagingFault(
                    "correlation-timeout", f"{request.target} did not answer in time", correlation=correlation
                ),
            )

    def _deny(self, capability: Capability, target: ComponentId) -> MessagingFault:
        name = str(target)
        self._audit.record(
            AuditRecord(
                time.time(),
                "access-denied",
                capability.value,
                str(self._component),
                name,
                "deny",
                capability.key,
            )
        )
        return MessagingFault(
            "delivery-failed", f"permission denied: {capability.key} does not list {name[:200]!r}"
        )


def well_formed(component: ComponentId) -> bool:
    """Whether all three parts of an id are names, as every component's are; others name nobody."""
    return (
        NAME.fullmatch(component.namespace) is not None
        and NAME.fullmatch(component.name) is not None
        and NAME.fullmatch(component.instance) is not None
    )


def _raise_for(targets: Sequence[ComponentId], faults: Sequence[tuple[ComponentId, MessagingFault]]) -> None:
    """Tell who did not accept a broadcast.

    Raises:
        MessagingFault: somebody did not.
    """
    if not faults:
        return
    if len(targets) == 1:
        raise faults[0][1]
    listed = "; ".join(f"{str(target)[:200]}: {_case(fault)}" for target, fault in faults[:20])
    more = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
    raise MessagingFault(
        "delivery-failed", f"{len(faults)} of {len(targets)} targets did not accept it: {listed}{more}"
    )


def _case(fault: MessagingFault) -> str:
    return fault.message if fault.case == "delivery-failed" else fault.case


def _reason(error: Exception) -> str:
    message = getattr(error, "message", None)
    return message if isinstance(message, str) else str(error) or type(error).__name__
