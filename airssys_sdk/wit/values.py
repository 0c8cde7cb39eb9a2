"""The value classes that Python lacks: `Ok` and `Err` for `result`, `Some` for a nested `option`.

They have the names and shapes that a guest gets from componentize-py, so a value reads the same on both sides.
"""

from __future__ import annotations

import dataclasses
from typing import Generic, TypeVar, cast

T = TypeVar("T")
E = TypeVar("E")


@dataclasses.dataclass(slots=True)
class Some(Generic[T]):
    """The present case of an `option` whose payload is itself an `option`: `Some[T | None] | None`."""

    value: T


@dataclasses.dataclass(slots=True)
class Ok(Generic[T]):
    """The success case of a `result` that stands inside another value. An `ok` without payload is `Ok(None)`."""

    value: T


class Err(Exception, Generic[E]):
    """The failure case of a `result`: raised by functions, and a value like any other inside other values.

    An ordinary exception: it takes notes, pickles, and passes through context managers. For each error type of
    an interface the generator emits a subclass, and calls raise that subclass, so `except` is typed. Two `Err`
    are equal when their values are, whatever the subclass.
    """

    def __init__(self, value: E) -> None:
        super().__init__(value)
        self.value = value

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}(value={self.value!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Err):
            return NotImplemented
        return bool(self.value == cast("Err[object]", other).value)

    def __hash__(self) -> int:
        return hash(
            Err
        )  # the same for all: equal errors may be of different classes and carry unhashable values
