"""Waiting in WASI without holding the thread: `wasi:io/poll` and the clock's timers as suspending imports.

The engine's own implementation blocks the thread in a guest's `time.sleep`. Here a `pollable` is a resource of ours: a
time at which it becomes ready. Everything that gives out pollables must then give out ours, so the streams' and sockets'
`subscribe` are defined here as well; nothing that this WASI grants needs them, and they say so.
"""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import functools
import struct
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..engine.abi import BOOL, CELL, LIST, PAYLOAD, U32, abi
from ..engine.foreign import foreign
from ..engine.raw import address, package
from ..errors import UnsupportedEngine
from .contexts import STORES
from .suspend import Parked, define
from .waiting import schedule

if TYPE_CHECKING:
    from .store import Store

_RESOURCE: Final = 21
_TYPE: Final = 0x61697273
"""Tells our host resources from others in one store; any number will do."""

_MOST_TIMERS: Final = 65_536
"""A guest that never drops its timers would otherwise fill the host's memory, not its own."""

_REFUSED: Final = {
    "wasi:io/streams": ("[method]input-stream.subscribe", "[method]output-stream.subscribe"),
    "wasi:sockets/tcp": ("[method]tcp-socket.subscribe",),
    "wasi:sockets/udp": (
        "[method]udp-socket.subscribe",
        "[method]incoming-datagram-stream.subscribe",
        "[method]outgoing-datagram-stream.subscribe",
    ),
    "wasi:sockets/ip-name-lookup": ("[method]resolve-address-stream.subscribe",),
}


def link_waits(linker: Any) -> Iterator[object]:
    """Replace what waits in the WASI that `linker` already has.

    Args:
        linker: a `wasmtime.component.Linker` of the `metered` profile after `add_wasip2`.

    Yields:
        What must outlive the stores of the linker's instances.
    """
    version = _wasi_version()
    starts: dict[str, dict[str, _Start]] = {
        "wasi:io/poll": {
            "[method]pollable.ready": Pollables.ready,
            "[method]pollable.block": Pollables.block,
            "poll": Pollables.poll,
        },
        "wasi:clocks/monotonic-clock": {
            "subscribe-instant": Pollables.subscribe_instant,
            "subscribe-duration": Pollables.subscribe_duration,
        },
    }
    linker.allow_shadowing = True
    with linker.root() as root:
        for interface in (*starts, *_REFUSED):
            with root.add_instance(f"{interface}@{version}") as instance:
                if interface == "wasi:io/poll":
                    kind = package().component.ResourceType.host(_TYPE)
                    instance.add_resource("pollable", kind, _drop)
                for name, start in starts.get(interface, {}).items():
                    yield define(instance, name, f"{interface}#{name}", _of_pollables(start))
                for name in _REFUSED.get(interface, ()):
                    yield define(instance, name, f"{interface}#{name}", _refuse(f"{interface}#{name}"))
    linker.allow_shadowing = False


@dataclasses.dataclass(slots=True)
class _Timer:
    """A pollable: ready from a time on, in nanoseconds of the host's monotonic clock."""

    ready_at: int


