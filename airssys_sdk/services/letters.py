"""Letters on disk: what durable mailboxes have accepted and nobody has handled yet.

A letter is on disk before it counts as accepted. It leaves in the transaction that stores what its handler wrote, so that after a
crash of the process it is handled again or its writes are there, never both and never neither.
"""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from typing import TYPE_CHECKING, cast

from ..manifest.ids import ComponentId
from .database import Busy
from .eventually import Eventually
from .faults import MessagingCase, MessagingFault, StorageFault
from .messaging import Letter

if TYPE_CHECKING:
    from .storage import Storage

_log = logging.getLogger("airssys.storage")

_TABLE = (
    "CREATE TABLE IF NOT EXISTS letters ("
    "number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, sender TEXT NOT NULL, payload BLOB NOT NULL,"
    " correlation TEXT, reply_to TEXT, content_type TEXT, callback INTEGER NOT NULL, fault TEXT, sent INTEGER NOT NULL)"
)
_INDEX = "CREATE INDEX IF NOT EXISTS letters_of_owner ON letters (owner, number)"
_INSERT = (
    "INSERT INTO letters (owner, sender, payload, correlation, reply_to, content_type, callback, fault, sent)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT number, sender, payload, correlation, reply_to, content_type, callback, fault, sent FROM letters"
    " WHERE owner = ? ORDER BY number"
)
_DELETE = "DELETE FROM letters WHERE number = ?"


class KeptLetter:
    """A letter that is on disk, until it is forgotten there.

    Attributes:
        letter: the letter.
        number: its place; later letters have higher ones. 0 once it is forgotten.
    """

    __slots__ = ("_letters", "letter", "number")

    def __init__(self, letters: Letters, letter: Letter, number: int) -> None:
        self._letters = letters
        self.letter = letter
        self.number = number

    def forget(self) -> None:
        """Nobody has to handle it any more; on the loop's thread. While the file is locked this happens later."""
        number, self.number = self.number, 0
        if number:
            self._letters.forget(number)


class Letters:
    """The letters of all durable mailboxes of one storage file.

    Args:
        storage: where they are.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._made = False
        self._leaving: set[int] = set()  # what is forgotten as soon as the file can be written

    def keep(self, owner: ComponentId, letter: Letter) -> Eventually[KeptLetter]:
        """Put a letter on disk; it is there when this has returned, or when what it returned has been awaited.

        Raises:
            StorageFault: `io-error`: it is not there.
        """

        def write() -> KeptLetter:
            database = self._storage.database
            with database.exclusive:
                self._make()
                with database.transaction() as connection:
                    left = tuple(self._leaving)
                    if left:
                        connection.executemany(_DELETE, [(one,) for one in left])
                    cursor = connection.execute(_INSERT, (str(owner), *_row(letter)))
                    number = cursor.lastrowid or 0
                if left:
                    self._leaving.difference_update(left)
            database.wrote(len(letter.payload) + 256)
            return KeptLetter(self, letter, number)

        return self._storage.eventually(write)

    def load(self, owner: ComponentId) -> Eventually[list[KeptLetter]]:
        """What an owner's mailbox has accepted and not handled, in order.

        Raises:
            StorageFault: `io-error`.
        """

        def read() -> list[KeptLetter]:
            self._make()
            rows = self._storage.database.rows(_SELECT, (str(owner),))
            found = [KeptLetter(self, _letter(row[1:]), cast("int", row[0])) for row in rows]
            return [kept for kept in found if kept.number not in self._leaving]

        return self._storage.eventually(read)

    def waiting(self, owner: ComponentId) -> Eventually[int]:
        """How many letters wait on disk for an owner; a file without durable mailboxes is left as it is.

        Raises:
            StorageFault: `io-error`.
        """

        def count() -> int:
            rows = self._storage.database.rows
            if not self._made and not rows("SELECT 1 FROM sqlite_master WHERE name = 'letters'", ()):
                return 0
            return cast("int", rows("SELECT count(*) FROM letters WHERE owner = ?", (str(owner),))[0][0])

        return self._storage.eventually(count)

    def forget(self, number: int) -> None:
        """Remove a letter, now, when the file is no longer locked, or if it cannot be written with the next letter that can.

        If the node stops before, it is handled once more.
        """
        self._leaving.add(number)

        def remove() -> None:
            with self._storage.database.transaction() as connection:
                connection.execute(_DELETE, (number,))
            self._leaving.discard(number)

        try:
            left = self._storage.eventually(remove, math.inf)
        except StorageFault as fault:
            _log.warning("a letter stays in its durable mailbox: %s", fault.message)
            return
        if left is not None:
            self._storage.later(left, "a letter stays in its durable mailbox")

    def close(self) -> None:
        """Remove what could not be removed before, if that can be done at once."""
        left = tuple(self._leaving)
        if not left:
            return
        try:
            with self._storage.database.transaction() as connection:
                connection.executemany(_DELETE, [(one,) for one in left])
        except (Busy, sqlite3.Error) as error:
            _log.warning("%s letters stay in their durable mailboxes: %s", len(left), error)
        else:
            self._leaving.difference_update(left)

    def _make(self) -> None:
        """Make the table, if a file has none.

        Raises:
            Busy: another process holds a lock.
        """
        if self._made:
            return
        with self._storage.database.transaction() as connection:
            connection.execute(_TABLE)
            connection.execute(_INDEX)
        self._made = True


def _row(letter: Letter) -> tuple[object, ...]:
    fault = letter.fault
    return (
        str(letter.sender),
        letter.payload,
        letter.correlation,
        None if letter.reply_to is None else str(letter.reply_to),
        letter.content_type,
        int(letter.callback),
        None
        if fault is None
        else json.dumps([fault.case, fault.message, fault.correlation, _name(fault.target)]),
        letter.sent,
    )


def _letter(row: tuple[object, ...]) -> Letter:
    sender, payload, correlation, reply_to, content_type, callback, fault, sent = row
    return Letter(
        _id(str(sender)),
        cast("bytes", payload),
        cast("str | None", correlation),
        None if reply_to is None else _id(str(reply_to)),
        cast("str | None", content_type),
        callback=bool(callback),
        fault=None if fault is None else _fault(str(fault)),
        sent=cast("int", sent),
    )


def _fault(text: str) -> MessagingFault:
    case, message, correlation, target = json.loads(text)
    return MessagingFault(
        cast("MessagingCase", case),
        message,
        correlation=correlation,
        target=None if target is None else _id(target),
    )


def _name(component: ComponentId | None) -> str | None:
    return None if component is None else str(component)


def _id(text: str) -> ComponentId:
    """An id as it was written; whoever was no component of ours keeps all of its text."""
    namespace, _, rest = text.partition("/")
    name, _, instance = rest.rpartition("/")
    return ComponentId(namespace, name, instance)
