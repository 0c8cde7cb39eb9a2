from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from effort import SOAK
from small_guest import Small, small_wasm

from airssys_sdk.component import (
    Call,
    Component,
    DeadlineExceeded,
    FuelExhausted,
    InstanceBusy,
    InstanceDead,
    InvalidType,
    Limits,
    Trap,
    begin,
)
from airssys_sdk.component.engine.profiles import engine
from airssys_sdk.errors import UsageError

SHORT = Limits(slice_fuel=10_000)


def finish(call: Call) -> int:
    """Run a call to its end; the number of slices."""
    slices = 1
    while not call.advance():
        slices += 1
    return slices


def test_a_sliced_call_gives_what_a_plain_call_gives() -> None:
    with Small.load() as small:
        call = begin(small.add, 40, 2)
        assert not call.done
        finish(call)
        assert call.done
        assert call.result() == 42 == small.add(40, 2)


def test_a_call_that_works_long_takes_many_slices() -> None:
    with Small.load(limits=SHORT) as small:
        call = begin(small.spin, 100_000)
        assert finish(call) > 20
        assert call.result() == 100_000


def test_a_plain_call_of_a_metered_instance_is_driven_to_its_end() -> None:
    with Small.load(limits=SHORT) as small:
        assert small.spin(100_000) == 100_000
        assert small.echo("a text") == "a text"


def test_the_result_of_an_unfinished_call_drives_it_to_its_end() -> None:
    with Small.load(limits=SHORT) as small:
        assert begin(small.spin, 50_000).result() == 50_000


def test_a_hundred_guests_take_turns_on_one_thread() -> None:
    guests = [Small.load(limits=SHORT) for _ in range(100)]
    calls = [begin(guest.spin, 20_000 + index) for index, guest in enumerate(guests)]
    waiting = list(calls)
    rounds = 0
    while waiting:
        rounds += 1
        waiting = [call for call in waiting if not call.advance()]
        if rounds == 3:
            assert len(waiting) == 100, "every guest had three slices before the first one was done"
    assert [call.result() for call in calls] == [20_000 + index for index in range(100)]
    for guest in guests:
        guest.close()


def test_a_call_moves_to_another_thread_between_two_slices() -> None:
    with Small.load(limits=SHORT) as small:
        call = begin(small.spin, 50_000)
        for _ in range(3):
            assert not call.advance()
        threads: list[int] = []

        def rest() -> None:
            finish(call)
            threads.append(threading.get_ident())

        worker = threading.Thread(target=rest)
        worker.start()
        worker.join()
        assert threads != [threading.get_ident()]
        assert call.result() == 50_000
        assert small.add(1, 1) == 2, "the instance goes on where it was begun"


def test_an_endless_loop_ends_at_its_deadline_and_the_instance_is_dead() -> None:
    small = Small.load(limits=Limits(deadline=0.05))
    with pytest.raises(DeadlineExceeded, match=r"0\.05 s"):
        small.forever()
    with pytest.raises(InstanceDead, match="DeadlineExceeded"):
        small.add(1, 1)
    small.close()


def test_the_deadline_of_a_sliced_call_is_noticed_between_two_slices() -> None:
    with Small.load(limits=Limits(deadline=0.05)) as small:
        call = begin(small.forever)
        assert call.deadline_at is not None
        finish(call)
        with pytest.raises(DeadlineExceeded, match="forever"):
            call.result()


def test_a_fuel_budget_is_for_one_call_and_the_next_gets_it_again() -> None:
    with Small.load(limits=Limits(fuel=1_000_000)) as small:
        for _ in range(5):
            assert small.spin(100_000) == 100_000
        call = begin(small.spin, 100_000)
        finish(call)
        assert call.result() == 100_000
        with pytest.raises(FuelExhausted, match="1,000,000"):
            small.forever()
        with pytest.raises(InstanceDead):
            small.add(1, 1)


def test_a_fuel_budget_ends_a_sliced_call() -> None:
    with Small.load(limits=Limits(fuel=1_000_000)) as small:
        call = begin(small.forever)
        finish(call)
        with pytest.raises(FuelExhausted):
            call.result()


def test_a_cancelled_call_leaves_a_dead_instance() -> None:
    with Small.load() as small:
        call = begin(small.forever)
        assert not call.advance()
        call.cancel()
        assert call.done
        with pytest.raises(InstanceDead, match="cancelled"):
            call.result()
        with pytest.raises(InstanceDead, match="cancelled"):
            small.add(1, 1)
        call.cancel()


def test_a_call_that_was_begun_and_never_advanced_can_be_cancelled() -> None:
    with Small.load() as small:
        call = begin(small.add, 1, 1)
        call.cancel()
        with pytest.raises(InstanceDead):
            call.result()


