"""The sections of a component's binary: what it imports and exports, and the part that declares the imports.

Only the outline is read, as far as composing needs it; what types mean, wasm-tools says. The format is the component model's
Binary.md: a header, then sections of an id, a size and a body.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, get_args

Sort: TypeAlias = Literal["core module", "func", "value", "type", "component", "instance"]
"""What an import or export is, as the text format names it."""

HEADER: Final = b"\0asm\x0d\0\1\0"
COMPONENT: Final = 4

MODULE, CORE_INSTANCE, INSTANCE, ALIAS, CANON, IMPORT, EXPORT = 1, 2, 5, 6, 8, 10, 11
_CUSTOM, _TYPE = 0, 7
_SORTS: Final[tuple[Sort, ...]] = get_args(Sort)


class Unreadable(Exception):
    """The component is written in a way that is not known here; it can still be called without composing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """An import or export of a component.

    Attributes:
        name: its name.
        sort: what it is.
        index: its number among what the component has of this sort.
    """

    name: str
    sort: Sort
    index: int


@dataclasses.dataclass(frozen=True, slots=True)
class Outline:
    """What a component shows of itself.

    Attributes:
        declarations: a component of its own, which declares the same imports and has nothing else.
        imports: the imports, numbered as in `declarations`.
        exports: the exports.
    """

    declarations: bytes
    imports: tuple[Item, ...]
    exports: tuple[Item, ...]


def outline(wasm: bytes) -> Outline:
    """Read the outline of a component.

    Raises:
        Unreadable: its imports do not come first, or it has something that is not known here.
    """
    begin, imports, exports = len(HEADER), list[Item](), list[Item]()
    declaring, declared, count = True, [HEADER], Counter[Sort]()
    for section, body, end in sections(wasm):
        declaring = declaring and section in {_CUSTOM, _TYPE, IMPORT, ALIAS}
        if section == EXPORT:
            exports += Reader(wasm, body).exports()
        elif section == IMPORT and not declaring:
            raise Unreadable("it imports something after its first definition")
        elif declaring and section != _CUSTOM:
            reader = Reader(wasm, body)
            if section == _TYPE:
                count["type"] += reader.number()
            elif section == ALIAS:
                count.update(reader.aliases())
            else:
                for name, sort in reader.imports():
                    imports.append(Item(name, sort, count[sort]))
                    count[sort] += 1
            declared.append(wasm[begin:end])
        begin = end
    return Outline(b"".join(declared), tuple(imports), tuple(exports))


def sections(wasm: bytes, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int]]:
    """The id of each section of the component or module between two places, and where its body begins and ends.

    Raises:
        Unreadable: it ends within a section.
    """
    at, last = begin + len(HEADER), len(wasm) if end is None else end
    while at < last:
        reader = Reader(wasm, at + 1)
        size = reader.number()
        after = reader.at + size
        if after > last:
            raise Unreadable("it is cut short")
        yield wasm[at], reader.at, after
        at = after


def replace_first(wasm: bytes, section: int, body: bytes) -> bytes:
    """A component with another body in its first section of this id."""
    begin = len(HEADER)
    for found, _, end in sections(wasm):
        if found == section:
            return b"".join([wasm[:begin], bytes([section]), _encoded(len(body)), body, wasm[end:]])
        begin = end
    raise Unreadable(f"there is no section {section}")


class Reader:
    """Reads on from a place in the binary."""

    def __init__(self, wasm: bytes, at: int) -> None:
        self.wasm = wasm
        self.at = at

    def byte(self) -> int:
        """A byte."""
        if self.at >= len(self.wasm):
            raise Unreadable("it is cut short")
        self.at += 1
        return self.wasm[self.at - 1]

    def number(self) -> int:
        """An unsigned number of 32 bits (LEB128)."""
        value = shift = 0
        while shift < 35:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise Unreadable("a number in it is too long")

    def skip_number(self) -> None:
        """Pass a number of any width, signed or not."""
        while self.byte() >= 0x80:
            pass

    def text(self) -> str:
        """A text in UTF-8, after its size."""
        size = self.number()
        self.at += size
        try:
            return self.wasm[self.at - size : self.at].decode()
        except UnicodeDecodeError:
            raise Unreadable("a name in it is not UTF-8") from None

    def name(self) -> str:
        """The name of an import or export."""
        if self.byte() > 1:
            raise Unreadable("a name in it has options")
        return self.text()

    def sort(self) -> Sort:
        """What something is, if that is not of the core's."""
        number = self.byte()
        if number == 0 and self.byte() != 0x11:
            raise Unreadable("it has an import, export or alias of the core's")
        if number >= len(_SORTS):
            raise Unreadable("it has an import, export or alias of an unknown sort")
        return _SORTS[number]

    def imports(self) -> Iterator[tuple[str, Sort]]:
        """The name of each import, and what it is."""
        for _ in range(self.number()):
            name, sort = self.name(), self.sort()
            self._bound(sort)
            yield name, sort

    def exports(self) -> Iterator[Item]:
        """The exports, with their numbers among all of their sort."""
        for _ in range(self.number()):
            name, sort, index = self.name(), self.sort(), self.number()
            if self.byte():  # a type is ascribed to it
                self._bound(self.sort())
            yield Item(name, sort, index)

    def aliases(self) -> Iterator[Sort]:
        """What each alias of an instance's export is."""
        for _ in range(self.number()):
            sort = self.sort()
            if self.byte() != 0:
                raise Unreadable("its imports depend on more than imports")
            self.number()
            self.text()
            yield sort

    def _bound(self, sort: Sort) -> None:
        """Skip what follows the sort of an import: its type."""
        if sort == "value":
            raise Unreadable("it imports or exports a value")
        if sort == "type" and self.byte() == 1:
            return  # a fresh resource
        self.number()


def _encoded(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
