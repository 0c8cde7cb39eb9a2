"""What componentize-py gets wrong: worlds for which its modules are invalid, fail at import, or leave something out.

Read in componentize-py 0.25.1 and tried; a build with such a world would fail late, or its guest would misbehave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from airssys_sdk.wit.model import FunctionKind, Record, TypeDef

from ..draft import ModuleDraft
from ..errors import Diagnostic
from ..selection import Selection
from .hiding import hiding
from .linked import TAKEN


def holes(selection: Selection, modules: Sequence[tuple[ModuleDraft, Sequence[TypeDef]]]) -> list[Diagnostic]:
    """The places of a world that componentize-py gets wrong.

    Args:
        selection: what of the world is generated.
        modules: every module of the bindings, with its types in the order in which they stand there.
    """
    found = [*_left_out(selection), *_resources(selection), *_receivers(selection), *_linked(selection)]
    for _, types in modules:
        found += _fields(types)
    return [*found, *hiding(selection, modules)]


def _left_out(selection: Selection) -> Iterator[Diagnostic]:
    """Interfaces that are imported twice."""
    world = selection.world
    imported: dict[str, str] = {}
    for item in world.imported_interfaces:
        path = item.interface.path if item.interface.name is not None else item.wire_name
        other = imported.setdefault(path, item.wire_name)
        if other != item.wire_name:
            yield Diagnostic(
                f"{world.path}#{item.wire_name}",
                "interface imported twice",
                f"it is the interface '{other}' once more, which componentize-py cannot build",
                "import it once",
            )


def _resources(selection: Selection) -> Iterator[Diagnostic]:
    """Members of resources that componentize-py's own attributes hide."""
    for functions, hidden in (
        (selection.imported(), ("handle", "finalizer")),
        (selection.exported(), ("finalizer",)),
    ):
        for where, function in functions:
            if function.kind is FunctionKind.METHOD and function.item in hidden:
                yield Diagnostic(
                    where,
                    "name",
                    f"componentize-py keeps an attribute named '{function.item}' in every such resource",
                    "rename the method",
                )


def _receivers(selection: Selection) -> Iterator[Diagnostic]:
    """Parameters named like the one that Python puts before them."""
    imported = (
        (where, function) for where, function in selection.imported() if function.resource is not None
    )
    for where, function in (*imported, *selection.exported()):
        receiver = "cls" if function.kind is FunctionKind.STATIC else "self"
        given = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
        if any(parameter.name == receiver for parameter in given):
            yield Diagnostic(
                where,
                "name",
                f"componentize-py writes two parameters named '{receiver}' for it, which is not Python",
                "give the parameter another name",
            )


def _linked(selection: Selection) -> Iterator[Diagnostic]:
    """Exports of the world itself that meet others of the same name where componentize-py links a guest."""
    world = selection.world
    for name in world.exported_functions:
        if name in TAKEN:
            yield Diagnostic(
                f"{world.path}#{name}",
                "name",
                f"componentize-py exports it beside the function '{name}' of the C library, which fails the build",
                "rename it, or move it into an interface",
            )
    names = [item.name for item in selection.exports if item.name is not None]
    if "exports" in (*world.exported_functions, *names):
        yield Diagnostic(
            f"{world.path}#exports",
            "name",
            "componentize-py itself exports an interface of this name from every guest",
            "rename it",
        )


def _fields(types: Iterable[TypeDef]) -> Iterator[Diagnostic]:
    for wit_type in types:
        fields = wit_type.declaration.fields if isinstance(wit_type.declaration, Record) else ()
        if "mro" in [field.name for field in fields[:-1]]:
            yield Diagnostic(
                f"{wit_type.path}.mro",
                "name",
                "componentize-py's dataclass takes 'mro', which every class has, for its default value",
                "rename the field, or make it the record's last",
            )
