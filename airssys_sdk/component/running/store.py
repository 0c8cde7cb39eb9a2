"""A store: the state of one component instance inside the engine, and the rule that one call runs in it at a time.

Everything that an instance owns hangs here: its memory, captured output, limits, the call in progress. Whether a call may
begin says one flag, `busy`: set while a call is in progress, and for ever once the instance is dead. A caller tests and sets
it, and enters the `try` that clears it, without a call in between: only there Python switches threads and raises
interrupts, so no lock is needed and none can be left behind.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...errors import UsageError
from ..engine.foreign import hold_back_at_the_end, pointer, size
from ..engine.profiles import Engine, keep_for_ever
from ..engine.raw import context_pointer, ffi, package, take_error, target
from ..engine.stores import stores
from ..errors import CallError, InstanceBusy, InstanceDead, LinkError, UnsupportedEngine
from .contexts import STORES
from .limits import Limits
from .wasi import Wasi

if TYPE_CHECKING:
    import asyncio

    from .handles import Handles, HostType
    from .sliced import Call
    from .suspend import Parked
    from .waits import Pollables

_MOST_TABLE_ELEMENTS: Final = 1 << 20
# Tables are memory too, 8 bytes an element; a Python guest has 30 thousand.
_NO_FUEL_LIMIT: Final = (1 << 64) - 1
# At ten billion units a second this lasts for 58 years.
_NO_LIMITS: Final = Limits()
_NO_WASI: Final = Wasi()


class Store:
    """The engine's state of one component instance.

    It goes where the `wasmtime` package takes a store. One thread at a time may use it; a call may change threads
    between two slices.

    Args:
        engine: the engine that compiled the component.
        limits: what the instance may use; fuel and deadline need the `metered` profile.
        wasi: how the guest's output is captured.
        sources: folders of the guest and the author's folders in their place, for tracebacks: `{"/0": "src"}`.
        loop: the event loop that runs suspending imports; without one they run on a loop of their own thread.

    Attributes:
        context: the address of the engine's `wasmtime_context_t`.
        stdout: what the guest wrote to stdout.
        stderr: what the guest wrote to stderr.
        busy: whether nobody may begin a call: one is in progress, or the instance is dead.
        dead: why the instance cannot be called any more; None while it can.
        pending: what a host import raised; its callback puts it here before it reports an error to the engine.
        failing: the full name of the import that raised it.
        call: the sliced call in progress.
        call_loop: the event loop that runs its suspending imports.
        clock_start: when the guest's monotonic clock began, in nanoseconds of the host's.
        parked: the suspending import that the call in progress waits for.
        functions: what the host implements of the component's imports; a linker's callbacks know their place in it.
        host_types: the types of the host's resources in the linker, by Protocol.
        keep: what must live as long as the store: the linker and its callbacks.
        made_by: the thread that made it.

    Raises:
        UsageError: the limits need the `metered` profile and the engine has the other.
    """

    __slots__ = (
        "__weakref__",
        "_handles",
        "_pollables",
        "_raw",
        "busy",
        "call",
        "call_loop",
        "clock_start",
        "context",
        "dead",
        "engine",
        "failing",
        "functions",
        "host_types",
        "keep",
        "limits",
        "loop",
        "made_by",
        "parked",
        "pending",
        "sources",
        "stderr",
        "stdout",
    )

    def __init__(
        self,
        engine: Engine,
        *,
        limits: Limits | None = None,
        wasi: Wasi | None = None,
        sources: Mapping[str, str] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._raw: Any = None
        self._handles: Handles | None = None
        self._pollables: Pollables | None = None
        self.engine = engine
        self.limits = limits or _NO_LIMITS
        if self.limits.metered and not engine.metered:
            raise UsageError(
                "limits on fuel or time need the engine profile 'metered', the component was opened with 'plain'",
                hint="open the component with profile='metered', or leave the profile out",
            )
        wasi = wasi or _NO_WASI
        self.sources = sources or {}
        self.loop = loop
        self.dead: str | None = None
        self.pending: BaseException | None = None
        self.failing: str | None = None
        self.busy = False
        self.made_by = threading.get_ident()
        self.call: Call | None = None
        self.call_loop: asyncio.AbstractEventLoop | None = None
        self.parked: Parked | None = None
        self.functions: Sequence[Callable[..., Any]] = ()
        self.host_types: Mapping[type[Any], HostType] = {}
        self.keep: object = None
        self._raw, self.context = _make(engine, self.limits)
        STORES[self.context] = weakref.ref(self)
        self.stdout, self.stderr, self.clock_start = wasi.install(self)
        _close_at_exit()

    @property
    def handles(self) -> Handles:
        """The resources that crossed its boundary."""
        if self._handles is None:
            from .handles import Handles

            self._handles = Handles(self.host_types)
        return self._handles

    @property
    def pollables(self) -> Pollables:
        """The timers of a guest in the `metered` profile."""
        if self._pollables is None:
            from .waits import Pollables

            self._pollables = Pollables(self)
        return self._pollables

    @property
    def closed(self) -> bool:
        """Whether everything was freed."""
        return self._raw is None

    def _context(self) -> Any:
        """What makes this a store for the `wasmtime` package."""
        self.refuse_closed()
        return context_pointer(self.context)

    def refuse_closed(self) -> None:
        """Raise `InstanceDead` if the store was closed."""
        if self._raw is None:
            raise InstanceDead("the instance was closed", hint="make a new instance")

    def refusal(self, where: str) -> CallError:
        """Why a call of `where` cannot begin while `busy` is set."""
        if self.dead is not None:
            return InstanceDead(
                f"the instance is dead: {self.dead}", where=where, hint="make a new instance and call that"
            )
        return InstanceBusy(
            "the instance is in the middle of another call",
            where=where,
            hint="wait for that call, or use one instance per thread",
        )

    def kill(self, reason: str) -> None:
        """Refuse every further call, for this reason if it is the first."""
        if self.dead is None:
            self.dead = reason
        self.busy = True

    def instantiate(self, linker: Any, component: Any, where: str = "instantiation") -> Any:
        """Instantiate a component in this store.

        Args:
            linker: the `wasmtime.component.Linker` with everything that the component imports.
            component: the `wasmtime.component.Component`.
            where: what to call it in errors.

        Returns:
            The `wasmtime.component.Instance`.

        Raises:
            CallError: the component's start function ended early or a limit is too low to start.
            LinkError: the linker lacks an import, or has it with another type.
        """
        if self.busy:
            raise self.refusal(where)
        self.busy = True
        try:
            if self.engine.metered:
                from .slices import run_instantiation

                raw, error = run_instantiation(self, linker, component, where)
            else:
                raw = ffi().wasmtime_component_instance_t()
                error = stores().instantiate(
                    pointer(target(linker.ptr())),
                    pointer(self.context),
                    pointer(target(component.ptr())),
                    pointer(ctypes.addressof(raw)),
                )
            if error:
                from .failures import instantiate_failure

                found = instantiate_failure(self, error, where)
                raise _link_error(found, where) or found
        finally:
            self.busy = self.dead is not None
        return package().component.Instance._from_raw(raw)

    def close(self) -> None:
        """End the call in progress, if there is one between two slices, and free everything. Doing it again is harmless.

        Raises:
            InstanceBusy: a call is running at this moment, on another thread or further up on this one.
            Exception: what dropping a resource raises that the guest owned.
        """
        if self._raw is None:
            return
        if self.call is not None:
            self.call.cancel()
        elif self.busy and self.dead is None:
            raise self.refusal("close")
        self.busy = True  # before another thread can enter
        self.kill("it was closed")
        self._free()
        if self._handles is not None:
            self._handles.close()

    def _free(self) -> None:
        raw, self._raw = self._raw, None
        if raw is not None:
            STORES.pop(self.context, None)
            stores().delete(raw)
            self.keep = None

    def __del__(self) -> None:
        if getattr(self, "_raw", None) is None:  # it has none at all if an interrupt ended `__init__`
            return
        # Nobody can be inside: a running call holds a reference. One between two slices must go before the store.
        if self.call is not None:
            self.call.abandon()
        self._free()


@functools.cache
def _close_at_exit() -> None:
    atexit.register(_close_all)


def _close_all() -> None:
    hold_back_at_the_end()
    # No store may outlive the interpreter: the engine's threads deliver output to Python functions.
    others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    for reference in list(STORES.values()):
        store: Store | None = reference()
        if store is None:
            continue
        if store.made_by in others:
            # A thread that nobody waits for may be about to use it, with the process not gone yet.
            keep_for_ever(store)
            continue
        try:
            store.close()
        except InstanceBusy:
            continue  # a thread is inside it; the process ends around that thread


def _make(engine: Engine, limits: Limits) -> tuple[Any, int]:
    low = stores()
    raw = pointer(low.new(pointer(target(engine.raw.ptr())), None, None))
    address: int = low.context(raw)
    if limits.memory is not None:
        most = (limits.memory, _MOST_TABLE_ELEMENTS, -1, -1, -1)
        low.limiter(raw, *map(size, most))
    if engine.metered:
        context = pointer(address)
        error = low.set_fuel(context, size(_NO_FUEL_LIMIT))
        error = error or low.yield_interval(context, size(limits.slice_fuel))
        if error:
            low.delete(raw)
            raise UnsupportedEngine(f"the engine does not count fuel: {take_error(error)[0]}")
    return raw, address


def _link_error(found: BaseException, where: str) -> LinkError | None:
    """The engine reports a missing import like a trap; the fix is another one."""
    text = found.message if isinstance(found, CallError) else ""
    if "component imports" not in text and "matching implementation was not found" not in text:
        return None
    return LinkError(f"the host does not give what the component imports: {text}", where=where)
