"""What a caller decides about the emitted code."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from .hooks import Hook
from .namesfile import NamesFile

Target: TypeAlias = Literal["host", "guest"]


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """Everything that may change the bytes of the output besides the WIT.

    Attributes:
        names: the names file of the project; None to start with an empty one.
        source: what was read, as the header of each file names it; None leaves it out. A relative path, please: the
            same input must give the same bytes everywhere.
        command: the command that produces the files again, for the headers; None leaves it out.
        seen_from: the folder from which the paths in `source` and `command` start, in words for the headers; None
            leaves it out.
        world_class: what a host's class of the world is called, in UpperCamelCase; None for the world's own name, which a
            component does not keep.
        actors: whether a host's package gets `actors`: the exported functions as those of a supervised component, awaited.
        hook: called with the plan of every module (`airssys_generator.plan`); what it returns is emitted in its place.
            It may add and change classes; the author's module of a guest is not among them.
        emit_names: whether `names.toml` is among the files.
    """

    names: NamesFile | None = None
    source: str | None = None
    command: str | None = None
    seen_from: str | None = None
    emit_names: bool = True
    world_class: str | None = None
    actors: bool = False
    hook: Hook | None = None
