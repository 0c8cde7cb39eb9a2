"""Printing the model as WIT text that reads back to the same model.

What the reader has already worked out stays worked out: a world shows what `include` brought as its own, a block of
nested packages becomes several files. Order, documentation and feature gates are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..errors import ValidationError
from ._docs import doc_comment, quoted
from ._keywords import identifier
from .model import (
    Alias,
    Case,
    Enum,
    Field,
    FixedLengthList,
    Flags,
    Function,
    FunctionKind,
    FutureType,
    Handle,
    Interface,
    InterfaceItem,
    Label,
    ListType,
    MapType,
    OptionType,
    Package,
    Primitive,
    Record,
    Resolve,
    Resource,
    ResultType,
    Stability,
    StreamType,
    TupleType,
    Type,
    TypeDef,
    Variant,
    World,
)

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


def print_package(package: Package) -> str:
    """One package as one WIT file.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    header = f"package {_package_path(package)};"
    blocks = [[*_docs(package.docs), header]]
    blocks += [_interface(interface) for interface in package.interfaces.values()]
    blocks += [_world(world) for world in package.worlds.values()]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def print_type(of: Type) -> str:
    """A type as it is written where it is used, such as `list<tuple<string, item>>`."""
    match of:
        case Primitive():
            return of.value
        case TypeDef():
            return identifier(of.name)
        case ListType(element):
            return f"list<{print_type(element)}>"
        case FixedLengthList(element, length):
            return f"list<{print_type(element)}, {length}>"
        case MapType(key, value):
            return f"map<{print_type(key)}, {print_type(value)}>"
        case OptionType(payload):
            return f"option<{print_type(payload)}>"
        case ResultType(ok, err):
            return _result(ok, err)
        case TupleType(elements):
            return f"tuple<{', '.join(print_type(element) for element in elements)}>"
        case StreamType(element):
            return f"stream<{print_type(element)}>" if element else "stream"
        case FutureType(payload):
            return f"future<{print_type(payload)}>" if payload else "future"
        case Handle(resource, borrowed):
            return f"borrow<{identifier(resource.name)}>" if borrowed else identifier(resource.name)


def print_function(function: Function) -> str:
    """A function as its interface or resource declares it, with its documentation: `get: func(key: string) -> u32;`."""
    return "\n".join(_function(function))


def print_interface(interface: Interface) -> str:
    """What stands inside an interface's braces: `use` lines, types and functions.

    Raises:
        PrintError: a type is used from an interface that has no name.
    """
    return "\n".join(_interface_body(interface))


def _result(ok: Type | None, err: Type | None) -> str:
    if err is not None:
        return f"result<{print_type(ok) if ok else '_'}, {print_type(err)}>"
    return f"result<{print_type(ok)}>" if ok else "result"


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
    parameters = function.parameters[1:] if function.kind is FunctionKind.METHOD else function.parameters
    listed = ", ".join(f"{identifier(p.name)}: {print_type(p.type)}" for p in parameters)
    result = function.result
    if function.kind is FunctionKind.CONSTRUCTOR:
        head = f"constructor({listed})"
        if isinstance(result, Handle):
            result = None  # a constructor that cannot fail says nothing of its result
    else:
        static = "static " if function.kind is FunctionKind.STATIC else ""
        awaited = "async " if function.is_async else ""
        head = f"{prefix}{identifier(function.item)}: {static}{awaited}func({listed})"
    arrow = f" -> {print_type(result)}" if result is not None else ""
    return [*_above(function.docs, function.stability, function.external_id), f"{head}{arrow};"]


def _reference(interface: Interface, here: Package) -> str:
    name = identifier(interface.name or "")
    if interface.package is here:
        return name
    package = interface.package
    version = f"@{package.version}" if package.version else ""
    return f"{identifier(package.namespace)}:{identifier(package.title)}/{name}{version}"


def _package_path(package: Package) -> str:
    version = f"@{package.version}" if package.version else ""
    return f"{identifier(package.namespace)}:{identifier(package.title)}{version}"


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
