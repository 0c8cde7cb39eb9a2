"""Lists of numbers as arrays: in as whatever holds numbers, out as `array.array` where one asks for it."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from typing import Any

import pytest
from calls_fixtures import playground_bytes
from natives import NO_PAD, echo
from playground import Host, Playground

from airssys_sdk.component import Component, InvalidType, InvalidValue, arrays
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.hosting.dynamic import Instance
from airssys_sdk.errors import UsageError

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
    "bytes": "list<u8>",
    "truths": "list<bool>",
    "texts": "list<string>",
    "nested": "list<list<u32>>",
    "inside": "tuple<list<f64>, option<list<s16>>>",
    "failing": "result<list<u32>, list<s8>>",
}


@pytest.fixture(scope="module", params=["plain", "metered"])
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    component = Component.open(echo("", TYPES), profile=request.param, cache=Cache(None))
    with component.instantiate(type("Host", (), {"host": _GiveBack()})()) as made:
        yield made


class _GiveBack:
    def __getattr__(self, name: str) -> Any:
        return lambda value, pad: value


@pytest.mark.parametrize(("number", "code"), CODES.items())
@pytest.mark.parametrize("count", [0, 1, 10, 11, 1000])
def test_a_list_of_numbers_comes_back_as_an_array_of_their_type(
    instance: Instance, number: str, code: str, count: int
) -> None:
    function = instance.function(f"api.echo-{number}")
    given = [value % 100 for value in range(count)]
    answer = arrays(function)(given, NO_PAD)
    assert (type(answer), answer.typecode, answer.tolist()) == (array, code, given)
    assert arrays(function)(array(code, given), NO_PAD) == answer
    assert function(answer, NO_PAD) == given  # the function itself is as it was


def test_everything_else_is_as_it_was(instance: Instance) -> None:
    for name, value in (("bytes", b"abc"), ("truths", [True, False]), ("texts", ["a", "b"])):
        assert arrays(instance.function(f"api.echo-{name}"))(value, NO_PAD) == value


def test_lists_inside_other_values_are_arrays_too(instance: Instance) -> None:
    assert arrays(instance.function("api.echo-nested"))([[1], [], [2, 3]], NO_PAD) == [
        array("I", [1]),
        array("I"),
        array("I", [2, 3]),
    ]
    inside = arrays(instance.function("api.echo-inside"))
    assert inside(([0.5], [7]), NO_PAD) == (array("d", [0.5]), array("h", [7]))
    assert inside(([0.5], None), NO_PAD) == (array("d", [0.5]), None)


def test_an_array_is_smaller_and_shares_no_memory_with_later_calls(instance: Instance) -> None:
    read = arrays(instance.function("api.echo-u32"))
    first = read(range(10_000), NO_PAD)
    assert sys.getsizeof(first) < 50_000
    read([0] * 10_000, NO_PAD)
    assert first.tolist() == [*range(10_000)]


def test_what_is_no_function_of_an_instance_is_refused(instance: Instance) -> None:
    with pytest.raises(UsageError, match="<lambda> has no form with arrays"):
        arrays(lambda: [1])


def test_methods_of_generated_classes_have_the_form_too() -> None:
    with Playground.load(playground_bytes(), imports=Host()) as world:
        assert arrays(world.version)() == 7
        assert arrays(world.api.add)(1, 2) == 3


@pytest.mark.parametrize("number", [number for number in CODES if number[0] in "su"])
@pytest.mark.parametrize("count", [1, 10, 64, 65, 66, 1000])
@pytest.mark.parametrize("truth", [True, False])
def test_a_bool_among_integers_is_found_wherever_it_stands_and_however_many_zeros_and_ones_do(
    instance: Instance, number: str, count: int, truth: bool
) -> None:
    echo = instance.function(f"api.echo-{number}")
    for filling in ([0], [1], [0, 1, 2], [3, 4]):
        given = [filling[at % len(filling)] for at in range(count)]
        assert echo(given, NO_PAD) == given
        for place in {0, count // 2, count - 1}:
            wrong: list[Any] = [*given]
            wrong[place] = truth
            with pytest.raises(InvalidType) as caught:
                echo(wrong, NO_PAD)
            assert caught.value.path == f"value[{place}]"


@pytest.mark.parametrize(("number", "code"), CODES.items())
def test_an_array_of_the_type_and_one_of_another_are_taken(
    instance: Instance, number: str, code: str
) -> None:
    echo = instance.function(f"api.echo-{number}")
    given = [value % 100 for value in range(1000)]
    for other in CODES.values():
        if other in "fd" and code not in "fd":
            continue
        assert echo(array(other, given), NO_PAD) == given
    if code not in "fd":
        with pytest.raises(InvalidType):
            echo(array("d", given), NO_PAD)
    assert echo(array(code), NO_PAD) == []


def test_a_number_of_another_type_that_does_not_fit_is_refused(instance: Instance) -> None:
    for number, wrong in (
        ("bytes", array("b", [1, -1])),
        ("s8", array("B", [1, 255])),
        ("u16", array("h", [1, -1])),
        ("s32", array("I", [1, 2**32 - 1])),
        ("u64", array("q", [1, -1])),
    ):
        with pytest.raises(InvalidValue) as refused:
            instance.call(f"api.echo-{number}", wrong, NO_PAD)
        assert refused.value.path == "value[1]"
        assert refused.value.got == str(wrong[1])
    assert instance.call("api.echo-bytes", array("b", [1, 127]), NO_PAD) == b"\x01\x7f"
