"""The SQLite file behind a node's storage: opening, owning, locking, checkpoints.

One node owns a file: it holds a lock on a small file beside it for as long as it is open, and the operating system
drops that lock when the process ends, however it ends. Other processes may still read the storage file, or lock it
for a while; then operations here raise `Busy` at once and the caller decides how to wait.

Durability: write-ahead log with `synchronous=NORMAL`. What was committed survives `kill -9` of the process; a power
loss can take the last transactions, never the consistency of the file. Moving the log into the file (a checkpoint)
waits for the disk, so it happens on a thread of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import AirssysError

APPLICATION = 0x41495253
"""What marks a SQLite file as ours ("AIRS")."""
SCHEMA = 1
CHECKPOINT_BYTES = 4 * 1024 * 1024
"""Bytes written to the log between two checkpoints."""

_logger = logging.getLogger("airssys.storage")
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class StorageUnavailable(AirssysError):
    """The storage file cannot be used: another node owns it, it is no storage file, or the disk refuses."""


class Busy(Exception):
    """Another process holds a lock on the storage file just now."""


class Database:
    """An open storage file, or a store in memory.

    Every method may be called from any thread; each holds the connection for the time of one statement or one
    transaction. Nothing here waits for a lock of another process, except opening.

    Args:
        path: the file; it is created when it is missing. None keeps everything in memory.
        wait: seconds that opening waits for a lock of another process.

    Raises:
        StorageUnavailable: the file belongs to another node, is no storage file, or cannot be opened.
    """

    def __init__(self, path: Path | None, *, wait: float = 5.0) -> None:
        self.path = path
        self._mutex = threading.RLock()
        self._written = 0
        self._ownership = _own(path) if path is not None else None
        try:
            self._connection = self._open(wait)
        except BaseException:
            self._release()
            raise
        self._checkpoints: ThreadPoolExecutor | None = None

    @property
    def exclusive(self) -> contextlib.AbstractContextManager[object]:
        """Keeps other threads out for the time of a `with` block; nests."""
        return self._mutex

    def rows(self, sql: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
        """All rows of a query.

        Raises:
            Busy: another process holds a lock.
            sqlite3.Error: anything else.
        """
        with self._mutex, _busy():
            return self._connection.execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """One write transaction: committed at the end of the block, rolled back when the block raises.

        Raises:
            Busy: another process holds a lock; nothing was written.
            sqlite3.Error: anything else; nothing was written.
        """
        with self._mutex, _busy():
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def probe(self) -> None:
        """Take the write lock and give it back.

        Raises:
            Busy: another process holds it.
        """
        with self._mutex, _busy():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("ROLLBACK")

    def wrote(self, size: int) -> None:
        """Count bytes that went into the log; starts a checkpoint in the background when it is time."""
        if self.path is None:
            return
        self._written += size
        if self._written < CHECKPOINT_BYTES:
            return
        self._written = 0
        if self._checkpoints is None:
            self._checkpoints = ThreadPoolExecutor(1, thread_name_prefix="airssys-checkpoint")
        self._checkpoints.submit(_checkpoint, self.path)

    def close(self) -> None:
        """Close the file and give up its ownership. Waits for a checkpoint in progress."""
        if self._checkpoints is not None:
            self._checkpoints.shutdown(wait=True)
            self._checkpoints = None
        with self._mutex:
            self._connection.close()
        self._release()

    def _open(self, wait: float) -> sqlite3.Connection:
        where = ":memory:" if self.path is None else str(self.path)
        try:
            connection = sqlite3.connect(where, timeout=wait, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise _unavailable(self.path, error) from error
        try:
            _prepare(connection, self.path)
            connection.execute("PRAGMA busy_timeout = 0")
        except sqlite3.Error as error:
            connection.close()
            raise _unavailable(self.path, error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _release(self) -> None:
        if self._ownership is not None:
            self._ownership.close()
            self._ownership = None


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    """Check whose file it is, then set it up."""
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION:
        raise StorageUnavailable(
            "the file is a database of another program", where=str(path), hint="name another storage file"
        )
    if tables and version != SCHEMA:
        raise StorageUnavailable(
            f"the storage file has format {version}, and this version reads {SCHEMA}",
            where=str(path),
            hint="use the version of airssys-sdk that wrote it, or name another storage file",
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    if tables:
        return
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS entries ("
        "owner TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID"
    )
    connection.execute("COMMIT")


def _own(path: Path) -> sqlite3.Connection:
    """Take the lock that says which node owns the file: a write lock on a small database beside it, held until closed.

    SQLite's own locks are used because they work alike on every platform and between two nodes of one process.
    """
    beside = path.with_name(path.name + "-node")
    try:
        connection = sqlite3.connect(beside, timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise _unavailable(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("CREATE TABLE IF NOT EXISTS node (process INTEGER)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM node")
        connection.execute("INSERT INTO node VALUES (?)", (os.getpid(),))
        connection.execute("COMMIT")
        # From here on others can read who we are, but not take our place.
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        busy = _code(error) in _BUSY
        process = _owner(connection) if busy else None
        connection.close()
        if not busy:
            raise _unavailable(path, error) from error
        raise StorageUnavailable(
            f"the storage file belongs to another node{process or ''}",
            where=str(path),
            hint="stop that node, or give this one a storage file of its own",
        ) from error
    return connection


def _owner(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("SELECT process FROM node").fetchone()
    except sqlite3.Error:
        return None  # it is being written just now; the message does without the number
    return f" (process {row[0]})" if row else None


def _checkpoint(path: Path) -> None:
    """Move what is in the log into the file, as far as no reader needs it; the next one takes what is left."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    except sqlite3.Error as error:
        _logger.warning("the log of the storage file %s could not be moved into it: %s", path, error)


def _code(error: sqlite3.Error) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


@contextlib.contextmanager
def _busy() -> Generator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if _code(error) in _BUSY:
            raise Busy from error
        raise


def _unavailable(path: Path | None, error: sqlite3.Error) -> StorageUnavailable:
    if _code(error) in _BUSY:
        return StorageUnavailable(
            "another process holds a lock on the storage file",
            where=str(path),
            hint="close the program that has it open, then start the node again",
        )
    return StorageUnavailable(
        f"the storage file cannot be opened: {error}",
        where=str(path),
        hint="check that its folder exists, that you may write to it, and that the file is a storage file",
    )
