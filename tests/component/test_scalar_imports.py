"""Host imports that take and give numbers and take texts: the usual values, the unusual, and what does not fit."""

from __future__ import annotations

import inspect
import itertools
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest
from natives import MEMORY, build

from airssys_sdk.component import Component, HostImportFailed, InvalidType, InvalidValue

CORE = {
    **dict.fromkeys(("bool", "s8", "u8", "s16", "u16", "s32", "u32", "char"), "i32"),
    "s64": "i64",
    "u64": "i64",
    "f32": "f32",
    "f64": "f64",
}
INTEGERS = {
    f"{sign}{bits}": (0, (1 << bits) - 1) if sign == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    for sign, bits in itertools.product("su", (8, 16, 32, 64))
}
MIXED = "a: s8, b: u64, c: f32, d: bool, e: char, f: string, g: s16"
WIT = f"""
package t:t;
interface functions {{
  {" ".join(f"pass-{name}: func(x: {name}) -> {name};" for name in CORE)}
  mixed: func({MIXED}) -> u8;
  more: func({MIXED}, h: u8) -> u8;
  say: func(x: string);
}}
world w {{ import functions; export functions; }}
"""


def _passing(name: str, parameters: tuple[str, ...], result: str | None) -> tuple[str, str]:
    """The import and the export of a function that asks the host."""
    params, results = f"(param {' '.join(parameters)})", f"(result {result})" if result else ""
    given = " ".join(f"(local.get {number})" for number in range(len(parameters)))
    return (
        f'(import "t:t/functions" "{name}" (func ${name} {params} {results}))',
        f'(func (export "t:t/functions#{name}") {params} {results} (call ${name} {given}))',
    )


MIXED_CORE = ("i32", "i64", "f32", "i32", "i32", "i32", "i32", "i32")
FUNCTIONS = [
    *(_passing(f"pass-{name}", (core,), core) for name, core in CORE.items()),
    _passing("mixed", MIXED_CORE, "i32"),
    _passing("more", (*MIXED_CORE, "i32"), "i32"),
    _passing("say", ("i32", "i32"), None),
]


@pytest.fixture(scope="module")
def component() -> Component:
    core = " ".join(part[0] for part in FUNCTIONS) + MEMORY + " ".join(part[1] for part in FUNCTIONS)
    return Component.open(build(WIT, f"(module {core})", "w"))


def call(component: Component, name: str, function: Callable[..., Any], *arguments: object) -> Any:
    """What the guest gives that asks `function`."""
    functions = {one: function if one == name.replace("-", "_") else _unused for one in _attributes()}
    with component.instantiate({"t:t/functions": types.SimpleNamespace(**functions)}) as instance:
        return instance.call(name, *arguments)


def _attributes() -> list[str]:
    return [*(f"pass_{one}" for one in CORE), "mixed", "more", "say"]


