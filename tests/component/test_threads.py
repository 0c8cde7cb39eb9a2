"""Eight threads, each with instances of its own: every result is right, every exception arrives where it belongs, once."""

from __future__ import annotations

import collections
import random
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from effort import SOAK
from natives import NO_PAD, echo
from resource_guests import maker

from airssys_sdk.component import (
    Component,
    Err,
    HostImportFailed,
    Instance,
    InstanceBusy,
    InstanceDead,
    InvalidValue,
    Ok,
    Trap,
)

SECONDS = 60 if SOAK else 2
THREADS = 8
DECLARATIONS = "record person { name: string, age: u32, tags: list<string> }"
TYPES = {
    "number": "u64",
    "text": "string",
    "blob": "list<u8>",
    "people": "list<person>",
    "outcome": "result<list<u32>, string>",
}

pytestmark = [pytest.mark.examples, pytest.mark.debug_malloc]


class Refused(Exception):
    """What a host raises; it knows whose it is."""


class Interrupt(BaseException):
    """As little an ordinary exception as a KeyboardInterrupt."""


class Host:
    """Gives back what it is asked for, unless it is told to fail, and remembers what it has raised."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails: type[BaseException] | None = None
        self.raised: BaseException | None = None

    def give(self, value: Any, pad: object) -> Any:
        if self.fails is not None:
            self.raised = self.fails(self.name)
            raise self.raised
        if isinstance(value, Err):
            raise Err(value.value)
        return value.value if isinstance(value, Ok) else value


class Worker:
    """What one thread does, and what came of it.

    Attributes:
        done: how often it did each thing, with the right outcome.
        wrong: what ended it too early.
    """

    def __init__(self, number: int, profile: Any) -> None:
        self.name = f"worker {number}"
        self.random = random.Random(number)  # noqa: S311  (a seed to repeat a failure)
        self.echoing = _component(profile)
        self.making = Component.open(maker(), profile=profile)
        self.done = collections.Counter[str]()
        self.wrong: BaseException | None = None
        self.host = Host(self.name)
        self.instance = self.begin()

    def begin(self) -> Instance:
        self.host = Host(self.name)
        gives = {f"give_{name}": self.host.give for name in TYPES}
        return self.echoing.instantiate({"host": types.SimpleNamespace(**gives)})

    def run(self, until: float) -> None:
        tasks: list[Callable[[], None]] = [
            *[self.values] * 60,
            *[self.declared_error] * 10,
            *[self.bad_argument] * 10,
            *[self.resources] * 5,
            *[self.failing_host] * 2,
            self.trap,
        ]
        try:
            while time.monotonic() < until:
                task = self.random.choice(tasks)
                task()
                self.done[task.__name__] += 1
        except BaseException as error:  # noqa: BLE001  (the test raises it)
            self.wrong = error
        finally:
            self.instance.close()

    def values(self) -> None:
        size = self.random.choice([0, 1, 5, 40])
        own = f"{self.name} ä {self.random.random()}"
        way = self.random.choice(["echo", "via"])
        shape: Any = self.instance.function("echo-people").signature.parameters[0].shape
        person = shape.element.cls
        for name, value in (
            ("number", self.random.getrandbits(64)),
            ("text", own * size),
            ("blob", own.encode() * size),
            ("people", [person(own, index, [own] * (index % 3)) for index in range(size)]),
        ):
            assert self.instance.call(f"{way}-{name}", value, NO_PAD) == value

    def declared_error(self) -> None:
        own = f"{self.name} {self.random.random()}"
        for way in ("echo", "via"):
            assert self.instance.call(f"{way}-outcome", Ok([7]), NO_PAD) == [7]
            with pytest.raises(Err) as caught:
                self.instance.call(f"{way}-outcome", Err(own), NO_PAD)
            assert caught.value.value == own

    def bad_argument(self) -> None:
        number = (1 << 64) + self.random.getrandbits(60)
        with pytest.raises(InvalidValue, match=str(number)):
            self.instance.call("via-number", number, NO_PAD)

    def resources(self) -> None:
        with self.making.instantiate() as instance:
            thing: Any = instance.resource("thing")
            numbers = [self.random.getrandbits(20) | 1024 for _ in range(self.random.choice([1, 15]))]
            assert instance.call("total", [thing(number) for number in numbers]) == sum(numbers)
            assert thing(numbers[0]).value() == numbers[0]

    def failing_host(self) -> None:
        kind = self.random.choice([Refused, Interrupt])
        self.host.fails = kind
        with pytest.raises(HostImportFailed if kind is Refused else Interrupt) as caught:
            self.instance.call("via-text", "x", NO_PAD)
        found = caught.value.__cause__ if kind is Refused else caught.value
        assert found is self.host.raised
        with pytest.raises(InstanceDead, match=f"via-text ended with {type(caught.value).__name__}"):
            self.instance.call("echo-number", 1, NO_PAD)
        self.instance = self.begin()

    def trap(self) -> None:
        with self.making.instantiate() as instance:
            thing: Any = instance.resource("thing")
            with pytest.raises(Trap, match="take: the guest trapped"):
                instance.call("take", thing(666))
            with pytest.raises(InstanceDead):
                thing(1)


def _component(profile: Any) -> Component:
    return Component.open(echo(DECLARATIONS, TYPES), profile=profile)


@pytest.fixture
def _switching_often() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_switching_often")
def test_eight_threads_with_instances_of_their_own_do_not_disturb_each_other() -> None:
    workers = [Worker(number, ("plain", "metered")[number % 2]) for number in range(THREADS)]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=worker.run, args=(until,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in workers:
        if worker.wrong is not None:
            raise worker.wrong
    for task in ("values", "declared_error", "bad_argument", "resources", "failing_host", "trap"):
        assert sum(worker.done[task] for worker in workers) > 0, task


@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_a_function_cannot_be_looked_up_while_another_thread_is_in_the_instance(profile: Any) -> None:
    inside, leave = threading.Event(), threading.Event()

    def give(value: Any, pad: object) -> Any:
        inside.set()
        assert leave.wait(30)
        return value

    host = {"host": types.SimpleNamespace(**{f"give_{name}": give for name in TYPES})}
    with _component(profile).instantiate(host) as instance:
        thread = threading.Thread(target=instance.call, args=("via-number", 1, NO_PAD))
        thread.start()
        try:
            assert inside.wait(30)
            with pytest.raises(InstanceBusy):
                instance.function("echo-text")
        finally:
            leave.set()
            thread.join(30)
        assert instance.function("echo-text")("ü", NO_PAD) == "ü"


FIRST_USES = """
import sys, threading, time
sys.path.insert(0, sys.argv[1])
sys.setswitchinterval(1e-5)
from resource_guests import maker
from airssys_sdk.component import Component, InstanceBusy

component, over = Component.open(maker()), time.monotonic() + float(sys.argv[2])
shared = [component.instantiate()]


def use(number):
    for turn in range(1 << 30):
        if time.monotonic() > over:
            return
        try:
            assert shared[0].resource("thing")(5).value() == 5
        except InstanceBusy:
            pass
        if turn % 40 == number:
            shared[0] = component.instantiate()


threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_use_a_resources_functions_for_the_first_time_at_once_get_one_function() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USES, str(Path(__file__).parent), str(SECONDS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
