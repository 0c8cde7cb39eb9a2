"""Calling a component without generated code: its own types, with classes made at run time.

`Component.open(path).instantiate()` gives an `Instance`; `instance.call("store.get", "a-1")` calls it, and
`instance.function("store.get").signature` has the shapes by which `airssys_sdk.wit.wave` reads and prints values.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, cast

from ...errors import UsageError
from ...wit import model
from ...wit.names import camel, escape, snake
from ...wit.reader import find_world
from ...wit.shapes import Signature
from ...wit.wave import FunctionPath, split_call
from ..codec.imports import ImportCodec
from ..errors import LinkError, printable
from ..signatures.handles import handles
from .absent import Absent
from .asking import FromMapping
from .classes import Classes
from .exports import ExportCodec
from .imports import ImportedFunction, ImportedInterface, Imports
from .live import Live
from .mappings import MappingCodec
from .planning import NEEDED, plan_of
from .resources import bound

if TYPE_CHECKING:
    from types import TracebackType

    from ..running.limits import Limits
    from ..running.wasi import Wasi
    from .loaded import Component

_HIDDEN = frozenset({"exports"})
"""What a Python guest exports for itself."""


def instantiate(
    component: Component,
    imports: object = None,
    *,
    wasi: Wasi | None = None,
    limits: Limits | None = None,
    missing: str | None = None,
) -> Instance:
    """Instantiate a component for calls without generated code.

    Args:
        component: the loaded component.
        imports: what it imports besides WASI: an object with an attribute for each interface, by its snake_case name
            without package, or a mapping from interface names as they stand in the component, with or without
            package. Functions are attributes in snake_case; those of the world itself likewise.
        wasi: how the guest's output is captured.
        limits: what the instance may use.
        missing: an interface or function of the world that `imports` lacks fails when it is called, with this hint;
            with None it is an error now.

    Raises:
        LinkError: the component imports something that `imports` lacks.
        UnsupportedEngine: it imports a function whose types cannot be passed.
        UsageError: the limits need another engine profile than the component was loaded with.
        CallError: the component failed while it was starting.
    """
    types = _types_of(component)
    host = _by_attribute(imports, types.imports) if issubclass(type(imports), Mapping) else imports
    if missing is not None:
        host = Absent(host, missing)
    try:
        live = Live.start(
            component,
            lambda loaded: plan_of(loaded, types.imports),
            host,
            engine=component.engine,
            wasi=wasi,
            limits=limits,
        )
    except LinkError as error:
        _explain(error, host)
        raise
    return Instance(live, types)


def _explain(error: LinkError, host: object) -> None:
    """Say how to give what is missing: there is no generated package that could tell."""
    if error.hint != NEEDED:
        return
    error.hint = (
        "instantiate() takes an object with an attribute for each interface, or a mapping from their names; "
        "missing='why' links what is not given"
    )
    if isinstance(host, FromMapping) and host.unused:
        keys = ", ".join(repr(printable(key)) for key in host.unused)
        error.details = f"{error.details}\n- the component imports nothing of the name {keys}"


class _Types:
    """What all instances of a component have in common: its classes, and the codecs of its functions.

    Attributes:
        world: the component's world.
        classes: the classes of its resources.
        imports: what it imports besides WASI.
        exports: the functions that it exports, by full name, each with the interface that has it.
    """

    def __init__(self, world: model.World) -> None:
        self.world = world
        self.classes = Classes(world)
        self.imports = _read_imports(world, self.classes)
        self.exports = dict(_exported(world))
        self._codecs: dict[str, tuple[Signature, ExportCodec]] = {}

    def codec(self, full: str) -> tuple[Signature, ExportCodec]:
        """The signature and the codec of an exported function."""
        found = self._codecs.get(full)
        if found is None:
            interface, declared = self.exports[full]
            signature = self.classes.exports.signature(declared, full)
            found = self._codecs.setdefault(full, (signature, MappingCodec(signature, interface)))
        return found


def _types_of(component: Component) -> _Types:
    found = _TYPES.get(component)
    if found is None:
        # Of two threads that come first, both go on with the types of one.
        found = _TYPES.setdefault(component, _Types(find_world(component.resolve)))
    return found


class Function:
    """An exported function of one instance. Call it with Python values.

    Attributes:
        path: the name of the interface, if there is one, and of the function: `demo:shop/store@1.2.0#get`.
        signature: its parameters and result.
    """

    def __init__(self, path: str, signature: Signature, call: Callable[..., Any]) -> None:
        self.path = path
        self.signature = signature
        self._call = call

    @property
    def __bound__(self) -> Any:
        """What `begin` needs to call it in slices; None in the `plain` profile."""
        return getattr(self._call, "__bound__", None)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the component. Of an asynchronous function this gives a coroutine.

        Raises:
            Err: the function returned the error case of its result.
            InvalidType, InvalidValue: an argument does not fit.
            CallError: the call did not come back.
        """
        return self._call(*arguments, **named)

    def signature_as_text(self) -> Signature:
        """The signature, if WAVE has words for all its values.

        Raises:
            UsageError: the function takes or gives a resource, which lives in an instance and has no text.
        """
        for handle in handles(self.signature):
            raise UsageError(
                f"the function takes or gives the resource {printable(handle.name.rpartition('#')[2])}, which has no text",
                where=printable(self.path),
                hint="Python can call it: Component.open(FILE).instantiate() has call() and resource(), "
                "a package of `airssys-sdk generate host` has classes",
            )
        return self.signature

    def __repr__(self) -> str:
        return f"<function {printable(self.path)}>"


