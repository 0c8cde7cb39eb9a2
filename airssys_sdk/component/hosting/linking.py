"""Host imports: from a Protocol that generated code declares and the user's object to what the engine calls.

What must be there is read from the Protocol, what is done from the object; what the component does not import is not
asked for. Everything is checked before the component is instantiated, and all that is missing is named at once.
"""

from __future__ import annotations

import ctypes
import dataclasses
import inspect
import typing
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...wit.annotations import MARKER, FunctionMarker, InterfaceMarker
from ...wit.shapes import ShapeError, signature_of
from ..codec.fallback import bind_import
from ..codec.imports import ImportCodec
from ..errors import LinkError, printable
from ..signatures.check import PlainFunction
from .declared import Declared, compatible, declared

if TYPE_CHECKING:
    from ..running.store import Store
    from .loaded import Component


@dataclasses.dataclass(frozen=True, slots=True)
class ImportedFunction:
    """An imported function: the attribute that implements it, and its codec."""

    attribute: str
    codec: ImportCodec


@dataclasses.dataclass(frozen=True, slots=True)
class ImportedInterface:
    """An imported interface: the attribute whose object implements it, and its functions by WIT name."""

    attribute: str
    functions: Mapping[str, ImportedFunction]


@dataclasses.dataclass(frozen=True, slots=True)
class Imports:
    """What a world may import: interfaces by the name on the wire, and the world's own functions by WIT name.

    Attributes:
        interfaces: the interfaces that the host's object has an attribute for.
        functions: the world's own functions.
        resources: the Protocols of the resources, by full WIT name.
    """

    interfaces: Mapping[str, ImportedInterface]
    functions: Mapping[str, ImportedFunction]
    resources: Mapping[str, type[Any]] = dataclasses.field(default_factory=dict[str, type[Any]])

    def knows(self, name: str) -> bool:
        """Whether an import of a component, an interface or a function, is one of these."""
        owners = {resource.rpartition("#")[0] for resource in self.resources}
        known = name in self.functions or name in {resource.rpartition("#")[2] for resource in self.resources}
        return known or compatible(name, {*self.interfaces, *owners}) is not None


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
        if interface is None or not isinstance(marker, InterfaceMarker):
            raise ShapeError(f"{protocol.__qualname__}.{attribute} is no imported interface")
        functions = _read_functions(interface, f"{marker.name}#")
        interfaces[marker.name] = ImportedInterface(attribute, functions)
    return Imports(interfaces, _read_functions(protocol, ""))


def link_imports(
    linker: Any, store: Store, component: Component, imports: Imports, host: object, *, public: bool = False
) -> bool:
    """Define everything that a component imports and `imports` knows, implemented by `host`.

    Args:
        linker: the `wasmtime.component.Linker` of this one instance.
        store: the instance's store.
        component: the component.
        imports: what its world may import.
        host: the object that implements it; its attributes are looked up once, now.
        public: whether calls go through the engine's public layer.

    Returns:
        Whether anything was defined.

    Raises:
        LinkError: `host` lacks something, or the component imports a function with another type.
    """
    plan = list(_plan(declared(component), imports, host, store))
    problems = [step for step in plan if isinstance(step, str)]
    if problems:
        raise LinkError(
            "the host does not implement what the component imports",
            where=str(component.path) if component.path else None,
            details="\n".join(f"- {problem}" for problem in problems),
            hint="the Protocols in the generated package's imports folder say what is needed",
        )
    with linker.root() as root:
        for step in plan:
            if isinstance(step, _Definition):
                step.define(root, store, public)
    if any(isinstance(step, _Trap) for step in plan):
        linker.define_unknown_imports_as_traps(component.raw)
    return bool(plan)


