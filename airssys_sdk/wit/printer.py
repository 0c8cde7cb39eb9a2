"""Printing the model as WIT text that reads back to the same model.

What the reader has already worked out stays worked out: a world shows what `include` brought as its own, a block of
nested packages becomes several files. Order, documentation and feature gates are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

from ..errors import ValidationError
from ._docs import doc_comment, quoted
from ._keywords import identifier
from .model import (
    Alias,
    Case,
    Enum,
    Field,
    Flags,
    Function,
    Interface,
    InterfaceItem,
    Label,
    Package,
    Record,
    Resolve,
    Resource,
    Stability,
    Type,
    TypeDef,
    Variant,
    World,
)
from .parts import function_parts, type_parts

_INDENT = "  "


class PrintError(ValidationError):
    """A model holds what WIT text cannot say; this happens only to models of components."""


def print_resolve(resolve: Resolve) -> dict[str, str]:
    """All packages as the files of a WIT folder.

    Returns:
        Posix paths to texts: the main package at the top, every other one below `deps/`.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    files = {f"{resolve.main.title}.wit": print_package(resolve.main)}
    for package in resolve.packages:
        if package is not resolve.main:
            version = f"-{package.version}" if package.version else ""
            files[f"deps/{package.namespace}-{package.title}{version}.wit"] = print_package(package)
    return files


def print_package(package: Package, *, docs: bool = True, version: str | None = None) -> str:
    """One package as one WIT file.

    Args:
        package: the package.
        docs: whether with documentation.
        version: another version for its header, for a package that must stand beside itself.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    blocks = [[*_docs(package.docs), f"package {_package_path(package, version)};"], *_members_of(package)]
    return "\n\n".join(_text(block, docs=docs) for block in blocks) + "\n"


def print_together(resolve: Resolve, members: Collection[Interface | World] | None = None) -> str:
    """Everything as one WIT file: the main package, then the others as nested packages.

    Args:
        resolve: what was read.
        members: the interfaces and worlds to print; None for all of them.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    main = resolve.main
    blocks = [[*_docs(main.docs), f"package {_package_path(main)};"], *_members_of(main, members)]
    for package in resolve.packages:
        inner = _separated(_members_of(package, members))
        if package is not main and (inner or members is None):
            blocks.append([*_docs(package.docs), *_block(f"package {_package_path(package)}", inner)])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def print_type(of: Type) -> str:
    """A type as it is written where it is used, such as `list<tuple<string, item>>`."""
    return "".join(part if isinstance(part, str) else identifier(part.name) for part in type_parts(of))


def print_function(function: Function, *, docs: bool = True) -> str:
    """A function as its interface or resource declares it, with its documentation: `get: func(key: string) -> u32;`."""
    return _text(_function(function), docs=docs)


def print_declaration(typedef: TypeDef, functions: Iterable[Function] = (), *, docs: bool = True) -> str:
    """A named type as its interface or world declares it; for one that a `use` brought, that line.

    Args:
        typedef: the type.
        functions: those of the interface or world; a resource shows its own of them.
        docs: whether with documentation.

    Raises:
        PrintError: the type is used from an interface that has no name.
    """
    if typedef.used_from is not None:
        return _text(_uses([typedef], typedef.owner), docs=docs)
    return _text(_declaration(typedef, [f for f in functions if f.resource is typedef]), docs=docs)


def print_item(direction: Literal["import", "export"], item: InterfaceItem, world: World) -> str:
    """How a world imports or exports an interface, without documentation.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    return _text(_item(direction, item, world.package), docs=False)


def print_interface(interface: Interface) -> str:
    """What stands inside an interface's braces: `use` lines, types and functions.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    return "\n".join(_interface_body(interface))


