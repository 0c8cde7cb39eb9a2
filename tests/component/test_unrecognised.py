"""What is not recognised about the machine, this Python or the engine is said, and calls then go through the public layer."""

from __future__ import annotations

import ctypes
import itertools
import struct
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from natives import NO_PAD, echo

from airssys_sdk.component import (
    Component,
    HostImportFailed,
    Instance,
    InvalidValue,
    Limits,
    UnsupportedEngine,
)
from airssys_sdk.component.engine import abi
from airssys_sdk.component.engine.raw import ffi

pytestmark = pytest.mark.fallback

TYPES = {"u8": "u8", "char": "char", "text": "string", "numbers": "list<s16>", "maybe": "option<f32>"}


class Larger(ctypes.Structure):
    """No layout of the engine's."""

    _fields_ = [("kind", ctypes.c_uint64), ("of", ctypes.c_uint64)]


class Moved(ctypes.Structure):
    """As large as a value of the engine's, with its parts elsewhere."""

    _fields_ = [("of", ctypes.c_uint64 * 3), ("kind", ctypes.c_uint64)]


def _other_python(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys.implementation, "name", "other")


def _big_endian(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys, "byteorder", "big")


def _narrow(patch: pytest.MonkeyPatch) -> None:
    before = struct.calcsize
    patch.setattr(struct, "calcsize", lambda layout: 4 if layout == "P" else before(layout))


def _other_size(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ffi(), "wasmtime_component_val_t", Larger)


def _other_places(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ffi(), "wasmtime_component_val_t", Moved)


def _other_kinds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ffi(), "WASMTIME_COMPONENT_STRING", ctypes.c_uint8(13))


def _other_meaning(patch: pytest.MonkeyPatch) -> None:
    """The declarations are the same, but what the engine copies reads differently."""
    readings = itertools.count()
    patch.setattr(abi, "_text", lambda *_: next(readings))


UNKNOWN: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the fast calls know the memory of CPython, not of other": _other_python,
    "the fast calls know 64-bit little-endian machines only": _big_endian,
    "64-bit little-endian machines": _narrow,
    "lays out wasmtime_component_val_t in another way": _other_size,
    "lays out wasmtime_component_val_t.kind in another way": _other_places,
    "numbers the kind string in another way": _other_kinds,
    "does not read the value layout that is known here": _other_meaning,
}


@pytest.fixture
def _forgetting() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    """What is known about the engine is found out anew, before the test and after it."""
    abi.abi.cache_clear()
    yield
    abi.abi.cache_clear()


def instance_of(give: Callable[[Any, Any], Any] = lambda value, pad: value, **options: Any) -> Instance:
    profile = "metered" if options else "plain"
    host = types.SimpleNamespace(**{f"give_{name}": give for name in TYPES})
    component = Component.open(echo("", TYPES), profile=profile)  # type: ignore[arg-type]
    return component.instantiate({"host": host}, **options)


@pytest.mark.usefixtures("_forgetting")
@pytest.mark.parametrize("reason", UNKNOWN)
def test_what_is_not_recognised_is_said_and_calls_take_the_slow_way(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    with monkeypatch.context() as patch:
        UNKNOWN[reason](patch)
        with pytest.raises(UnsupportedEngine, match=reason):
            abi.abi()
        with pytest.warns(RuntimeWarning, match=f"calls into components are slow: .*{reason}"):
            instance = instance_of()
    # From here on without the change: the package's own layer lives with what was changed above.
    with instance:
        for name, value in (
            ("u8", 7),
            ("char", "ü"),
            ("text", "grüße"),
            ("numbers", [1, -2]),
            ("maybe", None),
        ):
            for way in ("echo", "via"):
                assert instance.call(f"{way}-{name}", value, NO_PAD) == value
        with pytest.raises(InvalidValue):
            instance.call("echo-u8", 300, NO_PAD)


@pytest.mark.usefixtures("_forgetting")
def test_what_needs_the_fast_calls_says_so_on_such_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    _big_endian(monkeypatch)
    with (
        pytest.warns(RuntimeWarning, match="64-bit little-endian"),
        pytest.raises(UnsupportedEngine, match="64-bit little-endian"),
        instance_of(limits=Limits(fuel=1_000_000)) as instance,
    ):
        instance.call("echo-text", "x", NO_PAD)


class Changing:
    """Another integer each time it is looked at."""

    def __init__(self, *values: int) -> None:
        self.values = itertools.cycle(values)

    def __index__(self) -> int:
        return next(self.values)


def test_a_value_that_is_another_one_after_it_was_checked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRSSYS_PUBLIC_LAYER", "1")
    with instance_of() as instance:
        for name, changing in (("u8", Changing(1, 300)), ("numbers", [1, Changing(1, 1 << 40)])):
            with pytest.raises(InvalidValue, match="values that stay the same"):
                instance.call(f"echo-{name}", changing, NO_PAD)
        assert instance.call("echo-u8", 7, NO_PAD) == 7
    with (
        instance_of(lambda value, pad: Changing(1, 300)) as instance,
        pytest.raises(HostImportFailed, match="values that stay the same"),
    ):
        instance.call("via-u8", 1, NO_PAD)
