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
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from ...wit.annotations import MARKER, FunctionMarker, InterfaceMarker
from ...wit.shapes import ShapeError, Signature, signature_of
from ...wit.versions import compatible
from ..bulk.names import interface_name
from ..codec.fallback import bind_import
from ..codec.imports import ImportCodec
from ..errors import LinkError, UnsupportedEngine, printable
from ..running.handles import define_resource
from ..running.wasi import is_wasi
from ..signatures.check import PlainFunction
from ..signatures.handles import refused
from .declared import Declared, declared

if TYPE_CHECKING:
    from ..running.store import Store
    from .loaded import Component

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


@dataclasses.dataclass(frozen=True, slots=True)
class Imports:
    """What a world may import: interfaces by the name on the wire, and the world's own functions by WIT name.

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
    plan = list(_plan(declared(component), imports, host))
    plan += _bulk_forms(declared(component), plan)
    problems = [step for step in plan if isinstance(step, str)]
    if problems:
        raise LinkError(
            "the host does not implement what the component imports",
            where=str(component.path) if component.path else None,
            details="\n".join(f"- {problem}" for problem in problems),
            hint="the Protocols in the generated package's imports folder say what is needed",
        )
    if public and any(isinstance(step, _Definition) and step.has_resources for step in plan):
        raise UnsupportedEngine("resources need the fast calls, which this engine does not support")
    with linker.root() as root:
        for step in plan:
            if isinstance(step, _Definition):
                step.define(root, store, public)
    return bool(plan)


@dataclasses.dataclass(frozen=True, slots=True)
class _Definition:
    """What an interface, or the world itself, imports, ready to be defined: its resources, then its functions."""

    interface: str | None
    functions: Mapping[str, tuple[ImportCodec, Callable[..., Any]]]
    resources: Mapping[str, type[Any]] = dataclasses.field(default_factory=dict[str, type[Any]])
    bulk: bool = False

    @property
    def has_resources(self) -> bool:
        """Whether it declares resources, or has functions that take or give any."""
        return bool(self.resources) or any(codec.handles for codec, _ in self.functions.values())

    def define(self, root: Any, store: Store, public: bool) -> None:
        if self.interface is None:
            self._define_all(root, store, public)
        else:
            name = interface_name(self.interface or None) if self.bulk else self.interface
            with root.add_instance(name) as instance:
                self._define_all(instance, store, public)

    def _define_all(self, instance: Any, store: Store, public: bool) -> None:
        for name, protocol in self.resources.items():
            host_type = store.handles.add_type(protocol, methods_of(protocol))
            define_resource(instance, name, store, self._where(name), host_type)
        for name, (codec, function) in self.functions.items():
            where = self._where(name)
            if codec.handles and any(handle.cls not in store.handles.types for handle in codec.handles):
                _define_trap(instance, name, store, where)
            elif public:
                instance.add_func(name, bind_import(codec.signature, function, store, where))
            else:
                _define(instance, name, store, codec, function, where)

    def _where(self, name: str) -> str:
        return f"{self.interface}#{name}" if self.interface else name


def _define_trap(instance: Any, name: str, store: Store, where: str) -> None:
    """Define a function that takes or gives resources of the engine's own: calling it ends the call."""

    def refuse(*_: object) -> NoReturn:
        raise refused(where, "the function takes or gives resources that are the engine's")

    nothing = ImportCodec(Signature(where, (), None, raises=False))
    _define(instance, name, store, nothing, refuse, where)


_NO_FINALIZER: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()


def _define(
    instance: Any, name: str, store: Store, codec: ImportCodec, function: Callable[..., Any], where: str
) -> None:
    from ..engine.raw import address, ffi, take_error
    from ..running.suspend import add_suspending, is_suspending

    if is_suspending(function) or (isinstance(function, _Method) and store.engine.metered):
        lift_args, lower_result, lower_error = codec.parts(store)
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
        _NO_FINALIZER,
    )
    if error:
        text, _ = take_error(address(error))
        raise LinkError(f"the engine does not take the import: {printable(text)}", where=printable(where))


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


def _plan(component: Declared, imports: Imports, host: object) -> Iterator[_Definition | str]:
    """What to define, and what is wrong, in the order of the component's imports."""
    for name in component.imports:
        if is_wasi(name) or not is_known(name, component, imports):
            continue
        if component.is_interface(name):
            yield from _plan_interface(name, component, imports, host)
        elif component.imported_resources(name):
            yield from _plan_resources(None, component, name, imports)
        else:
            found = _implementation(
                None,
                name,
                imports,
                imports.functions.get(name),
                component.imported_function(name),
                host,
                "the host object",
            )
            yield found if isinstance(found, str) else _Definition(None, {name: found})


