"""Resources that cross the boundary: who owns them, for how long they are lent, when they are dropped.

A resource of the guest's is a `Held` on the host's side, inside an object of its generated class. A resource of the host's is
any object, which the guest knows by a number. `Handles` keeps the numbers of one instance, `Lending` what one call gives.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..engine.abi import abi
from ..engine.entry import guarded
from ..engine.foreign import held_back, pointer
from ..engine.handles import resources
from ..engine.raw import address, take_error
from ..errors import LinkError, UnsupportedEngine
from .contexts import STORES
from .failures import failure

if TYPE_CHECKING:
    from .store import Store

HELD = "_held"
"""The attribute in which an object of a guest's resource keeps its `Held`; only classes of such resources have it."""

LIFE = "_life"
"""The attribute of such an object that says to which life of a supervised component it belongs."""


def is_guests(cls: type[Any]) -> bool:
    """Whether a class of generated code stands for a resource that the guest implements."""
    return hasattr(cls, HELD)


class Unfit(Exception):
    """A value is no resource that can be given.

    Attributes:
        value: the value.
        before: how often the same call has given it before.
        expected: what should be there, for the error's reader.
        got: what is there.
    """

    def __init__(self, value: object, expected: str, got: str, before: int = 0) -> None:
        super().__init__(expected, got)
        self.value = value
        self.before = before
        self.expected = expected
        self.got = got


class Held:
    """A resource of the guest's that the host owns.

    Attributes:
        store: the store of the instance that implements it.
        box: the address of the engine's `resource_any`.
        gone: why it cannot be used any more; None while it can.
    """

    __slots__ = ("box", "gone", "store")

    def __init__(self, store: Store, box: int) -> None:
        self.store = store
        self.box = box
        self.gone: str | None = None

    def drop(self, where: str) -> None:
        """Run the guest's destructor. Doing it again is harmless, and so is doing it when the instance is gone.

        Raises:
            InstanceBusy: a call is in progress.
            CallError: the destructor failed; the instance is dead.
        """
        store = self.store
        if self.gone is not None or store.dead is not None:
            self.gone = self.gone or "was dropped"
            return
        if store.busy:
            raise store.refusal(where)
        store.busy = True  # meanwhile nobody can lend it
        try:
            self.gone = "was dropped"
            box, self.box = self.box, 0
            store.handles.drop(store, box, where)
        finally:
            store.busy = store.dead is not None

    def __del__(self) -> None:
        if not getattr(self, "box", 0):  # it has none at all if an interrupt ended `__init__`
            return
        if self.store.dead is not None:
            resources().any_delete(pointer(self.box))
        else:
            self.store.handles.doomed.append(
                self.box
            )  # another thread may be inside: whoever calls next drops it


@dataclasses.dataclass(frozen=True, slots=True)
class HostType:
    """A type of resources that the host implements, in all instances of a component.

    Attributes:
        number: by which the engine knows the type.
        methods: what an object must have.
    """

    number: int
    methods: tuple[str, ...]


