"""The memory that the calls of one bound function share: cells of arguments that lie ready, and the result's.

Sharing is safe because one call at a time runs in an instance: a call touches the memory only while it occupies the instance.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Mapping
from typing import Any, cast

from ..engine.abi import CELL, Abi
from ..engine.foreign import ready


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """The memory of a bound function.

    Attributes:
        template: the arguments' cells and what lies behind them.
        links: where the address of which byte of it stands.
        result: where the result's cell begins.
    """

    template: bytes
    links: Mapping[int, int]
    result: int


class Slots(bytearray):
    """The memory of one bound function; frees what its result's cell owns when nobody refers to it or its views any more.

    What `call`, `release` and `view` give keeps it.
    """

    __slots__ = ("_adapter", "_parameters", "_result")

    def __init__(
        self, adapter: Abi, plan: Plan, function: bytes, context: int, arity: int, results: int
    ) -> None:
        super().__init__(plan.template + bytes(CELL))
        address = adapter.fixed(self)
        for at, target in plan.links.items():
            struct.pack_into("<Q", self, at, address + target)
        self._adapter = adapter
        self._result = adapter.pointer(address + plan.result)
        self._parameters: tuple[Any, ...] = (
            function,
            adapter.pointer(context),
            adapter.pointer(address) if arity else None,
            adapter.size(arity),
            self._result if results else None,
            adapter.size(results),
        )

    def call(self) -> Callable[[], int | None]:
        """The call of the function with the arguments that lie ready: gives the address of an error or None."""
        return ready(self._adapter.call, self._parameters, self)

    def release(self) -> Callable[[], None]:
        """The call that frees what the result's cell owns."""
        return ready(self._adapter.delete, (self._result,), self)

    def at(self, offset: int) -> int:
        """The address of a byte of the memory."""
        return self._adapter.fixed(self) + offset

    def view(self, code: str) -> memoryview[Any]:
        """The memory as items of one struct format."""
        whole: Any = memoryview(self)
        return cast("memoryview[Any]", whole.cast(code))

    def __del__(self) -> None:
        if hasattr(self, "_result"):  # or else an interrupt ended `__init__`
            self._adapter.delete(self._result)
