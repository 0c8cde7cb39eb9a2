"""Types of functions in the text format of components, with lists of numbers as they are or as strings.

A component must give names to the records, variants, enums and flags that its functions take or give. What a name is does
not matter to anybody who calls them, so they are numbered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...wit import model
from .forms import plain, width_of

_TYPE_NAME: Final = "airssys-bulk-type-"


class TypeTexts:
    """The types that one scope of the text needs: those with names, in an order in which each stands after its parts.

    Args:
        bulk: whether lists of numbers are strings.
        stem: how the identifiers of its types begin.
    """

    def __init__(self, *, bulk: bool, stem: str = "$t") -> None:
        self._bulk = bulk
        self._stem = stem
        self._numbers: dict[model.TypeDef, int] = {}
        self._definitions: list[str] = []

    def function(self, function: model.Function) -> str:
        """The parameters and the result of a function."""
        parameters = [f"(param {quoted(p.name)} {self.type(p.type)})" for p in function.parameters]
        result = [] if function.result is None else [f"(result {self.type(function.result)})"]
        return " ".join([*parameters, *result])

    def type(self, of: model.Type) -> str:
        """A type where it is used."""
        of = plain(of)
        match of:
            case model.Primitive():
                return of.value
            case model.TypeDef():
                return self._named(of)
            case model.ListType() if self._bulk and width_of(of) is not None:
                return "string"
            case model.ListType(element):
                return f"(list {self.type(element)})"
            case model.MapType(key, value):
                return f"(map {self.type(key)} {self.type(value)})"
            case model.TupleType(elements):
                return f"(tuple {self._all(elements)})"
            case model.OptionType(payload):
                return f"(option {self.type(payload)})"
            case model.ResultType(ok, err):
                error = "" if err is None else f" (error {self.type(err)})"
                return f"(result{'' if ok is None else ' ' + self.type(ok)}{error})"
            case _:
                raise NotImplementedError(f"{type(of).__name__} is not passed through an adapter")

    def in_instance_type(self) -> list[str]:
        """The named types as declarations of an instance type."""
        return [
            f"(type {self._stem}-{n} {text}) (export {quoted(_TYPE_NAME + str(n))} (type {self._stem}{n} (eq {self._stem}-{n})))"
            for n, text in enumerate(self._definitions)
        ]

    def defined(self) -> list[str]:
        """The named types as definitions of the component around it, see `given`."""
        return [f"(type {self._stem}{n} {text})" for n, text in enumerate(self._definitions)]

    def given(self) -> list[str]:
        """The named types as exports of an instance, which has to have those of its functions."""
        return [
            f"(export {quoted(_TYPE_NAME + str(n))} (type {self._stem}{n}))"
            for n in range(len(self._definitions))
        ]

    def _named(self, definition: model.TypeDef) -> str:
        number = self._numbers.get(definition)
        if number is None:
            text = self._definition(definition.declaration)
            number = self._numbers[definition] = len(self._definitions)
            self._definitions.append(text)
        return f"{self._stem}{number}"

    def _definition(self, declaration: model.Declaration) -> str:
        match declaration:
            case model.Record(fields):
                parts = " ".join(f"(field {quoted(f.name)} {self.type(f.type)})" for f in fields)
                return f"(record {parts})"
            case model.Variant(cases):
                return f"(variant {' '.join(map(self._case, cases))})"
            case model.Enum(labels):
                return f"(enum {' '.join(quoted(label.name) for label in labels)})"
            case model.Flags(labels):
                return f"(flags {' '.join(quoted(label.name) for label in labels)})"
            case _:
                raise NotImplementedError(f"{type(declaration).__name__} is not passed through an adapter")

    def _case(self, case: model.Case) -> str:
        payload = "" if case.payload is None else f" {self.type(case.payload)}"
        return f"(case {quoted(case.name)}{payload})"

    def _all(self, types: Iterable[model.Type]) -> str:
        return " ".join(map(self.type, types))


def quoted(text: str) -> str:
    """A string of the text format."""
    return '"' + "".join(_letter(byte) for byte in text.encode()) + '"'


def _letter(byte: int) -> str:
    letter = chr(byte)
    return letter if 0x20 <= byte < 0x7F and letter not in '"\\' else f"\\{byte:02x}"
