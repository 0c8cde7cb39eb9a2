"""WAVE text: values and calls are read, printed and refused as the encoding says."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from effort import times
from hypothesis import given
from hypothesis import strategies as st

from airssys_sdk.errors import UsageError, ValidationError
from airssys_sdk.wit import annotations as wit
from airssys_sdk.wit import wave
from airssys_sdk.wit.annotations import Scalar
from airssys_sdk.wit.shapes import (
    BytesShape,
    ListShape,
    MapShape,
    OptionShape,
    Parameter,
    ResultShape,
    ScalarShape,
    Shape,
    Signature,
    TupleShape,
    signature_of,
)
from airssys_sdk.wit.values import Err, Ok, Some
from airssys_sdk.wit.wave import FunctionPath, WaveError

from .shapes_for_tests import SHAPES, bits, enumeration, flags, record, values, variant

S = {scalar.value: ScalarShape(scalar) for scalar in Scalar}
U8, STRING, CHAR, BOOL, F32, F64 = S["u8"], S["string"], S["char"], S["bool"], S["f32"], S["f64"]
ITEM = record(["name", "count", "ok"], [STRING, OptionShape(U8), OptionShape(BOOL)])
ALL_OPTIONAL = record(["a", "b"], [OptionShape(U8), OptionShape(U8)])
KEYWORDS = enumeration(["true", "false", "some", "none", "ok", "err", "inf", "nan", "plain"])
RESPONSE = variant(["empty", "body", "err", "HTTP-2"], [None, BytesShape(), STRING, U8])
ACCESS = flags(["read", "write", "ok"])


def item(name: str, count: int | None = None, ok: bool | None = None) -> Any:
    return ITEM.cls(name, count, ok)


def refusal(text: str, shape: Shape) -> WaveError | None:
    try:
        wave.parse(text, shape)
    except WaveError as error:
        return error
    return None


@times(100)
@given(st.data())
def test_what_is_printed_reads_back_and_cannot_steer_a_terminal(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    value = data.draw(values(shape))
    text = wave.format(value, shape)
    assert text.isprintable()
    assert bits(wave.parse(text, shape)) == bits(value)


@times(75)
@given(st.floats(width=32), st.floats())
def test_floats_are_printed_with_the_digits_that_bring_back_their_bits(single: float, double: float) -> None:
    assert bits(wave.parse(wave.format(single, F32), F32)) == bits(single)
    assert bits(wave.parse(wave.format(double, F64), F64)) == bits(double)


@times(75)
@given(st.text(max_size=40), SHAPES)
def test_any_text_is_read_or_refused_with_a_column(text: str, shape: Shape) -> None:
    error = refusal(text, shape)
    if error is not None:
        assert error.line is not None
        assert error.column is not None
        assert 1 <= error.column <= len(text) + 1
        assert str(error).replace("\n", "").isprintable()


@times(75)
@given(st.data())
def test_damaged_text_is_read_or_refused_but_never_fails_otherwise(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    text = wave.format(data.draw(values(shape)), shape)
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(st.sampled_from(list("(){}[],:%'\"\\-1ax "))) + text[at + 1 :]
    error = refusal(damaged, shape)
    assert error is None or error.column is not None


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("true", BOOL, True),
        (" \r\n\t false // done", BOOL, False),
        ("255", U8, 255),
        ("-128", S["s8"], -128),
        ("-0", S["s32"], 0),
        ("18446744073709551615", S["u64"], 2**64 - 1),
        ("3.14", F64, 3.14),
        ("6.022e+23", F64, 6.022e23),
        ("1E2", F64, 100.0),
        ("7", F64, 7.0),
        ("inf", F64, math.inf),
        ("-inf", F32, -math.inf),
        ("1e999", F64, math.inf),
        ("3.4028234664e39", F32, math.inf),
        ("-1e39", F32, -math.inf),
        ("0.1", F32, 0.10000000149011612),
        ("1.4012984643e-46", F32, 0.0),
        ("'x'", CHAR, "x"),
        ("'☃'", CHAR, "☃"),
        (r"'\''", CHAR, "'"),
        ("'\"'", CHAR, '"'),
        (r"'\u{0}'", CHAR, "\0"),
        (r"'\u{10FFFF}'", CHAR, "\U0010ffff"),
        ('""', STRING, ""),
        (r'''"abc\t123 \"q\" \\ \n\r \u{1F600} '"''', STRING, 'abc\t123 "q" \\ \n\r \U0001f600 \''),
        ('"(a, b] // no comment"', STRING, "(a, b] // no comment"),
        ("[]", BytesShape(), b""),
        ("[0, 127,255,]", BytesShape(), b"\x00\x7f\xff"),
        ("['a', 'b',]", ListShape(CHAR), ["a", "b"]),
        ('("abc", 123)', TupleShape((STRING, U8)), ("abc", 123)),
        ("(1,)", TupleShape((U8,)), (1,)),
        ('[("a", 1), ("b", 2)]', MapShape(STRING, U8), {"a": 1, "b": 2}),
        ('{name: "x"}', ITEM, item("x")),
        ('{count: none, name: "x",}', ITEM, item("x")),
        ('{%ok: true, %name: "x", count: 3}', ITEM, item("x", 3, True)),
        ("{:}", ALL_OPTIONAL, ALL_OPTIONAL.cls(None, None)),
        ("{ : }", ALL_OPTIONAL, ALL_OPTIONAL.cls(None, None)),
        ("{b: 2}", ALL_OPTIONAL, ALL_OPTIONAL.cls(None, 2)),
        ("plain", KEYWORDS, KEYWORDS.members[-1].member),
        ("%plain", KEYWORDS, KEYWORDS.members[-1].member),
        ("%true", KEYWORDS, KEYWORDS.members[0].member),
        ("empty", RESPONSE, RESPONSE.cases[0].cls()),
        ("body ([79, 75])", RESPONSE, RESPONSE.cases[1].cls(b"OK")),
        ('%err("oops")', RESPONSE, RESPONSE.cases[2].cls("oops")),
        ("HTTP-2(1)", RESPONSE, RESPONSE.cases[3].cls(1)),
        ("{}", ACCESS, ACCESS.cls(0)),
        ("{write, read,}", ACCESS, ACCESS.cls(3)),
        ("{ok}", ACCESS, ACCESS.cls(4)),
        ("none", OptionShape(U8), None),
        ("some(1)", OptionShape(U8), 1),
        ("1", OptionShape(U8), 1),
        ("some(none)", OptionShape(OptionShape(U8)), Some(None)),
        ("some(1)", OptionShape(OptionShape(U8)), Some(1)),
        ("some(some(1))", OptionShape(OptionShape(U8)), Some(1)),
        ("none", OptionShape(OptionShape(U8)), None),
        ("none", OptionShape(KEYWORDS), None),
        ("%none", OptionShape(KEYWORDS), KEYWORDS.members[3].member),
        ("ok", ResultShape(None, STRING), Ok(None)),
        ("ok(1)", ResultShape(U8, None), Ok(1)),
        ("1", ResultShape(U8, None), Ok(1)),
        ("err", ResultShape(U8, None), Err(None)),
        ('err("no")', ResultShape(None, STRING), Err("no")),
        ("ok(none)", ResultShape(OptionShape(U8), None), Ok(None)),
        ('"""\n"""', STRING, ""),
        ('"""\n\n"""', STRING, ""),
        ('"""\nA single line\n"""', STRING, "A single line"),
        ('"""\n    deep\n      deeper\n  """', STRING, "  deep\n    deeper"),
        ('"""\r\n  a\r\n  b\\r\r\n  """', STRING, "a\nb\r"),
        ('"""\n""\\"" \\u{2603}\n"""', STRING, '"""" ☃'),
        ('"""\n\nedges stay\n\n"""', STRING, "\nedges stay\n"),
    ],
)
def test_a_text_says_a_value(text: str, shape: Shape, value: object) -> None:
    found = wave.parse(text, shape)
    assert bits(found) == bits(value)


