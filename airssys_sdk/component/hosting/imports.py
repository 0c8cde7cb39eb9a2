"""What a world imports, read from the Protocols that generated code declares."""

from __future__ import annotations

import dataclasses
import inspect
import typing
import weakref
from collections.abc import Mapping
from typing import Any, TypeVar

from ...wit.annotations import MARKER, FunctionMarker, InterfaceMarker
from ...wit.shapes import ShapeError, signature_of
from ...wit.versions import compatible
from ..codec.imports import ImportCodec
from .declared import Declared

V = TypeVar("V")


@dataclasses.dataclass(frozen=True, slots=True)
class ImportedFunction:
    """An imported function: the attribute that implements it, and its codec.

    Attributes:
        attribute: its name in the host's object, or in the resource.
        codec: its codec.
        resource: for a constructor or static function, the attribute that gives the class; for a method empty; for a
            function that belongs to no resource None.
    """

    attribute: str
    codec: ImportCodec
    resource: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ImportedInterface:
    """An imported interface: the attribute whose object implements it, and its functions by WIT name."""

    attribute: str
    functions: Mapping[str, ImportedFunction]


@dataclasses.dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Imports:
    """What a world may import: interfaces by the name on the wire, and the world's own functions by WIT name.

    Made once for each world: components remember by the object what they were planned with.

    Attributes:
        interfaces: the interfaces that the host's object has an attribute for.
        functions: the world's own functions.
        resources: the Protocols of the resources, by full WIT name.
        methods: the methods of the resources, by full WIT name (`demo:shop/store#[method]cursor.next`).
        world: the path of the world, before the names of its own resources.
    """

    interfaces: Mapping[str, ImportedInterface]
    functions: Mapping[str, ImportedFunction]
    resources: Mapping[str, type[Any]] = dataclasses.field(default_factory=dict[str, type[Any]])
    methods: Mapping[str, ImportedFunction] = dataclasses.field(default_factory=dict[str, ImportedFunction])
    world: str = ""

    def knows(self, name: str) -> bool:
        """Whether an import of a component, an interface or an item of its world, is one of these."""
        owners = {resource.rpartition("#")[0] for resource in self.resources} - {self.world}
        if name in self.functions or self.resource(None, name) or self.method(None, name):
            return True
        return compatible(name, {*self.interfaces, *owners}) is not None

    def method(self, interface: str | None, name: str) -> ImportedFunction | None:
        """The method of a resource that an interface or, with None, the world itself declares."""
        return self._of(interface, name, self.methods)

    def resource(self, interface: str | None, name: str) -> type[Any] | None:
        """The Protocol of a resource that an interface or, with None, the world itself declares."""
        return self._of(interface, name, self.resources)

    def _of(self, interface: str | None, name: str, among: Mapping[str, V]) -> V | None:
        for full, found in among.items():
            owner, _, last = full.rpartition("#")
            if last == name and (
                owner == self.world if interface is None else compatible(interface, {owner}) is not None
            ):
                return found
        return None


NO_IMPORTS = Imports({}, {})


def read_imports(protocol: type[Any]) -> Imports:
    """What a generated `...Imports` Protocol declares.

    Raises:
        ShapeError: a member is neither an interface nor a function of WIT.
    """
    found = _READ.get(protocol)
    if found is None:
        found = _READ[protocol] = _read(protocol)
    return found


def _read(protocol: type[Any]) -> Imports:
    interfaces = dict[str, ImportedInterface]()
    for attribute, member in inspect.getmembers_static(protocol, lambda member: isinstance(member, property)):
        interface = typing.get_type_hints(member.fget, include_extras=True).get("return")
        marker = getattr(interface, MARKER, None)
        if interface is not None and marker is None and _read_functions(interface, ""):
            continue  # what makes a resource of the world's own, which is read with the world's functions
        if interface is None or not isinstance(marker, InterfaceMarker):
            raise ShapeError(f"{protocol.__qualname__}.{attribute} is no imported interface")
        functions = _read_functions(interface, f"{marker.name}#")
        interfaces[marker.name] = ImportedInterface(attribute, functions)
    return Imports(interfaces, _read_functions(protocol, ""))


def is_known(name: str, component: Declared, imports: Imports) -> bool:
    """Whether an import of a component is one that a world has; the world may use a resource of an interface by another name."""
    if imports.knows(name):
        return True
    if component.is_interface(name):
        return False
    used = component.imported_resources(name).values()
    return any(imports.resource(owner, original) is not None for owner, original in used)


def _read_functions(protocol: type[Any], before: str) -> Mapping[str, ImportedFunction]:
    """The functions of a Protocol, those of the classes of its resources included."""
    found = dict[str, ImportedFunction]()
    for attribute, member in inspect.getmembers_static(protocol):
        if isinstance(member, property):
            makers = typing.get_type_hints(member.fget).get("return")
            if makers is not None and not isinstance(getattr(makers, MARKER, None), InterfaceMarker):
                for name, function in _read_functions(makers, before).items():
                    found[name] = dataclasses.replace(function, resource=attribute)
            continue
        marker = getattr(member, MARKER, None)
        if isinstance(marker, FunctionMarker):
            signature = dataclasses.replace(signature_of(member), name=before + marker.name)
            found[marker.name] = ImportedFunction(attribute, ImportCodec(signature))
    return found


def read_methods(resource: type[Any], owner: str) -> Mapping[str, ImportedFunction]:
    """The methods of a resource's Protocol by full WIT name; `owner` is the interface or world that declares it."""
    found = dict[str, ImportedFunction]()
    for attribute, member in inspect.getmembers_static(resource):
        marker = getattr(member, MARKER, None)
        if isinstance(marker, FunctionMarker):
            name = f"{owner}#{marker.name}"
            signature = dataclasses.replace(signature_of(member, resource), name=name)
            found[name] = ImportedFunction(attribute, ImportCodec(signature), resource="")
    return found


def methods_of(resource: type[Any]) -> tuple[str, ...]:
    """The attributes that an object needs to fit a resource's Protocol."""
    members = inspect.getmembers_static(resource)
    return tuple(
        name for name, member in members if isinstance(getattr(member, MARKER, None), FunctionMarker)
    )


# A Protocol is read once; its codecs, compiled on first use, serve every instance.
_READ: weakref.WeakKeyDictionary[type[Any], Imports] = weakref.WeakKeyDictionary()
