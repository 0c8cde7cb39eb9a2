"""Storage for components: keys and values, isolated per component, within a quota, atomic per message.

A message's writes live in a `Transaction` in memory, where its own reads see them. They reach the file in one SQLite
transaction when the handler has returned, and vanish with the object when it has failed. Reads of other keys see what
was committed last.

Nothing blocks the thread: an operation that finds the file locked by another process returns an awaitable, which tries
again until the lock is gone or the node's patience is over, and then raises `io-error`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ..manifest.ids import ComponentId
from ..security import AuditLog, AuditRecord, Capability, Grants
from .database import Busy, Database
from .eventually import Eventually, Later, then
from .faults import StorageFault
from .keys import MAX_KEY, Address, locate, locate_prefix

T = TypeVar("T")
_log = logging.getLogger("airssys.storage")
_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """What a component's own keys take: bytes of keys (UTF-8) and values, the quota in bytes, the number of keys."""

    used: int
    quota: int
    keys: int


class Storage:
    """The storage of one node.

    Args:
        path: the SQLite file, created when missing; None keeps everything in memory.
        audit: where denials are recorded.
        patience: seconds that an operation waits while another process holds a lock on the file.

    Raises:
        StorageUnavailable: the file belongs to another node, is no storage file, or cannot be opened. May wait as
            long as `patience`, on the calling thread.
    """

    def __init__(self, path: Path | None, *, audit: AuditLog | None = None, patience: float = 5.0) -> None:
        self.patience = patience
        self.audit = audit or AuditLog()
        self.database = Database(path, wait=patience)
        self._usage: dict[str, tuple[int, int]] = {}
        self._quotas: dict[str, int] = {}
        self._later: set[asyncio.Task[None]] = set()

    def area(self, component: ComponentId, *, quota: int, grants: Grants) -> Area:
        """The storage as one component sees it; `quota` is in bytes."""
        area = Area(self, component, quota, grants)
        self.apply(area)
        return area

    def apply(self, area: Area) -> None:
        """Let this area's quota be the one that counts for its component."""
        self._quotas[area.own] = area.quota

    def close(self) -> None:
        """Close the file. Transactions that were not committed are lost, as they must be."""
        self.database.close()

    def eventually(self, work: Callable[[], T], patience: float | None = None) -> Eventually[T]:
        """Do the work now; while another process holds a lock, return an awaitable that tries again.

        Args:
            work: raises `Busy` while there is a lock.
            patience: seconds to try; None for the usual ones.

        Raises:
            StorageFault: `io-error`: the lock was held for longer than that, or SQLite reports an error.
        """
        try:
            return work()
        except Busy:
            deadline = time.monotonic() + (self.patience if patience is None else patience)
            return Later(lambda: self._wait(work, deadline))
        except sqlite3.Error as error:
            raise _io_error(error, self.database.path) from error

    def later(self, work: Awaitable[object], problem: str) -> None:
        """Let something that waits for a lock end by itself; an error is logged as `problem`."""

        async def until_done() -> None:
            try:
                await work
            except StorageFault as fault:
                _log.warning("%s: %s", problem, fault.message)

        task = asyncio.ensure_future(until_done())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def settled(self) -> None:
        """Wait for what `later` was given, as long as the patience lasts; then it is given up."""
        if not self._later:
            return
        _, unfinished = await asyncio.wait(set(self._later), timeout=self.patience)
        for task in unfinished:
            task.cancel()
        if unfinished:
            _log.warning("%s writes are given up: the storage file is locked", len(unfinished))
            await asyncio.wait(unfinished)

    async def _wait(self, work: Callable[[], T], deadline: float) -> T:
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            try:
                return work()
            except Busy as error:
                if time.monotonic() >= deadline:
                    raise StorageFault(
                        "io-error",
                        f"another process held a lock on the storage file for {self.patience:g} s",
                    ) from error
            except sqlite3.Error as error:
                raise _io_error(error, self.database.path) from error
            pause = min(pause * 2, _LONGEST_PAUSE)

    def quota_of(self, owner: str, otherwise: int) -> int:
        """The quota of an owner (id as text); `otherwise` where this node never met it."""
        return self._quotas.get(owner, otherwise)

    def usage_of(self, owner: str) -> tuple[int, int]:
        """Bytes and keys that are committed for an owner; counted in the file once, then kept up to date.

        Raises:
            Busy: another process holds a lock.
        """
        known = self._usage.get(owner)
        if known is not None:
            return known
        with self.database.exclusive:
            [row] = self.database.rows(
                "SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0), count(*)"
                " FROM entries WHERE owner = ?",
                (owner,),
            )
            return self._usage.setdefault(owner, (_number(row[0]), _number(row[1])))

    def value_of(self, owner: str, key: str) -> bytes | None:
        """A committed value.

        Raises:
            Busy: another process holds a lock.
        """
        rows = self.database.rows("SELECT value FROM entries WHERE owner = ? AND key = ?", (owner, key))
        return _blob(rows[0][0]) if rows else None

    def size_of(self, owner: str, key: str) -> int | None:
        """Bytes of a committed value, without reading it.

        Raises:
            Busy: another process holds a lock.
        """
        rows = self.database.rows(
            "SELECT length(value) FROM entries WHERE owner = ? AND key = ?", (owner, key)
        )
        return _number(rows[0][0]) if rows else None

    def keys_of(self, owner: str, prefix: str) -> list[str]:
        """The committed keys of an owner that begin with a prefix, in order.

        Raises:
            Busy: another process holds a lock.
        """
        if not prefix:
            rows = self.database.rows("SELECT key FROM entries WHERE owner = ? ORDER BY key", (owner,))
        else:
            # Keys compare as UTF-8 bytes, so those with the prefix stand together; no key lies beyond this end.
            rows = self.database.rows(
                "SELECT key FROM entries WHERE owner = ? AND key BETWEEN ? AND ? ORDER BY key",
                (owner, prefix, prefix + "\U0010ffff" * (MAX_KEY // 4)),
            )
        return [str(row[0]) for row in rows]

    def write(self, changes: dict[tuple[str, str], bytes | None], otherwise: int, handled: int = 0) -> None:
        """Commit changes (owner and key to the new value, or None to delete) in one transaction.

        The letter with the number `handled`, if it is not 0, leaves its durable mailbox in the same transaction.

        Raises:
            Busy: another process holds a lock; nothing was written.
            StorageFault: `quota-exceeded`: an owner's keys would outgrow its quota; nothing was written.
        """
        with self.database.exclusive:
            written = self._write(changes, otherwise, handled)
        self.database.wrote(written)

    def _write(self, changes: dict[tuple[str, str], bytes | None], otherwise: int, handled: int) -> int:
        grown: dict[str, list[int]] = {}
        written = 0
        with self.database.transaction() as connection:
            if handled:
                connection.execute("DELETE FROM letters WHERE number = ?", (handled,))
            for (owner, key), value in changes.items():
                row = connection.execute(
                    "SELECT length(value) FROM entries WHERE owner = ? AND key = ?", (owner, key)
                ).fetchone()
                growth = grown.setdefault(owner, [0, 0])
                name = len(key.encode())
                if row is not None:
                    growth[0] -= name + row[0]
                    growth[1] -= 1
                if value is None:
                    connection.execute("DELETE FROM entries WHERE owner = ? AND key = ?", (owner, key))
                    continue
                growth[0] += name + len(value)
                growth[1] += 1
                written += name + len(value) + 64
                connection.execute(
                    "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                    (owner, key, value),
                )
            usage = {owner: self.usage_of(owner) for owner in grown if owner in self._usage}
            for owner, (size, _) in grown.items():
                if size > 0 and usage.get(owner, (0, 0))[0] + size > self.quota_of(owner, otherwise):
                    raise StorageFault("quota-exceeded", f"the quota of {owner} is used up")
        for owner, (size, count) in usage.items():
            self._usage[owner] = (size + grown[owner][0], count + grown[owner][1])
        return written


class Area:
    """The storage as one component sees it; every message gets a `Transaction` of its own."""

    __slots__ = ("_principal", "grants", "own", "quota", "storage")

    def __init__(self, storage: Storage, component: ComponentId, quota: int, grants: Grants) -> None:
        self.storage = storage
        self.own = str(component)
        self.quota = quota
        self.grants = grants

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


def _io_error(error: sqlite3.Error, path: Path | None) -> StorageFault:
    damaged = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    hint = (
        "the file is damaged: stop the node, and put a copy of an earlier day in its place"
        if damaged
        else "check that the disk has room, and that the file and its folder can be written"
    )
    where = None if path is None else str(path)
    return StorageFault("io-error", f"the storage file reports: {error}", where=where, hint=hint)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _blob(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