class Instance:
    """An instance whose exports are called by name. Make one with `Component.instantiate`.

    Use it with `with`, or `close` it; after that, calls raise `InstanceDead`.
    """

    def __init__(self, live: Live, types: _Types) -> None:
        self._live = live
        self._types = types
        self._exports = types.exports
        self._functions: dict[str, Function] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """The full names of all exported functions, such as `demo:shop/store@1.2.0#get`."""
        return tuple(self._exports)

    def call(self, path: str, *arguments: Any) -> Any:
        """Call the function at `path` (see `function`) with Python values.

        A mapping may stand for a record, with its fields in snake_case or as in the WIT, those of an option left out or
        not; the label of an enum for its member.
        """
        return self.function(path)(*arguments)

    def function(self, path: str | FunctionPath) -> Function:
        """The exported function that a path names.

        Args:
            path: `function`, or `interface.function`, with as much of the interface's name as makes it unique:
                `get`, `store.get`, `demo:shop/store.get`, `demo:shop/store@1.2.0#get`.

        Raises:
            UsageError: there is no such function, or more than one.
            UnsupportedEngine: its types cannot be passed.
        """
        full = self._find(path)
        found = self._functions.get(full)
        if found is None:
            signature, codec = self._types.codec(full)
            found = self._functions[full] = Function(full, signature, codec.bind(self._live))
        return found

    def resource(self, name: str) -> type[Any]:
        """The class of a resource that the component exports: its constructor and methods call this instance.

        Args:
            name: the resource's name, or `interface.resource` with as much of the interface's name as makes it unique.

        Raises:
            UsageError: there is no such resource, or more than one.
        """
        interface, _, last = name.replace("#", ".").rpartition(".")
        found = {
            f"{item.wire_name}#{last}": wit_type
            for item in self._types.world.exported_interfaces
            if not interface or FunctionPath(interface, "").fits(item.wire_name)
            for wit_type in item.interface.types.values()
            if wit_type.name == last and isinstance(wit_type.declaration, model.Resource)
        }
        if len(found) != 1:
            raise self._not_one("resource", name, last, found, self._resources())
        (wit_type,) = found.values()
        return bound(self._types.classes.of_guest(wit_type), self._live)

    def close(self) -> None:
        """Free the instance. Doing it again is harmless.

        Raises:
            InstanceBusy: a call is in progress.
        """
        self._live.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _find(self, path: str | FunctionPath) -> str:
        asked = split_call(f"{path}()")[0] if isinstance(path, str) else path
        found = [full for full in self._exports if _means(asked, *self._exports[full])]
        if not found and asked.interface is None:
            found = [full for full, (_, declared) in self._exports.items() if declared.name == asked.function]
        if len(found) == 1:
            return found[0]
        raise self._not_one("function", str(path), asked.function, found, self._exports)

    def _resources(self) -> list[str]:
        return [
            f"{item.wire_name}#{wit_type.name}"
            for item in self._types.world.exported_interfaces
            for wit_type in item.interface.types.values()
            if isinstance(wit_type.declaration, model.Resource)
        ]

    def _not_one(
        self, kind: str, asked: str, name: str, found: Collection[str], exported: Collection[str]
    ) -> UsageError:
        """The error about a name that nothing has, or more than one thing."""
        import difflib

        near = [full for full in exported if difflib.get_close_matches(name, [full.rpartition("#")[2]])]
        names = found or near or exported
        if found:
            hint = "name the interface as well"
        elif near:
            hint = "did you mean one of these?" if len(near) > 1 else "did you mean this one?"
        else:
            hint = "these are exported" if exported else f"it exports no {kind}s"
        what = f"{len(found)} {kind}s" if found else f"no {kind}"
        return UsageError(
            f"the component exports {what} {printable(asked)}",
            where=str(self._live.component.path) if self._live.component.path else None,
            details="\n".join(f"- {printable(full)}" for full in names) or None,
            hint=hint,
        )


