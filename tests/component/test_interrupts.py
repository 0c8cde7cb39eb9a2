"""Interrupts that arrive at any moment: around a call with resources, and while something is made that later calls share."""

from __future__ import annotations

import gc
import random
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from natives import build
from resource_guests import maker, user

from airssys_sdk.component import Component, Instance, begin, drop

ROUNDS = 1500

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="sends itself signals"),
    pytest.mark.skipif(
        threading.current_thread() is not threading.main_thread(),
        reason="signals reach the main thread only",
    ),
    # Python drops an interrupt that surfaces in a finalizer, and says so.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Interrupt(BaseException):
    """As little an ordinary exception as a KeyboardInterrupt."""


@pytest.fixture
def interrupted() -> Iterator[Callable[[Callable[[], None], float], bool]]:
    """Runs something that gets an interrupt after so many seconds; whether one arrived before it was over."""
    armed = False

    def interrupt(*_: object) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise Interrupt

    def run(work: Callable[[], None], after: float) -> bool:
        nonlocal armed
        armed = True
        try:
            signal.setitimer(signal.ITIMER_REAL, after)
            work()
            armed = False
        except Interrupt:
            return True
        return False

    before = signal.signal(signal.SIGALRM, interrupt)
    gc.collect()
    yield run
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


class Thing:
    """A resource of the host's."""

    def __init__(self, number: int) -> None:
        self.number = number

    def value(self) -> int:
        return self.number


def add(a: Thing, b: Thing) -> int:
    return a.number + b.number


HOST = {"host": types.SimpleNamespace(Thing=Thing, keep=lambda thing: None, sum=add)}


def own_things(instance: Instance) -> None:
    thing: Any = instance.resource("thing")
    lent, given = thing(5), thing(7)
    assert instance.call("sum", lent, lent) == 10
    assert instance.call("both", lent, given) == 12
    assert instance.call("total", [thing(1), thing(2)]) == 3
    drop(lent)


def things_of_the_host(instance: Instance) -> None:
    assert instance.call("look", Thing(9)) == 9
    assert instance.call("twice", 4) == 8


def things_in_slices(instance: Instance) -> None:
    thing: Any = instance.resource("thing")
    given = thing(7)
    assert begin(instance.function("sum"), given, given).result() == 14
    assert begin(instance.function("take"), given).result() == 7


@pytest.mark.parametrize(
    ("wasm", "work", "profile"),
    [
        (maker, own_things, "plain"),
        (maker, own_things, "metered"),
        (maker, things_in_slices, "metered"),
        (user, things_of_the_host, "plain"),
        (user, things_of_the_host, "metered"),
    ],
)
def test_an_instance_is_usable_or_dead_after_an_interrupt_around_a_call_with_resources(
    interrupted: Callable[[Callable[[], None], float], bool],
    wasm: Callable[[], bytes],
    work: Callable[[Instance], None],
    profile: Any,
) -> None:
    component = Component.open(wasm(), profile=profile)
    seeded, arrived = random.Random(7), 0  # noqa: S311  (delays to repeat a failure)
    instance = component.instantiate(HOST)
    work(instance)
    for _ in range(ROUNDS):
        arrived += interrupted(lambda instance=instance: work(instance), 1e-6 + 1.5e-4 * seeded.random())
        store = instance._live.store
        if store.call is not None:
            store.call.cancel()  # it was begun, and the interrupt came before `begin` gave it to anybody
        if store.dead is None:
            work(instance)
        else:
            assert store.dead.endswith(("ended with Interrupt", "was cancelled"))
            instance.close()
            instance = component.instantiate(HOST)
    instance.close()
    assert arrived > ROUNDS // 10


def test_a_class_whose_making_was_interrupted_is_made_again(
    interrupted: Callable[[Callable[[], None], float], bool],
) -> None:
    seeded, arrived = random.Random(7), 0  # noqa: S311  (delays to repeat a failure)
    for _ in range(200):
        with Component.open(maker()).instantiate() as instance:

            def make(instance: Instance = instance) -> None:
                instance.resource("thing")

            arrived += interrupted(make, 1e-6 + 1e-4 * seeded.random())
            thing: Any = instance.resource("thing")
            assert thing(5).value() == 5
    assert arrived > 20


SPIN = """(module (func (export "spin") (param i32) (result i32)
  (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0))) (i32.const 5)))"""


def test_what_a_signal_handler_raises_while_a_guest_runs_is_no_matter_of_the_arguments() -> None:
    def ring(*_: object) -> None:
        raise TimeoutError("alarm")

    class Rounds:
        asked = 0

        def __index__(self) -> int:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            self.asked += 1
            return 400_000_000 if self.asked == 1 else -1

    rounds = Rounds()
    component = Component.open(build("package t:t; world w { export spin: func(n: u32) -> u32; }", SPIN, "w"))
    before = signal.signal(signal.SIGALRM, ring)
    try:
        with component.instantiate({}) as instance, pytest.raises(TimeoutError, match="alarm"):
            instance.call("spin", rounds)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rounds.asked == 1