def test_nan_is_not_a_number() -> None:
    assert math.isnan(wave.parse("nan", F64))


@pytest.mark.parametrize(
    ("text", "shape", "column", "says"),
    [
        ("256", U8, 1, "expected u8 (0 to 255), got `256`"),
        ("-1", U8, 1, "expected u8 (0 to 255), got `-1`"),
        ("9" * 6000, U8, 1, "expected u8 (0 to 255), got `999"),
        ("1.0", U8, 1, "expected u8, got `1.0`"),
        ("1e2", U8, 1, "expected u8, got `1e2`"),
        ("true", U8, 1, "expected u8, got `true`"),
        ("01", U8, 2, "expected nothing after the value of type u8, got `1`"),
        ("", U8, 1, "expected u8, got the end"),
        ("1 2", U8, 3, "expected nothing after the value of type u8, got `2`"),
        ("yes", BOOL, 1, "expected bool (`true` or `false`), got `yes`"),
        ("NaN", F64, 1, "`NaN` means nothing here"),
        ("-nan", F64, 1, "`-nan` means nothing here"),
        ("infinity", F64, 1, "expected f64, got `infinity`"),
        ("-infinity", F64, 1, "means nothing here"),
        ('"1"', F64, 1, "expected f64"),
        ("''", CHAR, 1, "the character is not closed, or is none"),
        ("'ab'", CHAR, 1, "exactly one character"),
        ('"a"', CHAR, 1, "expected char"),
        (r"'\z'", CHAR, 2, r"`\z` is no escape"),
        (r"'\u{D800}'", CHAR, 2, "is no escape"),
        (r"'\u{110000}'", CHAR, 2, "is no escape"),
        (r"'\u{}'", CHAR, 2, "is no escape"),
        (r'"ab\x41"', STRING, 4, r"`\x41` is no escape"),
        ('"abc', STRING, 1, "the string is not closed on its line"),
        ('"a\nb"', STRING, 1, "the string is not closed on its line"),
        ("abc", STRING, 1, "expected string, got `abc`"),
        ('"\udc80"', STRING, 2, "no valid Unicode"),
        ('"""""', STRING, 1, "not closed"),
        ('""" """', STRING, 4, "must end its line"),
        ('"""\nx"""', STRING, 2, "must stand alone on its line"),
        ('"""\n  a\n b\n  """', STRING, 1, "a line is indented less"),
        ("[1, 2", BytesShape(), 6, "expected `,` or `]`, got the end"),
        ("[1,, 2]", BytesShape(), 4, "expected u8, got `,`"),
        ("[,]", BytesShape(), 2, "expected u8, got `,`"),
        ("[1, 300]", BytesShape(), 5, "u8 (0 to 255)"),
        ("{1}", BytesShape(), 1, "expected list<u8>, got `{`"),
        ("(1)", TupleShape((U8, U8)), 3, "element 2 of tuple<u8, u8>"),
        ("(1, 2, 3)", TupleShape((U8, U8)), 8, "after the 2 elements"),
        ("()", TupleShape((U8, U8)), 3, "2 elements"),
        ("[(1, 1), (1, 2)]", MapShape(U8, U8), 10, "the key is given twice"),
        ("{count: 1}", ITEM, 1, "field `name` (string) in record rec"),
        ('{name: "x", name: "y"}', ITEM, 13, "field `name` is given twice"),
        ('{nme: "x"}', ITEM, 2, "did you mean `name`?"),
        ('{name "x"}', ITEM, 7, "`:` and the value of field `name`"),
        ('{name: "x" count: 1}', ITEM, 12, "`,` or `}`"),
        ("{}", ALL_OPTIONAL, 1, "`{:}`"),
        ("{:, a: 1}", ALL_OPTIONAL, 3, "expected `}`"),
        ("true", KEYWORDS, 1, "write `%true`"),
        ("plan", KEYWORDS, 1, "did you mean `plain`?"),
        ("%other", KEYWORDS, 1, "a case of enum enu (true, false,"),
        ("empty(1)", RESPONSE, 6, "no payload, which `empty` does not have"),
        ("body", RESPONSE, 5, "`(` and the payload of `body` (list<u8>)"),
        ("body()", RESPONSE, 6, "expected list<u8>, got `)`"),
        ('err("oops")', RESPONSE, 1, "write `%err`"),
        ("{read, read}", ACCESS, 8, "flag `read` is given twice"),
        ("{read, exec}", ACCESS, 8, "a flag of flags fla (read, write, ok)"),
        ("some", OptionShape(U8), 5, "`(` and the payload of `some` (u8)"),
        ("none()", OptionShape(U8), 5, "no payload"),
        ("some(some(1))", OptionShape(U8), 6, "expected u8, got `some`"),
        ("1", OptionShape(OptionShape(U8)), 1, "option<option<u8>> (`some(...)` or `none`)"),
        ("ok(1)", ResultShape(None, None), 3, "no payload"),
        ("1", ResultShape(None, U8), 1, "result<_, u8> (`ok` or `err`)"),
        ("err", ResultShape(None, U8), 4, "the payload of `err` (u8)"),
        ("\x1b[31m", U8, 1, "`\\u{1b}` means nothing here"),
    ],
)
def test_a_text_that_says_no_such_value_is_refused_with_its_column(
    text: str, shape: Shape, column: int, says: str
) -> None:
    with pytest.raises(WaveError) as caught:
        wave.parse(text, shape)
    assert isinstance(caught.value, ValidationError)
    assert caught.value.column == column
    assert says in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