def is_known(name: str, component: Declared, imports: Imports) -> bool:
    """Whether an import of a component is one that a world has; the world may use a resource of an interface by another name."""
    if imports.knows(name):
        return True
    if component.is_interface(name):
        return False
    used = component.imported_resources(name).values()
    return any(imports.resource(owner, original) is not None for owner, original in used)


def _bulk_forms(component: Declared, plan: Iterable[_Definition | str]) -> Iterator[_Definition | str]:
    """What a composed component imports in addition: the same functions with lists of numbers as text."""
    known = dict[str, dict[str, tuple[ImportCodec, Callable[..., Any]]]]()
    for step in plan:
        if isinstance(step, _Definition):
            known.setdefault(step.interface or "", {}).update(step.functions)
    for interface, functions in known.items():
        forms = dict[str, tuple[ImportCodec, Callable[..., Any]]]()
        for name, function_type in component.bulk(interface or None, imported=True).items():
            if name not in functions:
                continue  # the host lacks it, which the plan says already
            codec, function = functions[name]
            found = codec.bulk.difference(function_type)
            if found is not None:
                yield f"{printable(name)}: its adapter has another type: {found}"
            forms[name] = codec.bulk, function
        if forms:
            yield _Definition(interface, forms, bulk=True)


def _plan_resources(
    interface: str | None, component: Declared, name: str, imports: Imports
) -> Iterator[_Definition | str]:
    found = dict[str, type[Any]]()
    for resource, (owner, original) in component.imported_resources(name).items():
        protocol = imports.resource(owner, original)
        if protocol is None:
            yield f"{printable(f'{owner or name}#{original}')}: the host's package does not know this resource"
        else:
            found[resource] = protocol
    yield _Definition(interface, {}, found)


def _plan_interface(
    name: str, component: Declared, imports: Imports, host: object
) -> Iterator[_Definition | str]:
    ready = dict[str, tuple[ImportCodec, Callable[..., Any]]]()
    resources = dict[str, type[Any]]()
    for step in _plan_resources(name, component, name, imports):
        if isinstance(step, str):
            yield step
        else:
            resources = dict(step.resources)
    known = compatible(name, imports.interfaces)
    interface = None if known is None else imports.interfaces[known]
    implementation = None if interface is None else getattr(host, interface.attribute, None)
    if interface is not None and implementation is None and interface.functions:
        yield f"{printable(name)}: {_who(host)} has no attribute '{interface.attribute}'"
        return
    role = "" if interface is None else f"its '{interface.attribute}'"
    functions: Mapping[str, ImportedFunction] = {} if interface is None else interface.functions
    for wit, function_type in component.imported_interface(name).items():
        found = _implementation(name, wit, imports, functions.get(wit), function_type, implementation, role)
        if isinstance(found, str):
            yield found
        else:
            ready[wit] = found
    yield _Definition(name, ready, resources)


def _implementation(
    interface: str | None,
    name: str,
    imports: Imports,
    known: ImportedFunction | None,
    function_type: PlainFunction,
    host: object,
    role: str,
) -> tuple[ImportCodec, Callable[..., Any]] | str:
    """The codec and the implementation of one function, or what is wrong with it."""
    path = f"{interface}#{name}" if interface else name
    known = known or imports.method(interface, name)
    if known is None:
        return f"{printable(path)}: the host's package does not know this function"
    found = known.codec.difference(function_type)
    if found is not None:
        return f"{printable(path)}: the component was built for another version of it: {found}"
    if known.resource == "":  # a method: the object itself has it
        return known.codec, _Method(known.attribute)
    implementation, attribute = host, known.attribute
    if known.resource is not None:
        implementation, role = getattr(host, known.resource, None), f"'{known.resource}' of {role}"
        if implementation is None:
            return f"{printable(path)}: {_who(host)} has no class '{known.resource}'"
        if attribute == "__call__":
            if not callable(implementation):
                return f"{printable(path)}: {role} ({_who(implementation)}) cannot be called"
            return known.codec, implementation
    implementation, owner = getattr(implementation, attribute, None), implementation
    if implementation is None:
        return f"{printable(path)}: {role} ({_who(owner)}) has no method '{attribute}'"
    if not callable(implementation):
        return f"{printable(path)}: '{attribute}' of {role} ({_who(owner)}) cannot be called"
    return known.codec, implementation


class _Method:
    """Calls a method of whatever object the guest names; whether that is an `async def`, only the object knows."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def __call__(self, receiver: Any, *arguments: Any) -> Any:
        return getattr(receiver, self.attribute)(*arguments)


def _who(host: object) -> str:
    return "None" if host is None else f"an object of class {type(host).__qualname__}"


# A Protocol is read once; its codecs, compiled on first use, serve every instance.
_READ: weakref.WeakKeyDictionary[type[Any], Imports] = weakref.WeakKeyDictionary()