class _Trap:
    """An import with resources, which cannot be linked yet: a component that calls it traps."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Definition:
    """One function, or all functions of one interface, ready to be defined."""

    interface: str | None
    functions: Mapping[str, tuple[ImportCodec, Callable[..., Any]]]

    def define(self, root: Any, store: Store, public: bool) -> None:
        if self.interface is None:
            self._define_all(root, store, public)
        else:
            with root.add_instance(self.interface) as instance:
                self._define_all(instance, store, public)

    def _define_all(self, instance: Any, store: Store, public: bool) -> None:
        for name, (codec, function) in self.functions.items():
            where = f"{self.interface}#{name}" if self.interface else name
            if public:
                instance.add_func(name, bind_import(codec.signature, function, store, where))
            else:
                _define(instance, name, store, codec, function, where)


def _define(
    instance: Any, name: str, store: Store, codec: ImportCodec, function: Callable[..., Any], where: str
) -> None:
    from ..engine.raw import address, ffi, take_error
    from ..running.suspend import add_suspending, is_suspending

    if is_suspending(function):
        lift_args, lower_result, lower_error = codec.parts()
        add_suspending(
            instance,
            name,
            store,
            where,
            function,
            lift_args=lift_args,
            lower_result=lower_result,
            lower_error=lower_error,
        )
        return
    callback = codec.callback(function, store)
    store.keep.append(callback)
    raw = ffi()
    encoded = name.encode()
    error = raw.wasmtime_component_linker_instance_add_func(
        instance.ptr(),
        ctypes.create_string_buffer(encoded),
        len(encoded),
        ctypes.cast(callback, raw.wasmtime_component_func_callback_t),
        None,
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(),
    )
    if error:
        text, _ = take_error(address(error))
        raise LinkError(f"the engine does not take the import: {printable(text)}", where=printable(where))


def _read_functions(protocol: type[Any], before: str) -> Mapping[str, ImportedFunction]:
    found = dict[str, ImportedFunction]()
    for attribute, member in inspect.getmembers_static(protocol):
        marker = getattr(member, MARKER, None)
        if isinstance(marker, FunctionMarker):
            signature = dataclasses.replace(signature_of(member), name=before + marker.name)
            found[marker.name] = ImportedFunction(attribute, ImportCodec(signature))
    return found


def _plan(
    component: Declared, imports: Imports, host: object, store: Store
) -> Iterator[_Definition | _Trap | str]:
    """What to define, and what is wrong, in the order of the component's imports."""
    for name in component.imports:
        if imports.knows(name) and component.has_resources(name):
            yield _Trap()
            continue
        known = compatible(name, imports.interfaces)
        if known is not None:
            yield from _plan_interface(
                name, imports.interfaces[known], component.imported_interface(name), host
            )
        elif name in imports.functions:
            function = imports.functions[name]
            found = _implementation(
                name, function, component.imported_function(name), host, "the host object"
            )
            yield found if isinstance(found, str) else _Definition(None, {name: found})


def _plan_interface(
    name: str, interface: ImportedInterface, functions: Mapping[str, PlainFunction], host: object
) -> Iterator[_Definition | str]:
    implementation = getattr(host, interface.attribute, None)
    if implementation is None:
        yield f"{printable(name)}: {_who(host)} has no attribute '{interface.attribute}'"
        return
    ready = dict[str, tuple[ImportCodec, Callable[..., Any]]]()
    for wit, function_type in functions.items():
        known = interface.functions.get(wit)
        path = f"{name}#{wit}"
        if known is None:
            yield f"{printable(path)}: the host's package does not know this function"
            continue
        found = _implementation(path, known, function_type, implementation, f"its '{interface.attribute}'")
        if isinstance(found, str):
            yield found
        else:
            ready[wit] = found
    yield _Definition(name, ready)


def _implementation(
    path: str, known: ImportedFunction, function_type: PlainFunction, host: object, role: str
) -> tuple[ImportCodec, Callable[..., Any]] | str:
    """The codec and the implementation of one function, or what is wrong with it."""
    found = known.codec.difference(function_type)
    if found is not None:
        return f"{printable(path)}: the component was built for another version of it: {found}"
    implementation = getattr(host, known.attribute, None)
    if implementation is None:
        return f"{printable(path)}: {role} ({_who(host)}) has no method '{known.attribute}'"
    if not callable(implementation):
        return f"{printable(path)}: '{known.attribute}' of {role} ({_who(host)}) cannot be called"
    return known.codec, implementation


def _who(host: object) -> str:
    return "None" if host is None else f"an object of class {type(host).__qualname__}"


# A Protocol is read once; its codecs, compiled on first use, serve every instance.
_READ: weakref.WeakKeyDictionary[type[Any], Imports] = weakref.WeakKeyDictionary()