def test_an_error_says_line_column_expectation_and_find_and_shows_the_place() -> None:
    with pytest.raises(WaveError) as caught:
        wave.parse('{\n  name: "x",\n  count: many,\n}', ITEM)
    error = caught.value
    assert (error.line, error.column, error.expected, error.got) == (3, 10, "u8", "`many`")
    assert error.where == "line 3, column 10"
    assert error.details == "  count: many,\n         ^"


def test_the_place_is_shown_in_long_text_too() -> None:
    text = "[" + "1, " * 5000 + "x" + ", 1" * 5000 + "]"
    with pytest.raises(WaveError) as caught:
        wave.parse(text, BytesShape())
    shown, mark = (caught.value.details or "").splitlines()
    assert shown[mark.index("^")] == "x"
    assert len(shown) < 140


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        (-0.0, F64, "-0"),
        (100000.0, F64, "100000"),
        (1e16, F64, "1e+16"),
        (1e-7, F64, "1e-7"),
        (math.nan, F32, "nan"),
        (-math.inf, F64, "-inf"),
        (0.10000000149011612, F32, "0.1"),
        (3.4028234663852886e38, F32, "3.4028235e+38"),
        (2, F64, "2"),
        ("'", CHAR, r"'\''"),
        ('"', CHAR, "'\"'"),
        ("\\", CHAR, r"'\\'"),
        ("a\"b\\c\n\x1b[0m\u202e\u200b☃'", STRING, r'"a\"b\\c\n\u{1b}[0m\u{202e}\u{200b}☃' + "'\""),
        (b"\x00\xff", BytesShape(), "[0, 255]"),
        (item("x"), ITEM, '{name: "x"}'),
        (item("x", 1, False), ITEM, '{name: "x", count: some(1), ok: some(false)}'),
        (ALL_OPTIONAL.cls(None, None), ALL_OPTIONAL, "{:}"),
        (KEYWORDS.members[0].member, KEYWORDS, "%true"),
        (KEYWORDS.members[-1].member, KEYWORDS, "plain"),
        (RESPONSE.cases[2].cls("oops"), RESPONSE, '%err("oops")'),
        (ACCESS.cls(5), ACCESS, "{read, ok}"),
        (Some(None), OptionShape(OptionShape(U8)), "some(none)"),
        (Ok(None), ResultShape(None, U8), "ok"),
        (Err(3), ResultShape(None, U8), "err(3)"),
        ({1: "a"}, MapShape(U8, STRING), '[(1, "a")]'),
    ],
)
def test_a_value_is_printed_in_its_usual_form(value: object, shape: Shape, text: str) -> None:
    assert wave.format(value, shape) == text


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        *(
            (256, U8),
            (True, U8),
            ("1", U8),
            (1, BOOL),
            ("ab", CHAR),
            ("", CHAR),
            ("\ud800", STRING),
            ("\ud800", CHAR),
        ),
        *(
            (b"", STRING),
            ("x", BytesShape()),
            ((1,), TupleShape((U8, U8))),
            (7, RESPONSE),
            (7, KEYWORDS),
            (7, ACCESS),
        ),
        *(
            (1, OptionShape(OptionShape(U8))),
            (1, ResultShape(U8, None)),
            (object(), ITEM),
            (None, ListShape(U8)),
        ),
    ],
)
def test_a_value_of_another_type_is_refused(value: object, shape: Shape) -> None:
    with pytest.raises(WaveError, match="expected"):
        wave.format(value, shape)


