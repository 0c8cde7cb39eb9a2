"""Exported functions: what calls them, compiled once, and where a component has them, looked up once."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ...wit.shapes import HandleShape, Signature
from ...wit.versions import compatible
from ..bulk.names import interface_name
from ..codec.calls import Lift, Lower, compile_export, compile_parts
from ..codec.fallback import bind_export
from ..engine.abi import abi
from ..engine.profiles import close_at_exit
from ..errors import LinkError, printable
from ..running.handles import HELD, LIFE, Held, is_guests
from ..running.refusal import refuse
from ..signatures.check import PlainFunction, difference
from ..signatures.handles import gives, handles, refused, refused_async
from ..signatures.hexed import hexed
from .declared import declared

if TYPE_CHECKING:
    from ..running.bound import Bound
    from ..running.store import Store
    from .live import Live
    from .loaded import Component

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
        self._places: weakref.WeakKeyDictionary[Component, _Place] = weakref.WeakKeyDictionary()
        self._with_arrays: ExportCodec | None = None
        self._with_bulk: ExportCodec | None = None
        self._parts: Callable[[Store], tuple[Lower, Lift]] | None = None

    def bind(self, live: Live) -> Callable[..., Any]:
        """The Python function that calls this function of an instance; it says so in its attribute `CALL`.

        Raises:
            LinkError: the component does not export it, or with another type.
            InstanceBusy: a call is in progress.
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
        live.store.refuse_closed()
        place = self._places.get(live.component)
        if place is None:
            place = self._places[live.component] = self._find(live.component)
        function = self._function(live, place)
        self._admit_resources(live)
        if self.signature.is_async:
            return self._bind_awaited(live, function)
        if live.public:
            return bind_export(self.signature, function, live.store, self.where)
        # The codec wants the bytes of the engine's struct; they identify the function, whose data lives in the store.
        return place.codec._bind_raw(live, bytes(function._func))

    def _function(self, live: Live, place: _Place) -> Any:
        """The engine's function. Looking it up goes into the store, where nobody else may be meanwhile."""
        store = live.store
        if store.busy and store.dead is None:
            refuse(store, self.where)
        store.busy = True
        try:
            return live.instance.get_func(store, place.index)
        finally:
            store.busy = store.dead is not None

    def _find(self, component: Component) -> _Place:
        """Look the function up in a component, and compare the types."""
        index = find(component, self.interface, self.name)
        if index is None:
            raise LinkError(f"the component does not export {printable(self.name)}", where=self.interface)
        self._check(component)
        bulk = find_bulk(component, self.interface, self.name)
        if bulk is not None and difference(self._bulk.signature, bulk[1]) is None:
            return _Place(bulk[0], self._bulk)
        return _Place(index, self)

    @property
    def _bulk(self) -> ExportCodec:
        """The codec of the same function's form with lists of numbers as text."""
        if self._with_bulk is None:
            signature = dataclasses.replace(hexed(self.signature), name=self.name)
            self._with_bulk = ExportCodec(signature, self.interface, arrays=self.arrays)
        return self._with_bulk

    @functools.cached_property
    def _handles(self) -> tuple[HandleShape, ...]:
        return tuple(handles(self.signature))

    def _bind_raw(self, live: Live, raw: bytes) -> Callable[..., Any]:
        if (
            live.component.profile != "plain"
        ):  # in `concurrent` the engine runs every call beside the guest's own tasks
            return self._bind_sliced(live.store, raw)
        if self._direct is None:
            self._direct = compile_export(self.signature, arrays=self.arrays)
        return self._direct(live.store, raw, self.where, live.calls_back)

    def _bind_awaited(self, live: Live, function: Any) -> Callable[..., Any]:
        from ..running.awaited import awaited

        if live.component.profile != "concurrent" or live.public:
            raise refused_async(self.where)
        return awaited(self._bound(live.store, bytes(function._func)))

    def _bind_sliced(self, store: Store, raw: bytes) -> Callable[..., Any]:
        from ..running.slices import caller

        return caller(self._bound(store, raw))

    def _bound(self, store: Store, raw: bytes) -> Bound:
        from ..running.bound import Bound

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
        for handle in self._handles:
            if live.public:
                raise refused(self.where, "resources need the fast calls, which this engine does not support")
            if is_guests(handle.cls):
                live.store.handles.made_by = _Maker(live)
            elif handle.cls not in live.store.handles.types:
                raise refused(
                    self.where,
                    f"resources of {printable(handle.name)} cannot be passed: they are the engine's",
                )

    def _check(self, component: Component) -> None:
        read = declared(component)
        if self.interface is None:
            function = read.exported_function(self.name)
        else:
            function = (read.exported_interface(self.interface) or {}).get(self.name)
        found = "it is not exported" if function is None else difference(self.signature, function)
        if found is not None:
            raise LinkError(
                f"the component's function has another type: {found}",
                where=printable(self.where),
                hint="generate the package again from this component's WIT, or build the component again",
            )


class _Place(NamedTuple):
    """Where a component exports a function: the engine's `ExportIndex`, and the codec of the form that stands there."""

    index: Any
    codec: ExportCodec


class _Maker:
    """Makes the objects of an instance's resources; it does not keep the instance alive."""

    def __init__(self, live: Live) -> None:
        self._live = weakref.ref(live)

    def __call__(self, cls: type[Any], held: Held) -> Any:
        from .resources import Resource, bound

        live = self._live()
        if live is not None and issubclass(cls, Resource):
            cls = bound(cls, live)
        made = object.__new__(cls)
        setattr(made, HELD, held)
        if live is not None and live.life is not None:
            setattr(made, LIFE, live.life)
        return made


def find(component: Component, interface: str | None, name: str) -> Any:
    """Where a component exports a function.

    Args:
        component: the component.
        interface: the name of the interface that exports it; None for a function of the world itself.
        name: its WIT name.

    Returns:
        The `wasmtime.component.ExportIndex`, good for every instance; None if the function is not exported.
    """
    exported = None if interface is None else compatible(interface, declared(component).exports)
    return None if interface is not None and exported is None else _index(component, exported, name)


def find_bulk(component: Component, interface: str | None, name: str) -> tuple[Any, PlainFunction] | None:
    """The same for the form of a function that takes and gives lists of numbers as text, and its types; None if it has none."""
    read = declared(component)
    exported = None if interface is None else compatible(interface, read.exports)
    types = read.bulk(exported, imported=False).get(name)
    index = None if types is None else _index(component, interface_name(exported), name)
    return None if index is None or types is None else (index, types)


def _index(component: Component, interface: str | None, name: str) -> Any:
    parent = None if interface is None else component.raw.get_export_index(interface)
    if interface is not None and parent is None:
        return None
    index = component.raw.get_export_index(name, parent)
    if index is not None:
        close_at_exit(index)
    return index
