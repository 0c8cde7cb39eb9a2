"""Which functions go through an adapter: those with a list of numbers somewhere, if everything in them can."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ...wit import model
from ..running.wasi import is_wasi
from .forms import Impassable, form, has_numbers


@dataclasses.dataclass(frozen=True, slots=True)
class Selected:
    """The functions of one interface, or of the world itself, that go through an adapter.

    Attributes:
        name: the name of the interface in the component; None for the world itself.
        functions: the functions.
        others: the names of the other functions.
        types: the names of the types.
    """

    name: str | None
    functions: tuple[model.Function, ...]
    others: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


def exported(world: model.World) -> list[Selected]:
    """What goes through an adapter of what a component exports."""
    interfaces = [(item.wire_name, item.interface) for item in world.exported_interfaces]
    found = [_select(name, interface.functions.values(), interface) for name, interface in interfaces]
    return [each for each in [*found, _select(None, world.exported_functions.values())] if each.functions]


def imported(world: model.World) -> list[Selected]:
    """What goes through an adapter of what a component imports of its host. WASI is the engine's, which is fast without."""
    interfaces = [(item.wire_name, item.interface) for item in world.imported_interfaces]
    found = [
        _select(name, interface.functions.values(), interface)
        for name, interface in interfaces
        if not is_wasi(name)
    ]
    return [each for each in [*found, _select(None, world.imported_functions.values())] if each.functions]


def _select(
    name: str | None, functions: Iterable[model.Function], interface: model.Interface | None = None
) -> Selected:
    every = tuple(functions)
    chosen = tuple(function for function in every if _is_passable(function))
    others = tuple(function.name for function in every if function not in chosen)
    return Selected(name, chosen, others, () if interface is None else tuple(interface.types))


def _is_passable(function: model.Function) -> bool:
    if function.is_async or function.kind is not model.FunctionKind.FREESTANDING:
        return False
    try:
        forms = [form(parameter.type) for parameter in function.parameters]
        if function.result is not None:
            forms.append(form(function.result))
    except Impassable:
        return False
    return any(map(has_numbers, forms))