class Pollables:
    """The pollables of one store, by the number that stands for each in the engine."""

    def __init__(self, store: Store) -> None:
        self.timers: dict[int, _Timer] = {}
        self._next = 1
        self._low = _low()
        self._abi = abi()
        self._context = self._abi.pointer(store.context)

    def subscribe_instant(self, store: Store, arguments: int, results: int) -> None:
        """Make a timer for a time of the guest's clock."""
        # The guest's clock began when its WASI state was made.
        self._give(store.clock_start + self._abi.views["Q"][(arguments + PAYLOAD) >> 3], results)

    def subscribe_duration(self, _store: Store, arguments: int, results: int) -> None:
        """Make a timer for some time from now."""
        self._give(time.monotonic_ns() + self._abi.views["Q"][(arguments + PAYLOAD) >> 3], results)

    def ready(self, _store: Store, arguments: int, results: int) -> None:
        """Answer whether a timer is due."""
        self._write(
            results, struct.pack("<Q?23x", BOOL, self._take(arguments).ready_at <= time.monotonic_ns())
        )

    def block(self, store: Store, arguments: int, results: int) -> Parked | None:
        """Wait for one timer."""
        return self._wait(store, [self._take(arguments)], results, lambda: None)

    def poll(self, store: Store, arguments: int, results: int) -> Parked | None:
        """Wait for the first of several timers."""
        size, data = struct.unpack_from("<QQ", self._abi.memory[arguments + PAYLOAD : arguments + CELL])
        timers = [self._take(data + CELL * index) for index in range(size)]

        def answer() -> None:
            now = time.monotonic_ns()
            ready = [index for index, timer in enumerate(timers) if timer.ready_at <= now]
            cells = b"".join(struct.pack("<QI20x", U32, index) for index in ready)
            cell = struct.pack("<Q16s8x", LIST, self._abi.vector(cells, len(ready)))
            self._low.clone(cell, self._abi.pointer(results))

        if not timers:
            raise ValueError("the guest polls an empty list, which would never end")
        return self._wait(store, timers, results, answer)

    def _wait(
        self, store: Store, timers: list[_Timer], results: int, answer: Callable[[], None]
    ) -> Parked | None:
        first = min(timer.ready_at for timer in timers)
        delay = first - time.monotonic_ns()
        if delay <= 0:
            answer()
            return None
        # A loop's timer may fire a little early, and then the guest would find nothing ready.
        future = schedule(_sleep_until(first), store.call_loop or store.loop)
        return Parked(future, results, lambda _store, _value, _results: answer(), _no_error, "wasi:io/poll")

    def _give(self, ready_at: int, results: int) -> None:
        if len(self.timers) >= _MOST_TIMERS:
            raise ValueError(f"the guest keeps more than {_MOST_TIMERS:,} timers")
        number = self._next
        self._next = number % 0xFFFF_FFFF + 1
        self.timers[number] = _Timer(ready_at)
        host = self._abi.pointer(self._low.host_new(*map(self._abi.size, (1, number, _TYPE))))
        slot = bytes(8)
        error = self._low.host_to_any(self._context, host, slot)
        self._low.host_delete(host)
        if error:
            raise UnsupportedEngine("the engine does not take a resource of the host")
        self._write(results, struct.pack("<Q8s16x", _RESOURCE, slot))

    def _take(self, cell: int) -> _Timer:
        """The timer behind a borrowed handle, which the engine then counts as given back."""
        slot = bytes(8)
        (address,) = struct.unpack("<Q", self._abi.memory[cell + PAYLOAD : cell + PAYLOAD + 8])
        if self._low.any_to_host(self._context, self._abi.pointer(address), slot):
            raise UnsupportedEngine("the engine gives a pollable that is not ours")
        host = self._abi.pointer(int.from_bytes(slot, "little"))
        number: int = self._low.host_rep(host)
        self._low.host_delete(host)
        return self.timers[number]

    def _write(self, results: int, cell: bytes) -> None:
        self._abi.memory[results : results + CELL] = cell


_Start: TypeAlias = Callable[[Pollables, "Store", int, int], Parked | None]


def _of_pollables(start: _Start) -> Callable[[Store, int, int, int], Parked | None]:
    return lambda store, arguments, _, results: start(store.pollables, store, arguments, results)


def _drop(context: Any, number: int) -> None:
    """What the engine calls when a guest drops a pollable."""
    STORES[address(context._context())]().pollables.timers.pop(number, None)


async def _sleep_until(ready_at: int) -> None:
    while (left := ready_at - time.monotonic_ns()) > 0:  # noqa: ASYNC110  (time is all it waits for)
        await asyncio.sleep(left / 1e9)


def _no_error(_store: object, _error: Exception, _results: int) -> bool:
    return False


def _refuse(where: str) -> Callable[[object, int, int, int], Parked | None]:
    def start(_store: object, _arguments: int, _count: int, _results: int) -> Parked | None:
        raise NotImplementedError(f"{where}: in the metered profile a guest can wait for timers only")

    return start


class _Low:
    """The foreign functions for host resources; see `engine.foreign` for what may be passed to them."""

    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.clone = abi().clone
        self.host_new = foreign("wasmtime_component_resource_host_new", pointer)
        self.host_rep = foreign("wasmtime_component_resource_host_rep", ctypes.c_uint32)
        self.host_delete = foreign("wasmtime_component_resource_host_delete", None)
        self.host_to_any = foreign("wasmtime_component_resource_host_to_any", pointer)
        self.any_to_host = foreign("wasmtime_component_resource_any_to_host", pointer)


@functools.cache
def _low() -> _Low:
    return _Low()


def _versions() -> Iterator[str]:
    return (f"0.2.{patch}" for patch in range(12, 64))


@functools.cache
def _wasi_version() -> str:
    """Under which version the engine links its WASI: the one where a second `poll` is refused.

    Only under that name an interface can be reopened; the linker matches other 0.2 versions with it.
    """
    from ..engine.profiles import engine

    for version in (*_versions(), *(f"0.2.{patch}" for patch in range(12))):
        if _defines(engine("metered").raw, version):
            return version
    raise UnsupportedEngine("the engine's WASI has no version 0.2 that is known here")


def _defines(raw_engine: Any, version: str) -> bool:
    linker = package().component.Linker(raw_engine)
    linker.add_wasip2()
    with linker.root() as root, root.add_instance(f"wasi:io/poll@{version}") as instance:
        try:
            instance.add_func("poll", _never)
        except package().WasmtimeError:
            return True
    return False


def _never(*_arguments: object) -> None:
    raise UnsupportedEngine("a probe was called")
