"""Requests: each ends exactly once; also as a state machine against a plain model."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from actor_helpers import on_loop
from effort import tried
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from airssys_sdk.runtime import ActorSystem, ManualClock
from airssys_sdk.runtime.errors import ActorStopped, RequestTimeout
from airssys_sdk.runtime.messages.requests import Request, Requests
from airssys_sdk.runtime.scheduling.timers import Timers


@on_loop
async def test_the_first_answer_counts_and_the_second_is_late() -> None:
    requests = Requests(Timers(ManualClock()))
    request = requests.expect(asyncio.get_running_loop().create_future(), timeout=5.0)
    assert request.succeed("yes")
    assert not request.succeed("yes, again")
    assert not request.fail(ValueError("no"))
    request.cancel()
    assert await request.future == "yes"
    counts = requests.counts
    assert (counts.answered, counts.late, counts.failed, counts.cancelled) == (1, 2, 0, 0)


@on_loop
async def test_an_answer_to_whoever_was_cancelled_a_moment_ago_disturbs_nobody() -> None:
    requests = Requests(Timers(ManualClock()))
    for answer in (lambda request: request.succeed(1), lambda request: request.fail(ValueError("no"))):
        request = requests.expect(asyncio.get_running_loop().create_future(), timeout=5.0)
        request.future.cancel()
        answer(request)
        assert request.future.cancelled()
    assert len(requests) == 0


@on_loop
async def test_requests_with_different_timeouts_end_each_at_its_own_time() -> None:
    clock = ManualClock()
    requests = Requests(Timers(clock))
    begun: dict[str, asyncio.Future[object]] = {}

    def begin(name: str, timeout: float | None) -> None:
        begun[name] = asyncio.get_running_loop().create_future()
        requests.expect(begun[name], timeout)

    def over() -> set[str]:
        return {name for name, future in begun.items() if future.done()}

    begin("slow", 10.0)
    begin("quick", 1.0)
    begin("never", None)
    clock.advance(0.5)
    begin("quick, later", 1.0)
    clock.advance(0.5)
    assert over() == {"quick"}
    clock.advance(0.5)
    assert over() == {"quick", "quick, later"}
    clock.advance(100.0)
    assert over() == {"quick", "quick, later", "slow"}
    assert len(requests) == 1
    for name in over():
        with pytest.raises(RequestTimeout, match="no answer within"):
            await begun[name]


@on_loop
async def test_a_system_that_stops_ends_all_requests() -> None:
    futures: list[asyncio.Future[object]] = [asyncio.get_running_loop().create_future() for _ in range(2)]
    async with ActorSystem() as system:
        system.requests.expect(futures[0], timeout=None)
        system.requests.expect(futures[1], timeout=60.0)
    for future in futures:
        with pytest.raises(ActorStopped):
            await future


class RequestsMachine(RuleBasedStateMachine):
    """Random requests, answers, cancellations and time; the model keeps for each what its future must say, and when."""

    requests = Bundle("requests")

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.registry = Requests(Timers(self.clock))
        self.open: dict[Request, float | None] = {}
        self.expected: dict[Request, object] = {}
        self.late = 0

    @rule(target=requests, timeout=st.sampled_from([None, 0.5, 1.0, 1.5, 4.0]))
    def ask(self, timeout: float | None) -> Request:
        request = self.registry.expect(self.loop.create_future(), timeout)
        self.open[request] = None if timeout is None else self.clock.now() + timeout
        return request

    @rule(request=requests, value=st.integers())
    def answer(self, request: Request, value: int) -> None:
        assert request.succeed(value) is (request in self.open)
        self.end(request, value)

    @rule(request=requests)
    def fail(self, request: Request) -> None:
        assert request.fail(LookupError("gone")) is (request in self.open)
        self.end(request, LookupError)

    @rule(request=consumes(requests))
    def cancel(self, request: Request) -> None:
        request.cancel()
        if request in self.open:
            self.end(request, asyncio.CancelledError)

    @rule(quarters=st.integers(0, 8))
    def wait(self, quarters: int) -> None:
        self.clock.advance(quarters / 4)
        for request, deadline in list(self.open.items()):
            if deadline is not None and deadline <= self.clock.now():
                self.end(request, RequestTimeout)

    def end(self, request: Request, outcome: object) -> None:
        if request in self.open:
            del self.open[request]
            self.expected[request] = outcome
        else:
            self.late += 1

    @invariant()
    def every_future_says_what_the_model_says_and_each_end_is_counted_once(self) -> None:
        if not hasattr(self, "registry"):
            return
        assert len(self.registry) == len(self.open)
        assert not any(request.future.done() for request in self.open)
        ends = Counter[object]()
        for request, expected in self.expected.items():
            future = request.future
            ends[expected if isinstance(expected, type) else "value"] += 1
            if future.cancelled():
                assert expected is asyncio.CancelledError
            elif isinstance(expected, type):
                assert isinstance(future.exception(), expected)
            else:
                assert future.result() == expected
        counts = self.registry.counts
        assert counts.late == self.late
        assert (counts.answered, counts.failed) == (ends["value"], ends[LookupError])
        assert (counts.cancelled, counts.timed_out) == (ends[asyncio.CancelledError], ends[RequestTimeout])

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.close()


TestRequestsMachine = pytest.mark.examples(RequestsMachine.TestCase)
TestRequestsMachine.settings = tried(40, stateful_step_count=40)
