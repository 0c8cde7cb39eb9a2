"""What a core module inside a component imports and exports, read from these two sections alone.

The format is that of the core specification; code, data and types are never looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

from .sections import Reader, Unreadable, sections

MEMORY: Final = 2
_IMPORTS, _EXPORTS = 2, 7


class CoreModule:
    """A core module that stands in a component.

    Args:
        wasm: the component.
        begin: where the module begins.
        end: where it ends.
    """

    def __init__(self, wasm: bytes, begin: int, end: int) -> None:
        self._wasm = wasm
        self._begin = begin
        self._end = end

    @functools.cached_property
    def imports(self) -> frozenset[tuple[str, str]]:
        """What it imports: names of instances, and names in them.

        Raises:
            Unreadable: they are written in a way that is not known here.
        """
        found = set[tuple[str, str]]()
        for reader in self._items(_IMPORTS):
            found.add((reader.text(), reader.text()))
            _skip_type(reader)
        return frozenset(found)

    @functools.cached_property
    def memories(self) -> dict[str, int]:
        """The numbers of the memories that it exports, by name: a memory may have several names.

        Raises:
            Unreadable: its exports are written in a way that is not known here.
        """
        found = dict[str, int]()
        for reader in self._items(_EXPORTS):
            name, kind, number = reader.text(), reader.byte(), reader.number()
            if kind == MEMORY:
                found[name] = number
        return found

    def _items(self, wanted: int) -> Iterator[Reader]:
        """A reader before each item of a section."""
        for section, body, _ in sections(self._wasm, self._begin, self._end):
            if section == wanted:
                reader = Reader(self._wasm, body)
                for _ in range(reader.number()):
                    yield reader


def _skip_type(reader: Reader) -> None:
    """Pass the type of an import."""
    kind = reader.byte()
    if kind == 0:  # a function
        reader.skip_number()
    elif kind == 1:  # a table
        _skip_value_type(reader)
        _skip_limits(reader)
    elif kind == MEMORY:
        _skip_limits(reader)
    elif kind == 3:  # a global
        _skip_value_type(reader)
        reader.byte()
    elif kind == 4:  # a tag
        reader.byte()
        reader.skip_number()
    else:
        raise Unreadable("a module in it imports something of an unknown kind")


def _skip_value_type(reader: Reader) -> None:
    kind = reader.byte()
    if kind in {0x63, 0x64}:  # a reference to a type of the module's own
        reader.skip_number()
    elif kind < 0x63:
        raise Unreadable("a module in it imports something of an unknown type")


def _skip_limits(reader: Reader) -> None:
    flags = reader.byte()
    reader.skip_number()
    if flags & 1:  # there is a maximum
        reader.skip_number()
    if flags & 8:  # pages have a size of their own
        reader.skip_number()
