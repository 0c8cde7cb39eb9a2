"""What a component declares: the functions it imports and exports, with their types in plain form.

Names of interfaces carry versions, and a component may have been built with another one that is compatible: the engine
then links `demo:shop/clock@1.2.0` for `demo:shop/clock@1.3.1`, and so do the look-ups here.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...wit.versions import compatible
from ..bulk.names import interface_name, is_added
from ..engine.raw import package
from ..signatures.check import Plain, PlainFunction, plain_signature
from ..signatures.hexed import hexed

if TYPE_CHECKING:
    from ...wit import model
    from .loaded import Component


class Declared:
    """The functions of one component. Nothing of the engine is held, so it may outlive the engine's own objects.

    Attributes:
        imports: the names of what the component imports, interfaces and functions.
        exports: the names of what it exports, interfaces and functions.
    """

    def __init__(self, component: Component) -> None:
        self._component = weakref.ref(component)
        self._interfaces: dict[tuple[bool, str], _Interface] = {}
        self._resources: Mapping[str, Mapping[str, tuple[str | None, str]]] | None = None
        declared = component.raw.type
        imports, exports = declared.imports(component.engine.raw), declared.exports(component.engine.raw)
        self._bulk = {
            imported: {name for name in names if component.bulk and is_added(name)}
            for imported, names in ((True, imports), (False, exports))
        }
        self.imports: Collection[str] = tuple(name for name in imports if name not in self._bulk[True])
        self.exports: Collection[str] = tuple(name for name in exports if name not in self._bulk[False])

    def imported_interface(self, name: str) -> Mapping[str, PlainFunction]:
        """The functions of the interface imported under exactly this name."""
        return self._read(True, name).functions

    def is_types_only(self, name: str) -> bool:
        """Whether the import of this name is an interface of plain types, which nobody has to implement."""
        return self._read(True, name).types_only

    def is_interface(self, name: str) -> bool:
        """Whether the import of this name is an interface."""
        return self._read(True, name).is_interface

    def imported_resources(self, name: str) -> Mapping[str, tuple[str | None, str]]:
        """The resources of the import of this name, by their name there: the interface that declares each, and its name there.

        A resource that an interface uses of another one is that one's; the interface is None for a resource of the world.
        """
        if self._resources is None:
            self._resources = self._read_resources()
        return self._resources.get(name, {})

    def exported_interface(self, name: str) -> Mapping[str, PlainFunction] | None:
        """The functions of an exported interface, by a compatible name; None if there is none."""
        found = compatible(name, self.exports)
        return None if found is None else self._read(False, found).functions

    def imported_function(self, name: str) -> PlainFunction:
        """The function that the component's world imports under this name."""
        return self._read(True, name).functions[name]

    def exported_function(self, name: str) -> PlainFunction | None:
        """The function that the component's world exports under this name; None if there is none."""
        return self._read(False, name).functions.get(name) if name in self.exports else None

    def bulk(self, interface: str | None, *, imported: bool) -> Mapping[str, PlainFunction]:
        """The functions of an interface, or with None of the component itself, that have a form with lists of numbers as text.

        Args:
            interface: its name, exactly as it is imported or exported.
            imported: whether it is imported.
        """
        name = interface_name(interface)
        return self._read(imported, name).functions if name in self._bulk[imported] else {}

    def _read(self, imported: bool, name: str) -> _Interface:
        found = self._interfaces.get((imported, name))
        if found is None:
            found = self._interfaces[imported, name] = self._read_now(imported, name)
        return found

    def _read_now(self, imported: bool, name: str) -> _Interface:
        component = self._component()
        if component is None:
            return _Interface({}, types_only=False, is_interface=False)
        engine, declared = component.engine.raw, component.raw.type
        item = (declared.imports(engine) if imported else declared.exports(engine))[name].ty
        classes = package().component
        items = item.exports(engine) if isinstance(item, classes.ComponentInstanceType) else None
        members: dict[str, Any] = (
            {name: item} if items is None else {n: _type(extern) for n, extern in items.items()}
        )
        functions = {n: member for n, member in members.items() if isinstance(member, classes.FuncType)}
        resources = any(isinstance(member, classes.ResourceType) for member in members.values())
        interface = None if items is None else name
        return _Interface(
            {
                n: _plain_function(member, component, imported, interface, n)
                for n, member in functions.items()
            },
            types_only=items is not None and not functions and not resources,
            is_interface=items is not None,
        )

    def _read_resources(self) -> Mapping[str, Mapping[str, tuple[str | None, str]]]:
        """Every resource that is imported, with the place where its type is seen first: that is where it is declared."""
        component = self._component()
        if component is None:
            return {}
        engine, kind = component.engine.raw, package().component.ResourceType
        instances = package().component.ComponentInstanceType
        seen: list[tuple[Any, tuple[str | None, str]]] = []
        found: dict[str, dict[str, tuple[str | None, str]]] = {}
        for name, item in component.raw.type.imports(engine).items():
            ty = item.ty
            inside = ty.exports(engine).items() if isinstance(ty, instances) else ()
            members = [(n, _type(extern)) for n, extern in inside] or [(name, ty)]
            for member, member_type in members:
                if isinstance(member_type, kind):
                    place = (name if isinstance(ty, instances) else None), member
                    origin = next((at for known, at in seen if known == member_type), place)
                    seen.append((member_type, origin))
                    found.setdefault(name, {})[member] = origin
        return found