def nested(levels: int) -> Shape:
    shape: Shape = U8
    for _ in range(levels):
        shape = ListShape(shape)
    return shape


def test_values_nest_as_deep_as_wit_types_do() -> None:
    text = "[" * 100 + "1" + "]" * 100
    assert wave.format(wave.parse(text, nested(100)), nested(100)) == text


def test_text_nested_beyond_all_types_is_refused() -> None:
    deep = "[" * 50_000
    with pytest.raises(WaveError, match="expected u8"):
        wave.parse(deep, BytesShape())
    with pytest.raises(WaveError, match="nests at most"):
        wave.parse(deep, nested(400))
    with pytest.raises(WaveError):
        wave.split_call(f"f({deep})")


def test_values_nested_beyond_all_types_are_refused() -> None:
    value: list[Any] = []
    for _ in range(300):
        value = [value]
    with pytest.raises(WaveError, match="nests more than"):
        wave.format(value, nested(400))


class TestCalls:
    SIGNATURE = Signature(
        "put",
        (
            Parameter("item", "item", ITEM),
            Parameter("count", "how-many", U8),
            Parameter("note", "note", OptionShape(STRING)),
            Parameter("mode", "mode", OptionShape(ACCESS)),
        ),
        None,
        raises=False,
    )

    def read(self, text: str) -> wave.Call:
        return wave.parse_call(text, lambda _: self.SIGNATURE)

    def test_arguments_are_read_by_the_functions_types(self) -> None:
        call = self.read('store.put({name: "x"}, 3, "hello", some({read}))')
        assert call.path == FunctionPath("store", "put")
        assert call.signature is self.SIGNATURE
        assert bits(call.arguments) == bits((item("x"), 3, "hello", ACCESS.cls(1)))

    @pytest.mark.parametrize("tail", ["", ",", ", none", ", none, none,", " // all\n"])
    def test_options_at_the_end_may_be_left_out(self, tail: str) -> None:
        assert bits(self.read(f'put({{name: "x"}}, 3{tail})').arguments) == bits((item("x"), 3, None, None))

    @pytest.mark.parametrize(
        ("text", "interface", "function"),
        [
            ("f()", None, "f"),
            (" f ( ) ", None, "f"),
            ("%list()", None, "list"),
            ("store.get-all()", "store", "get-all"),
            ("store#get-all()", "store", "get-all"),
            ("shop:stock/store.get()", "shop:stock/store", "get"),
            ("shop:stock/store#get()", "shop:stock/store", "get"),
            ("shop:stock/store@1.0.0.get()", "shop:stock/store@1.0.0", "get"),
            ("shop:stock/store@1.0.0#get()", "shop:stock/store@1.0.0", "get"),
            ("shop:stock/store@1.0.0-rc.1+b.2.get()", "shop:stock/store@1.0.0-rc.1+b.2", "get"),
            ("shop:stock/store.get@0.1.0()", "shop:stock/store@0.1.0", "get"),
            ("store.[static]cursor.merge()", "store", "[static]cursor.merge"),
            ("shop:stock/store@1.0.0#[constructor]cursor()", "shop:stock/store@1.0.0", "[constructor]cursor"),
        ],
    )
    def test_a_function_is_named_in_any_of_the_usual_ways(
        self, text: str, interface: str | None, function: str
    ) -> None:
        assert wave.split_call(text) == (FunctionPath(interface, function), ())

    def test_a_path_prints_in_a_form_that_reads_back(self) -> None:
        for path in (
            FunctionPath(None, "f"),
            FunctionPath("a:b/c@1.0.0", "f"),
            FunctionPath("c", "[static]r.f"),
        ):
            assert wave.split_call(f"{path}()")[0] == path

    @pytest.mark.parametrize(
        ("written", "wire_name", "fits"),
        [
            ("store", "shop:stock/store@1.0.0", True),
            ("store", "store", True),
            ("shop:stock/store", "shop:stock/store@1.0.0", True),
            ("shop:stock/store@1.0.0", "shop:stock/store@1.0.0", True),
            ("shop:stock/store@2.0.0", "shop:stock/store@1.0.0", False),
            ("other:stock/store", "shop:stock/store@1.0.0", False),
            ("tore", "shop:stock/store@1.0.0", False),
            ("stock/store", "shop:stock/store", False),
            (None, "shop:stock/store", False),
        ],
    )
    def test_a_path_fits_the_interfaces_that_it_names(
        self, written: str | None, wire_name: str, fits: bool
    ) -> None:
        assert FunctionPath(written, "f").fits(wire_name) is fits

    def test_a_call_can_be_taken_apart_without_its_types(self) -> None:
        path, arguments = wave.split_call('i.f({a: [1, 2], b: "),("}, (1, (2)), \'"\', some(x), -inf)')
        assert path == FunctionPath("i", "f")
        assert arguments == ('{a: [1, 2], b: "),("}', "(1, (2))", "'\"'", "some(x)", "-inf")

    @pytest.mark.parametrize(
        ("text", "column", "says"),
        [
            ("", 1, "expected a function"),
            ("put", 4, "expected `(` and the arguments of put, got the end"),
            ("1()", 1, "expected a function"),
            ("a.b.c()", 1, "expected a function"),
            ("a:b.c()", 1, "expected a function"),
            ("put(1)", 5, "expected record rec, got `1`"),
            ('put({name: "x"}, 256)', 18, "u8 (0 to 255)"),
            ('put({name: "x"})', 16, "put takes 4 arguments, got 1"),
            ('put({name: "x"}, 1, none, none, 2)', 33, "put takes 4 arguments"),
            ('put({name: "x"}, 1', 19, "`,` or `)`"),
            ('put({name: "x"}, 1) x', 21, "nothing after the call"),
        ],
    )
    def test_a_wrong_call_is_refused_with_its_column(self, text: str, column: int, says: str) -> None:
        with pytest.raises(WaveError) as caught:
            self.read(text)
        assert caught.value.column == column
        assert says in str(caught.value)

    def test_a_missing_argument_is_named(self) -> None:
        with pytest.raises(WaveError) as caught:
            self.read('put({name: "x"})')
        assert caught.value.hint == "the next argument is `how-many` (u8)"

    @pytest.mark.parametrize(
        "text", ["f(1, [2)", "f(]", "f((1)", "f(1,,2)", "f(,)", 'f("a)', "f(1", "f(1) 2", "f(})"]
    )
    def test_brackets_that_do_not_match_are_refused(self, text: str) -> None:
        with pytest.raises(WaveError) as caught:
            wave.split_call(text)
        assert caught.value.column is not None

    def test_what_the_lookup_says_of_an_unknown_function_reaches_the_caller(self) -> None:
        def nothing(path: FunctionPath) -> Signature:
            raise UsageError(f"there is no {path}")

        with pytest.raises(UsageError, match="there is no store#gte"):
            wave.parse_call("store.gte()", nothing)


