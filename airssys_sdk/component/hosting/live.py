"""One live instance: from a loaded component to Python functions that call it.

`World` (generated classes) and `Instance` (no generated code) both stand on this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from ..codec.fallback import needs_fallback
from ..engine.profiles import engine as engine_with
from ..running.store import Store
from .linking import link
from .loaded import Component

if TYPE_CHECKING:
    import asyncio

    from ..engine.profiles import Engine
    from ..running.limits import Limits
    from ..running.wasi import Wasi
    from .loaded import Source
    from .planning import Plan
    from .twins import Life


class Live:
    """A component's instance in a store of its own.

    Attributes:
        component: what was instantiated.
        store: the engine's state: limits, captured output, whether it is alive.
        public: whether calls go through the engine's public layer.
        calls_back: whether the component may call host imports.
        classes: the classes of its resources, bound to it, by the generated class.
        life: whoever runs this instance as a life of a supervised component; None if nobody does.
    """

    __slots__ = ("__weakref__", "calls_back", "classes", "component", "instance", "life", "public", "store")

    def __init__(
        self, component: Component, store: Store, instance: Any, *, public: bool, calls_back: bool
    ) -> None:
        self.component = component
        self.store = store
        self.instance = instance
        self.public = public
        self.calls_back = calls_back
        self.classes: dict[type[Any], type[Any]] = {}
        self.life: Life | None = None

    @classmethod
    def start(
        cls,
        source: Source,
        plan_for: Callable[[Component], Plan],
        host: object,
        *,
        engine: Engine | None = None,
        wasi: Wasi | None = None,
        limits: Limits | None = None,
        sources: Mapping[str, str] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        bulk: bool = True,
    ) -> Self:
        """Load, link and instantiate; `plan_for` says how a component is linked, or refuses it.

        Raises:
            InvalidComponent: the source is no component.
            LinkError: `plan_for` refuses the component, or `host` lacks an implementation.
            UsageError: the limits need another engine profile than the component was loaded with.
            CallError: the component failed while it was starting.
        """
        public = needs_fallback()
        component = load(source, engine, limits, bulk=bulk and not public and (limits is None or limits.bulk))
        plan = plan_for(component)
        store = Store(component.engine, limits=limits, wasi=wasi, sources=sources, loop=loop)
        try:
            linker = link(store, component, plan, host, public=public)
            instance = store.instantiate(linker, component.raw)
            return cls(component, store, instance, public=public, calls_back=bool(plan.definitions))
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Free the instance. Doing it again is harmless.

        Raises:
            InstanceBusy: a call is in progress.
        """
        self.store.close()


def load(source: Source, engine: Engine | None, limits: Limits | None, *, bulk: bool = True) -> Component:
    """The component of a source, in the engine that is asked for or that the limits need."""
    if isinstance(source, Component) and engine is None and limits is None and (bulk or not source.bulk):
        return source  # as `open` would say of it, in more steps
    if engine is None and limits is not None and limits.metered:
        engine = engine_with("metered")
    return Component.open(source, engine=engine, bulk=bulk)