def _exported(world: model.World) -> Iterator[tuple[str, tuple[str | None, model.Function]]]:
    for item in world.exported_interfaces:
        if item.wire_name not in _HIDDEN:
            for function in item.interface.functions.values():
                yield f"{item.wire_name}#{function.name}", (item.wire_name, function)
    for function in world.exported_functions.values():
        yield function.name, (None, function)


def _means(asked: FunctionPath, interface: str | None, function: model.Function) -> bool:
    if asked.function != function.name:
        return False
    if interface is None or asked.interface is None:
        return interface is asked.interface
    return asked.fits(interface)


def _read_imports(world: model.World, classes: Classes) -> Imports:
    """What a component imports besides WASI."""
    from ..running.wasi import is_wasi

    interfaces = dict[str, ImportedInterface]()
    resources = dict[str, type[Any]]()
    methods = dict[str, ImportedFunction]()
    owners: list[tuple[str, model.World | model.Interface]] = [(world.path, world)]
    owners += [(i.wire_name, i.interface) for i in world.imported_interfaces if not is_wasi(i.wire_name)]
    functions = dict[str, ImportedFunction]()
    for path, owner in owners:
        declared = owner.imported_functions if isinstance(owner, model.World) else owner.functions
        before = "" if owner is world else f"{path}#"
        found = _codecs(declared, classes.imports, before)
        methods |= {f"{path}#{name}": function for name, function in found.items() if function.resource == ""}
        plain = {name: function for name, function in found.items() if function.resource != ""}
        if owner is world:
            functions = plain
        elif declared:
            interfaces[path] = ImportedInterface(escape(snake(_short(path))), plain)
        for wit_type in owner.types.values():
            if isinstance(wit_type.declaration, model.Resource):
                resources[classes.name(wit_type)] = classes.of_host(wit_type)
    return Imports(interfaces, functions, resources, methods, world.path)


def _codecs(functions: Mapping[str, model.Function], shapes: Any, before: str) -> dict[str, ImportedFunction]:
    found = dict[str, ImportedFunction]()
    for name, function in functions.items():
        signature = shapes.signature(function, before + name)
        codec = ImportCodec(dataclasses.replace(signature, name=before + name))
        constructor = function.kind is model.FunctionKind.CONSTRUCTOR
        attribute = "__call__" if constructor else escape(snake(function.item))
        of = None if function.resource is None else escape(camel(function.resource.name))
        if function.kind is model.FunctionKind.METHOD:
            of = ""
        found[name] = ImportedFunction(attribute, codec, of)
    return found


def _short(name: str) -> str:
    """`store` of `demo:shop/store@1.2.0`."""
    return name.partition("@")[0].rpartition("/")[2]


def _by_attribute(given: object, known: Imports) -> object:
    """An object with the attributes that `known` asks for, from a mapping by interface or function name."""
    values = cast("Mapping[str, Any]", given)
    host = FromMapping()
    used = set[str]()
    for name, interface in known.interfaces.items():
        found = values.get(name, values.get(_short(name), values.get(interface.attribute)))
        setattr(host, interface.attribute, found)
        used |= {name, _short(name), interface.attribute}
    for name, function in known.functions.items():
        attribute = function.resource or function.attribute
        setattr(host, attribute, values.get(name, values.get(attribute)))
        used |= {name, attribute}
    host.unused = [str(key) for key in values if key not in used]
    return host


_TYPES: weakref.WeakKeyDictionary[Component, _Types] = weakref.WeakKeyDictionary()
