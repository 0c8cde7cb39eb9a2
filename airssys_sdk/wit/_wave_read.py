"""Reading one WAVE value of a known shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._text import nearest
from ._wave_lex import KEYWORDS, Cursor, Token, decode_string
from ._wave_types import DEPTH, RANGES, describe, flattens, to_f32
from .annotations import Scalar
from .shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
    HandleShape,
    ListShape,
    MapShape,
    OptionShape,
    RecordShape,
    ResultShape,
    ScalarShape,
    Shape,
    TupleShape,
    VariantShape,
)
from .values import Ok, Some


def read_value(cursor: Cursor, shape: Shape, depth: int = 0) -> Any:
    """The value that stands at the cursor, which moves behind it.

    Raises:
        WaveError: something else stands there.
    """
    if depth > DEPTH:
        raise cursor.unexpected(f"a value that nests at most {DEPTH} types")
    match shape:
        case ScalarShape(scalar):
            return _scalar(cursor, scalar)
        case BytesShape():
            return bytes(_integer(cursor, Scalar.U8) for _ in cursor.items("[", "]", describe(shape)))
        case ListShape(element):
            return [read_value(cursor, element, depth + 1) for _ in cursor.items("[", "]", describe(shape))]
        case MapShape():
            return _map(cursor, shape, depth)
        case TupleShape(elements):
            return _tuple(cursor, elements, shape, depth)
        case RecordShape():
            return _record(cursor, shape, depth)
        case VariantShape():
            return _variant(cursor, shape, depth)
        case EnumShape(_, _, members):
            known = {member.name: member.member for member in members}
            _, name = _name(cursor, known, describe(shape), "case")
            cursor.advance()
            return known[name]
        case FlagsShape():
            return _flags(cursor, shape)
        case OptionShape():
            return _option(cursor, shape, depth)
        case ResultShape():
            return _result(cursor, shape, depth)
        case HandleShape():
            raise cursor.unexpected(
                f"{describe(shape)}, which has no text: a resource cannot be written down"
            )


def _scalar(cursor: Cursor, scalar: Scalar) -> bool | int | float | str:
    token = cursor.token
    match scalar:
        case Scalar.BOOL:
            if token.text not in ("true", "false"):
                raise cursor.unexpected("bool (`true` or `false`)")
            return cursor.advance().text == "true"
        case Scalar.F32 | Scalar.F64:
            if token.kind != "number" and token.text not in ("nan", "inf"):
                raise cursor.unexpected(scalar.value)
            number = float(cursor.advance().text)
            return to_f32(number) if scalar is Scalar.F32 else number
        case Scalar.CHAR:
            return _char(cursor)
        case Scalar.STRING:
            if token.kind not in ("string", "lines"):
                raise cursor.unexpected("string", hint='a string stands in double quotes: "..."')
            return decode_string(cursor, cursor.advance())
        case _:
            return _integer(cursor, scalar)


def _integer(cursor: Cursor, scalar: Scalar) -> int:
    low, high = RANGES[scalar]
    token = cursor.token
    digits = token.text.removeprefix("-")
    if token.kind != "number" or not digits.isdecimal():
        raise cursor.unexpected(scalar.value)
    # No integer type has more than 20 digits, and Python refuses to convert very long ones.
    if len(digits) > 20 or not low <= int(token.text) <= high:
        raise cursor.unexpected(f"{scalar.value} ({low} to {high})")
    cursor.advance()
    return int(token.text)


def _char(cursor: Cursor) -> str:
    token = cursor.token
    if token.kind != "char":
        raise cursor.unexpected(
            "char", hint="a character stands in single quotes: 'x'" if token.kind == "string" else None
        )
    text = cursor.unescape(token.text[1:-1], token.start + 1)
    if len(text) != 1:
        raise cursor.unexpected("char (exactly one character)")
    cursor.advance()
    return text


def _tuple(cursor: Cursor, elements: tuple[Shape, ...], shape: TupleShape, depth: int) -> tuple[Any, ...]:
    found: list[Any] = []
    for at in cursor.items("(", ")", describe(shape)):
        if at == len(elements):
            raise cursor.unexpected(f"`)` after the {len(elements)} elements of {describe(shape)}")
        found.append(read_value(cursor, elements[at], depth + 1))
        if len(found) < len(elements) and cursor.token.text == ")":
            raise cursor.unexpected(f"`,` and element {len(found) + 1} of {describe(shape)}")
    if len(found) < len(elements):
        raise cursor.unexpected(f"{len(elements)} elements for {describe(shape)}")
    return tuple(found)


def _map(cursor: Cursor, shape: MapShape, depth: int) -> dict[Any, Any]:
    """A map is a list of pairs, which is what it is on the wire; WAVE itself does not know maps yet."""
    found: dict[Any, Any] = {}
    pair = TupleShape((shape.key, shape.value))
    for _ in cursor.items("[", "]", describe(shape)):
        token = cursor.token
        key, value = _tuple(cursor, pair.elements, pair, depth)
        if key in found:
            raise cursor.problem("the key is given twice", token.start, expected="another key")
        found[key] = value
    return found


def _record(cursor: Cursor, shape: RecordShape, depth: int) -> Any:
    expected = describe(shape)
    known = {field.name: field for field in shape.fields}
    found: dict[str, Any] = {}
    opening = cursor.token
    cursor.require("{", expected)
    if cursor.skip(":"):
        cursor.require("}")
    else:
        while not cursor.skip("}"):
            if found:
                cursor.require(",", "`,` or `}`")
                if cursor.skip("}"):
                    break
            token, name = _name(cursor, known, expected, "field", keywords=True)
            if name in found:
                raise cursor.problem(f"field `{name}` is given twice", token.start, expected="another field")
            cursor.advance()
            cursor.require(":", f"`:` and the value of field `{name}`")
            found[name] = read_value(cursor, known[name].shape, depth + 1)
        if not found:
            raise cursor.unexpected(
                f"a field of {expected}", opening, hint="a record with every field left out is `{:}`"
            )
    values: list[Any] = []
    for field in shape.fields:
        if field.name not in found and not isinstance(field.shape, OptionShape):
            raise cursor.unexpected(f"field `{field.name}` ({describe(field.shape)}) in {expected}", opening)
        values.append(found.get(field.name))
    return shape.cls(*values)


def _variant(cursor: Cursor, shape: VariantShape, depth: int) -> Any:
    cases = {case.name: case for case in shape.cases}
    _, name = _name(cursor, cases, describe(shape), "case")
    cursor.advance()
    case = cases[name]
    if case.payload is None:
        _no_payload(cursor, name)
        return case.cls()
    return case.cls(_payload(cursor, name, case.payload, depth))


def _flags(cursor: Cursor, shape: FlagsShape) -> Any:
    known = {member.name: shape.cls(member.member) for member in shape.members}
    value = shape.cls(0)
    for _ in cursor.items("{", "}", describe(shape)):
        token, name = _name(cursor, known, describe(shape), "flag", keywords=True)
        flag = known[name]
        if flag in value:
            raise cursor.problem(f"flag `{name}` is given twice", token.start, expected="another flag")
        value |= flag
        cursor.advance()
    return value


def _option(cursor: Cursor, shape: OptionShape, depth: int) -> Any:
    token = cursor.token
    if token.text == "none":
        cursor.advance()
        _no_payload(cursor, "none")
        return None
    if token.text == "some":
        cursor.advance()
        value = _payload(cursor, "some", shape.payload, depth)
    elif flattens(shape.payload):
        value = read_value(cursor, shape.payload, depth + 1)
    else:
        raise cursor.unexpected(f"{describe(shape)} (`some(...)` or `none`)")
    return Some(value) if shape.wrapped else value


def _result(cursor: Cursor, shape: ResultShape, depth: int) -> Any:
    token = cursor.token
    if token.text in ("ok", "err"):
        cursor.advance()
        payload = shape.ok if token.text == "ok" else shape.err
        value = None
        if payload is None:
            _no_payload(cursor, token.text)
        else:
            value = _payload(cursor, token.text, payload, depth)
        return Ok(value) if token.text == "ok" else shape.raised(value)
    if shape.ok is not None and flattens(shape.ok):
        return Ok(read_value(cursor, shape.ok, depth + 1))
    raise cursor.unexpected(f"{describe(shape)} (`ok` or `err`)")


def _payload(cursor: Cursor, name: str, shape: Shape, depth: int) -> Any:
    cursor.require("(", f"`(` and the payload of `{name}` ({describe(shape)})")
    value = read_value(cursor, shape, depth + 1)
    cursor.require(")")
    return value


def _no_payload(cursor: Cursor, name: str) -> None:
    if cursor.token.text == "(":
        raise cursor.unexpected(f"no payload, which `{name}` does not have")


def _name(
    cursor: Cursor, known: Iterable[str], of: str, what: str, *, keywords: bool = False
) -> tuple[Token, str]:
    """The known name at the cursor, which stays before it."""
    token = cursor.token
    names = list(known)
    listed = f"a {what} of {of}" + (f" ({', '.join(names)})" if 0 < len(names) <= 12 else "")
    if token.kind != "label":
        raise cursor.unexpected(listed)
    if token.text in KEYWORDS and not keywords:
        raise cursor.unexpected(listed, hint=f"write `%{token.text}`" if token.text in names else None)
    name = token.text.removeprefix("%")
    if name not in names:
        close = nearest(name, names)
        raise cursor.unexpected(listed, hint=f"did you mean `{close}`?" if close else None)
    return token, name
