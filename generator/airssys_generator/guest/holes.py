"""What componentize-py gets wrong: worlds for which its modules are invalid, fail at import, or leave something out.

Read in componentize-py 0.25.1 and tried; a build with such a world would fail late, or its guest would misbehave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from airssys_sdk.wit.model import Enum, Flags, Function, FunctionKind, Record, TypeDef, Variant

from ..draft import ModuleDraft, field_name, type_name
from ..errors import Diagnostic
from ..namesfile import class_name
from ..selection import Selection, place
from ..walk import returned

_USED = ((Enum, "Enum"), (Flags, "Flag"), (Variant, "Union"))
"""What a type's class needs when its module is imported, under a name that another type can take."""


def holes(selection: Selection, modules: Sequence[tuple[ModuleDraft, Sequence[TypeDef]]]) -> list[Diagnostic]:
    """The places of a world that componentize-py gets wrong.

    Args:
        selection: what of the world is generated.
        modules: every module of the bindings, with its types in the order in which they stand there.
    """
    found = [*_left_out(selection), *_resources(selection), *_selfs(selection), *_protocols(selection)]
    for _, types in modules:
        found += _fields(types)
        found += _shadows(types)
    return [*found, *_unwrapping(selection, modules)]


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


def _selfs(selection: Selection) -> Iterator[Diagnostic]:
    exported = [
        (place(item, function.name), function)
        for item in selection.exports
        for function in item.interface.functions.values()
    ]
    world = selection.world
    exported += [(f"{world.path}#{name}", function) for name, function in world.exported_functions.items()]
    for where, function in exported:
        receiver = "cls" if function.kind is FunctionKind.STATIC else "self"
        given = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
        if any(parameter.name == receiver for parameter in given):
            yield Diagnostic(
                where,
                "name",
                f"componentize-py writes two parameters named '{receiver}' for it, which is not Python",
                "give the parameter another name",
            )


def _protocols(selection: Selection) -> Iterator[Diagnostic]:
    """An interface named `protocol` hides what the classes after it derive from."""
    names = [item.wire_name for item in selection.exports if class_name(_last(item.wire_name)) == "Protocol"]
    if names and len(selection.exports) > 1:
        yield _hidden(names[0], "Protocol", "the classes of the other exported interfaces")


def _last(wire_name: str) -> str:
    return wire_name.rsplit("/", 1)[-1].split("@")[0]


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


def _shadows(types: Sequence[TypeDef]) -> Iterator[Diagnostic]:
    names = [type_name(wit_type) for wit_type in types]
    for kind, needed in _USED:
        if needed in names:
            at = names.index(needed)
            if any(isinstance(after.declaration, kind) for after in types[at + 1 :]):
                yield _hidden(types[at].path, needed, "the types below it")


def _unwrapping(
    selection: Selection, modules: Sequence[tuple[ModuleDraft, Sequence[TypeDef]]]
) -> Iterator[Diagnostic]:
    """What an imported function with a result needs when it is called: `Err` and `isinstance`."""
    drafts = {(module.folder, module.name): types for module, types in modules}
    sides: list[tuple[Sequence[TypeDef], Iterable[Function], str]] = [
        (drafts["", "__init__"], selection.world.imported_functions.values(), selection.world.path)
    ]
    modules_of_imports = [module for module, _ in modules if module.folder == "imports"]
    for item, module in zip(selection.imports, modules_of_imports, strict=True):
        sides.append((drafts["imports", module.name], item.interface.functions.values(), item.wire_name))
    for types, functions, where in sides:
        if not any(returned(function) for function in functions):
            continue
        for wit_type in types:
            if type_name(wit_type) == "Err":
                yield _hidden(
                    wit_type.path, "Err", "the functions beside it, which return errors as values then"
                )
        if any(field_name(function.name) == "isinstance" for function in functions):
            yield _hidden(f"{where}#isinstance", "isinstance", "the functions beside it")


def _hidden(where: str, name: str, whom: str) -> Diagnostic:
    return Diagnostic(
        where,
        "name",
        f"in componentize-py's module its name hides the '{name}' that is needed by {whom}",
        "rename it",
    )
