"""Memory stays where it is: over a million calls of each kind of signature, and over ten thousand instances.

`make soak` runs these at full size, `make test` a small part of each.
"""

from __future__ import annotations

import gc
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from effort import SOAK
from natives import NO_PAD, echo
from resource_guests import maker, user

from airssys_sdk.component import Component, Err, HostImportFailed, Instance, InvalidValue, Ok, Some, Trap

CALLS = 1_000_000 if SOAK else 3_000
INSTANCES = 10_000 if SOAK else 200
ALLOWED = 2 << 20
"""Bytes by which the resident memory may grow, however many calls there are."""

pytestmark = [
    pytest.mark.examples,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory from /proc"),
]

DECLARATIONS = """
record person { name: string, age: u32, tags: list<string> }
variant shape { circle(f64), named(string), nothing }
enum color { red, green }
flags perms { read, write }
"""
TYPES = {
    "number": "s64",
    "text": "string",
    "blob": "list<u8>",
    "numbers": "list<u32>",
    "texts": "list<string>",
    "person": "person",
    "people": "list<person>",
    "shapes": "list<shape>",
    "outcome": "result<list<u32>, string>",
    "traits": "tuple<color, perms, option<option<u32>>, char>",
    "map": "map<string, u32>",
    "matrix": "list<list<u32>>",
}

Work = Callable[[int], object]