def print_member(member: Interface | World, *, docs: bool = True) -> str:
    """An interface with a name or a world, as its package declares it.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    return _text(_world(member) if isinstance(member, World) else _interface(member), docs=docs)


def _text(lines: Iterable[str], *, docs: bool) -> str:
    # A block comment is one entry of `lines`, and no line of WIT itself begins like a comment.
    kept = lines if docs else (line for line in lines if not line.lstrip().startswith(("///", "/**")))
    return "\n".join(kept)


def _interface(interface: Interface) -> list[str]:
    head = f"interface {identifier(interface.name or '')}"
    return [*_above(interface.docs, interface.stability), *_block(head, _interface_body(interface))]


def _interface_body(interface: Interface) -> list[str]:
    uses = _uses(interface.types.values(), interface)
    return _separated([uses, *_declarations(interface, interface.types, interface.functions)])


def _world(world: World) -> list[str]:
    imports = [line for item in world.imported_interfaces for line in _item("import", item, world.package)]
    uses = _uses(world.types.values(), world)
    exports = [line for item in world.exported_interfaces for line in _item("export", item, world.package)]
    for function in world.exported_functions.values():
        exports += _function(function, "export ")
    body = [imports, uses, *_declarations(world, world.types, world.imported_functions, "import "), exports]
    return [
        *_above(world.docs, world.stability),
        *_block(f"world {identifier(world.name)}", _separated(body)),
    ]


def _item(direction: str, item: InterfaceItem, package: Package) -> list[str]:
    interface = item.interface
    above = _above(item.docs, item.stability, item.external_id)
    if interface.name is None:
        if item.docs is None:
            above = _docs(interface.docs) + above
        head = f"{direction} {identifier(item.name or '')}: interface"
        return [*above, *_block(head, _interface_body(interface))]
    name = f"{identifier(item.name)}: " if item.name else ""
    return [*above, f"{direction} {name}{_reference(interface, package)};"]


def _declarations(
    owner: Interface | World,
    types: Mapping[str, TypeDef],
    functions: Mapping[str, Function],
    prefix: str = "",
) -> Iterator[list[str]]:
    """Types and functions in an order that keeps the order of both: a resource stands where its functions do."""
    waiting = [f for f in functions.values() if f.resource is None or f.resource.owner is not owner]
    order = {function.name: at for at, function in enumerate(functions.values())}
    for typedef in types.values():
        if typedef.used_from is not None:
            continue
        members = [f for f in functions.values() if f.resource is typedef]
        if members:
            first = order[members[0].name]
            while waiting and order[waiting[0].name] < first:
                yield _function(waiting.pop(0), prefix)
        yield _declaration(typedef, members)
    for function in waiting:
        yield _function(function, prefix)


def _uses(types: Iterable[TypeDef], owner: Interface | World) -> list[str]:
    """The `use` lines: neighbours from the same interface with the same gates share one."""
    lines: list[str] = []
    group: list[str] = []
    last: tuple[object, Stability, str | None] | None = None
    for typedef in types:
        source = typedef.used_from
        if source is None:
            continue
        this = (source.owner, typedef.stability, typedef.external_id)
        if this != last:
            lines += _above(None, typedef.stability, typedef.external_id)
            lines.append(f"use {_source(source, owner)}.{{")
            group = []
            last = this
        renamed = f" as {identifier(typedef.name)}" if typedef.name != source.name else ""
        group.append(identifier(source.name) + renamed)
        lines[-1] = f"{lines[-1].partition('{')[0]}{{{', '.join(group)}}};"
    return lines


def _source(typedef: TypeDef, user: Interface | World) -> str:
    if isinstance(typedef.owner, World) or typedef.owner.name is None:
        raise PrintError(
            f"'{typedef.name}' is used from an interface that has no name, which WIT text cannot say",
            where=user.path,
        )
    return _reference(typedef.owner, user.package)


def _declaration(typedef: TypeDef, functions: Iterable[Function]) -> list[str]:
    name = identifier(typedef.name)
    above = _above(typedef.docs, typedef.stability, typedef.external_id)
    match typedef.declaration:
        case Alias(target):
            return [*above, f"type {name} = {print_type(target)};"]
        case Resource():
            body = [line for function in functions for line in _function(function)]
            return [*above, *(_block(f"resource {name}", body) if body else [f"resource {name};"])]
        case Record(fields):
            return [*above, *_block(f"record {name}", _members(fields))]
        case Variant(cases):
            return [*above, *_block(f"variant {name}", _members(cases))]
        case Enum(cases):
            return [*above, *_block(f"enum {name}", _members(cases))]
        case Flags(flags):
            return [*above, *_block(f"flags {name}", _members(flags))]


def _members(members: Iterable[Field | Case | Label]) -> list[str]:
    lines: list[str] = []
    for member in members:
        lines += _docs(member.docs)
        match member:
            case Field(name, of):
                lines.append(f"{identifier(name)}: {print_type(of)},")
            case Case(name, of):
                lines.append(f"{identifier(name)}({print_type(of)})," if of else f"{identifier(name)},")
            case Label(name):
                lines.append(f"{identifier(name)},")
    return lines


def _function(function: Function, prefix: str = "") -> list[str]:
    parts = function_parts(function)
    line = prefix + "".join(part if isinstance(part, str) else identifier(part.name) for part in parts)
    return [*_above(function.docs, function.stability, function.external_id), line]


def _reference(interface: Interface, here: Package) -> str:
    name = identifier(interface.name or "")
    if interface.package is here:
        return name
    package = interface.package
    version = f"@{package.version}" if package.version else ""
    return f"{identifier(package.namespace)}:{identifier(package.title)}/{name}{version}"


def _members_of(
    package: Package, members: Collection[Interface | World] | None = None
) -> Iterator[list[str]]:
    for interface in package.interfaces.values():
        if members is None or interface in members:
            yield _interface(interface)
    for world in package.worlds.values():
        if members is None or world in members:
            yield _world(world)


def _package_path(package: Package, version: str | None = None) -> str:
    version = version or package.version
    at = f"@{version}" if version else ""
    return f"{identifier(package.namespace)}:{identifier(package.title)}{at}"


def _above(docs: str | None, stability: Stability, external_id: str | None = None) -> list[str]:
    """The lines above an item: its documentation and its attributes."""
    lines = _docs(docs)
    if stability.since:
        lines.append(f"@since(version = {stability.since})")
    if stability.unstable:
        lines.append(f"@unstable(feature = {identifier(stability.unstable)})")
    if stability.deprecated:
        lines.append(f"@deprecated(version = {stability.deprecated})")
    if external_id is not None:
        lines.append(f"@external-id({quoted(external_id)})")
    return lines


def _docs(docs: str | None) -> list[str]:
    return [] if docs is None else doc_comment(docs)


def _block(head: str, body: list[str]) -> list[str]:
    if not body:
        return [f"{head} {{}}"]
    return [f"{head} {{", *(_INDENT + line if line else line for line in body), "}"]


def _separated(blocks: Iterable[list[str]]) -> list[str]:
    """The blocks that are not empty, with an empty line between two."""
    lines: list[str] = []
    for block in blocks:
        if block:
            lines += ["", *block] if lines else block
    return lines
