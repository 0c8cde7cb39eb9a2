"""`Resource`: the base of the generated class of a resource that a component exports.

`shop.store.Cursor` is such a class, bound to one instance: its constructor and its methods call that instance, and what
functions of the instance give are objects of it. The class in the generated module is their type.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Coroutine, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Never, Self, overload

from ...errors import UsageError
from ...wit.annotations import MARKER, FunctionMarker, ResourceMarker

if TYPE_CHECKING:
    from ..running.handles import Held
    from .exports import ExportCodec
    from .live import Live
    from .twins import ActorResource, Life


class Resource:
    """A resource of a component. Use it with `with`, or give it to `drop`: then the component frees it.

    A function of the component gives it, or the constructor of the class that stands in its interface:
    `shop.store.Cursor("a")`. Giving it to a function that takes it over ends its life here. One that is never dropped is
    dropped some time after nobody refers to it any more, and at the latest with its instance.
    """

    _live: ClassVar[Live | None] = None
    _held: Held | None = None

    def __init_subclass__(cls) -> None:
        members: dict[str, Any] = dict(vars(cls))
        for name, member in members.items():
            stub: Any = getattr(member, "__func__", member)  # behind a static function's `classmethod`
            if isinstance(getattr(stub, MARKER, None), FunctionMarker):
                setattr(cls, name, ResourceCall(name, member, stub, cls))

    def __init__(self, *_: Never) -> None:
        raise TypeError(f"a {type(self).__qualname__} cannot be made: a function of the component gives it")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        drop(self)

    def __repr__(self) -> str:
        gone = "not of any instance" if self._held is None else self._held.gone
        return f"<{type(self).__qualname__}{f' that {gone}' if gone else ''}>"


@overload
def drop(resource: Resource) -> None: ...


@overload
def drop(resource: ActorResource) -> Coroutine[Any, Any, None]: ...


def drop(resource: Resource | ActorResource) -> Coroutine[Any, Any, None] | None:
    """Have the component free a resource of its own. Doing it again is harmless, and so is a resource that was given away.

    For one of a supervised component it is awaited: `await drop(cursor)`. The component comes to it after the calls before.

    In an instance with limits the resource is only given up here: the component frees it when the instance ends, since the
    engine cannot run a destructor in slices.

    Raises:
        UsageError: it is no resource of a component.
        InstanceBusy: a call is in progress.
        CallError: the component's destructor failed; the instance is dead.
    """
    held: Held | None = getattr(resource, "_held", None)
    if held is None:
        raise UsageError(
            f"a {type(resource).__qualname__} cannot be dropped",
            hint="drop what a function of a component has given, or what the class in its interface has made",
        )
    where = f"the drop of a {type(resource).__qualname__}"
    life: Life | None = getattr(resource, "_life", None)
    if life is not None:
        return life.drop(held, where)
    held.drop(where)
    return None


class ResourceCall:
    """A constructor, method or static function of a resource's class, until it is used on a class that is bound."""

    def __init__(
        self,
        name: str,
        member: Any,
        stub: Callable[..., Any],
        resource: type[Resource],
        codec: Callable[[], ExportCodec] | None = None,
    ) -> None:
        self.stub = stub
        self._make_codec = codec or self._codec_of_stub
        self.__doc__ = stub.__doc__
        self._name = name
        self._member = member
        self._resource = resource
        self._codec: ExportCodec | None = None

    @property
    def wit_name(self) -> str:
        """The function's WIT name: `[method]cursor.next`."""
        marker: FunctionMarker = getattr(self.stub, MARKER)
        return marker.name

    def __get__(self, instance: Resource | None, owner: type[Resource]) -> Callable[..., Any]:
        live = vars(owner).get("_live")
        if live is None and instance is not None and self._name == "__init__":
            raise TypeError(
                f"{owner.__qualname__} is a type; take the class from the interface of an instance to make one"
            )
        if live is None:
            unbound: Callable[..., Any] = self._member.__get__(instance, owner)
            return unbound
        # The function takes the place of this object in the bound class: Python then makes the method of it.
        # Of two threads that come first, both go on with the function of one: Python forgets what it knows of a class after it has
        # freed what stood there, and others may run meanwhile. No thread is switched between the look and the change.
        made, members = self._bind(live), vars(owner)
        if self._name not in members:
            setattr(owner, self._name, made)
        found: Callable[..., Any] = getattr(owner if instance is None else instance, self._name)
        return found

    def _bind(self, live: Live) -> Any:
        if self._codec is None:
            self._codec = self._make_codec()
        call = self._codec.bind(live)
        call.__name__, call.__qualname__, call.__doc__ = (
            self.stub.__name__,
            self.stub.__qualname__,
            self.stub.__doc__,
        )
        if self.wit_name.startswith("[constructor]"):
            return _constructor(call)
        return staticmethod(call) if self.wit_name.startswith("[static]") else call

    def _codec_of_stub(self) -> ExportCodec:
        from ...wit.shapes import signature_of
        from .exports import ExportCodec

        return ExportCodec(signature_of(self.stub, self._resource), interface_of(self._resource))


def bound(resource: type[Resource], live: Live) -> type[Resource]:
    """The class of a resource for one instance of a component; the same one each time.

    Args:
        resource: the generated class.
        live: the instance.
    """
    found = live.classes.get(resource)
    if found is None:
        members = {"_live": live, "__module__": resource.__module__, "__qualname__": resource.__qualname__}
        found = live.classes[resource] = type(resource.__name__, (resource,), members)
    return found


def interface_of(resource: type[Any]) -> str | None:
    """The name under which a component exports the interface of a resource; None for a resource of the world itself."""
    marker: ResourceMarker = getattr(resource, MARKER)
    return marker.name.rpartition("#")[0] or None


def resources_of(interface: type[Any]) -> Mapping[str, type[Resource]]:
    """The resources of a generated interface class, by the attribute that gives the class."""
    found = _READ.get(interface)
    if found is None:
        found = _READ[interface] = dict(_resources(interface))
    return found


def functions_of(resource: type[Resource]) -> Iterator[str]:
    """The WIT names of the functions of a resource's class."""
    for member in vars(resource).values():
        if isinstance(member, ResourceCall):
            yield member.wit_name


def _constructor(call: Callable[..., Any]) -> Callable[..., None]:
    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        made = call(*arguments, **named)
        self._held, made._held = made._held, None

    return __init__


def _resources(interface: type[Any]) -> Iterator[tuple[str, type[Resource]]]:
    for attribute, annotation in inspect.get_annotations(interface, eval_str=True).items():
        for cls in getattr(annotation, "__args__", ()):
            if isinstance(cls, type) and issubclass(cls, Resource):
                yield attribute, cls


_READ: weakref.WeakKeyDictionary[type[Any], Mapping[str, type[Resource]]] = weakref.WeakKeyDictionary()
