"""Random WIT types and values, from a seed: many more in a second than hypothesis draws, for which shrinking is given up."""

from __future__ import annotations

import dataclasses
import functools
import random
import struct
from collections.abc import Callable
from typing import Any

from strategies import KEYS, PRIMITIVES

from airssys_sdk.wit.annotations import Scalar
from airssys_sdk.wit.shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
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
from airssys_sdk.wit.values import Err, Ok, Some

_RANGES = {
    **{Scalar(f"s{bits}"): (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{Scalar(f"u{bits}"): (0, (1 << bits) - 1) for bits in (8, 16, 32, 64)},
}
_POINTS = (0, 9, 32, 127, 128, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1F41D, 0x10FFFF)
_LENGTHS = (0, 0, 1, 1, 2, 3, 9, 10, 11, 12, 40)


@dataclasses.dataclass
class RandomTypes:
    """Makes types.

    Attributes:
        rng: where chance comes from.
        declarations: the WIT of the named ones that were made.
    """

    rng: random.Random
    declarations: list[str] = dataclasses.field(default_factory=list[str])

    def make(self, levels: int) -> str:
        """A type nested up to so many levels, as WIT writes it."""
        rng = self.rng
        kinds = ["primitive", "enum", "flags"]
        if levels > 1:
            kinds += [
                "list",
                "list",
                "map",
                "option",
                "option",
                "result",
                "tuple",
                "record",
                "record",
                "variant",
            ]
            kinds += ["list", "record", "variant", "option"] * (levels > 3)
        kind = rng.choice(kinds)
        inner = functools.partial(self.make, levels - 1)
        match kind:
            case "primitive":
                return rng.choice(PRIMITIVES)
            case "enum" | "flags":
                most = 40 if kind == "enum" else 32
                labels = (f"label{'-x' * (i % 3)}{i}" for i in range(rng.randint(1, most)))
                return self._declare(kind, ", ".join(labels))
            case "list" | "option":
                return f"{kind}<{inner()}>"
            case "map":
                return f"map<{rng.choice(KEYS)}, {inner()}>"
            case "tuple":
                return f"tuple<{', '.join(inner() for _ in range(rng.randint(1, 4)))}>"
            case "result":
                form = rng.choice(["result", "result<{}>", "result<_, {}>", "result<{}, {}>"])
                return form.format(inner(), inner())
            case "record":
                fields = (f"field-{i}: {inner()}" for i in range(rng.randint(1, 5)))
                return self._declare(kind, ", ".join(fields))
            case _:
                cases = (
                    f"case-{i}" + (f"({inner()})" if rng.random() < 0.6 else "")
                    for i in range(rng.randint(1, 5))
                )
                return self._declare(kind, ", ".join(cases))

    def _declare(self, kind: str, body: str) -> str:
        name = f"{kind}-{len(self.declarations)}"
        self.declarations.append(f"{kind} {name} {{ {body} }}")
        return name


def random_value(shape: Shape, rng: random.Random, room: int = 3) -> Any:
    """A value of a shape, as Python code would write it; `room` is for how many levels lists may still be long."""
    of: Callable[[Shape], Any] = functools.partial(random_value, rng=rng, room=room)
    match shape:
        case ScalarShape(scalar):
            return _scalar(scalar, rng)
        case BytesShape():
            return rng.randbytes(rng.choice((0, 1, 5, 20, 300)))
        case ListShape():
            return [random_value(shape.element, rng, room - 1) for _ in range(_length(rng, room))]
        case MapShape():
            return {
                of(shape.key): random_value(shape.value, rng, room - 1) for _ in range(_length(rng, room))
            }
        case TupleShape():
            return tuple(of(element) for element in shape.elements)
        case RecordShape():
            return shape.cls(*(of(field.shape) for field in shape.fields))
        case VariantShape():
            case = rng.choice(shape.cases)
            return case.cls() if case.payload is None else case.cls(of(case.payload))
        case EnumShape():
            return rng.choice(shape.members).member
        case FlagsShape():
            return shape.cls(sum(m.member.value for m in shape.members if rng.random() < 0.5))
        case OptionShape():
            if rng.random() < 0.3:
                return None
            return Some(of(shape.payload)) if shape.wrapped else of(shape.payload)
        case ResultShape():
            side, cls = (shape.ok, Ok) if rng.random() < 0.5 else (shape.err, Err)
            return cls(None if side is None else of(side))
        case _:
            raise TypeError(f"no values of {shape!r}")


def _length(rng: random.Random, room: int) -> int:
    return rng.choice(_LENGTHS) if room > 0 else rng.choice((0, 1))


def _scalar(scalar: Scalar, rng: random.Random) -> Any:
    if scalar in _RANGES:
        low, high = _RANGES[scalar]
        return rng.choice(
            (low, high, 0, rng.randint(low, high), max(low, -rng.randint(0, 300)) if low else 1)
        )
    if scalar is Scalar.BOOL:
        return rng.random() < 0.5
    if scalar is Scalar.CHAR:
        return chr(rng.choice(_POINTS))
    if scalar is Scalar.STRING:
        points = _POINTS if rng.random() < 0.5 else range(32, 127)
        return "".join(chr(rng.choice(points)) for _ in range(rng.choice((0, 1, 3, 30))))
    bits = 32 if scalar is Scalar.F32 else 64
    real = rng.choice((0.0, -0.0, 1.5, -2.25, float("inf"), _float(rng, bits)))
    return real if real == real else 0.5  # NaN equals nothing


def _float(rng: random.Random, bits: int) -> float:
    code, whole = ("<f", "<I") if bits == 32 else ("<d", "<Q")
    found: float = struct.unpack(code, struct.pack(whole, rng.getrandbits(bits)))[0]
    return found
