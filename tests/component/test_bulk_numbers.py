"""Lists of numbers of every type come back as they went, through adapters or without."""

from __future__ import annotations

import math
import random
import struct
from array import array
from collections.abc import Iterator
from typing import Any

import pytest
from natives import MEMORY, NO_PAD, build, echo

from airssys_sdk.component import Component, Instance, InvalidType, InvalidValue, arrays
from airssys_sdk.component.engine.cache import Cache

CODES = {
    "s8": "b",
    "s16": "h",
    "u16": "H",
    "s32": "i",
    "u32": "I",
    "s64": "q",
    "u64": "Q",
    "f32": "f",
    "f64": "d",
}
TYPES = {
    **{number: f"list<{number}>" for number in CODES},
    "bools": "list<bool>",
    "chars": "list<char>",
    "lists": "list<list<u16>>",
    "maybe": "option<list<s64>>",
    "either": "result<list<u32>, list<f64>>",
    "both": "tuple<list<f32>, list<u8>, string, list<s16>>",
}
LENGTHS = [*range(70), 127, 128, 129, 1000, 16383, 16384, 16385]


class _GiveBack:
    def __getattr__(self, name: str) -> Any:
        return lambda value, pad: value


@pytest.fixture(scope="module", params=["plain", "metered"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Instance, Instance]]:
    """An instance with adapters and one without."""
    wasm, host = echo("", TYPES), type("Host", (), {"host": _GiveBack()})()
    opened = [
        Component.open(wasm, profile=request.param, cache=Cache(None), bulk=bulk) for bulk in (True, False)
    ]
    assert [component.bulk for component in opened] == [True, False]
    with opened[0].instantiate(host) as one, opened[1].instantiate(host) as other:
        yield one, other


def _numbers(code: str, count: int) -> list[Any]:
    """Random numbers, the least and the greatest among them."""
    source = random.Random(count)  # noqa: S311
    if code in "fd":
        edges = [0.0, -0.0, math.inf, -math.inf, 1.5]
        return [
            source.choice(edges) if source.random() < 0.2 else float(source.randrange(-9999, 9999))
            for _ in range(count)
        ]
    bits = 8 * struct.calcsize(code)
    least, greatest = (-(1 << bits - 1), (1 << bits - 1) - 1) if code.islower() else (0, (1 << bits) - 1)
    return [source.choice([least, greatest, 0, 1, source.randint(least, greatest)]) for _ in range(count)]


@pytest.mark.parametrize(("number", "code"), CODES.items())
def test_lists_of_every_length_come_back(both: tuple[Instance, Instance], number: str, code: str) -> None:
    for count in LENGTHS:
        given = _numbers(code, count)
        for instance in both:
            function = instance.function(f"api.echo-{number}")
            assert function(given, NO_PAD) == given
            assert arrays(function)(array(code, given), NO_PAD) == array(code, given)
            assert function(tuple(given), NO_PAD) == given


def test_lists_inside_other_values_come_back(both: tuple[Instance, Instance]) -> None:
    for name, value in (
        ("lists", [[1, 2], [], [65535] * 100]),
        ("lists", []),
        ("maybe", [-(1 << 63), 5]),
        ("maybe", None),
        ("both", ([1.5, -0.0], b"abc", "text", [-1, 2])),
        ("bools", [True, False] * 20),
        ("chars", ["a", "\U0010ffff"] * 20),
    ):
        for instance in both:
            assert instance.call(f"api.echo-{name}", value, NO_PAD) == value


def test_not_a_number_comes_back_as_one(both: tuple[Instance, Instance]) -> None:
    for number in ("f32", "f64"):
        for instance in both:
            (found,) = instance.call(f"api.echo-{number}", [math.nan], NO_PAD)
            assert math.isnan(found)


@pytest.mark.parametrize("number", CODES)
def test_a_wrong_element_is_told_in_the_same_words(both: tuple[Instance, Instance], number: str) -> None:
    wrongs: list[Any] = ["1", None, 1 << 2000, True]
    wrongs += [1.5] if number[0] != "f" else [1e300] if number == "f32" else []
    for wrong in wrongs:
        told: list[tuple[type[Exception], str]] = []
        for instance in both:
            with pytest.raises((InvalidType, InvalidValue)) as caught:
                instance.call(f"api.echo-{number}", [1] * 20 + [wrong], NO_PAD)
            assert caught.value.path == "value[20]"
            told.append((caught.type, str(caught.value)))
            assert instance.call(f"api.echo-{number}", [1, 2], NO_PAD) == [1, 2]
        assert told[0] == told[1]


@pytest.mark.parametrize("count", [50, 64, 65, 150])
def test_a_component_with_more_interfaces_than_the_engine_joins_adapters_is_opened(count: int) -> None:
    names = [f"i{number}" for number in range(count)]
    wit = "package t:t;\n" + "".join(
        f"interface {name} {{ echo: func(a: list<u16>) -> list<u16>; }}\n" for name in names
    )
    wit += f"world w {{ {' '.join(f'import {name}; export {name};' for name in names)} }}"
    echoes = "".join(f'(export "t:t/{name}#echo" (func $pair))' for name in names)
    core = f"""(module {MEMORY}
  (func $pair (param i32 i32) (result i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))
    (global.set $top (i32.const 4096)) (i32.const 0))
  {echoes})"""
    component = Component.open(build(wit, core, "w"), cache=Cache(None))
    assert component.bulk
    with component.instantiate() as made:
        for name in names:
            assert made.call(f"{name}.echo", [1, 2, 65535]) == [1, 2, 65535]
