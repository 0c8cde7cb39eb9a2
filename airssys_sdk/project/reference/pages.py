"""What the documentation shows, with every name, link and text decided; templates look nothing up."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of documentation.

    Attributes:
        text: the text, with its line feeds.
        laid_out: whether its line ends and indentation mean something, as in a list or an example.
    """

    text: str
    laid_out: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A piece of WIT text; with the anchor of what it names, if that is documented."""

    text: str
    anchor: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A field, case or flag of a type. `wit` is its type or payload, empty without one."""

    name: str
    wit: tuple[Piece, ...]
    python: str
    docs: tuple[Block, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A type or function.

    Attributes:
        kind: WIT's word for it.
        name: its WIT name.
        anchor: where links to it lead.
        wit: the line that declares it, for functions and aliases.
        python: its Python name; for a function with the names of its parameters.
        gates: since when, under which feature it exists, since when it should not be used.
        members: fields, cases or flags.
        functions: of a resource.
    """

    kind: str
    name: str
    anchor: str
    wit: tuple[Piece, ...]
    python: str
    docs: tuple[Block, ...]
    gates: tuple[str, ...]
    members: tuple[Member, ...] = ()
    functions: tuple[Entry, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """An interface or a world, or one side of a world.

    Attributes:
        kind: `interface`, `world`, `import` or `export`.
        name: its WIT name.
        anchor: where links to it lead.
        python: its names in generated code, each with `host` or `guest` before it.
        uses: the interfaces whose types it uses, each as a line of WIT.
        items: of a world: what it imports and exports, each as a line of WIT.
        inner: of a world: the interfaces that have no name elsewhere.
    """

    kind: str
    name: str
    anchor: str
    docs: tuple[Block, ...]
    gates: tuple[str, ...]
    python: tuple[tuple[str, str], ...]
    uses: tuple[tuple[Piece, ...], ...]
    types: tuple[Entry, ...]
    functions: tuple[Entry, ...]
    items: tuple[tuple[Piece, ...], ...] = ()
    inner: tuple[Section, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A package. `file` is the name of its Markdown file."""

    name: str
    anchor: str
    file: str
    docs: tuple[Block, ...]
    sections: tuple[Section, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """Everything: the main package first.

    Attributes:
        mark: what says in each file that it is ours, and from what it was made.
        pages: the packages.
        files: the Markdown file in which each anchor stands.
    """

    title: str
    mark: str
    pages: tuple[Page, ...]
    files: dict[str, str]