class Handles:
    """The resources of one instance.

    Args:
        types: the types of the host's resources, by Protocol.

    Attributes:
        objects: the host's objects that the guest owns or is lent, by number.
        types: the types of the host's resources, by Protocol.
        doomed: boxes of the guest's resources that nobody on the host's side can reach any more.
        made_by: makes an object of the guest's resource, from its generated class and what it holds.
    """

    __slots__ = ("_fitting", "_next", "doomed", "made_by", "objects", "types")

    def __init__(self, types: Mapping[type[Any], HostType]) -> None:
        self.objects: dict[int, Any] = {}
        self.types = types
        self._fitting: set[tuple[type[Any], type[Any]]] = set()
        self.doomed: list[int] = []
        self.made_by: Callable[[type[Any], Held], Any] | None = None
        self._next = 0

    def receive(self, store: Store, box: int, cls: type[Any]) -> Any:
        """The Python object of an `own` that the guest gave; the box stays the engine's."""
        if is_guests(cls):
            copied = resources().any_clone(pointer(box))
            make = self.made_by
            if make is None:
                raise UnsupportedEngine("no class is known for the guest's resource")
            return make(cls, Held(store, copied))
        return self.objects.pop(self._number(store, box))

    def look_up(self, store: Store, box: int) -> Any:
        """The host's object of a `borrow` that the guest lent, which ends with this."""
        return self.objects[self._number(store, box)]

    def give(self, store: Store, value: object, cls: type[Any]) -> int:
        """Put an object of the host's into the engine's table; the address of its box, which is ours to delete."""
        host_type = self.types.get(cls)
        if host_type is None:
            raise UnsupportedEngine(f"resources like {cls.__qualname__} are not the host's in this instance")
        if (cls, type(value)) not in self._fitting:
            missing = [name for name in host_type.methods if not callable(getattr(value, name, None))]
            if missing or value is None:
                got = f"{type(value).__qualname__}, which lacks {', '.join(missing) or 'everything'}"
                raise Unfit(value, f"an object that fits {cls.__qualname__}", got)
            self._fitting.add((cls, type(value)))
        self._next = number = self._next + 1
        box, error = resources().to_any(pointer(store.context), number, host_type.number)
        if error:
            raise failure(store, error, "giving a resource to the component")
        self.objects[number] = value
        return box

    def take_back(self, store: Store, box: int) -> None:
        """Undo `give`, when the guest did not take the object or gave it back."""
        number, error = resources().number_of(pointer(store.context), box)
        resources().any_delete(pointer(box))
        if error:
            take_error(error)  # it was handed over after all
        else:
            del self.objects[number]

    def drop(self, store: Store, box: int, where: str) -> None:
        """Drop a resource of the guest's, in an instance that the caller occupies."""
        if (
            store.engine.metered
        ):  # the engine has no drop for such a store: the resource ends with the instance
            resources().any_delete(pointer(box))
            return
        try:
            error = resources().any_drop(pointer(store.context), pointer(box))
            if error:
                raise failure(store, error, where)
        finally:
            resources().any_delete(pointer(box))

    def sweep(self, store: Store) -> None:
        """Drop what nobody can reach any more, unless a call is in progress."""
        while self.doomed and not store.busy:
            store.busy = True
            try:
                if self.doomed:  # another thread may have been faster
                    self.drop(
                        store, self.doomed.pop(), "dropping a resource that was not dropped by its owner"
                    )
            finally:
                store.busy = store.dead is not None

    def close(self) -> None:
        """Drop what the guest owns, after its instance is gone.

        Raises:
            Exception: what dropping one of the objects raises, after all were dropped.
        """
        for box in self.doomed:
            resources().any_delete(pointer(box))
        self.doomed.clear()
        objects, self.objects = self.objects, {}
        with contextlib.ExitStack() as stack:
            for value in objects.values():
                stack.callback(release, value)

    def _number(self, store: Store, box: int) -> int:
        number, error = resources().number_of(pointer(store.context), box)
        if error:
            raise failure(store, error, "taking a resource from the component")
        return number


