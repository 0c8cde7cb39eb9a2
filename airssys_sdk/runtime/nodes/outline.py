"""The tree of supervisors and actors of a node at one moment, as plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Container
from typing import Literal

from ..actors.cell import Cell
from ..actors.spec import Strategy
from ..actors.system import ActorSystem
from ..actors.tree import Idle
from ..messages.outcomes import Metrics
from ..state import State

Kind = Literal["supervisor", "component", "actor"]


@dataclasses.dataclass(frozen=True, slots=True)
class Outline:
    """One actor name with what lives below it.

    Attributes:
        name: what it is called; a number stands for no name.
        kind: whether it only supervises, is a component, or is any other actor.
        state: where in its life it is.
        restarts: lives that followed another one.
        strategy: of a supervisor.
        messages: what became of its messages, and how many wait.
        children: what it supervises, in start order.
    """

    name: str
    kind: Kind
    state: State
    restarts: int
    strategy: Strategy | None
    messages: Metrics
    children: tuple[Outline, ...]


def outline(system: ActorSystem, components: Container[str]) -> Outline:
    """The whole tree; `components` are the names of the actors that are components."""
    return _outline(system.cells()[0], components)


def _outline(cell: Cell, components: Container[str]) -> Outline:
    name, supervisor = str(cell), cell.supervisor
    kind: Kind = "actor"
    if name in components:
        kind = "component"
    elif isinstance(cell.actor, Idle) or supervisor is not None:
        kind = "supervisor"
    return Outline(
        name=name,
        kind=kind,
        state=cell.state,
        restarts=max(0, cell.restarts),
        strategy=supervisor.strategy if kind == "supervisor" and supervisor is not None else None,
        messages=cell.metrics(),
        children=()
        if supervisor is None
        else tuple(_outline(child, components) for child in supervisor.cells),
    )
