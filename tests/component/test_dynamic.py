"""Calling a component without generated code."""

from __future__ import annotations

import types
from collections.abc import Iterator

import pytest
from calls_fixtures import playground_bytes
from natives import MEMORY, NO_PAD, build
from playground import Host

from airssys_sdk.component import (
    Component,
    Err,
    Instance,
    InstanceDead,
    InvalidType,
    LinkError,
    Ok,
)
from airssys_sdk.errors import UsageError
from airssys_sdk.wit import wave
from airssys_sdk.wit.shapes import RecordShape, ResultShape, VariantShape


@pytest.fixture(params=["plain", "metered"])
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    with Component.open(playground_bytes(), profile=request.param).instantiate(Host()) as made:
        yield made


def test_functions_are_called_by_any_name_that_is_unique(instance: Instance) -> None:
    for path in (
        "add",
        "api.add",
        "api#add",
        "test:calls/api.add",
        "test:calls/api@1.2.0#add",
        "api@1.2.0.add",
    ):
        assert instance.call(path, 2, 3) == 5
    assert instance.call("version") == 7
    assert instance.function("add")(b=3, a=4) == 7


def test_all_functions_are_listed(instance: Instance) -> None:
    assert "test:calls/api@1.2.0#relay" in instance.paths
    assert "version" in instance.paths


def test_imports_are_given_as_an_object_or_by_name() -> None:
    component = Component.open(playground_bytes())
    clock = Host().clock
    logged: list[str] = []
    for imports in (
        Host(),
        types.SimpleNamespace(clock=clock, log=logged.append),
        {"test:calls/clock@1.2.0": clock, "log": logged.append},
        {"clock": clock, "log": logged.append},
    ):
        with component.instantiate(imports) as instance:
            assert instance.call("time") == 1_700_000_000
            instance.call("say", "hello")
    assert logged == ["hello"] * 3
    with pytest.raises(LinkError, match="clock"):
        component.instantiate()


def test_results_raise_and_values_have_classes_with_the_names_of_generated_code(instance: Instance) -> None:
    answer = instance.function("answer")
    shape = answer.signature.result
    assert isinstance(shape, ResultShape)
    assert isinstance(shape.ok, RecordShape)
    assert isinstance(shape.err, VariantShape)
    item = shape.ok.cls("a-1", 3, ["x"], None)
    assert repr(item) == "Item(id='a-1', price_cents=3, tags=['x'], ratio=None)"
    assert answer(Ok(item), NO_PAD) == item
    missing = shape.err.cases[0].cls("a-1")
    assert repr(missing) == "LookupError_Missing(value='a-1')"
    with pytest.raises(Err) as caught:
        answer(Err(missing), NO_PAD)
    assert caught.value.value == missing


def test_text_is_read_and_printed_by_the_signature(instance: Instance) -> None:
    call = wave.parse_call("api.add(-2, 5)", lambda path: instance.function(path).signature)
    function = instance.function(call.path)
    assert wave.format(function(*call.arguments), function.signature.result) == "3"


def test_a_bad_argument_names_the_function(instance: Instance) -> None:
    with pytest.raises(InvalidType, match=r"test:calls/api@1\.2\.0#add: a: expected an integer"):
        instance.call("add", "1", 2)


def test_an_unknown_function_is_an_error_with_the_nearest(instance: Instance) -> None:
    with pytest.raises(UsageError) as caught:
        instance.call("api.ad", 1, 2)
    assert "no function api.ad" in str(caught.value)
    assert "test:calls/api@1.2.0#add" in str(caught.value)
    with pytest.raises(UsageError, match=r"no function nowhere\.add"):
        instance.call("nowhere.add", 1, 2)


def test_a_name_that_two_interfaces_have_is_asked_about() -> None:
    wit = """package t:t; interface a { f: func() -> u32; } interface b { f: func() -> u32; } world w { export a; export b; }"""
    core = '(module (func (export "t:t/a#f") (result i32) (i32.const 1)) (func (export "t:t/b#f") (result i32) (i32.const 2)))'
    with Component.open(build(wit, core, "w")).instantiate() as instance:
        with pytest.raises(UsageError, match="2 functions f"):
            instance.call("f")
        assert (instance.call("a.f"), instance.call("b.f")) == (1, 2)


def test_functions_of_a_resource_are_called_by_their_full_names() -> None:
    wit = """package t:t; interface a { resource r { constructor(); } make: func() -> r; two: func() -> u32; } world w { export a; }"""
    core = f"""(module {MEMORY}
      (import "[export]t:t/a" "[resource-new]r" (func $new (param i32) (result i32)))
      (func (export "t:t/a#[constructor]r") (result i32) (call $new (i32.const 1)))
      (func (export "t:t/a#make") (result i32) (call $new (i32.const 1)))
      (func (export "t:t/a#two") (result i32) (i32.const 2)))"""
    core = (
        core.replace(MEMORY, "")
        .replace("(module ", "(module ")
        .replace("(result i32) (i32.const 2)))", f"(result i32) (i32.const 2)) {MEMORY})")
    )
    with Component.open(build(wit, core, "w")).instantiate() as instance:
        assert instance.call("two") == 2
        assert isinstance(instance.call("make"), instance.resource("r"))
        assert isinstance(instance.call("a.[constructor]r"), instance.resource("t:t/a.r"))


def test_a_closed_instance_refuses_calls() -> None:
    instance = Component.open(playground_bytes()).instantiate(Host())
    instance.close()
    with pytest.raises(InstanceDead):
        instance.call("version")
