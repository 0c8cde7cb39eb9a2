"""`Resource`: the base of the generated class of a resource that a component exports.

`shop.store.Cursor` is such a class, bound to one instance: its constructor and its methods call that instance. The value
layer does not pass resources yet, so using one raises `UnsupportedEngine`; what a component declares is compared all the same.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Never, Self

from ...wit.annotations import MARKER, FunctionMarker

if TYPE_CHECKING:
    from .live import ExportCodec, Live


class Resource:
    """A resource of a component. Use it with `with`: then it is dropped at the end.

    A function of the component gives it, or the constructor of the class that stands in its interface:
    `shop.store.Cursor("a")`. The class in the generated module is only its type.
    """

    _live: ClassVar[Live | None] = None
    _interface: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        members: dict[str, Any] = dict(vars(cls))
        for name, member in members.items():
            stub: Any = getattr(member, "__func__", member)  # behind a static function's `classmethod`
            if isinstance(getattr(stub, MARKER, None), FunctionMarker):
                setattr(cls, name, ResourceCall(member, stub, cls))

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
        from ..signatures.handles import refused

        raise refused()


class ResourceCall:
    """A constructor, method or static function of a resource's class, until it is used on a class that is bound."""

    def __init__(self, member: Any, stub: Callable[..., Any], resource: type[Resource]) -> None:
        self.stub = stub
        self.__doc__ = stub.__doc__
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
        if live is None:
            found: Callable[..., Any] = self._member.__get__(instance, owner)
            return found
        if self._codec is None:
            from ...wit.shapes import signature_of
            from .live import ExportCodec

            signature = signature_of(self.stub, self._resource)
            self._codec = ExportCodec(signature, vars(owner)["_interface"])
        return self._codec.bind(live)


def bound(resource: type[Resource], live: Live, interface: str) -> type[Resource]:
    """The class of a resource for one instance of a component.

    Args:
        resource: the generated class.
        live: the instance.
        interface: the name under which the component exports the interface.
    """
    members = {"_live": live, "_interface": interface, "__module__": resource.__module__}
    return type(resource.__name__, (resource,), members)


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


def _resources(interface: type[Any]) -> Iterator[tuple[str, type[Resource]]]:
    for attribute, annotation in inspect.get_annotations(interface, eval_str=True).items():
        for cls in getattr(annotation, "__args__", ()):
            if isinstance(cls, type) and issubclass(cls, Resource):
                yield attribute, cls


_READ: weakref.WeakKeyDictionary[type[Any], Mapping[str, type[Resource]]] = weakref.WeakKeyDictionary()