def test_an_instance_takes_one_call_at_a_time() -> None:
    with Small.load(limits=SHORT) as small:
        call = begin(small.spin, 20_000)
        with pytest.raises(InstanceBusy):
            begin(small.add, 1, 1)
        with pytest.raises(InstanceBusy):
            small.add(1, 1)
        finish(call)
        assert small.add(1, 1) == 2


def test_a_host_import_can_neither_call_its_caller_nor_advance_nor_cancel_it() -> None:
    refused: list[Exception] = []

    class Meddler:
        def pause(self, ms: int) -> int:
            for attempt in (lambda: small.add(1, 1), lambda: calls[0].advance(), lambda: calls[0].cancel()):
                try:
                    attempt()
                except InstanceBusy as error:
                    refused.append(error)
            return ms

    small = Small.load(imports=Meddler())
    calls = [begin(small.doze, 7)]
    finish(calls[0])
    assert calls[0].result() == 8
    assert len(refused) == 3
    small.close()


def test_closing_an_instance_ends_the_call_in_progress() -> None:
    small = Small.load()
    call = begin(small.forever)
    call.advance()
    small.close()
    with pytest.raises(InstanceDead):
        call.result()
    with pytest.raises(InstanceDead, match="closed"):
        small.add(1, 1)
    small.close()


def test_a_trap_in_a_sliced_call_is_raised_by_its_result() -> None:
    with Small.load() as small:
        call = begin(small.trap)
        finish(call)
        with pytest.raises(Trap, match="unreachable") as caught:
            call.result()
        assert caught.value.where == "trap"
        assert "0x" not in str(caught.value)
        with pytest.raises(InstanceDead, match="ended with Trap"):
            begin(small.add, 1, 1)


def test_a_bad_argument_is_refused_before_the_call_and_the_instance_stays_free() -> None:
    with Small.load() as small:
        with pytest.raises(InvalidType):
            begin(small.add, "one", 2)
        assert begin(small.add, 1, 2).result() == 3


def test_functions_that_are_called_without_generated_code_can_be_sliced_too() -> None:
    class Host:
        def pause(self, ms: int) -> int:
            return ms

    component = Component.open(small_wasm(), profile="metered")
    with component.instantiate(Host(), limits=SHORT) as instance:
        call = begin(instance.function("spin"), 50_000)
        assert finish(call) > 5
        assert call.result() == 50_000
        assert instance.call("add", 1, 2) == 3


def test_only_functions_of_metered_instances_can_be_sliced() -> None:
    class Host:
        def pause(self, ms: int) -> int:
            return ms

    with (
        Small.load(engine=engine("plain"), imports=Host()) as small,
        pytest.raises(UsageError, match="metered"),
    ):
        begin(small.add, 1, 2)
    with pytest.raises(UsageError):
        begin(len, "abc")


def test_an_awaited_call_lets_other_tasks_run_between_its_slices() -> None:
    async def scenario() -> tuple[int, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        with Small.load(limits=SHORT) as small:
            result = await begin(small.spin, 100_000)
        ticker.cancel()
        return result, ticks

    result, ticks = asyncio.run(scenario())
    assert result == 100_000
    assert ticks > 20


def test_cancelling_the_task_that_awaits_a_call_cancels_the_call() -> None:
    async def scenario() -> None:
        with Small.load() as small:
            call = begin(small.forever)

            async def wait() -> None:
                await call

            task = asyncio.create_task(wait())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert call.done
            with pytest.raises(InstanceDead, match="cancelled"):
                small.add(1, 1)

    asyncio.run(scenario())


CTRL_C = """
import sys
sys.path.insert(0, {here!r})
from small_guest import Small, small_wasm

class Host:
    def pause(self, ms):
        print("ready", flush=True)
        return ms

small = Small.load(imports=Host())
try:
    small.wander()
except KeyboardInterrupt:
    try:
        small.add(1, 1)
    except Exception as error:
        print(type(error).__name__)
small.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_ctrl_c_ends_an_endless_call() -> None:
    script = CTRL_C.format(here=str(Path(__file__).parent))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (0, "InstanceDead\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory from /proc")
@pytest.mark.examples
def test_thousands_of_calls_and_instances_leave_nothing_behind() -> None:
    rounds = 30_000 if SOAK else 1_500

    def resident() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cycle(kind: int) -> None:
        small = Small.load(limits=SHORT)
        if kind == 0:
            assert small.echo("x" * 1_000) == "x" * 1_000
        elif kind == 1:
            call = begin(small.forever)
            call.advance()
            call.cancel()
        elif kind == 2:
            call = begin(small.echo, "y" * 1_000)
            finish(call)
            assert call.result() == "y" * 1_000
        else:
            begin(small.forever).advance()  # forgotten: the collector must free it
        if kind != 3:
            small.close()

    for round_ in range(400):
        cycle(round_ % 4)
    before = resident()
    for round_ in range(rounds):
        cycle(round_ % 4)
    assert resident() - before < 12 << 20
