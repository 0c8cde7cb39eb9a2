"""Classes of resources for a component without generated code, made at run time from its world.

They have the members that generated code would give them: those of the component's own resources call it, those of the host's
say what an object needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from ...wit import model
from ...wit.annotations import MARKER, FunctionMarker, ResourceMarker
from ...wit.names import camel, escape, snake
from ...wit.shapes import Signature
from ..signatures.modelled import Shapes
from .exports import ExportCodec
from .mappings import MappingCodec
from .resources import Resource, ResourceCall


class Classes:
    """The classes of the resources of one component; from whatever thread they are asked for, each is made once.

    Args:
        world: the component's world.

    Attributes:
        imports: shapes of the functions that the component imports.
        exports: shapes of the functions that it exports; a resource that it exports is another one there.
    """

    def __init__(self, world: model.World) -> None:
        self._world = world
        self._exported = {item.interface: item.wire_name for item in world.exported_interfaces}
        self._imported = {item.interface: item.wire_name for item in world.imported_interfaces}
        self._hosts: dict[model.TypeDef, type[Any]] = {}
        self._guests: dict[model.TypeDef, type[Resource]] = {}
        # Of a type's two classes, made at once on two threads, one would not take the values of the other.
        self._lock = threading.RLock()
        self.imports = Shapes(self.of_host, self._lock)
        self.exports = Shapes(self._of_export, self._lock)

    def of_host(self, resource: model.TypeDef) -> type[Any]:
        """The class that stands for a resource of the host's, with what an object needs as its members."""
        with self._lock:
            found = self._hosts.get(resource)
            if found is None:
                found = type(escape(camel(resource.name)), (), {})
                setattr(found, MARKER, ResourceMarker(self.name(resource)))
                for function in self._functions(resource):
                    if function.kind is model.FunctionKind.METHOD:
                        setattr(found, escape(snake(function.item)), _stub(function))
                self._hosts[resource] = found  # when it is whole: an interrupt may arrive meanwhile
            return found

    def of_guest(self, resource: model.TypeDef) -> type[Resource]:
        """The class of a resource that the component exports."""
        with self._lock:
            found = self._guests.get(resource)
            if found is None:
                name = escape(camel(resource.name))
                interface = self._exported[_interface(resource)]
                found = type(name, (Resource,), {"__module__": interface})
                setattr(found, MARKER, ResourceMarker(f"{interface}#{resource.name}"))
                for function in self._functions(resource):
                    stub = _stub(function)
                    constructor = function.kind is model.FunctionKind.CONSTRUCTOR
                    attribute = "__init__" if constructor else escape(snake(function.item))
                    codec = self._codec(function, interface)
                    setattr(found, attribute, ResourceCall(attribute, stub, stub, found, codec))
                self._guests[resource] = found
            return found

    def name(self, resource: model.TypeDef) -> str:
        """The full name of a resource that the component imports."""
        owner = resource.owner
        path = owner.path if isinstance(owner, model.World) else self._imported.get(owner, owner.path)
        return f"{path}#{resource.name}"

    def _of_export(self, resource: model.TypeDef) -> type[Any]:
        exported = not isinstance(resource.owner, model.World) and resource.owner in self._exported
        return self.of_guest(resource) if exported else self.of_host(resource)

    def _functions(self, resource: model.TypeDef) -> Iterator[model.Function]:
        owner = resource.owner
        functions = owner.imported_functions if isinstance(owner, model.World) else owner.functions
        return (function for function in functions.values() if function.resource is resource)

    def _codec(self, function: model.Function, interface: str) -> Callable[[], ExportCodec]:
        def codec() -> ExportCodec:
            signature: Signature = self.exports.signature(function, f"{interface}#{function.name}")
            return MappingCodec(signature, interface)

        return codec


def _interface(resource: model.TypeDef) -> model.Interface:
    if isinstance(resource.owner, model.World):
        raise LookupError(f"{resource.path} is no resource of an interface")
    return resource.owner


def _stub(function: model.Function) -> Any:
    def stub(*_: object) -> None:
        raise NotImplementedError

    stub.__name__ = stub.__qualname__ = escape(snake(function.item))
    stub.__doc__ = function.docs
    setattr(stub, MARKER, FunctionMarker(function.name, None))
    return stub
