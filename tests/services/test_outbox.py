"""An outbox: permissions, correlation ids, and exactly one callback for every accepted request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airssys_sdk.manifest import ComponentId
from airssys_sdk.security import AuditLog, AuditRecord, Capability, Grants
from airssys_sdk.services.faults import MessagingFault
from airssys_sdk.services.messaging import Letter, Outbox, Request

A = ComponentId("example", "a")
B = ComponentId("example", "b")
FULL = ComponentId("example", "full")
GONE = ComponentId("example", "gone")


class Timer:
    def __init__(self, seconds: float, callback: Callable[[], None]) -> None:
        self.seconds = seconds
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Office:
    """A node of the simplest kind: it keeps what it is given, and its time stands still."""

    def __init__(self) -> None:
        self.delivered: list[tuple[ComponentId, Letter, Request | None]] = []
        self.callbacks: list[Letter] = []
        self.timers: list[Timer] = []

    def deliver(self, target: ComponentId, letter: Letter, request: Request | None, /) -> None:
        if target == FULL:
            raise MessagingFault("queue-full", "full")
        if target == GONE:
            raise MessagingFault("target-not-found", "gone", target=target)
        self.delivered.append((target, letter, request))

    def call_back(self, requester: ComponentId, letter: Letter, /) -> None:
        assert requester == A
        self.callbacks.append(letter)

    def after(self, seconds: float, callback: Callable[[], None], /) -> Timer:
        self.timers.append(Timer(seconds, callback))
        return self.timers[-1]

    def request(self, index: int = -1) -> Request:
        request = self.delivered[index][2]
        assert request is not None
        return request


class Denials:
    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    def write(self, record: AuditRecord) -> None:
        self.records.append(record)


def outbox(office: Office, denials: Denials | None = None, most_open: int = 10) -> Outbox:
    grants = Grants(
        {key: ["example/*/0"] for key in (Capability.SEND, Capability.REQUEST, Capability.BROADCAST)}
    )
    return Outbox(
        A, grants=grants, post=office, audit=AuditLog([denials or Denials()]), prefix="n", most_open=most_open
    )


def test_an_answer_arrives_as_a_callback_with_the_id_of_the_request() -> None:
    office = Office()
    box = outbox(office)
    correlation = box.request(B, b"question", 5)
    target, letter, request = office.delivered[0]
    assert (target, letter.sender, letter.reply_to, letter.correlation) == (B, A, A, correlation)
    assert request is not None
    assert request.succeed(b"answer")
    [callback] = office.callbacks
    assert (callback.sender, callback.payload, callback.correlation, callback.callback) == (
        B,
        b"answer",
        correlation,
        True,
    )
    assert office.timers[0].cancelled
    assert box.open_requests == 0


def test_a_failure_arrives_as_a_callback_with_the_reason() -> None:
    office = Office()
    outbox(office).request(B, b"", 5)
    office.request().fail(RuntimeError("it broke"))
    [callback] = office.callbacks
    assert callback.fault is not None
    assert (callback.fault.case, str(callback.fault)) == ("delivery-failed", "example/b/0: it broke")


def test_a_request_calls_back_once_whatever_comes_later() -> None:
    office = Office()
    box = outbox(office)
    box.request(B, b"", 5)
    office.timers[0].callback()
    assert not office.request().succeed(b"late")
    assert not office.request().fail(RuntimeError("later still"))
    [callback] = office.callbacks
    assert callback.fault is not None
    assert callback.fault.case == "correlation-timeout"
    assert callback.fault.correlation == callback.correlation
    assert box.late == 2


def test_a_cancelled_request_never_calls_back() -> None:
    office = Office()
    box = outbox(office)
    correlation = box.request(B, b"", 5)
    box.cancel(correlation)
    assert office.timers[0].cancelled
    assert not office.request().succeed(b"late")
    assert office.callbacks == []
    with pytest.raises(MessagingFault) as raised:
        box.cancel(correlation)
    assert raised.value.case == "invalid-message"


def test_a_request_of_another_component_cannot_be_cancelled() -> None:
    office = Office()
    correlation = outbox(office).request(B, b"", 5)
    with pytest.raises(MessagingFault):
        outbox(office).cancel(correlation)
    assert office.request().succeed(b"answer")


def test_a_request_that_was_not_accepted_leaves_nothing_behind() -> None:
    office = Office()
    box = outbox(office)
    for target, case in ((FULL, "queue-full"), (GONE, "target-not-found")):
        with pytest.raises(MessagingFault) as raised:
            box.request(target, b"", 5)
        assert raised.value.case == case
    assert (box.open_requests, office.timers, office.callbacks) == (0, [], [])


def test_open_requests_are_bounded() -> None:
    office = Office()
    box = outbox(office, most_open=2)
    box.request(B, b"", 5)
    box.request(B, b"", 5)
    with pytest.raises(MessagingFault) as raised:
        box.request(B, b"", 5)
    assert raised.value.case == "queue-full"
    office.request(0).succeed(b"")
    box.request(B, b"", 5)


def test_a_denied_target_names_the_missing_permission_and_is_audited() -> None:
    office, denials = Office(), Denials()
    box = outbox(office, denials)
    stranger = ComponentId("other", "b")
    for act, key in (
        (lambda: box.send(stranger, b""), "permissions.messaging.send"),
        (lambda: box.request(stranger, b"", 5), "permissions.messaging.request"),
        (lambda: box.broadcast([stranger], b""), "permissions.messaging.broadcast"),
    ):
        with pytest.raises(MessagingFault, match=key) as raised:
            act()
        assert raised.value.case == "delivery-failed"
        assert (denials.records[-1].policy, denials.records[-1].resource) == (key, "other/b/0")
    assert office.delivered == []


def test_an_id_with_a_separator_inside_cannot_pass_for_another() -> None:
    office = Office()
    with pytest.raises(MessagingFault, match="permission denied"):
        outbox(office).send(ComponentId("example", "b/0", ""), b"")


def test_a_broadcast_reaches_everybody_who_accepts_it_and_reports_the_others() -> None:
    office = Office()
    box = outbox(office)
    with pytest.raises(MessagingFault) as raised:
        box.broadcast([FULL, B, GONE, A], b"news")
    assert raised.value.case == "delivery-failed"
    assert "example/full/0: queue-full; example/gone/0: target-not-found" in str(raised.value)
    assert [target for target, _, _ in office.delivered] == [B, A]
    with pytest.raises(MessagingFault) as single:
        box.broadcast([GONE], b"news")
    assert (single.value.case, single.value.target) == ("target-not-found", GONE)
    with pytest.raises(MessagingFault, match="1000 targets at most, not to 1001; nothing was sent"):
        box.broadcast([A] * 1001, b"news")
    box.broadcast([], b"")


def test_a_closed_outbox_drops_what_still_comes() -> None:
    office = Office()
    box = outbox(office)
    box.request(B, b"", 5)
    box.close()
    assert office.timers[0].cancelled
    assert not office.request().succeed(b"")
    assert office.callbacks == []