@pytest.fixture(params=["plain", "metered"])
def profile(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def values_guest(profile: Any) -> Iterator[Instance]:
    host = types.SimpleNamespace(host=Answers())
    with Component.open(echo(DECLARATIONS, TYPES), profile=profile).instantiate(host) as made:
        yield made


class Answers:
    """Implements every import by returning its argument; the error case of a result is raised."""

    def __getattr__(self, name: str) -> Any:
        def give(value: Any, pad: object) -> Any:
            if isinstance(value, Ok):
                return value.value
            if isinstance(value, Err):
                raise Err(value.value)
            return value

        return give


def resident() -> int:
    """The bytes of this process that lie in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def assert_flat(work: Work, times: int) -> None:
    """Do some work again and again; the memory that it needs is there after the first part of it."""
    for number in range(max(times // 10, 100)):
        work(number)
    lines, before = len(linecache.cache), resident()
    for number in range(times):
        work(number)
    assert resident() - before < ALLOWED
    assert len(linecache.cache) <= lines


def values_for(name: str, instance: Instance) -> list[Any]:
    """A few values of different sizes for a type of the guest."""
    shape: Any = instance.function(f"echo-{name}").signature.parameters[0].shape
    match name:
        case "person":
            return [shape.cls("ä" * size, size, ["x"] * size) for size in range(3)]
        case "people":
            one = shape.element.cls
            return [[one("ä", 1, ["x"])] * size for size in (0, 2, 14)]
        case "shapes":
            circle, named, nothing = (case.cls for case in shape.element.cases)
            return [[circle(1.5), named("x" * size), nothing()] * size for size in (0, 2, 6)]
        case "traits":
            color, perms = shape.elements[0].cls, shape.elements[1].cls
            return [
                (color.RED, perms.READ | perms.WRITE, Some(None), "ä"),
                (color.GREEN, perms(0), Some(3), "x"),
            ]
        case _:
            return VALUES[name]


VALUES: dict[str, list[Any]] = {
    "number": [0, -(1 << 63), 77],
    "text": ["", "grüße", "x" * 300],
    "blob": [b"", b"abc", bytes(40)],
    "numbers": [[], [1, 2, 3], [*range(30)]],
    "texts": [[], ["ä", "b"], ["x"] * 15],
    "outcome": [Ok([1, 2]), Err("no"), Ok([])],
    "matrix": [[], [[], [1]], [[1, 2], []] * 6],
    "map": [{}, {"a": 1}, {str(number): number for number in range(14)}],
}


@pytest.mark.parametrize("name", TYPES)
def test_memory_is_flat_over_many_calls(values_guest: Instance, name: str) -> None:
    call, given = values_guest.function(f"via-{name}"), values_for(name, values_guest)
    fails = name == "outcome"

    def work(number: int) -> None:
        value = given[number % len(given)]
        try:
            found = call(value, NO_PAD)
        except Err as error:
            found = error
        assert found == (value.value if fails and isinstance(value, Ok) else value)

    assert_flat(work, CALLS)


def test_memory_is_flat_over_many_refused_calls(values_guest: Instance) -> None:
    call = values_guest.function("via-people")
    person = values_for("people", values_guest)[2][0]
    bad = type(person)("b", 1 << 40, [])

    def work(number: int) -> None:
        with pytest.raises(InvalidValue):
            call([person] * (number % 20) + [bad], NO_PAD)

    assert_flat(work, CALLS // 10)


def test_memory_is_flat_over_many_resources_of_the_guests(profile: Any) -> None:
    with Component.open(maker(), profile=profile).instantiate() as instance:
        thing: Any = instance.resource("thing")
        take, total, add = (instance.function(name) for name in ("take", "total", "sum"))
        lent = thing(5)

        def work(number: int) -> None:
            assert take(thing(number % 600)) == number % 600
            assert total([thing(1), thing(2), thing(3)]) == 6
            assert add(lent, lent) == 10

        assert_flat(work, CALLS // 5)
        handles = instance._live.store.handles
        assert (handles.objects, handles.doomed) == ({}, [])


def test_memory_is_flat_over_many_resources_of_the_hosts(profile: Any) -> None:
    class Thing:
        alive = 0

        def __init__(self, number: int) -> None:
            self.number = number
            Thing.alive += 1

        def __exit__(self, *_: object) -> None:
            Thing.alive -= 1

        def value(self) -> int:
            return self.number

    def keep(thing: Thing) -> None:
        thing.__exit__()

    def add(a: Thing, b: Thing) -> int:
        return a.number + b.number

    host = types.SimpleNamespace(Thing=Thing, keep=keep, sum=add)
    with Component.open(user(), profile=profile).instantiate({"host": host}) as instance:
        use, twice, look, give = (instance.function(name) for name in ("use", "twice", "look", "give"))
        lent = Thing(7)

        def work(number: int) -> None:
            assert use(number) == number
            assert twice(3) == 6
            assert look(lent) == 7
            give(number)

        assert_flat(work, CALLS // 4)
        assert Thing.alive == 1
        handles = instance._live.store.handles
        assert (handles.objects, handles.doomed) == ({}, [])


def test_memory_is_flat_over_many_instances(profile: Any) -> None:
    """Some are closed, some forgotten, some end with a trap, some with an exception of the host's."""

    def give(value: Any, pad: object) -> Any:
        if value == "fail":
            raise LookupError(value)
        return value

    texts = Component.open(echo("", {"text": "string"}), profile=profile)
    host = {"host": types.SimpleNamespace(give_text=give)}
    things = Component.open(maker(), profile=profile)

    def work(number: int) -> None:
        instance = texts.instantiate(host)
        assert instance.call("via-text", "grüße", NO_PAD) == "grüße"
        if number % 4 == 0:
            instance.close()
        elif number % 4 == 1:
            with pytest.raises(HostImportFailed, match="LookupError"):
                instance.call("via-text", "fail", NO_PAD)
        else:
            with things.instantiate() as other:
                thing: Any = other.resource("thing")
                if number % 4 == 2 and profile == "plain":
                    with pytest.raises(Trap), thing(666):
                        pass
                else:
                    assert thing(5).value() == 5

    assert_flat(work, INSTANCES)


@pytest.mark.slow
def test_memory_is_flat_over_many_instances_of_a_python_guest(probe_wasm: Path) -> None:
    def pause(ms: int) -> int:
        return ms

    component, host = Component.open(probe_wasm), types.SimpleNamespace(pause=pause)

    def work(number: int) -> None:
        instance = component.instantiate(host)
        if number % 2:
            instance.call("say", "out", "err")
            instance.close()

    assert_flat(work, INSTANCES)
