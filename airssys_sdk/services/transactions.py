"""Storage as components see it: isolated per component, within a quota, atomic per message.

A message's writes live in a `Transaction` in memory, where its own reads see them. They reach the file in one SQLite
transaction when the handler has returned, and vanish with the object when it has failed. Reads of other keys see what
was committed last.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import time

from ..manifest.ids import ComponentId
from ..security import AuditRecord, Capability, Grants
from .database import Busy
from .eventually import Eventually, then
from .faults import StorageFault
from .keys import Address, locate, locate_prefix
from .storage import Storage


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What a component's own keys take: bytes of keys (UTF-8) and values, the quota in bytes, the number of keys."""

    used: int
    quota: int
    keys: int


class Area:
    """The storage as one component sees it; every message gets a `Transaction` of its own.

    Args:
        storage: of its node.
        component: whose.
        quota: bytes that its keys and values may take.
        grants: what it may reach of others.
    """

    __slots__ = ("_principal", "grants", "own", "quota", "storage")

    def __init__(self, storage: Storage, component: ComponentId, quota: int, grants: Grants) -> None:
        self.storage = storage
        self.own = str(component)
        self.quota = quota
        self.grants = grants
        self.apply()

    def apply(self) -> None:
        """Let this area's quota be the one that counts for its component."""
        self.storage.limit(self.own, self.quota)

    def begin(self) -> Transaction:
        """Start the transaction of one message."""
        return Transaction(self)

    def committed(self) -> Usage | None:
        """What is kept now, uncommitted changes aside; None while another process holds a lock on the file."""
        try:
            used, keys = self.storage.usage_of(self.own)
        except (Busy, sqlite3.Error):
            return None
        return Usage(used, self.quota, keys)

    def deny(self, capability: Capability, key: str) -> StorageFault:
        """Record a denial; the fault that the component gets names the missing permission."""
        self.storage.audit.record(
            AuditRecord(time.time(), "access-denied", capability.value, self.own, key, "deny", capability.key)
        )
        return StorageFault("invalid-key", f"permission denied: {capability.key} does not cover {key!r}")