def _unused(*_: object) -> Any:
    raise AssertionError("nobody calls this")


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_pass_and_others_are_refused_with_what_was_expected(component: Component, name: str) -> None:
    class Whole(int):
        __int__ = __eq__ = __hash__ = _unused

    class Like:
        def __init__(self, value: int) -> None:
            self.value = value

        def __index__(self) -> int:
            return self.value

    least, greatest = INTEGERS[name]
    seen: list[object] = []
    for value in (least, greatest, 0, 1, greatest // 3):
        assert call(component, f"pass-{name}", lambda x: seen.append(x) or x, value) == value
        assert call(component, f"pass-{name}", lambda _, give=value: Whole(give), value) == value
        assert call(component, f"pass-{name}", lambda _, give=value: Like(give), value) == value
        assert type(seen[-1]) is int
        assert seen[-1] == value
    for wrong in (least - 1, greatest + 1, -(1 << 70), 1 << 70, Whole(greatest + 1)):
        with pytest.raises(HostImportFailed, match=f"pass-{name}.*result") as caught:
            call(component, f"pass-{name}", lambda _, give=wrong: give, 1)
        assert type(caught.value.__cause__) is InvalidValue
    for other in (None, True, 1.0, "1", NotImplemented, ..., object()):
        with pytest.raises(HostImportFailed, match=f"pass-{name}.*result") as caught:
            call(component, f"pass-{name}", lambda _, give=other: give, 1)
        assert type(caught.value.__cause__) is InvalidType


@pytest.mark.parametrize("name", ["f32", "f64"])
def test_floats_pass_and_what_would_lose_its_size_is_refused(component: Component, name: str) -> None:
    class Real(float):
        __float__ = __index__ = _unused

    most = 3.4028234663852886e38 if name == "f32" else 1.7976931348623157e308
    for value in (0.0, -0.0, 0.5, -1.5, most, -most, math.inf, -math.inf, 2.0**-149):
        for give in (value, Real(value)):
            found = call(component, f"pass-{name}", lambda x, give=give: (x, give)[1], value)
            assert (found, math.copysign(1, found)) == (value, math.copysign(1, value))
    assert math.isnan(call(component, f"pass-{name}", lambda x: x, math.nan))
    assert call(component, f"pass-{name}", lambda _: 3, 1.0) == 3.0
    if name == "f32":
        assert call(component, "pass-f32", lambda _: 0.1, 1.0) == pytest.approx(0.1, abs=1e-8)
        assert call(component, "pass-f32", lambda _: 3.40282346638528875e38, 1.0) == most  # rounded
        for wrong in (1e300, -3.5e38):
            with pytest.raises(HostImportFailed, match="result"):
                call(component, "pass-f32", lambda _, give=wrong: give, 1.0)
    for other in (None, "1", b"1", True, NotImplemented):
        with pytest.raises(HostImportFailed, match=f"pass-{name}.*result"):
            call(component, f"pass-{name}", lambda _, give=other: give, 1.0)


def test_truth_values_and_characters(component: Component) -> None:
    for value in (True, False):
        assert call(component, "pass-bool", lambda x: x, value) is value
    for value in ("a", "ß", "🐍", "\0", "\U0010ffff"):
        assert call(component, "pass-char", lambda x: x, value) == value
    for name, good in (("bool", True), ("char", "a")):
        for other in (None, 1, 0, 97, "ab", "", 1.0, NotImplemented):
            with pytest.raises(HostImportFailed, match=f"pass-{name}.*result") as caught:
                call(component, f"pass-{name}", lambda _, give=other: give, good)
            assert isinstance(caught.value.__cause__, InvalidType | InvalidValue)
    with pytest.raises(HostImportFailed, match=r"pass-char.*result"):
        call(component, "pass-char", lambda _: "\ud800", "a")


@pytest.mark.parametrize("name", ["mixed", "more"])
def test_several_arguments_of_all_kinds_come_in_order(component: Component, name: str) -> None:
    given = (-7, 1 << 63, 0.25, True, "ß", "grüße\0", -30000, *([9] if name == "more" else []))
    seen: list[tuple[object, ...]] = []
    assert call(component, name, lambda *all_: seen.append(all_) or 200, *given) == 200
    assert seen == [given]
    assert [type(value) for value in seen[0]] == [type(value) for value in given]


def test_what_a_function_without_result_returns_is_dropped(component: Component) -> None:
    seen: list[str] = []
    for returned in (None, 5, NotImplemented, object()):
        assert call(component, "say", lambda x, give=returned: (seen.append(x), give)[1], "grüße") is None
    assert seen == ["grüße"] * 4


@pytest.mark.parametrize("name", ["pass-u8", "pass-char", "say"])
def test_what_a_function_raises_ends_the_call(component: Component, name: str) -> None:
    def fail(_: object) -> Any:
        raise error

    argument = {"pass-u8": 1, "pass-char": "a", "say": "x"}[name]
    error: BaseException = LookupError("nobody home")
    with pytest.raises(HostImportFailed, match="LookupError: nobody home") as caught:
        call(component, name, fail, argument)
    assert caught.value.__cause__ is error
    error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        call(component, name, fail, argument)


def test_near_the_recursion_limit_a_call_fails_whole_or_not_at_all(component: Component) -> None:
    class Seven:
        def __index__(self) -> int:
            return 7

    def deeper(levels: int) -> Any:
        return deeper(levels - 1) if levels else mixed(*given)

    given = -7, 1, 0.25, True, "ß", "grüße", 5
    functions = types.SimpleNamespace(**dict.fromkeys(_attributes(), lambda *_: Seven()))
    with component.instantiate({"t:t/functions": functions}) as instance:
        mixed, outcomes = instance.function("mixed"), []
        limit, used = sys.getrecursionlimit(), len(inspect.stack())
        for levels in range(limit - used - 60, limit - used):
            try:
                outcomes.append(deeper(levels))
            except RecursionError:
                outcomes.append(None)
            assert mixed(*given) == 7
        assert outcomes == sorted(outcomes, key=lambda one: one is None)
        assert set(outcomes) == {7, None}
