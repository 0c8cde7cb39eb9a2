"""A call whose first slice is run at once: it ends like any other, or goes on as a call in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from small_guest import Small

from airssys_sdk.component import (
    Call,
    DeadlineExceeded,
    HostImportFailed,
    InstanceBusy,
    InstanceDead,
    InvalidType,
    Limits,
    Trap,
    suspending,
)
from airssys_sdk.component.running.attempts import attempting, fuel_gauge

SHORT = Limits(slice_fuel=10_000)
Load = Callable[..., Small]


@pytest.fixture(params=["with the loop that runs its imports", "without a loop"])
def load(request: pytest.FixtureRequest) -> Iterator[Load]:
    """Loads guests that either know from the beginning which loop runs their imports, or do not."""
    loop = asyncio.new_event_loop() if request.param.startswith("with the") else None

    def loaded(imports: object | None = None, limits: Limits | None = None) -> Small:
        return Small.load(imports=imports, limits=limits, loop=loop)

    yield loaded
    if loop is not None:
        loop.close()


def test_a_short_call_comes_back_with_its_value(load: Load) -> None:
    with load() as small:
        add, echo = attempting(small.add), attempting(small.echo)
        assert [add(number, 2) for number in range(3)] == [2, 3, 4]
        assert echo("a text") == "a text"
        assert small.add(1, 1) == 2


def test_a_long_call_goes_on_in_slices_and_then_the_instance_is_free(load: Load) -> None:
    with load(limits=SHORT) as small:
        spin = attempting(small.spin)
        call = spin(100_000)
        assert isinstance(call, Call)
        with pytest.raises(InstanceBusy):
            attempting(small.add)(1, 1)
        assert not call.advance()
        assert call.result() == 100_000
        assert small.spin(10) == 10


def test_a_trap_is_raised_and_the_instance_is_dead(load: Load) -> None:
    with load() as small:
        with pytest.raises(Trap):
            attempting(small.trap)()
        with pytest.raises(InstanceDead):
            attempting(small.add)(1, 1)


def test_a_bad_argument_is_refused_and_the_instance_stays_free(load: Load) -> None:
    with load() as small:
        add = attempting(small.add)
        with pytest.raises(InvalidType):
            add("one", 1)
        assert add(1, 1) == 2


def test_the_deadline_counts_from_the_first_slice(load: Load) -> None:
    with load(limits=Limits(deadline=0.05)) as small:
        call = attempting(small.forever)()
        assert isinstance(call, Call)
        with pytest.raises(DeadlineExceeded, match="forever"):
            call.result()


def test_a_cancelled_rest_leaves_a_dead_instance_that_can_be_closed(load: Load) -> None:
    small = load(limits=SHORT)
    call = attempting(small.forever)()
    assert isinstance(call, Call)
    call.cancel()
    with pytest.raises(InstanceDead):
        small.add(1, 1)
    small.close()


def test_an_instance_can_be_closed_between_the_first_slice_and_the_second(load: Load) -> None:
    small = load(limits=SHORT)
    call = attempting(small.forever)()
    small.close()
    with pytest.raises(InstanceDead, match="cancelled"):
        call.result()


def test_what_an_import_raises_ends_the_call(load: Load) -> None:
    class Broken:
        @suspending
        def pause(self, ms: int) -> int:
            raise ValueError("no pause today")

    with load(imports=Broken()) as small:
        with pytest.raises(HostImportFailed) as raised:
            attempting(small.doze)(1)
        assert isinstance(raised.value.__cause__, ValueError)
        with pytest.raises(InstanceDead):
            small.add(1, 1)


def test_an_interrupt_in_an_import_ends_the_call_and_the_instance(load: Load) -> None:
    class Interrupted:
        @suspending
        def pause(self, ms: int) -> int:
            raise KeyboardInterrupt

    with load(imports=Interrupted()) as small:
        with pytest.raises(KeyboardInterrupt):
            attempting(small.doze)(1)
        with pytest.raises(InstanceDead):
            small.add(1, 1)


def test_a_waiting_import_runs_on_the_store_s_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    class Sleeper:
        async def pause(self, ms: int) -> int:
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(ms / 1000)
            return ms

    async def scenario() -> int:
        loop = asyncio.get_running_loop()
        with Small.load(imports=Sleeper(), loop=loop) as small:
            call = attempting(small.doze)(1)
            assert isinstance(call, Call)
            assert call.waiting is not None
            result: int = await call
            assert loops == [loop]
            return result

    assert asyncio.run(scenario()) == 2


def test_the_gauge_falls_by_what_calls_use(load: Load) -> None:
    with load() as small:
        gauge, spin = fuel_gauge(small.spin), attempting(small.spin)
        assert gauge is not None
        levels = [gauge()]
        for turns in (10, 1_000):
            spin(turns)
            levels.append(gauge())
        assert levels[0] - levels[1] < levels[1] - levels[2]


def test_a_function_of_the_plain_profile_has_no_gauge() -> None:
    from airssys_sdk.component.engine.profiles import engine

    with Small.load(imports=_Still(), engine=engine("plain")) as small:
        assert fuel_gauge(small.add) is None


class _Still:
    def pause(self, ms: int) -> int:
        return ms
