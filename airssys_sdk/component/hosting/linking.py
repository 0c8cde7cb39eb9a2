"""Linkers: one for all instances of a component whose hosts implement the same functions in the same way.

A linker's callbacks know the slot of each function, and the store of the calling instance knows what stands there. So what an
instance costs does not grow with what its component could import.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from ..bulk.names import interface_name
from ..codec.fallback import bind_import
from ..codec.imports import ImportCodec
from ..engine.profiles import close_at_exit
from ..errors import LinkError, UnsupportedEngine, printable
from ..running.handles import define_resource
from ..running.suspend import add_suspending
from ..running.wasi import link_wasi

if TYPE_CHECKING:
    from ..running.store import Store
    from .loaded import Component
    from .planning import Definition, Plan


class Link:
    """A linker with everything that a component imports, ready for any number of instances, from any thread.

    Attributes:
        linker: the `wasmtime.component.Linker`.
    """

    __slots__ = ("_callbacks", "_profile", "linker")

    def __init__(self, component: Component, plan: Plan, suspends: tuple[bool, ...], *, public: bool) -> None:
        from wasmtime.component import Linker

        self._callbacks = list[object]()
        self._profile = component.profile
        self.linker: Any = Linker(component.engine.raw)
        self._callbacks += link_wasi(self.linker, component.import_names, metered=component.metered)
        with self.linker.root() as root:
            for definition in plan.definitions:
                self._define(root, definition, plan, suspends, public)
        close_at_exit(self.linker)

    def _define(
        self, root: Any, definition: Definition, plan: Plan, suspends: tuple[bool, ...], public: bool
    ) -> None:
        if definition.interface is None:
            self._define_all(root, definition, plan, suspends, public)
            return
        name = definition.interface
        if definition.bulk:
            name = interface_name(name or None)
        with root.add_instance(name) as instance:
            self._define_all(instance, definition, plan, suspends, public)

    def _define_all(
        self, instance: Any, definition: Definition, plan: Plan, suspends: tuple[bool, ...], public: bool
    ) -> None:
        for name, protocol in definition.resources.items():
            kept = define_resource(instance, name, definition.where(name), plan.types[protocol])
            self._callbacks.append(kept)
        for name, (codec, slot) in definition.functions.items():
            where = definition.where(name)
            if codec.signature.is_async:
                raise LinkError(
                    "the component imports an async func, which a host cannot give",
                    where=printable(where),
                    hint="make it a plain 'func' in the WIT and build the component again",
                )
            if public:
                instance.add_func(name, bind_import(codec.signature, slot, where))
            elif slot < len(suspends) and suspends[slot]:
                if self._profile != "metered":
                    raise LinkError(
                        "a suspending import needs the engine profile 'metered'",
                        where=where,
                        hint=_HINTS[self._profile],
                    )
                lift_args, lower_result, lower_error = codec.parts()
                kept = add_suspending(
                    instance,
                    name,
                    where,
                    slot,
                    lift_args=lift_args,
                    lower_result=lower_result,
                    lower_error=lower_error,
                )
                self._callbacks.append(kept)
            else:
                self._callbacks.append(_define(instance, name, codec, slot, where))


def link(store: Store, component: Component, plan: Plan, host: object, *, public: bool) -> Any:
    """Give a store what a host implements, and find the linker that its component is instantiated with.

    Args:
        store: the instance's store.
        component: the component.
        plan: what it imports.
        host: the object that implements it; its attributes are looked up once, now.
        public: whether calls go through the engine's public layer.

    Returns:
        The `wasmtime.component.Linker`, which other threads may be using.

    Raises:
        LinkError: `host` lacks something, or the component imports a function with another type.
        UnsupportedEngine: resources or types that the public layer cannot pass.
    """
    functions, suspends = plan.implementations(host)
    if public and plan.has_resources:
        raise UnsupportedEngine("resources need the fast calls, which this engine does not support")
    key = () if public else suspends
    found: Link | None = plan.links.get(key)
    if found is None:
        # Of two threads that come first, both go on with the linker of one.
        found = plan.links.setdefault(key, Link(component, plan, suspends, public=public))
    store.functions, store.host_types, store.keep = functions, plan.types, found
    return found.linker


_HINTS: Final = {
    "plain": "open the component with profile='metered' (or with limits), or implement the import with a plain 'def'",
    "concurrent": "implement the import with a plain 'def': a component with asynchronous functions has a profile of its own",
}
_NO_FINALIZER: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()


def _define(instance: Any, name: str, codec: ImportCodec, slot: int, where: str) -> object:
    """Define a function that answers at once; what must outlive the stores of the linker's instances."""
    from ..engine.raw import address, ffi, take_error

    function, data, kept = codec.callback(slot)
    raw = ffi()
    encoded = name.encode()
    error = raw.wasmtime_component_linker_instance_add_func(
        instance.ptr(),
        ctypes.create_string_buffer(encoded),
        len(encoded),
        ctypes.cast(function, raw.wasmtime_component_func_callback_t),
        data or None,
        _NO_FINALIZER,
    )
    if error:
        text, _ = take_error(address(error))
        raise LinkError(f"the engine does not take the import: {printable(text)}", where=printable(where))
    return kept