@wit.record("shop:stock/store@1.0.0#line", {"http_ref": "HTTP-ref"})
@dataclasses.dataclass(slots=True)
class Line:
    sku: str
    count: wit.U32
    http_ref: str | None


@wit.case("shop:stock/store@1.0.0#refusal", "sold-out")
@dataclasses.dataclass(slots=True)
class Refusal_SoldOut:
    pass


@wit.case("shop:stock/store@1.0.0#refusal", "only")
@dataclasses.dataclass(slots=True)
class Refusal_Only:
    value: wit.U32


class RefusalRaised(Err[Refusal_SoldOut | Refusal_Only]):
    pass


class Store:
    @wit.function("take", raises=RefusalRaised)
    def take(self, line: Line, tags: list[bytes], gift: bool | None) -> wit.F32:
        raise NotImplementedError


def test_a_generated_method_is_called_and_answered_in_text() -> None:
    signature = signature_of(Store.take)
    call = wave.parse_call(
        'store.take({HTTP-ref: "x", sku: "a-1", count: 3}, [[1], []])', lambda _: signature
    )
    assert call.arguments == (Line("a-1", 3, "x"), [b"\x01", b""], None)
    assert signature.result is not None
    assert wave.format(Ok(0.1), signature.result) == "ok(0.1)"
    assert wave.format(RefusalRaised(Refusal_Only(2)), signature.result) == "err(only(2))"
    answer = wave.parse("err(sold-out)", signature.result)
    assert isinstance(answer, RefusalRaised)
    assert answer.value == Refusal_SoldOut()
