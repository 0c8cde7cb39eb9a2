from __future__ import annotations

import asyncio
import concurrent.futures
import threading

import pytest
from small_guest import Small

from airssys_sdk.component import (
    DeadlineExceeded,
    HostImportFailed,
    InstanceDead,
    Limits,
    LinkError,
    begin,
    suspending,
)
from airssys_sdk.component.engine.profiles import engine
from airssys_sdk.errors import UsageError


class Gate:
    """A `pause` that lets nobody through before `expected` guests wait at it."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.waiting = 0
        self.threads: set[int] = set()
        self.open = asyncio.Event()

    async def pause(self, ms: int) -> int:
        self.waiting += 1
        self.threads.add(threading.get_ident())
        if self.waiting == self.expected:
            self.open.set()
        await self.open.wait()
        return ms


class Desk:
    """A `pause` that gives out futures which the test completes."""

    def __init__(self) -> None:
        self.futures: list[concurrent.futures.Future[int]] = []

    @suspending
    def pause(self, ms: int) -> concurrent.futures.Future[int]:
        self.futures.append(concurrent.futures.Future())
        return self.futures[-1]


def test_twenty_guests_wait_in_an_import_at_once_on_one_thread() -> None:
    async def scenario() -> tuple[list[int], set[int]]:
        gate = Gate(20)
        guests = [Small.load(imports=gate) for _ in range(20)]

        async def doze(guest: Small, ms: int) -> int:
            result: int = await begin(guest.doze, ms)
            return result

        results = await asyncio.gather(*(doze(guest, ms) for ms, guest in enumerate(guests)))
        for guest in guests:
            guest.close()
        return results, gate.threads

    results, threads = asyncio.run(scenario())
    assert results == [ms + 1 for ms in range(20)]
    assert threads == {threading.get_ident()}


def test_a_parked_call_says_what_it_waits_for_and_goes_on_when_that_is_done() -> None:
    desk = Desk()
    with Small.load(imports=desk) as small:
        call = begin(small.doze, 1)
        assert call.waiting is None
        assert not call.advance()
        woken: list[object] = []
        waiting = call.waiting
        assert waiting is not None
        waiting.add_done_callback(woken.append)
        assert not call.advance(), "there is nothing to do yet"
        assert not woken
        desk.futures[0].set_result(41)
        assert woken == [desk.futures[0]]
        assert call.waiting is None
        assert call.advance()
        assert call.result() == 42
        assert small.add(1, 1) == 2


def test_a_plain_call_waits_for_a_future_that_another_thread_completes() -> None:
    class Helper:
        @suspending
        def pause(self, ms: int) -> concurrent.futures.Future[int]:
            future: concurrent.futures.Future[int] = concurrent.futures.Future()
            threading.Thread(target=future.set_result, args=(ms * 2,)).start()
            return future

    with Small.load(imports=Helper()) as small:
        assert small.doze(21) == 43


def test_a_suspending_import_may_answer_at_once() -> None:
    class Quick:
        @suspending
        def pause(self, ms: int) -> int:
            return ms

    with Small.load(imports=Quick()) as small:
        assert small.doze(4) == 5


def test_a_plain_call_without_an_event_loop_runs_coroutines_all_the_same() -> None:
    with Small.load() as small:
        assert small.doze(1) == 2


def test_a_call_advanced_by_hand_runs_coroutines_on_a_thread_of_their_own() -> None:
    threads: list[int] = []

    class Witness:
        async def pause(self, ms: int) -> int:
            threads.append(threading.get_ident())
            return ms

    with Small.load(imports=Witness()) as small:
        call = begin(small.doze, 1)
        assert call.result() == 2
    assert threads
    assert threads[0] != threading.get_ident()


@pytest.mark.parametrize("late", [False, True])
def test_an_import_that_raises_ends_the_call_with_its_exception_as_the_cause(late: bool) -> None:
    class Broken:
        async def pause(self, ms: int) -> int:
            if late:
                await asyncio.sleep(0)
            raise RuntimeError("no \x1b[31mtime")

    for sliced in (False, True):
        with Small.load(imports=Broken()) as small:
            with pytest.raises(
                HostImportFailed, match=r"the host import [a-z:/#@0-9.-]+ raised RuntimeError: no"
            ) as caught:
                _ = begin(small.doze, 1).result() if sliced else small.doze(1)
            assert isinstance(caught.value.__cause__, RuntimeError)
            assert "\x1b" not in str(caught.value)
            with pytest.raises(InstanceDead):
                small.add(1, 1)


def test_a_result_of_the_wrong_type_ends_the_call() -> None:
    class Wrong:
        async def pause(self, ms: int) -> int:
            return "soon"  # type: ignore[return-value]  # the mistake that is tested

    with Small.load(imports=Wrong()) as small, pytest.raises(HostImportFailed, match="u32"):
        small.doze(1)


def test_cancelling_a_parked_call_cancels_the_import() -> None:
    async def scenario() -> str:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        class Patient:
            async def pause(self, ms: int) -> int:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    ended.set_result("cancelled")
                    raise
                return ms

        with Small.load(imports=Patient()) as small:
            call = begin(small.doze, 1)
            assert not call.advance()
            await asyncio.sleep(0)
            call.cancel()
            return await ended

    assert asyncio.run(scenario()) == "cancelled"


def test_an_import_that_is_cancelled_ends_the_call_and_not_its_caller() -> None:
    async def scenario() -> None:
        class Tired:
            async def pause(self, ms: int) -> int:
                raise asyncio.CancelledError

        with Small.load(imports=Tired()) as small, pytest.raises(HostImportFailed, match="cancelled"):
            await begin(small.doze, 1)

    asyncio.run(scenario())


def test_the_deadline_counts_while_a_call_waits() -> None:
    desk = Desk()
    with Small.load(imports=desk, limits=Limits(deadline=0.05)) as small:
        with pytest.raises(DeadlineExceeded):
            small.doze(1)
        assert desk.futures[0].cancelled()

    async def scenario() -> None:
        limits = Limits(deadline=0.05)
        with Small.load(imports=Desk(), limits=limits) as small, pytest.raises(DeadlineExceeded):
            await begin(small.doze, 1)

    asyncio.run(scenario())


def test_a_plain_call_that_would_block_the_loop_it_waits_for_is_refused() -> None:
    async def scenario() -> None:
        small = Small.load(loop=asyncio.get_running_loop())
        with pytest.raises(UsageError, match="event loop of this very thread"):
            small.doze(1)
        small.close()

    asyncio.run(scenario())


def test_a_plain_profile_has_no_suspending_imports() -> None:
    with pytest.raises(LinkError, match="metered"):
        Small.load(engine=engine("plain"))


def test_parked_calls_move_between_threads_too() -> None:
    desk = Desk()
    with Small.load(imports=desk) as small:
        call = begin(small.doze, 1)
        call.advance()
        results: list[int] = []
        worker = threading.Thread(target=lambda: results.append(call.result()))
        worker.start()
        desk.futures[0].set_result(9)
        worker.join()
        assert results == [10]


def test_a_plain_call_in_a_coroutine_waits_for_an_import_on_a_thread_of_its_own() -> None:
    async def scenario() -> int:
        with Small.load() as small:
            return small.doze(1)

    assert asyncio.run(scenario()) == 2


def test_an_import_may_give_back_a_future_of_the_running_loop() -> None:
    async def scenario() -> int:
        loop = asyncio.get_running_loop()

        class Host:
            @suspending
            def pause(self, ms: int) -> asyncio.Future[int]:
                future = loop.create_future()
                loop.call_soon(future.set_result, ms * 3)
                return future

        with Small.load(imports=Host()) as small:
            result: int = await begin(small.doze, 5)
            return result

    assert asyncio.run(scenario()) == 16


def test_a_call_that_a_worker_runs_has_its_imports_on_the_loop_where_it_was_begun() -> None:
    async def scenario() -> tuple[int, list[int]]:
        threads: list[int] = []

        class Witness:
            async def pause(self, ms: int) -> int:
                threads.append(threading.get_ident())
                return ms

        with Small.load(imports=Witness()) as small:
            call = begin(small.doze, 1)
            result: int = await asyncio.to_thread(call.result)
            return result, threads

    result, threads = asyncio.run(scenario())
    assert result == 2
    assert threads == [threading.get_ident()]
