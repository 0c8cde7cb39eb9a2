"""From pages to text. In both forms every value is escaped on its way in, unless a filter made it safe."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...resources import data_folder
from .pages import Block, Page, Piece, Reference
from .prose import fenced, markdown

if TYPE_CHECKING:
    from jinja2 import Environment


class Safe(str):
    """Markdown that a filter made."""

    __slots__ = ()


def html(reference: Reference) -> str:
    """One page with everything."""
    return _html().get_template("page.html.j2").render(reference=reference)


def markdown_page(reference: Reference, page: Page) -> str:
    """The Markdown file of one package."""

    def linked(pieces: Iterable[Piece]) -> Safe:
        return Safe("".join(_link(piece, page, reference) for piece in pieces))

    template = _markdown().get_template("package.md.j2")
    return template.render(reference=reference, page=page, linked=linked)


def _link(piece: Piece, page: Page, reference: Reference) -> str:
    if piece.anchor is None:
        return markdown(piece.text) if piece.text.strip() == piece.text else _spaced(piece.text)
    file = reference.files[piece.anchor]
    return f"[{markdown(piece.text)}]({'' if file == page.file else file}#{piece.anchor})"


def _spaced(text: str) -> str:
    """Markdown for a piece within a line, whose outer spaces count."""
    stripped = text.strip()
    before, _, after = text.partition(stripped) if stripped else (text, "", "")
    return before + markdown(stripped) + after


@functools.cache  # compiled templates
def _html() -> Environment:
    return _environment(autoescape=True)


@functools.cache
def _markdown() -> Environment:
    environment = _environment(autoescape=False)
    environment.finalize = _finalized
    filters: dict[str, Callable[..., Any]] = environment.filters
    filters.update(cell=_cell, code=_code, fenced=_fenced, heading=_heading, made=Safe)
    return environment


def _finalized(value: object) -> str:
    return value if isinstance(value, Safe) else markdown(str(value))


def _fenced(text: str) -> Safe:
    return Safe(fenced(text, "text"))


def _code(text: str) -> Safe:
    """Python names; they hold no backtick."""
    return Safe(f"`{text}`")


def _heading(depth: int) -> Safe:
    return Safe("#" * min(depth, 6))


def _cell(blocks: Iterable[Block]) -> Safe:
    """Documentation on one line."""
    return Safe(markdown(" ".join(" ".join(block.text for block in blocks).split())))


def _environment(*, autoescape: bool) -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_folder("templates") / "docs"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,  # noqa: S701  (for Markdown, `finalize` escapes instead)
    )
