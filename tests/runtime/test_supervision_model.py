"""The runtime decides about every restart as the model of supervision does; and a runtime that does not would be found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from effort import tried
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from supervised_tree import STEP
from supervision_machine import SupervisionMachine

from airssys_sdk.runtime import Intensity, Strategy
from airssys_sdk.runtime.actors import supervisor as supervisor_module
from airssys_sdk.runtime.actors.supervisor import Supervisor
from airssys_sdk.runtime.supervision.backoff import RestartHistory

TestSupervisionMachine = pytest.mark.examples(SupervisionMachine.TestCase)
TestSupervisionMachine.settings = tried(60, stateful_step_count=15)


def _restarts_earlier_siblings_too(patch: pytest.MonkeyPatch) -> None:
    real = Supervisor.strategy

    def strategy(supervisor: Supervisor) -> Strategy:
        told = real.__get__(supervisor)
        return Strategy.ONE_FOR_ALL if told is Strategy.REST_FOR_ONE else told

    patch.setattr(Supervisor, "strategy", property(strategy))


def _restarts_after_normal_ends(patch: pytest.MonkeyPatch) -> None:
    real = RestartHistory.decide
    patch.setattr(
        RestartHistory,
        "decide",
        lambda history, *, abnormal, **rest: real(history, abnormal=True, **rest),
    )


def _accepts_one_restart_too_many(patch: pytest.MonkeyPatch) -> None:
    real = RestartHistory.decide

    def decide(history: RestartHistory, *, intensity: Intensity, **rest: Any) -> object:
        return real(history, intensity=Intensity(intensity.restarts + 1, intensity.within), **rest)

    patch.setattr(RestartHistory, "decide", decide)


def _forgets_restarts_a_step_too_early(patch: pytest.MonkeyPatch) -> None:
    real = RestartHistory.decide

    def decide(history: RestartHistory, *, intensity: Intensity, **rest: Any) -> object:
        return real(history, intensity=Intensity(intensity.restarts, intensity.within - STEP / 2), **rest)

    patch.setattr(RestartHistory, "decide", decide)


def _remembers_restarts_of_an_earlier_life(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RestartHistory, "clear", lambda history: None)


def _stops_in_start_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(supervisor_module, "reversed", list, raising=False)


@pytest.mark.parametrize(
    "plant",
    [
        _restarts_earlier_siblings_too,
        _restarts_after_normal_ends,
        _accepts_one_restart_too_many,
        _forgets_restarts_a_step_too_early,
        _remembers_restarts_of_an_earlier_life,
        _stops_in_start_order,
    ],
)
def test_a_runtime_that_decides_otherwise_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    # Found is enough: it need not be made small.
    quick = settings(tried(300, stateful_step_count=15), phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError, match=r"the runtime: .*\nthe model: "):
        run_state_machine_as_test(SupervisionMachine, settings=quick)
