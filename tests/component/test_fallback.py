"""The engine's public layer gives the same values and errors, and takes over where the engine is not recognised."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import pytest
from effort import times
from hypothesis import Phase, given, reject
from hypothesis import strategies as st
from natives import NO_PAD, echo
from strategies import Types, values, wit_types

from airssys_sdk.component import (
    Component,
    Err,
    InvalidType,
    InvalidValue,
    Limits,
    Ok,
    Some,
    UnsupportedEngine,
)
from airssys_sdk.component.engine.cache import Cache

pytestmark = pytest.mark.fallback


class GiveBack:
    """Implements every import by returning its argument."""

    def __getattr__(self, name: str) -> Any:
        return lambda value, pad: value


@pytest.fixture(autouse=True)
def _public_layer(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    monkeypatch.setenv("AIRSSYS_PUBLIC_LAYER", "1")


@times(8, phases=[Phase.explicit, Phase.generate])
@given(data=st.data(), drawn=wit_types())
def test_both_layers_give_the_same_values(
    monkeypatch: pytest.MonkeyPatch, data: st.DataObject, drawn: Types
) -> None:
    named = {f"t{number}": f"tuple<{drawn_type}, u64>" for number, drawn_type in enumerate(drawn.types)}
    component = Component.open(echo("\n".join(drawn.declarations), named), cache=Cache(None))
    host = types.SimpleNamespace(host=GiveBack())
    try:
        public = component.instantiate(host)
    except UnsupportedEngine:
        reject()
    with monkeypatch.context() as patch, public:
        patch.delenv("AIRSSYS_PUBLIC_LAYER")
        with component.instantiate(host) as compiled:
            for name in named:
                for way in ("echo", "via"):
                    slow, fast = public.function(f"{way}-{name}"), compiled.function(f"{way}-{name}")
                    slow_value = data.draw(values(slow.signature.parameters[0].shape), label=name)
                    assert slow(slow_value, NO_PAD) == slow_value
                    fast_value = _translated(slow_value, slow, fast)
                    assert fast(fast_value, NO_PAD) == fast_value


def _translated(value: Any, source: Any, target: Any) -> Any:
    """The same value with the classes of another instance."""
    from airssys_sdk.wit import wave

    text = wave.format(value, source.signature.parameters[0].shape)
    return wave.parse(text, target.signature.parameters[0].shape)


TYPES = {
    "numbers": "list<u8>",
    "text": "string",
    "char": "char",
    "single": "f32",
    "deep": "option<option<u32>>",
    "outcome": "tuple<result<list<u32>, string>, u64>",
}


@pytest.mark.parametrize(
    ("name", "bad", "kind", "path"),
    [
        ("numbers", [1, 256], InvalidValue, "value[1]"),
        ("numbers", 5, InvalidType, "value"),
        ("text", "\ud800", InvalidValue, "value"),
        ("char", "\ud800", InvalidValue, "value"),
        ("single", 1e300, InvalidValue, "value"),
        ("deep", 3, InvalidType, "value"),
        ("outcome", (Ok([1, True]), 1), InvalidType, "value[0].value[1]"),
    ],
)
def test_the_same_values_are_refused(name: str, bad: object, kind: type[Exception], path: str) -> None:
    with Component.open(echo("", TYPES)).instantiate(types.SimpleNamespace(host=GiveBack())) as instance:
        with pytest.raises(kind) as caught:
            instance.call(f"echo-{name}", bad, NO_PAD)
        error: Any = caught.value
        assert (error.path, error.function) == (path, f"t:t/api#echo-{name}")
        assert instance.call("echo-deep", Some(None), NO_PAD) == Some(None)
        assert instance.call("via-outcome", (Err("x"), 1), NO_PAD) == (Err("x"), 1)


def test_types_whose_cases_the_public_layer_would_mix_up_are_refused() -> None:
    component = Component.open(echo("variant v { number(u32), truth(bool) }", {"x": "tuple<v, u64>"}))
    with pytest.raises(UnsupportedEngine, match="cannot tell the cases"):
        component.instantiate(types.SimpleNamespace(host=GiveBack()))


def test_calls_in_slices_are_refused() -> None:
    component = Component.open(echo("", {"text": "string"}), profile="metered")
    instance = component.instantiate(types.SimpleNamespace(host=GiveBack()), limits=Limits(fuel=1_000_000))
    with instance, pytest.raises(UnsupportedEngine, match="need an engine that is recognised"):
        instance.call("echo-text", "x", NO_PAD)


def test_an_engine_of_another_version_is_used_through_its_public_layer_with_a_warning(tmp_path: Path) -> None:
    claimed = tmp_path / "wasmtime-51.0.0.dist-info"
    claimed.mkdir()
    (claimed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: wasmtime\nVersion: 51.0.0\n", encoding="utf-8"
    )
    program = f"""
        import sys, types, warnings
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from natives import NO_PAD, echo
        from airssys_sdk.component import Component
        from airssys_sdk.component.engine.cache import Cache
        give = types.SimpleNamespace(host=types.SimpleNamespace(give_text=lambda value, pad: value))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with Component.open(echo("", {{"text": "string"}}), cache=Cache(None)).instantiate(give) as instance:
                print(instance.call("via-text", "grüße", NO_PAD))
        print(*(f"{{warning.category.__name__}}: {{warning.message}}" for warning in caught))
    """
    environment = {name: value for name, value in os.environ.items() if name != "AIRSSYS_PUBLIC_LAYER"}
    environment |= {"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    value, warning, *_ = done.stdout.splitlines()
    assert value == "grüße"
    assert warning.startswith("RuntimeWarning: calls into components are slow")
    assert "the fast calls know wasmtime 50, installed is 51.0.0" in warning
