"""Limits: what one instance of a component may use up.

Fuel and deadline are per call and need the `metered` profile; memory belongs to the instance and works in both.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from ...errors import UsageError

DEFAULT_SLICE: Final = 1_000_000
"""Fuel of one slice: 80-160 us of a busy guest on a machine of 2024, one Python bytecode costs about 100."""

PAGE: Final = 65_536
"""Bytes of a WebAssembly page; memory grows in pages."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What one instance may use; None means no limit.

    Attributes:
        fuel: units of work per call, one is about one WebAssembly instruction. Beyond it: `FuelExhausted`.
        deadline: seconds of wall time per call, waiting for host imports included. Beyond it: `DeadlineExceeded`.
        memory: bytes of each linear memory. The engine refuses to grow beyond; what the guest makes of it is its
            affair, most die (`MemoryExhausted`).
        slice_fuel: fuel after which a metered call gives the thread back; shorter slices are fairer and cost more.

    Raises:
        UsageError: a limit is not a number, or not above zero.
    """

    fuel: int | None = None
    deadline: float | None = None
    memory: int | None = None
    slice_fuel: int = DEFAULT_SLICE

    def __post_init__(self) -> None:
        for name, value in (("fuel", self.fuel), ("memory", self.memory), ("slice_fuel", self.slice_fuel)):
            if value is not None and not _is_count(value):
                raise UsageError(
                    f"the limit {name} must be a whole number from 1 to {_LARGEST}, not {value!r}"
                )
        if self.memory is not None and self.memory < PAGE:
            raise UsageError(
                f"the limit memory is {self.memory} bytes, less than one page of {PAGE} bytes",
                hint="a Python guest needs about 32 MiB",
            )
        if self.deadline is not None and not _is_duration(self.deadline):
            raise UsageError(
                f"the limit deadline must be a number of seconds above zero, not {self.deadline!r}"
            )

    @property
    def metered(self) -> bool:
        """Whether these limits need the `metered` profile."""
        return self.fuel is not None or self.deadline is not None

    @property
    def bulk(self) -> bool:
        """Whether byte strings may pass through adapters (see `Component.open`) without anybody noticing.

        What an adapter does costs fuel, which is the guest's. And its memory is limited like the guest's: without adapter
        2.7 MB can come back; the adapter of a function that gives back what it is given holds the digits of both and the
        result itself, five times as much.
        """
        return self.fuel is None and (self.memory is None or self.memory >= _ROOM)


_LARGEST: Final = (1 << 63) - 1
_ROOM: Final = 16 << 20
"""Bytes of memory with which an adapter carries all that could be carried without it."""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LARGEST


def _is_duration(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and math.isfinite(value)
    )
