"""Names of a world that hide, in componentize-py's modules, what those modules need themselves.

A module of its begins with imports: of what it needs, and of the modules whose types it uses. Then come types,
resources and functions; in `wit_world` itself the class of the world's functions is the last. What is hidden while a
module is imported fails the build; what is hidden when a function is called fails the call.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from airssys_sdk.wit.model import Enum, Flags, Function, FunctionKind, TypeDef, Variant

from ..draft import ModuleDraft, field_name, type_name
from ..errors import Diagnostic
from ..namesfile import class_name
from ..selection import Selection
from ..walk import by_resource, constructor_of, returned, without_members

_TYPES = ((Enum, "Enum"), (Flags, "Flag"), (Variant, "Union"))
"""What the class of a type needs, under a name that another type can have."""

_MODULES = frozenset({"abstractmethod", "auto", "classmethod", "dataclass", "isinstance", "weakref"})
"""What a module needs, under a name that another module can have."""

_RUNTIME = "componentize_py_runtime"
_ASYNC_SUPPORT = "componentize_py_async_support"


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """A module of the bindings.

    Attributes:
        where: the interface or the world.
        draft: its plan.
        types: its types, resources included, in their order.
        imported: the functions in it that call the host, members of resources included.
        classes: the functions of each class that the guest implements.
    """

    where: str
    draft: ModuleDraft
    types: Sequence[TypeDef]
    imported: Sequence[Function] = ()
    classes: Sequence[Sequence[Function]] = ()

    def hidden(self, function: Function, name: str, whom: str) -> Diagnostic:
        return _hidden(f"{self.where}#{function.name}", name, whom)


def hiding(
    selection: Selection, modules: Sequence[tuple[ModuleDraft, Sequence[TypeDef]]]
) -> Iterator[Diagnostic]:
    """The places of a world where something is hidden.

    Args:
        selection: what of the world is generated.
        modules: every module of the bindings, with its types: the world's, those of imports and those of exports.
    """
    parts = _parts(selection, modules)
    for part in parts:
        yield from _beside_types(part)
        yield from _beside_modules(part)
        yield from _in_classes(part)
        yield from _above_classes(part)
        yield from _when_called(part)
    exports = [part for part in parts if part.draft.folder == "exports"]
    for part in exports:
        if class_name(part.draft.name) == "Protocol" and len(exports) > 1:
            yield _hidden(part.where, "Protocol", "the classes of the other exported interfaces")


def _parts(selection: Selection, modules: Sequence[tuple[ModuleDraft, Sequence[TypeDef]]]) -> list[_Part]:
    world, (root, *others) = selection.world, modules
    exported = tuple(world.exported_functions.values())
    imported = without_members(world.imported_functions.values())  # componentize-py leaves the members out
    parts = [_Part(world.path, *root, imported, [exported] if exported else [])]
    for item, (draft, types) in zip((*selection.imports, *selection.exports), others, strict=True):
        # Of an interface that has its name from the world, componentize-py leaves all functions out.
        functions = list(item.interface.functions.values()) if item.name is None else []
        if draft.folder == "imports":
            parts.append(_Part(item.wire_name, draft, types, functions))
        else:
            found = by_resource(functions)
            members = [found.get(resource, []) for resource in draft.resources]
            parts.append(_Part(item.wire_name, draft, types, (), [without_members(functions), *members]))
    return parts


def _beside_types(part: _Part) -> Iterator[Diagnostic]:
    names = [type_name(wit_type) for wit_type in part.types]
    for kind, needed in _TYPES:
        if needed in names:
            at = names.index(needed)
            if any(isinstance(after.declaration, kind) for after in part.types[at + 1 :]):
                yield _hidden(part.types[at].path, needed, "the types below it")


def _beside_modules(part: _Part) -> Iterator[Diagnostic]:
    name = part.draft.name
    if name in _MODULES and part.types:
        yield Diagnostic(
            part.where,
            "name",
            f"in componentize-py's modules that use its types, its module hides the '{name}' that they need",
            "give its module another name in the names file",
        )


def _in_classes(part: _Part) -> Iterator[Diagnostic]:
    """Methods whose names the decorators of those below have."""
    members = by_resource(part.imported)
    imported = [members.get(resource, []) for resource in part.draft.resources]
    for functions in (*part.classes, *imported):
        for at, function in enumerate(functions):
            name = "__init__" if constructor_of(function) else field_name(function.item)
            if name not in ("abstractmethod", "classmethod"):
                continue
            below = functions[at + 1 :]
            if name == "abstractmethod" and below and functions in part.classes:
                yield part.hidden(function, name, "the functions below it")
            if name == "classmethod" and any(one.kind is FunctionKind.STATIC for one in below):
                yield part.hidden(function, name, "the static functions below it")


def _above_classes(part: _Part) -> Iterator[Diagnostic]:
    """What stands above classes that the guest implements, and has the name of something that they need."""
    if part.draft.folder == "":
        whom = "the functions that the world exports"
        for function in without_members(part.imported):
            if part.classes and field_name(function.name) == "abstractmethod":
                yield part.hidden(function, "abstractmethod", whom)
    elif part.draft.folder == "exports":
        whom = "the resources beside it"
    else:
        return
    for wit_type in part.types:
        if type_name(wit_type) != "Protocol":
            continue
        others = [one for one in part.draft.resources if one is not wit_type]
        if part.classes if part.draft.folder == "" else others:
            yield _hidden(wit_type.path, "Protocol", whom)


def _when_called(part: _Part) -> Iterator[Diagnostic]:
    """Functions, types and parameters with the names of what calling the host needs."""
    needed = {name for function in part.imported for name in _needed(function)}
    for function in without_members(part.imported):
        if (name := field_name(function.name)) in needed:
            yield part.hidden(function, name, "the functions of its module")
    for wit_type in part.types:
        if type_name(wit_type) == "Err" and "isinstance" in needed:
            yield _hidden(wit_type.path, "Err", "the functions beside it, which return errors as values then")
    for function in part.imported:
        for parameter in function.parameters:
            if (name := field_name(parameter.name)) in _needed(function):
                yield Diagnostic(
                    f"{part.where}#{function.name}({parameter.name})",
                    "name",
                    f"in componentize-py's module its name hides the '{name}' that the function itself needs",
                    "give the parameter another name",
                )


def _needed(function: Function) -> Iterator[str]:
    """What the Python of a function that calls the host needs."""
    yield _RUNTIME
    if constructor_of(function):
        yield "weakref"
    elif returned(function):
        yield "isinstance"
    if function.is_async:
        yield _ASYNC_SUPPORT


def _hidden(where: str, name: str, whom: str) -> Diagnostic:
    return Diagnostic(
        where,
        "name",
        f"in componentize-py's module its name hides the '{name}' that is needed by {whom}",
        "rename it",
    )