class Lending:
    """The resources that one call gives to the component: undone if it does not begin, settled when it is over.

    The call occupies the instance before it gives the first one: what it gives lies in the engine's tables, and nobody may
    drop it meanwhile.
    """

    __slots__ = ("_lent", "_made", "_store", "_taken")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._taken: list[Held] = []
        self._lent: list[Held] = []
        self._made: list[tuple[int, bool]] = []
        if store.handles.doomed:
            store.handles.sweep(store)

    def own(self, value: Any, cls: type[Any]) -> int:
        """The box for an `own`: the value is the component's from now on."""
        if is_guests(cls):
            held = self._held(value, cls)
            if held in self._lent:
                before = self._lent.count(held)
                raise Unfit(value, f"{cls.__qualname__} to hand over", "one that the same call lends", before)
            held.gone = "was handed over to the component"
            self._taken.append(held)
            return held.box
        box = self._store.handles.give(self._store, value, cls)
        self._made.append((box, True))
        return box

    def borrow(self, value: Any, cls: type[Any]) -> int:
        """The box for a `borrow`: the component may use the value until the call is over."""
        if is_guests(cls):
            held = self._held(value, cls)
            self._lent.append(held)
            return held.box
        box = self._store.handles.give(self._store, value, cls)
        self._made.append((box, False))
        return box

    def undo(self) -> None:
        """Nothing was given: the call does not begin."""
        for held in self._taken:
            held.gone = None
        for box, _ in self._made:
            self._store.handles.take_back(self._store, box)
        self._taken.clear()
        self._made.clear()

    @guarded
    def settle(self) -> None:
        """The call is over, or a host function's result handed over: what was given is gone, what was lent is back."""
        try:
            self._settle()
        except BaseException:
            self._settle()  # all or the rest, when an interrupt arrived meanwhile
            raise

    def _settle(self) -> None:
        delete = resources().any_delete
        # Nothing that raises an interrupt stands between taking one off its list and forgetting its box.
        while self._taken:
            held = self._taken[-1]
            del self._taken[-1]
            box, held.box = held.box, 0
            delete(pointer(box))
        while self._made:
            box, given = self._made[-1]
            del self._made[-1]
            if given or self._store.dead is not None:
                delete(pointer(box))
            else:
                self._store.handles.take_back(self._store, box)

    def _held(self, value: Any, cls: type[Any]) -> Held:
        held: object = getattr(value, HELD, None)
        if (
            type(held) is not Held
        ):  # its address goes to the engine, so nothing that only looks like one will do
            fits = isinstance(value, cls)
            got = "one that is not of any instance" if fits else type(value).__qualname__
            raise Unfit(value, cls.__qualname__, got)
        if held.store is not self._store:
            got = "one of another instance" + ("" if held.store.dead is None else ", which has ended")
            raise Unfit(value, f"{cls.__qualname__} of this instance", got)
        if not isinstance(value, cls):
            raise Unfit(value, cls.__qualname__, type(value).__qualname__)
        if held.gone is not None:
            before = self._lent.count(held) + self._taken.count(held)
            raise Unfit(value, f"{cls.__qualname__} that is still there", f"one that {held.gone}", before)
        return held


def define_resource(instance: Any, name: str, where: str, host_type: HostType) -> object:
    """Define a type of the host's resources in a linker.

    Args:
        instance: the `wasmtime.component.LinkerInstance` to define it in.
        name: its WIT name there.
        where: what errors call it.
        host_type: the type.

    Returns:
        What must outlive the stores of the linker's instances.

    Raises:
        LinkError: the engine refuses the definition.
    """
    low, base = resources(), abi()

    def destroy(_data: int | None, context: int, number: int) -> int:
        try:
            release(STORES[context]().handles.objects.pop(number))
        except BaseException as raised:  # noqa: BLE001  (nothing may travel through the engine; `failure` raises it again)
            store = STORES[context]()
            store.pending, store.failing = raised, f"{where}, in its drop,"
            return int(base.error_new(b"dropping a resource of the host failed"))
        return 0

    thunk = low.destructor(guarded(destroy))
    entry, data = held_back("DESTRUCTOR", thunk)
    encoded = name.encode()
    kind = base.pointer(low.type_new(base.size(host_type.number)))
    try:
        error = low.add_resource(
            base.pointer(address(instance.ptr())),
            encoded,
            base.size(len(encoded)),
            kind,
            base.pointer(entry),
            base.pointer(data),
            None,
        )
    finally:
        low.type_delete(kind)
    if error:
        text = take_error(error)[0]
        raise LinkError(f"the engine does not take the resource {name}: {text}", where=where)
    return thunk


def release(value: object) -> None:
    """Tell an object of the host's that the guest is done with it: the end of a `with` block, if it has one."""
    leave: Callable[..., object] | None = getattr(type(value), "__exit__", None)
    if leave is not None:
        leave(value, None, None, None)
