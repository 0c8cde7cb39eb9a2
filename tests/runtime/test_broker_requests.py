"""Requests: each ends exactly once; also as a state machine against a plain model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from actor_helpers import on_loop
from effort import tried
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from airssys_sdk.runtime import ActorSystem, ManualClock
from airssys_sdk.runtime.errors import ActorStopped, RequestCancelled, RequestTimeout
from airssys_sdk.runtime.messages.requests import Request, Requests
from airssys_sdk.runtime.scheduling.timers import Timers


class Answers:
    def __init__(self) -> None:
        self.heard: list[tuple[object, Exception | None]] = []

    def __call__(self, value: object, error: Exception | None, /) -> None:
        self.heard.append((value, error))


def test_the_first_answer_counts_and_the_second_is_late() -> None:
    requests, answers = Requests(Timers(ManualClock()), "node-1/"), Answers()
    request = requests.open(answers, timeout=5.0)
    assert request.id == "node-1/1"
    assert requests.find("node-1/1") is request
    assert request.succeed("yes")
    assert not request.succeed("yes, again")
    assert not request.fail(ValueError("no"))
    assert not request.cancel()
    assert answers.heard == [("yes", None)]
    assert requests.counts.late == 2
    assert requests.find("node-1/1") is None


@pytest.mark.parametrize("text", ["", "1", "node-1/", "node-1/2", "node-1/-1", "node-1/\u0661", "node-1/x"])
def test_an_id_that_nobody_gave_is_not_found(text: str) -> None:
    requests = Requests(Timers(ManualClock()), "node-1/")
    requests.open(Answers(), timeout=None)
    assert requests.find(text) is None


def test_requests_with_different_timeouts_end_each_at_its_own_time() -> None:
    clock = ManualClock()
    requests = Requests(Timers(clock))
    order: list[str] = []

    def begin(name: str, timeout: float | None) -> Request:
        return requests.open(lambda value, error: order.append(name), timeout)

    begin("slow", 10.0)
    begin("quick", 1.0)
    begin("never", None)
    clock.advance(0.5)
    begin("quick, later", 1.0)
    clock.advance(0.5)
    assert order == ["quick"]
    clock.advance(0.5)
    assert order == ["quick", "quick, later"]
    clock.advance(100.0)
    assert order == ["quick", "quick, later", "slow"]
    assert len(requests) == 1


@on_loop
async def test_a_system_that_stops_ends_all_requests() -> None:
    answers = Answers()
    async with ActorSystem() as system:
        system.requests.open(answers, timeout=None)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        system.requests.expect(future, timeout=60.0)
    ((_, error),) = answers.heard
    assert isinstance(error, ActorStopped)
    with pytest.raises(ActorStopped):
        await future


class RequestsMachine(RuleBasedStateMachine):
    """Random requests, answers, cancellations and time; the model keeps for each what it must hear, and when."""

    requests = Bundle("requests")

    @initialize()
    def begin(self) -> None:
        self.clock = ManualClock()
        self.registry = Requests(Timers(self.clock))
        self.open: dict[str, float | None] = {}
        self.expected: dict[str, Any] = {}
        self.answers: dict[str, Answers] = {}
        self.late = 0

    @rule(target=requests, timeout=st.sampled_from([None, 0.5, 1.0, 1.5, 4.0]))
    def ask(self, timeout: float | None) -> Request:
        answers = Answers()
        request = self.registry.open(answers, timeout)
        assert request.id not in self.answers
        self.answers[request.id] = answers
        self.open[request.id] = None if timeout is None else self.clock.now() + timeout
        return request

    @rule(request=requests, value=st.integers())
    def answer(self, request: Request, value: int) -> None:
        wanted = request.id in self.open
        assert request.succeed(value) is wanted
        self.end(request, wanted, value)

    @rule(request=requests)
    def fail(self, request: Request) -> None:
        wanted = request.id in self.open
        assert request.fail(LookupError("gone")) is wanted
        self.end(request, wanted, LookupError)

    @rule(request=consumes(requests))
    def cancel(self, request: Request) -> None:
        wanted = request.id in self.open
        assert request.cancel() is wanted
        if wanted:
            self.end(request, wanted, RequestCancelled)

    @rule(quarters=st.integers(0, 8))
    def wait(self, quarters: int) -> None:
        self.clock.advance(quarters / 4)
        for key, deadline in list(self.open.items()):
            if deadline is not None and deadline <= self.clock.now():
                del self.open[key]
                self.expected[key] = RequestTimeout

    def end(self, request: Request, wanted: bool, outcome: object) -> None:
        if wanted:
            del self.open[request.id]
            self.expected[request.id] = outcome
        else:
            self.late += 1

    @invariant()
    def everybody_heard_what_the_model_says_and_only_once(self) -> None:
        if not hasattr(self, "registry"):
            return
        assert len(self.registry) == len(self.open)
        assert self.registry.counts.late == self.late
        for key, answers in self.answers.items():
            if key in self.open:
                assert answers.heard == []
                found = self.registry.find(key)
                assert found is not None
                assert found.id == key
                continue
            ((value, error),) = answers.heard
            expected = self.expected[key]
            assert (
                isinstance(error, expected)
                if isinstance(expected, type)
                else (value, error) == (expected, None)
            )


TestRequestsMachine = pytest.mark.examples(RequestsMachine.TestCase)
TestRequestsMachine.settings = tried(40, stateful_step_count=40)