class _Interface:
    """An interface's functions; those of a world stand alone, under their own name."""

    def __init__(
        self, functions: Mapping[str, PlainFunction], *, types_only: bool, is_interface: bool
    ) -> None:
        self.functions = functions
        self.types_only = types_only
        self.is_interface = is_interface


def declared(component: Component) -> Declared:
    """What a component declares, read once for each loaded component."""
    found = _READ.get(component)
    if found is None:
        found = _READ[component] = Declared(component)
    return found


def _type(extern: Any) -> Any:
    try:
        return extern.ty
    except TypeError:  # a type alias of a construct that the package does not know
        return None


def _plain_function(
    function: Any, component: Component, imported: bool, interface: str | None, name: str
) -> PlainFunction:
    try:
        parameters = tuple(_plain(ty) for _, ty in function.params)
        result = function.result
        return PlainFunction(parameters, None if result is None else _plain(result))
    except TypeError:
        # The package does not know this construct (a map, or what is newer); the component's own WIT does.
        return _from_model(component, imported, interface, name)


def _plain(ty: Any) -> Plain:
    """The plain form of one of the package's types: the class `U32` is `u32`, `ListType` is a list."""
    construct = type(ty).__name__.removesuffix("Type").lower()
    match construct:
        case "list":
            return ("list", ("element", _plain(ty.element)))
        case "tuple":
            return ("tuple", *((str(number), _plain(element)) for number, element in enumerate(ty.elements)))
        case "record":
            return ("record", *((name, _plain(field)) for name, field in ty.fields))
        case "variant":
            return ("variant", *((name, _optional(payload)) for name, payload in ty.cases))
        case "enum" | "flags":
            return (construct, *((name, None) for name in ty.names))
        case "option":
            return ("option", ("some", _plain(ty.payload)))
        case "result":
            return ("result", ("ok", _optional(ty.ok)), ("err", _optional(ty.err)))
        case _:
            return construct


def _optional(ty: Any) -> Plain:
    return None if ty is None else _plain(ty)


def _from_model(component: Component, imported: bool, interface: str | None, name: str) -> PlainFunction:
    from ...wit.reader import find_world
    from ..errors import UnsupportedEngine
    from ..signatures.modelled import Shapes

    world = find_world(component.resolve)
    functions: Mapping[str, model.Function]
    functions = world.imported_functions if imported else world.exported_functions
    for item in world.imported_interfaces if imported else world.exported_interfaces:
        if interface in {item.wire_name, interface_name(item.wire_name)}:
            functions = item.interface.functions
    try:
        signature = Shapes().signature(functions[name], name)
        if component.bulk and interface is not None and is_added(interface):
            signature = hexed(signature)
        return plain_signature(signature)
    except UnsupportedEngine:
        return PlainFunction(("unsupported",), "unsupported")


# Reading types takes about a millisecond, and they cannot change.
_READ: weakref.WeakKeyDictionary[Component, Declared] = weakref.WeakKeyDictionary()
