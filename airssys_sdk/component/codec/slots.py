"""The memory that the calls of one bound function share: cells of arguments that lie ready, and the result's.

Sharing is safe because one call at a time runs in an instance: a call touches the memory only while it occupies the instance.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from ..engine.abi import CELL, Abi
from ..engine.foreign import COMPILED, ready

_ADDRESS: Final = 8


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

    What `call`, `direct`, `release` and `view` give keeps it.
    """

    __slots__ = ("_adapter", "_parameters", "_result")

    def __init__(
        self, adapter: Abi, plan: Plan, function: bytes, context: int, arity: int, results: int
    ) -> None:
        super().__init__(plan.template + bytes(CELL + _ADDRESS))
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

    def direct(self, codes: str, places: tuple[int, ...], most: int) -> Callable[..., Any]:
        """The call of the function with the numbers and texts that lie in these places, by the compiled module.

        Args:
            codes: for each argument that it takes, and for the result that it gives, the struct format; `s` is the
                `{size, data}` of a text, `x` for the result nothing.
            places: where each of them lies.
            most: a longer text in the result is freed at once, another one by the next call, which spares a foreign call.

        Returns:
            What gives the result; or `NotImplemented`, and then `error` tells. An argument that does not fit is an
            exception before the call.
        """
        address = self._adapter.fixed(self)
        absolute = tuple(address + place for place in places)
        made: Callable[..., Any] = COMPILED.direct(
            self.call(), codes, absolute, address + len(self) - _ADDRESS, self.release(), most
        )
        return made

    def error(self) -> int:
        """The address of the error of the last `direct` call that failed."""
        return int.from_bytes(self[-_ADDRESS:], "little")

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
