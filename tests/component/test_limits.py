from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_guest import Probe, Small

from airssys_sdk.component import InstanceDead, Limits, MemoryExhausted
from airssys_sdk.component.engine.profiles import engine
from airssys_sdk.errors import UsageError


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Limits(fuel=0), "fuel"),
        (lambda: Limits(fuel=1 << 64), "fuel"),
        (lambda: Limits(fuel=True), "fuel"),
        (lambda: Limits(fuel=1.5), "fuel"),  # type: ignore[arg-type]  # the mistake that is tested
        (lambda: Limits(deadline=0), "deadline"),
        (lambda: Limits(deadline=-1.0), "deadline"),
        (lambda: Limits(deadline=float("nan")), "deadline"),
        (lambda: Limits(deadline=float("inf")), "deadline"),
        (lambda: Limits(deadline="1s"), "deadline"),  # type: ignore[arg-type]  # the mistake that is tested
        (lambda: Limits(memory=100), "less than one page"),
        (lambda: Limits(slice_fuel=0), "slice_fuel"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(make: Callable[[], Limits], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make()


def test_limits_on_work_need_the_metered_profile_and_say_so() -> None:
    assert Limits(fuel=1).metered
    assert Limits(deadline=1).metered
    assert not Limits(memory=1 << 20).metered
    with pytest.raises(UsageError, match="metered"):
        Small.load(engine=engine("plain"), limits=Limits(deadline=1.0))


@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_memory_does_not_grow_beyond_its_limit(profile: str) -> None:
    class Host:
        def pause(self, ms: int) -> int:
            return ms

    engine_ = engine("plain" if profile == "plain" else "metered")
    with Small.load(engine=engine_, imports=Host(), limits=Limits(memory=4 * 65_536)) as small:
        assert small.grow(3) == 1
        assert small.grow(1) == -1, "the engine says no, the guest goes on"
        assert small.add(1, 1) == 2


def test_tables_do_not_get_around_the_memory_limit() -> None:
    from small_guest import WAT, assemble

    body = '(func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))'
    wat = WAT.replace(
        '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))',
        f"(table $t 1 funcref) {body}",
    )
    with Small.load(assemble(wat), limits=Limits(memory=4 << 20)) as small:
        assert small.grow(1_000) == 1
        assert small.grow(1 << 24) == -1


def test_a_limit_too_low_to_start_is_said_with_its_figure() -> None:
    from small_guest import WAT, assemble

    wasm = assemble(WAT.replace('(memory (export "memory") 1)', '(memory (export "memory") 9)'))
    with pytest.raises(MemoryExhausted, match=r"to start than its limit of 0\.5 MiB"):
        Small.load(wasm, limits=Limits(memory=8 * 65_536))


@pytest.mark.slow
def test_a_python_guest_that_runs_out_of_memory_is_recognised(probe_wasm: Path) -> None:
    probe = Probe.load(probe_wasm, limits=Limits(memory=64 << 20))
    assert probe.hog(8) == 8
    with pytest.raises(MemoryExhausted) as caught:
        probe.hog(200)
    message = str(caught.value)
    assert "64 MiB (67,108,864 bytes)" in message
    assert "diagnosis" in message
    assert "hog" in (caught.value.guest_traceback or "")
    with pytest.raises(InstanceDead):
        probe.spin(1)
    probe.close()
