"""The pure decision against a model that counts with other means: all restarts ever made, looked through each time."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime import Backoff, Intensity, Policy
from airssys_sdk.runtime.supervision.backoff import Decision, GiveUp, Remove, Restart, RestartHistory


@dataclasses.dataclass
class Model:
    policy: Policy
    intensity: Intensity
    backoff: Backoff
    restarts: list[float]

    def expect(self, now: float, abnormal: bool) -> Decision:
        wanted = {Policy.PERMANENT: True, Policy.TRANSIENT: abnormal, Policy.TEMPORARY: False}[self.policy]
        if not wanted:
            return Remove()
        recent = sum(1 for when in self.restarts if when >= now - self.intensity.within)
        if recent + 1 > self.intensity.restarts:
            return GiveUp(self.intensity.restarts, self.intensity.within)
        self.restarts.append(now)
        if recent == 0:
            return Restart(0.0, 1)
        exact = Fraction(self.backoff.base) * Fraction(self.backoff.factor) ** recent
        return Restart(float(min(exact, Fraction(self.backoff.maximum))), recent + 1)


# Whole seconds, so that the ends of windows are met exactly.
ends = st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=40)
intensities = st.builds(Intensity, st.integers(0, 6), st.integers(1, 60).map(float))
backoffs = st.builds(
    Backoff,
    st.sampled_from([0.0, 0.125, 1.0]),
    st.sampled_from([1.0, 2.0, 3.0]),
    st.sampled_from([0.0, 5.0, 30.0]),
)


@given(st.sampled_from(Policy), intensities, backoffs, ends)
@example(Policy.PERMANENT, Intensity(2, 10.0), Backoff(), [(0, True), (10, True), (0, True)])
@example(Policy.PERMANENT, Intensity(2, 10.0), Backoff(), [(0, True), (10, True), (1, True)])
def test_every_decision_agrees_with_the_model(
    policy: Policy, intensity: Intensity, backoff: Backoff, ends: list[tuple[int, bool]]
) -> None:
    history, model, now = RestartHistory(), Model(policy, intensity, backoff, []), 0.0
    for pause, abnormal in ends:
        now += pause
        decision = history.decide(
            abnormal=abnormal,
            now=now,
            policy=policy,
            intensity=intensity,
            backoff=backoff,
            random=lambda: 0.5,
        )
        expected = model.expect(now, abnormal)
        if isinstance(expected, Restart):
            assert isinstance(decision, Restart)
            assert decision.count == expected.count
            assert decision.delay == pytest.approx(expected.delay)
        else:
            assert decision == expected


def decisions(history: RestartHistory, count: int, backoff: Backoff = Backoff()) -> list[Decision]:  # noqa: B008 - frozen
    return [
        history.decide(
            abnormal=True,
            now=0.0,
            policy=Policy.PERMANENT,
            intensity=Intensity(9),
            backoff=backoff,
            random=lambda: 0.5,
        )
        for _ in range(count)
    ]


def test_the_first_restart_is_immediate_and_the_next_ones_double_their_wait() -> None:
    delays = [decision.delay for decision in decisions(RestartHistory(), 5) if isinstance(decision, Restart)]
    assert delays == pytest.approx([0.0, 0.2, 0.4, 0.8, 1.6])


def test_a_cleared_history_begins_anew() -> None:
    history = RestartHistory()
    decisions(history, 3)
    history.clear()
    assert decisions(history, 1) == [Restart(0.0, 1)]


@given(st.floats(0, 1), st.integers(0, 5000), st.floats(0, 1))
def test_jitter_stays_in_its_part_and_below_the_maximum(jitter: float, n: int, number: float) -> None:
    plain, spread = Backoff(maximum=30.0), Backoff(maximum=30.0, jitter=jitter)
    delay = plain.delay(n, lambda: number)
    jittered = spread.delay(n, lambda: number)
    assert delay * (1 - jitter) - 1e-9 <= jittered <= min(30.0, delay * (1 + jitter) + 1e-9)


@pytest.mark.parametrize("wrong", [{"base": -1}, {"factor": 0.5}, {"maximum": -1}, {"jitter": 2}])
def test_a_backoff_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        Backoff(**wrong)


def test_an_intensity_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        Intensity(3, 0)
