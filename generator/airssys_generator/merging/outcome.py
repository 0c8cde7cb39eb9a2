"""What comes of a merge: the author's module, what was done to it, and what the author has to do."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

from ..errors import Diagnostic

Kind: TypeAlias = Literal["added", "updated", "marked", "unmarked", "renamed"]


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What a merge did to a class or a method of the author's.

    Attributes:
        kind: `added` with a body that raises NotImplementedError; `updated`: another signature; `marked`: it left the WIT;
            `unmarked`: it came back; `renamed`: its name in the names file was changed.
        name: `Class` or `Class.method`; for `renamed` it is `Old -> New`.
    """

    kind: Kind
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Merged:
    """An author's module, brought up to the WIT.

    Attributes:
        text: the module.
        changes: what was done to which class or method; empty when the WIT asks for nothing that is not there.
        lost: what its author has to look at before it can run: where the code still has names of bindings that are gone, and
            methods that await although they may not any more.
    """

    text: str
    changes: tuple[Change, ...] = ()
    lost: tuple[Diagnostic, ...] = ()