class Transaction:
    """What one message reads and writes. It is dropped, or committed once.

    Every operation answers at once, or returns an awaitable while another process holds a lock on the file. All raise
    `StorageFault`: `invalid-key` for a malformed key or a missing permission, `io-error` for the file.
    """

    __slots__ = ("_area", "_changes", "_grown", "_probed", "_storage")

    def __init__(self, area: Area) -> None:
        self._area = area
        self._storage = area.storage
        self._changes: dict[tuple[str, str], bytes | None] = {}
        self._grown: dict[str, tuple[int, int]] = {}
        self._probed = False

    def get(self, key: str) -> Eventually[bytes | None]:
        """The value, or None where there is none."""
        place = self._place(key, Capability.STORAGE_READ)
        name = (place.owner, place.key)
        if name in self._changes:
            return self._changes[name]
        return self._storage.eventually(lambda: self._storage.value_of(*name))

    def exists(self, key: str) -> Eventually[bool]:
        """Whether there is a value."""
        place = self._place(key, Capability.STORAGE_READ)
        return then(self._size((place.owner, place.key)), lambda size: size is not None)

    def set(self, key: str, value: bytes) -> Eventually[None]:
        """Write a value; it counts against the quota of the key's owner.

        Raises:
            StorageFault: `quota-exceeded` as well.
        """
        place = self._place(key, Capability.STORAGE_WRITE)
        return then(self._writable(place), lambda old: self._put(place, old, value))

    def delete(self, key: str) -> Eventually[None]:
        """Delete a value.

        Raises:
            StorageFault: `not-found` as well.
        """
        place = self._place(key, Capability.STORAGE_WRITE)
        return then(self._writable(place), lambda old: self._drop(place, old, key))

    def list_keys(self, prefix: str | None = None) -> Eventually[list[str]]:
        """The keys that begin with a prefix, sorted; own keys without it.

        A prefix that begins with `/namespace/name/instance/` lists another component's keys, those that may be read.
        """
        place = locate_prefix(prefix, self._area.own)
        reads = self._area.grants[Capability.STORAGE_READ]
        if place.segments is not None and not reads.reaches(place.segments):
            raise self._area.deny(Capability.STORAGE_READ, prefix or "")

        def merge(committed: list[str]) -> list[str]:
            keys = set(committed)
            for (owner, key), value in self._changes.items():
                if owner == place.owner and key.startswith(place.key):
                    if value is None:
                        keys.discard(key)
                    else:
                        keys.add(key)
            if (prefix or "")[:1] != "/":
                return sorted(keys)
            named = [f"/{place.owner}/{key}" for key in sorted(keys)]
            if place.segments is None:
                return named
            return [key for key in named if reads.allows(tuple(key.split("/")))]

        return then(self._storage.eventually(lambda: self._storage.keys_of(place.owner, place.key)), merge)

    def usage(self) -> Eventually[Usage]:
        """What the own keys take, this message's writes included."""

        def total(committed: tuple[int, int]) -> Usage:
            size, count = self._grown.get(self._area.own, (0, 0))
            return Usage(committed[0] + size, self._area.quota, committed[1] + count)

        return then(self._storage.eventually(lambda: self._storage.usage_of(self._area.own)), total)

    @property
    def changed(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._changes)

    def commit(self, handled: int = 0) -> Eventually[None]:
        """Write everything to the file in one SQLite transaction; `handled` is as in `Storage.write`.

        Raises:
            StorageFault: nothing was written: `io-error`, or `quota-exceeded` where another component filled it meanwhile.
        """
        if not self._changes and not handled:
            return None
        return self._storage.eventually(lambda: self._storage.write(self._changes, self._area.quota, handled))

    def _place(self, key: str, capability: Capability) -> Address:
        place = locate(key, self._area.own)
        if place.segments is not None and not self._area.grants[capability].allows(place.segments):
            raise self._area.deny(capability, key)
        return place

    def _size(self, name: tuple[str, str]) -> Eventually[int | None]:
        if name in self._changes:
            value = self._changes[name]
            return None if value is None else len(value)
        return self._storage.eventually(lambda: self._storage.size_of(*name))

    def _writable(self, place: Address) -> Eventually[int | None]:
        """The old value's size, once the file can be written and the owner's usage is known.

        The first write of a message tries the write lock, so that a locked file is an error the component hears of,
        not only a failure after its handler has returned.
        """

        def look() -> int | None:
            if not self._probed:
                self._storage.database.probe()
                self._probed = True
            self._storage.usage_of(place.owner)
            if name in self._changes:
                value = self._changes[name]
                return None if value is None else len(value)
            return self._storage.size_of(*name)

        name = (place.owner, place.key)
        return self._storage.eventually(look)

    def _put(self, place: Address, old: int | None, value: bytes) -> None:
        owner, key = place.owner, place.key
        size, count = self._grown.get(owner, (0, 0))
        growth = len(value) - old if old is not None else len(value) + len(key.encode())
        quota = self._storage.quota_of(owner, self._area.quota)
        if growth > 0 and self._storage.usage_of(owner)[0] + size + growth > quota:
            raise StorageFault("quota-exceeded", f"the quota of {owner}, {quota} bytes, is used up")
        self._changes[owner, key] = value
        self._grown[owner] = (size + growth, count + (old is None))

    def _drop(self, place: Address, old: int | None, shown: str) -> None:
        if old is None:
            raise StorageFault("not-found", shown)
        owner, key = place.owner, place.key
        size, count = self._grown.get(owner, (0, 0))
        self._changes[owner, key] = None
        self._grown[owner] = (size - old - len(key.encode()), count - 1)
