"""How the functions are written that cross the border of a component, and those of the component model's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .sections import Reader, Unreadable

LIFT, LOWER = 0, 1
OPTION_MEMORY: Final = 3
OPTION_FUNCTIONS: Final = {4, 5, 7}
_OPTIONS_WITH_INDEX: Final = {3, 4, 5, 7, 8}

_BUILT_IN: Final = {
    **dict.fromkeys((0x05, 0x08, 0x0D, 0x1E, 0x1F, 0x22, 0x23, 0x24, 0x25, 0x26, 0x28, 0x42), ""),
    **dict.fromkeys((0x02, 0x03, 0x04, 0x07, 0x0E, 0x13, 0x14, 0x15, 0x1A, 0x1B, 0x40), "n"),
    **dict.fromkeys((0x06, 0x0C, 0x29, 0x2A, 0x2B, 0x2C, 0x2D), "b"),
    **dict.fromkeys((0x0F, 0x10, 0x16, 0x17), "no"),
    **dict.fromkeys((0x11, 0x12, 0x18, 0x19), "nb"),
    **dict.fromkeys((0x0A, 0x0B, 0x20, 0x21), "bn"),
    **dict.fromkeys((0x1C, 0x1D), "o"),
    **dict.fromkeys((0x27, 0x41), "nn"),
    0x09: "ro",
}
"""What follows the code of a function of the component model's own: numbers, bytes, options, and the type of a result."""


def options(reader: Reader) -> Iterator[tuple[int, int]]:
    """The options of a lifted or lowered function: which, and the index that it may have."""
    for _ in range(reader.number()):
        option = reader.byte()
        yield option, reader.number() if option in _OPTIONS_WITH_INDEX else 0


def skip_built_in(reader: Reader, code: int) -> None:
    """Pass what follows the code of a function of the component model's own.

    Raises:
        Unreadable: there is no such function.
    """
    if code not in _BUILT_IN:
        raise Unreadable("it has a function of an unknown kind")
    for part in _BUILT_IN[code]:
        if part == "b":
            reader.byte()
        elif part == "n":
            reader.skip_number()
        elif part == "o":
            list(options(reader))
        elif reader.byte():  # no result
            reader.byte()
        else:
            reader.skip_number()


class NamesReader(Reader):
    """Reads names with options as well, which say nothing here."""

    def name(self) -> str:
        """The name of an import or export."""
        if self.byte() < 2:
            return self.text()
        name = self.text()
        for _ in range(self.number()):
            self.byte()
            self.text()
        return name
