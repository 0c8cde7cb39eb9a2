"""Calling a component without generated code."""

from __future__ import annotations

import types
from collections.abc import Iterator

import pytest
from calls_fixtures import playground_bytes
from natives import MEMORY, NO_PAD, PAD, build, echo
from playground import Host

from airssys_sdk.component import (
    Cache,
    Component,
    Err,
    Instance,
    InstanceDead,
    InvalidType,
    InvalidValue,
    LinkError,
    Ok,
    Some,
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


RECORDS = f"""package t:t;
interface goods {{
  enum colour {{ red, dark-red }}
  record size {{ wide: u32, high: u32 }}
  record thing {{ name: string, its-size: size, tint: colour, note: option<string>, spare: option<size> }}
  variant choice {{ none, one(thing), many(list<thing>) }}
  type pad = {PAD};
  give-thing: func(value: thing, pad: pad) -> thing;
  give-choice: func(value: choice, pad: pad) -> choice;
  nested: func(value: list<tuple<string, option<option<size>>>>, pad: pad) -> list<tuple<string, option<option<size>>>>;
  outcome: func(value: result<size, colour>, pad: pad) -> result<size, colour>;
  crate: func(value: colour, other: size) -> u32;
}}
world w {{ export goods; }}"""
RECORDS_CORE = f"""(module {MEMORY}
  (func (export "t:t/goods#give-thing") (param i32) (result i32) (local.get 0))
  (func (export "t:t/goods#give-choice") (param i32) (result i32) (local.get 0))
  (func (export "t:t/goods#nested") (param i32) (result i32) (local.get 0))
  (func (export "t:t/goods#outcome") (param i32) (result i32) (local.get 0))
  (func (export "t:t/goods#crate") (param i32 i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 100)) (i32.mul (local.get 1) (local.get 2)))))"""


@pytest.fixture(params=["plain", "metered"])
def goods(request: pytest.FixtureRequest) -> Iterator[Instance]:
    component = Component.open(build(RECORDS, RECORDS_CORE, "w"), profile=request.param)
    with component.instantiate() as instance:
        yield instance


def test_mappings_stand_for_records_and_labels_for_enums(goods: Instance) -> None:
    size = {"wide": 2, "high": 3}
    thing = goods.call(
        "give-thing",
        {"name": "box", "its-size": size, "tint": "dark-red", "spare": {"wide": 1, "high": 1}},
        NO_PAD,
    )
    assert (thing.name, thing.its_size.high, thing.tint.name, thing.note) == ("box", 3, "DARK_RED", None)
    assert thing.spare.wide == 1
    again = {
        "name": "box",
        "its_size": thing.its_size,
        "tint": thing.tint,
        "note": None,
        "spare": thing.spare,
    }
    assert goods.call("give-thing", types.MappingProxyType(again), NO_PAD) == thing
    thing.its_size = size  # an object with a mapping inside is as good, and is not changed
    assert goods.function("give-thing")(value=thing, pad=NO_PAD).its_size.high == 3
    assert thing.its_size is size
    assert goods.function("crate")("dark-red", other=size) == 106


def test_mappings_stand_inside_of_every_other_value(goods: Instance) -> None:
    size = {"wide": 2, "high": 3}
    nested = goods.call("nested", [("a", Some(size)), ["b", Some(None)], ("c", None)], NO_PAD)
    assert [(name, inner and inner.value and inner.value.high) for name, inner in nested] == [
        ("a", 3),
        ("b", None),
        ("c", None),
    ]
    assert goods.call("outcome", Ok(size), NO_PAD).wide == 2
    with pytest.raises(Err) as caught:
        goods.call("outcome", Err("red"), NO_PAD)
    assert caught.value.value.name == "RED"
    shape = goods.function("give-choice").signature.parameters[0].shape
    assert isinstance(shape, VariantShape)
    one = goods.call(
        "give-choice", shape.cases[1].cls({"name": "n", "its_size": size, "tint": "red"}), NO_PAD
    )
    assert one.value.its_size.wide == 2
    many = [
        {"name": "n", "its_size": size, "tint": "red"},
        {"name": "n", "its_size": {"high": 1}, "tint": "red"},
    ]
    with pytest.raises(InvalidType, match=r"value\.value\[1\]\.its_size: .* got a mapping without wide"):
        goods.call("give-choice", shape.cases[2].cls(many), NO_PAD)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"name": "n", "tint": "red"}, "expected the fields of Thing: name, its_size, .* got a mapping without its_size"),
        ({"name": "n", "its_size": {"wide": 1, "hihg": 2}, "tint": "red"}, r"value\.its_size: .* without high and one with 'hihg'"),
        ({"name": "n", "its_size": {"wide": 1, "high": -2}, "tint": "red"}, r"value\.its_size\.high: expected u32"),
        ({"name": "n", "its_size": {"wide": 1, "high": 2}, "tint": "blue"}, r"value\.tint: expected a member of Colour or a label: red, dark-red, got 'blue'"),
        ({"name": 5, "its_size": {"wide": 1, "high": 2}, "tint": "red"}, r"value\.name: expected str"),
        (5, "expected Thing"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_says_where(goods: Instance, value: object, told: str) -> None:
    with pytest.raises((InvalidValue, InvalidType), match=told):
        goods.call("give-thing", value, NO_PAD)
    assert goods.call("crate", "red", {"wide": 1, "high": 1}) == 1  # the instance is as good as before


def test_too_many_arguments_are_told_as_such(goods: Instance) -> None:
    with pytest.raises(TypeError, match="takes 2 positional arguments but 3 were given"):
        goods.call("crate", "red", {"wide": 1, "high": 1}, 3)


def test_a_misspelt_resource_is_an_error_with_the_nearest() -> None:
    wit = "package t:t; interface a { resource cursor; open: func() -> cursor; } world w { export a; }"
    core = f"""(module {MEMORY}
      (import "[export]t:t/a" "[resource-new]cursor" (func $new (param i32) (result i32)))
      (func (export "t:t/a#open") (result i32) (call $new (i32.const 1))))"""
    core = core.replace(MEMORY, "", 1).removesuffix(")") + MEMORY + ")"
    with Component.open(build(wit, core, "w")).instantiate() as instance:
        with pytest.raises(UsageError, match=r"no resource a\.cursr") as caught:
            instance.resource("a.cursr")
        assert caught.value.details == "- t:t/a#cursor"
        assert caught.value.hint == "did you mean this one?"
        with pytest.raises(UsageError, match="no resource nothing") as caught:
            instance.resource("nothing")
        assert (caught.value.details, caught.value.hint) == ("- t:t/a#cursor", "these are exported")


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
    assert caught.value.details == "- test:calls/api@1.2.0#add"
    assert caught.value.hint == "did you mean this one?"
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


def test_what_a_host_lacks_is_told_with_the_keys_that_mean_nothing() -> None:
    component = Component.open(echo("", {"text": "string"}), cache=Cache(None))
    for imports, said in (
        (None, ["None has no attribute 'host'"]),
        (
            {"hots": object(), "t:t/host": None},
            ["the mapping has no attribute 'host'", "nothing of the name 'hots'"],
        ),
        (object(), ["an object of class object has no attribute 'host'"]),
    ):
        with pytest.raises(LinkError) as refused:
            component.instantiate(imports)
        for text in said:
            assert text in (refused.value.details or "")
        assert "instantiate() takes an object" in (refused.value.hint or "")
        assert "missing=" in (refused.value.hint or "")
