"""`World` and `Exports`: the base classes of generated host packages.

A generated class says what there is, in stubs and annotations; these bases put the calls in their place. The first use
of a method on an instance compiles its codec, if no other instance has done so, and puts the bound function into the
instance's own dict, where Python finds it first from then on.

Generated packages import this, so it brings in little: all that opening a component needs comes with the first one (`opening`).
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ...wit.annotations import MARKER, FunctionMarker, InterfaceMarker
from .resources import bound, resources_of

if TYPE_CHECKING:
    import asyncio

    from ..engine.profiles import Engine
    from ..running.limits import Limits
    from ..running.wasi import Wasi
    from .exports import ExportCodec
    from .live import Live
    from .loaded import Component, Source
    from .planning import Plan


class Exports:
    """Base of the generated class of an exported interface: its methods call the component."""

    def __init_subclass__(cls) -> None:
        _bind_lazily(cls, lambda owner: marker_of(owner, InterfaceMarker).name)

    def __init__(self, live: Live) -> None:
        self._live = live

    if (
        not TYPE_CHECKING
    ):  # or else every attribute would be there for type checkers, also one that is misspelt

        def __getattr__(self, name: str) -> Any:
            """The class of a resource, when it is first used."""
            resource = resources_of(type(self)).get(name)
            if resource is None:
                text = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(text, name=name, obj=self)
            live: Live = vars(self)["_live"]
            vars(self)[name] = made = bound(resource, live)
            return made

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} of {_title(self._live)}>"


class World:
    """Base of the generated class of a world: a component's instance with its exports as attributes.

    Use it with `with`, or `close` it; after that, calls raise `InstanceDead`.
    """

    # The components that were found to export what this class needs, and how each is linked. No function of WIT has such a name.
    __wit_plans__: ClassVar[weakref.WeakKeyDictionary[Component, Plan]]
    # The exported interfaces by attribute, once they were read.
    __wit_interfaces__: ClassVar[Mapping[str, type[Exports]] | None] = None

    def __init_subclass__(cls) -> None:
        _bind_lazily(cls, lambda _: None)
        cls.__wit_plans__ = weakref.WeakKeyDictionary()
        cls.__wit_interfaces__ = None

    def __init__(self, live: Live) -> None:
        self._live = live
        for attribute, interface in interfaces_of(type(self)).items():
            self.__dict__[attribute] = interface(live)

    @classmethod
    def open_world(
        cls,
        source: Source,
        protocol: type[Any] | None = None,
        imports: object = None,
        *,
        engine: Engine | None = None,
        wasi: Wasi | None = None,
        limits: Limits | None = None,
        bulk: bool = True,
        sources: Mapping[str, str] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> Self:
        """Load a component of this world, link its imports and instantiate it. The generated `load` calls this.

        Args:
            source: a path, the bytes of a component, or one that is already loaded.
            protocol: the generated Protocol of the world's imports; None if it imports nothing besides WASI.
            imports: the object that implements it.
            engine: the engine to compile for; by default `plain`, or `metered` if the limits need it.
            wasi: how the guest's output is captured.
            limits: what the instance may use.
            bulk: whether lists of numbers may pass through adapters that the component is composed with.
            sources: folders of the guest and the author's in their place, for tracebacks.
            loop: the event loop that runs suspending imports.

        Raises:
            InvalidComponent: the source is no component.
            LinkError: the component does not fit this world, or `imports` lacks an implementation.
            UsageError: the limits need another engine profile than the loaded component has.
            CallError: the component failed while it was starting.
        """
        kind, plan = _opening()
        live = kind.start(
            source,
            lambda component: plan(cls, protocol, component),
            imports,
            engine=engine,
            wasi=wasi,
            limits=limits,
            sources=sources,
            loop=loop,
            bulk=bulk,
        )
        return cls(live)

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

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} of {_title(self._live)}>"


class LazyCall:
    """A method of a generated class, until it is first used on an instance."""

    def __init__(
        self, stub: Callable[..., Any], name: str, interface: Callable[[type[Any]], str | None]
    ) -> None:
        self.stub = stub
        self.name = name
        self.interface = interface
        self.codec: ExportCodec | None = None
        self.__doc__ = stub.__doc__

    def __get__(self, instance: Exports | World | None, owner: type[Any]) -> Callable[..., Any]:
        if instance is None:
            return self.stub
        if self.codec is None:
            from ...wit.shapes import signature_of
            from .exports import ExportCodec

            self.codec = ExportCodec(signature_of(self.stub), self.interface(owner))
        live: Live = vars(instance)["_live"]
        call = self.codec.bind(live)
        call.__name__, call.__qualname__, call.__doc__ = (
            self.stub.__name__,
            self.stub.__qualname__,
            self.stub.__doc__,
        )
        deprecated: str | None = getattr(self.stub, "__deprecated__", None)
        if deprecated is not None:
            warnings.warn(f"{self.stub.__qualname__} is {deprecated}", DeprecationWarning, stacklevel=2)
        vars(instance)[self.name] = call
        return call


@functools.cache
def _opening() -> tuple[type[Live], Callable[[type[World], type[Any] | None, Component], Plan]]:
    # The statement `import` takes a microsecond each time, also when the module is there.
    from .live import Live
    from .opening import plan

    return Live, plan


def _bind_lazily(cls: type[Any], interface: Callable[[type[Any]], str | None]) -> None:
    for name, stub in list(vars(cls).items()):
        if isinstance(getattr(stub, MARKER, None), FunctionMarker):
            setattr(cls, name, LazyCall(stub, name, interface))


def interfaces_of(cls: type[World]) -> Mapping[str, type[Exports]]:
    """The exported interfaces of a generated world class, by attribute."""
    found = cls.__wit_interfaces__
    if found is None:
        # The annotations of a class do not change, and reading them takes longer than the rest of opening a world.
        found = cls.__wit_interfaces__ = _interfaces(cls)
    return found


def _interfaces(cls: type[World]) -> Mapping[str, type[Exports]]:
    found = dict[str, type[Exports]]()
    for base in cls.__mro__[: cls.__mro__.index(World)]:
        for attribute, annotation in inspect.get_annotations(base, eval_str=True).items():
            if isinstance(annotation, type) and issubclass(annotation, Exports):
                found[attribute] = annotation
    return found


def marker_of(cls: type[Any], kind: type[Any]) -> Any:
    """What a generated class says about itself.

    Raises:
        ShapeError: it does not say it.
    """
    marker = getattr(cls, MARKER, None)
    if not isinstance(marker, kind):
        from ...wit.shapes import ShapeError

        raise ShapeError(f"the class {cls.__qualname__} does not say which WIT item it is")
    return marker


def _title(live: Live) -> str:
    return str(live.component.path or "a component")
