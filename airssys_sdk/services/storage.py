"""The storage of a node: keys and values of components in one SQLite file, each within its quota.

Nothing blocks the thread: an operation that finds the file locked by another process returns an awaitable, which tries
again until the lock is gone or the node's patience is over, and then raises `io-error`.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ..security import AuditLog
from .database import Busy, Database
from .eventually import Eventually, Later
from .faults import StorageFault
from .keys import MAX_KEY

T = TypeVar("T")
_log = logging.getLogger("airssys.storage")
_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.1


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

    def limit(self, owner: str, quota: int) -> None:
        """Let this quota, in bytes, be the one that counts for an owner (id as text)."""
        self._quotas[owner] = quota

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
