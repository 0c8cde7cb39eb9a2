"""What a component imports from its node: the interfaces of `airssys:core`, answered by the services.

These objects belong to one instance. A guest's call may run on a worker thread while mailboxes, requests and
timers belong to the loop's thread: such an import then returns a coroutine, which the engine runs on the loop
while the guest's call is parked. Nothing here blocks a thread.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, Protocol, TypeVar

from ...component import suspending
from ...manifest import ComponentId
from ...services import clock
from ...services.eventually import Eventually, Later, settle, then
from ...services.logs import ComponentLog, Level
from ...services.messaging import Outbox
from ...services.transactions import Transaction
from ..errors import StartFailed
from .bindings.imports import errors, host_services, storage, types
from .values import accepted, from_wit, stored, to_wit

P = ParamSpec("P")
T = TypeVar("T")
_LONGEST_SLEEP = 366 * 24 * 3600.0


class Neighbours(Protocol):
    """Who runs on a node, as a component may ask."""

    def components(self) -> Iterable[ComponentId]:
        """The ids of the components that run."""
        ...

    def version(self, component: ComponentId, /) -> str | None:
        """The version of a running component; None if there is none of this id."""
        ...

    def health(self, component: ComponentId, /) -> str:
        """What it last said of its health."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Life:
    """What the imports of one life of a component work with.

    Attributes:
        component: who it is.
        outbox: what it sends.
        log: where it logs.
        directory: who else runs.
        transaction: gives the transaction of the message that is being handled.
    """

    component: ComponentId
    outbox: Outbox
    log: ComponentLog
    directory: Neighbours
    transaction: Callable[[], Transaction]


class Host:
    """The imports of one instance, under the names of the generated world; they work once a life has adopted it."""

    def __init__(self) -> None:
        self._life: Life | None = None
        self.host_messaging = HostMessaging(self)
        self.host_services = HostServices(self)
        self.storage = HostStorage(self)

    def adopt(self, life: Life) -> None:
        """Work for this life from now on."""
        self._life = life

    @property
    def life(self) -> Life:
        """Whom they work for.

        Raises:
            StartFailed: nobody yet.
        """
        if self._life is None:
            raise StartFailed("the component calls its host before it was initialized")
        return self._life


class _OnLoop:
    """Runs what belongs to the loop's thread there."""

    __slots__ = ("_thread",)

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def run(
        self, function: Callable[P, Eventually[T]], *arguments: P.args, **options: P.kwargs
    ) -> Eventually[T]:
        """Call it now if this is the loop's thread, else let the call park until the loop has."""
        if threading.get_ident() == self._thread:
            return function(*arguments, **options)

        async def there() -> T:
            return await settle(function(*arguments, **options))

        return Later(there)


class HostMessaging:
    """`airssys:core/host-messaging`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = _OnLoop()

    @suspending
    def send(self, target: types.ComponentId, payload: bytes) -> Eventually[None]:
        """Send a message that nobody waits for."""
        return self._loop.run(accepted, self._host.life.outbox.send, from_wit(target), payload)

    @suspending
    def request(self, target: types.ComponentId, payload: bytes, timeout_ms: int) -> Eventually[str]:
        """Send a message whose answer arrives as a callback."""
        return self._loop.run(
            accepted, self._host.life.outbox.request, from_wit(target), payload, timeout_ms / 1000
        )

    @suspending
    def cancel_request(self, request_id: str) -> Eventually[None]:
        """Give a request up."""
        return self._loop.run(accepted, self._host.life.outbox.cancel, request_id)

    @suspending
    def broadcast(self, targets: Sequence[types.ComponentId], payload: bytes) -> Eventually[None]:
        """Send one message to several targets."""
        return self._loop.run(
            accepted, self._host.life.outbox.broadcast, list(map(from_wit, targets)), payload
        )

    def self_id(self) -> types.ComponentId:
        """Who the component is."""
        return to_wit(self._host.life.component)


class HostServices:
    """`airssys:core/host-services`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = _OnLoop()

    def log(self, level: types.LogLevel, message: str, context: Sequence[tuple[str, str]] | None) -> None:
        """Write to the component's logger."""
        self._host.life.log.write(_LEVELS[level], message, context)

    def current_time(self) -> types.Timestamp:
        """The wall clock."""
        return types.Timestamp(*clock.now())

    def current_time_millis(self) -> int:
        """The wall clock in milliseconds."""
        return clock.now_millis()

    @suspending
    async def sleep_millis(self, duration_ms: int) -> None:
        """Wait; the thread does not."""
        await asyncio.sleep(min(duration_ms / 1000, _LONGEST_SLEEP))

    @suspending
    def list_components(self) -> Eventually[list[types.ComponentId]]:
        """Who runs on this node."""
        return self._loop.run(
            lambda: [to_wit(component) for component in self._host.life.directory.components()]
        )

    @suspending
    def get_component_metadata(self, component: types.ComponentId) -> Eventually[host_services.ComponentInfo]:
        """What is known about a running component, from its manifest."""
        return self._loop.run(self._info, component)

    def _info(self, wanted: types.ComponentId) -> host_services.ComponentInfo:
        component = from_wit(wanted)
        version = self._host.life.directory.version(component)
        if version is None:
            raise errors.ComponentErrorRaised(
                errors.ComponentError_InvalidState(f"no component {str(component)[:200]!r} is running")
            )
        return host_services.ComponentInfo(
            wanted, component.name, version, self._host.life.directory.health(component)
        )


class HostStorage:
    """`airssys:core/storage`."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @suspending
    def get(self, key: str) -> Eventually[bytes | None]:
        """The value of a key."""
        return stored(lambda: self._host.life.transaction().get(key))

    @suspending
    def set(self, key: str, value: bytes) -> Eventually[None]:
        """Store a value."""
        return stored(lambda: self._host.life.transaction().set(key, value))

    @suspending
    def delete(self, key: str) -> Eventually[None]:
        """Remove a value."""
        return stored(lambda: self._host.life.transaction().delete(key))

    @suspending
    def exists(self, key: str) -> Eventually[bool]:
        """Whether a key has a value."""
        return stored(lambda: self._host.life.transaction().exists(key))

    @suspending
    def list_keys(self, prefix: str | None) -> Eventually[list[str]]:
        """The keys that begin with a prefix."""
        return stored(lambda: self._host.life.transaction().list_keys(prefix))

    @suspending
    def usage(self) -> Eventually[storage.StorageUsage]:
        """How much is stored."""
        return stored(
            lambda: then(
                self._host.life.transaction().usage(),
                lambda used: storage.StorageUsage(used.used, used.quota, used.keys),
            )
        )


_LEVELS: dict[types.LogLevel, Level] = {
    types.LogLevel.TRACE: "trace",
    types.LogLevel.DEBUG: "debug",
    types.LogLevel.INFO: "info",
    types.LogLevel.WARN: "warn",
    types.LogLevel.ERROR: "error",
}
