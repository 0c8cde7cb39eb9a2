"""Calling exported functions through generated classes."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from typing import Any

import pytest
from calls_fixtures import Open, open_playground, playground_bytes
from natives import NO_PAD
from playground import (
    DoneRaised,
    Host,
    Item,
    LookupError_Bad,
    LookupError_Missing,
    LookupErrorRaised,
    Playground,
)

from airssys_sdk.component import Err, InstanceBusy, InstanceDead, InvalidType, InvalidValue, Ok, Trap
from airssys_sdk.errors import ValidationError

__all__ = ["open_playground"]

ITEM = Item("a-1", 250, ["new", "käse"], 0.5)


def test_a_call_takes_arguments_by_position_and_by_name(open_playground: Open) -> None:
    api = open_playground().api
    assert api.add(2, 3) == 5
    assert api.add(b=-3, a=2) == -1
    assert api.add(2, b=3) == 5


def test_a_call_with_a_wrong_number_of_arguments_is_a_type_error(open_playground: Open) -> None:
    api = open_playground().api
    for arguments, named in [((1,), {}), ((1, 2, 3), {}), ((1, 2), {"b": 3}), ((1, 2), {"c": 3})]:
        with pytest.raises(TypeError):
            api.add(*arguments, **named)
    assert api.add(1, 2) == 3


def test_a_world_function_is_a_method_of_the_world(open_playground: Open) -> None:
    assert open_playground().version() == 7


def test_an_ok_result_comes_back_bare(open_playground: Open) -> None:
    world = open_playground()
    assert world.api.answer(Ok(ITEM), NO_PAD) == ITEM
    assert world.api.done(True) is None


def test_an_error_result_is_raised_as_the_class_of_its_type(open_playground: Open) -> None:
    api = open_playground().api
    with pytest.raises(LookupErrorRaised) as caught:
        api.answer(Err(LookupError_Missing("a-1")), NO_PAD)
    assert caught.value.value == LookupError_Missing("a-1")
    with pytest.raises(DoneRaised) as empty:
        api.done(False)
    assert empty.value.value is None
    assert api.add(1, 1) == 2


def test_a_raised_error_may_carry_notes_and_travel(open_playground: Open) -> None:
    with pytest.raises(LookupErrorRaised) as caught:
        open_playground().api.answer(Err(LookupError_Bad(3)), NO_PAD)
    caught.value.add_note("while restocking")
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value  # noqa: S301  (our own bytes)


def test_any_subclass_of_err_stands_for_an_error_case(open_playground: Open) -> None:
    with pytest.raises(LookupErrorRaised) as caught:
        open_playground().api.answer(LookupErrorRaised(LookupError_Bad(3)), NO_PAD)
    assert caught.value == Err(LookupError_Bad(3))


@pytest.mark.parametrize(
    ("value", "kind", "path", "expected", "got"),
    [
        (Ok(Item("a", -1, [], None)), InvalidValue, "value.value.price_cents", "u64, 0 to 18446744073709551615", "-1"),
        (Ok(Item("a", 1, ["b", 5], None)), InvalidType, "value.value.tags[1]", "str", "5"),  # type: ignore[list-item]
        (Ok(Item("a", True, [], None)), InvalidType, "value.value.price_cents", "an integer (u64)", "True"),
        (Ok(Item("a", 1, [], 1e300)), InvalidValue, "value.value.ratio", "a number in the range of f32", "1e+300"),
        (Ok(Item("\ud800", 1, [], None)), InvalidValue, "value.value.id", "Unicode scalar values only", "the surrogate '\\ud800' at index 0"),
        (Ok("item"), InvalidType, "value.value", "Item", "'item'"),
        (Err("missing"), InvalidType, "value.value", "LookupError_Missing | LookupError_None_ | LookupError_Bad", "'missing'"),
        (ITEM, InvalidType, "value", "Ok or Err", "Item"),
        (None, InvalidType, "value", "Ok or Err", "None"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named_and_the_instance_stays_usable(
    open_playground: Open,
    value: object,
    kind: type[InvalidType | InvalidValue],
    path: str,
    expected: str,
    got: str,
) -> None:
    api = open_playground().api
    with pytest.raises(kind) as caught:
        api.answer(value, NO_PAD)  # type: ignore[arg-type]
    error: Any = caught.value
    assert (error.function, error.path, error.expected, error.got) == (
        "test:calls/api@1.2.0#answer",
        path,
        expected,
        got,
    )
    assert isinstance(error, ValidationError)
    assert isinstance(error, TypeError if kind is InvalidType else ValueError)
    assert pickle.loads(pickle.dumps(error)).args == error.args  # noqa: S301  (our own bytes)
    assert api.answer(Ok(ITEM), NO_PAD) == ITEM


def test_a_trap_ends_the_instance_and_every_later_call_says_so(open_playground: Open) -> None:
    world = open_playground()
    with pytest.raises(Trap) as caught:
        world.api.crash()
    assert caught.value.where == "test:calls/api@1.2.0#crash"
    assert "unreachable" in caught.value.message
    for call in (world.api.crash, world.version, lambda: world.api.add(1, 2)):
        with pytest.raises(InstanceDead, match="ended with Trap"):
            call()


def test_a_bad_argument_to_a_dead_instance_is_still_a_bad_argument() -> None:
    with Playground.load(playground_bytes(), imports=Host()) as world:
        with pytest.raises(Trap):
            world.api.crash()
        with pytest.raises(InvalidType):
            world.api.add("1", 2)  # type: ignore[arg-type]


def test_a_closed_instance_refuses_calls_bound_before_and_after(open_playground: Open) -> None:
    world = open_playground()
    add = world.api.add
    assert add(1, 2) == 3
    world.close()
    world.close()
    for call in (
        lambda: add(1, 2),
        lambda: world.api.add(1, 2),
        lambda: world.version(),
        lambda: world.api.check(),
    ):
        with pytest.raises(InstanceDead, match="closed"):
            call()


def test_the_source_of_a_codec_stands_in_tracebacks() -> None:
    with Playground.load(playground_bytes(), imports=Host()) as world, pytest.raises(Trap) as caught:
        world.api.crash()
    frames = traceback.extract_tb(caught.value.__traceback__)
    codec = next(frame for frame in frames if frame.filename.startswith("<codec "))
    assert "test:calls/api@1.2.0#crash" in codec.filename
    assert codec.line
    assert "error" in codec.line


def test_a_method_is_bound_once_for_an_instance() -> None:
    with Playground.load(playground_bytes(), imports=Host()) as world:
        assert world.api.add is world.api.add
        assert world.api.add.__name__ == "add"
        assert world.api.add.__doc__ == "Add."


def test_two_threads_in_one_instance_are_told_apart(open_playground: Open) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Slow(Host):
        def log(self, text: str) -> None:
            entered.set()
            assert leave.wait(30)

    world = open_playground(Slow())
    first = threading.Thread(target=world.api.say, args=("hello",))
    first.start()
    try:
        assert entered.wait(30)
        with pytest.raises(InstanceBusy, match="in the middle of another call"):
            world.api.add(1, 2)
        with pytest.raises(InstanceBusy):
            world.close()
    finally:
        leave.set()
        first.join(30)
    assert world.api.add(1, 2) == 3


def test_instances_run_in_parallel_without_mixing_up_their_errors(open_playground: Open) -> None:
    class Failing(Host):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def log(self, text: str) -> None:
            raise ValueError(self.number)

    worlds = [open_playground(Failing(number)) for number in range(8)]
    found: dict[int, object] = {}

    def run(number: int) -> None:
        try:
            worlds[number].api.say("x")
        except Exception as error:  # noqa: BLE001  (the assertion below is about what it is)
            found[number] = error.__cause__

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {number: cause.args for number, cause in found.items() if isinstance(cause, ValueError)} == {
        number: (number,) for number in range(8)
    }


def test_threads_that_fight_for_an_instance_never_enter_together() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    outcomes: list[str] = []

    def fight(world: Playground) -> None:
        for _ in range(300):
            try:
                outcomes.append("right" if world.api.answer(Ok(ITEM), NO_PAD) == ITEM else "wrong")
            except InstanceBusy:
                outcomes.append("busy")

    try:
        with Playground.load(playground_bytes(), imports=Host()) as world:
            threads = [threading.Thread(target=fight, args=(world,)) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert len(outcomes) == 1800
            assert set(outcomes) <= {"right", "busy"}
            assert world.api.add(1, 2) == 3
    finally:
        sys.setswitchinterval(before)


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself signals")
def test_interrupts_leave_an_instance_usable() -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    # Python drops an interrupt that surfaces in a finalizer: what earlier tests left, and what the first use of a
    # function reads of its types, is finalized before. A call itself finalizes nothing, so it loses no interrupt.
    gc.collect()
    asked, over = threading.Semaphore(0), threading.Event()

    def interrupt() -> None:
        while asked.acquire() and not over.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    with Playground.load(playground_bytes(), imports=Host()) as world:
        assert world.api.answer(Ok(ITEM), NO_PAD) == ITEM
        assert world.api.add(1, 2) == 3
        sender = threading.Thread(target=interrupt)
        sender.start()

        def call_until_interrupted() -> None:
            asked.release()
            lost = time.monotonic() + 30
            while time.monotonic() < lost:
                assert world.api.add(1, 2) == 3
                assert world.api.answer(Ok(ITEM), NO_PAD) == ITEM

        try:
            for _ in range(100):
                with pytest.raises(KeyboardInterrupt):
                    call_until_interrupted()
            assert world.api.add(1, 2) == 3
        finally:
            over.set()
            asked.release()
            sender.join(30)
