"""One live instance: from a loaded component to Python functions that call it.

`World` (generated classes) and `Instance` (no generated code) both stand on this.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from ...wit.shapes import Signature
from ...wit.versions import compatible
from ..bulk.names import interface_name
from ..codec.calls import Lift, Lower, compile_export, compile_parts
from ..codec.fallback import bind_export, needs_fallback
from ..engine.abi import abi
from ..engine.profiles import engine as engine_with
from ..errors import LinkError, printable
from ..running.handles import HELD, Held, is_guests
from ..running.store import Store
from ..signatures.check import PlainFunction, difference
from ..signatures.handles import gives, handles, refused, refused_async
from ..signatures.hexed import hexed
from .declared import declared
from .linking import link
from .loaded import Component
from .planning import plan_of

if TYPE_CHECKING:
    import asyncio

    from ..engine.profiles import Engine
    from ..running.limits import Limits
    from ..running.slices import Bound
    from ..running.wasi import Wasi
    from .imports import Imports
    from .loaded import Source


class Live:
    """A component's instance in a store of its own.

    Attributes:
        component: what was instantiated.
        store: the engine's state: limits, captured output, whether it is alive.
        public: whether calls go through the engine's public layer.
        calls_back: whether the component may call host imports.
        classes: the classes of its resources, bound to it, by the generated class.
    """

    __slots__ = ("__weakref__", "calls_back", "classes", "component", "instance", "public", "store")

    def __init__(
        self, component: Component, store: Store, instance: Any, *, public: bool, calls_back: bool
    ) -> None:
        self.component = component
        self.store = store
        self.instance = instance
        self.public = public
        self.calls_back = calls_back
        self.classes: dict[type[Any], type[Any]] = {}

    @classmethod
    def start(
        cls,
        source: Source,
        imports: Imports,
        host: object,
        *,
        engine: Engine | None = None,
        wasi: Wasi | None = None,
        limits: Limits | None = None,
        sources: Mapping[str, str] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        check: Callable[[Component], None] | None = None,
        bulk: bool = True,
    ) -> Self:
        """Load, link and instantiate; `check` may refuse the loaded component first.

        Raises:
            InvalidComponent: the source is no component.
            LinkError: the component imports what neither WASI nor `imports` gives, or `host` lacks an implementation.
            UsageError: the limits need another engine profile than the component was loaded with.
            CallError: the component failed while it was starting.
        """
        public = needs_fallback()
        component = load(source, engine, limits, bulk=bulk and not public and (limits is None or limits.bulk))
        if check is not None:
            check(component)
        plan = plan_of(component, imports)
        store = Store(component.engine, limits=limits, wasi=wasi, sources=sources, loop=loop)
        try:
            linker = link(store, component, plan, host, public=public)
            instance = store.instantiate(linker, component.raw)
            return cls(component, store, instance, public=public, calls_back=bool(plan.definitions))
        except BaseException:
            store.close()
            raise

    def function(self, interface: str | None, name: str) -> Any:
        """The engine's function that an interface, or the component itself, exports.

        Raises:
            LinkError: there is none.
            InstanceDead: the instance was closed.
        """
        exported = interface and compatible(interface, declared(self.component).exports)
        found = None if interface is not None and exported is None else self._look_up(exported, name)
        if found is None:
            raise LinkError(f"the component does not export {printable(name)}", where=interface)
        return found

    def bulk_function(self, interface: str | None, name: str) -> tuple[Any, PlainFunction] | None:
        """The form of an exported function that takes and gives lists of numbers as text, and its types; None if it has none."""
        component = declared(self.component)
        exported = interface and compatible(interface, component.exports)
        types = component.bulk(exported, imported=False).get(name)
        found = None if types is None else self._look_up(interface_name(exported), name)
        return None if found is None or types is None else (found, types)

    def _look_up(self, interface: str | None, name: str) -> Any:
        parent = None
        if interface is not None:
            parent = self.instance.get_export_index(self.store, interface)
            if parent is None:
                return None
        index = self.instance.get_export_index(self.store, name, parent)
        return None if index is None else self.instance.get_func(self.store, index)

    def close(self) -> None:
        """Free the instance. Doing it again is harmless.

        Raises:
            InstanceBusy: a call is in progress.
        """
        self.store.close()


CALL = "__wit_call__"
"""The attribute of a bound function that says which codec and which instance it belongs to."""


class ExportCodec:
    """The codec of one exported function; compiled when first bound, and once for all instances.

    Args:
        signature: the function.
        interface: the name of the interface that exports it; None for a function of the world itself.
        arrays: whether lists of numbers come back as `array.array` objects.
    """

    def __init__(self, signature: Signature, interface: str | None, *, arrays: bool = False) -> None:
        self.name = signature.name
        self.interface = interface
        self.arrays = arrays
        self.where = f"{interface}#{signature.name}" if interface else signature.name
        self.signature = dataclasses.replace(signature, name=self.where)
        self._direct: Callable[[Store, bytes, str, bool], Callable[..., Any]] | None = None
        self._checked: weakref.WeakSet[Component] = weakref.WeakSet()
        self._with_arrays: ExportCodec | None = None
        self._with_bulk: ExportCodec | None = None
        self._parts: Callable[[Store], tuple[Lower, Lift]] | None = None

    def bind(self, live: Live) -> Callable[..., Any]:
        """The Python function that calls this function of an instance; it says so in its attribute `CALL`.

        Raises:
            LinkError: the component does not export it, or with another type.
            InstanceDead: the instance was closed.
        """
        call = self._bind(live)
        setattr(call, CALL, (self, live))
        return call

    def with_arrays(self) -> ExportCodec:
        """The codec of the same function that gives lists of numbers as arrays."""
        if self._with_arrays is None:
            signature = dataclasses.replace(self.signature, name=self.name)
            self._with_arrays = ExportCodec(signature, self.interface, arrays=True)
        return self._with_arrays

    def _bind(self, live: Live) -> Callable[..., Any]:
        function = live.function(self.interface, self.name)
        self._check(live)
        self._admit_resources(live)
        if self.signature.is_async:
            return self._bind_awaited(live)
        # The codec wants the bytes of the engine's struct; they identify the function, whose data lives in the store.
        if live.public:
            return bind_export(self.signature, function, live.store, self.where)
        codec = self
        bulk = live.bulk_function(self.interface, self.name)
        if bulk is not None and difference(self._bulk.signature, bulk[1]) is None:
            codec, function = self._bulk, bulk[0]
        return codec._bind_raw(live, bytes(function._func))

    @property
    def _bulk(self) -> ExportCodec:
        """The codec of the same function's form with lists of numbers as text."""
        if self._with_bulk is None:
            signature = dataclasses.replace(hexed(self.signature), name=self.name)
            self._with_bulk = ExportCodec(signature, self.interface, arrays=self.arrays)
        return self._with_bulk

    def _bind_raw(self, live: Live, raw: bytes) -> Callable[..., Any]:
        if (
            live.component.profile != "plain"
        ):  # in `concurrent` the engine runs every call beside the guest's own tasks
            return self._bind_sliced(live.store, raw)
        if self._direct is None:
            self._direct = compile_export(self.signature, arrays=self.arrays)
        return self._direct(live.store, raw, self.where, live.calls_back)

    def _bind_awaited(self, live: Live) -> Callable[..., Any]:
        from ..running.awaited import awaited

        if live.component.profile != "concurrent" or live.public:
            raise refused_async(self.where)
        return awaited(self._bound(live.store, bytes(live.function(self.interface, self.name)._func)))

    def _bind_sliced(self, store: Store, raw: bytes) -> Callable[..., Any]:
        from ..running.slices import caller

        return caller(self._bound(store, raw))

    def _bound(self, store: Store, raw: bytes) -> Bound:
        from ..running.slices import Bound

        if self._parts is None:
            self._parts = compile_parts(self.signature, arrays=self.arrays)
        lower, lift = self._parts(store)
        results = int(self.signature.result is not None)
        arity = len(self.signature.parameters)
        lends = gives(self.signature)
        address = abi().address(raw)
        return Bound(self.where, store, address, arity, results, lower, lift, raw, lends=lends)

    def _admit_resources(self, live: Live) -> None:
        """Make the instance ready for the resources of the signature, or say why they cannot be passed."""
        for handle in handles(self.signature):
            if live.public:
                raise refused(self.where, "resources need the fast calls, which this engine does not support")
            if is_guests(handle.cls):
                live.store.handles.made_by = _Maker(live)
            elif handle.cls not in live.store.handles.types:
                raise refused(
                    self.where,
                    f"resources of {printable(handle.name)} cannot be passed: they are the engine's",
                )

    def _check(self, live: Live) -> None:
        """Compare the types, once for each component."""
        if live.component in self._checked:
            return
        component = declared(live.component)
        if self.interface is None:
            function = component.exported_function(self.name)
        else:
            function = (component.exported_interface(self.interface) or {}).get(self.name)
        found = "it is not exported" if function is None else difference(self.signature, function)
        if found is not None:
            raise LinkError(
                f"the component's function has another type: {found}",
                where=printable(self.where),
                hint="generate the package again from this component's WIT, or build the component again",
            )
        self._checked.add(live.component)


class _Maker:
    """Makes the objects of an instance's resources; it does not keep the instance alive."""

    def __init__(self, live: Live) -> None:
        self._live = weakref.ref(live)

    def __call__(self, cls: type[Any], held: Held) -> Any:
        from .resources import bound

        live = self._live()
        of = cls if live is None else bound(cls, live)
        made = object.__new__(of)
        setattr(made, HELD, held)
        return made


def load(source: Source, engine: Engine | None, limits: Limits | None, *, bulk: bool = True) -> Component:
    """The component of a source, in the engine that is asked for or that the limits need."""
    if engine is None and limits is not None and limits.metered:
        engine = engine_with("metered")
    return Component.open(source, engine=engine, bulk=bulk)
