"""The accountant: counts, without the runtime's help, what became of every message that was accepted.

Senders say what was accepted; the events of dead letters and failures, the answers to those who asked, and what receivers have
written into their storage say what became of it. Both go to files, so that the accountant itself needs no memory.
"""

from __future__ import annotations

import collections
import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from airssys_sdk.runtime import DeadLetter
from airssys_sdk.runtime.events import MessageFailed
from airssys_sdk.services.messaging import Letter

NUMBER = re.compile(r"<(\d+)>")


class Discrepancy(AssertionError):
    """An accepted message has no outcome, or more than one."""


class Accountant:
    """Keeps the books of one storm.

    Args:
        folder: where the books are.
        storage: the node's storage file.
    """

    def __init__(self, folder: Path, storage: Path) -> None:
        self._storage = storage
        self._books = folder / "books"
        self._book: TextIO | None = None
        self._numbers = 0
        self.told = collections.Counter[str]()

    def number(self) -> str:
        """A mark for a message, found again wherever the message ends."""
        self._numbers += 1
        return f"<{self._numbers}>"

    def accepted(self, mark: str, kind: str) -> None:
        """A mailbox has accepted a message: `send`, or `request` with the correlation id as its mark."""
        self._write("accepted", mark, kind)

    def answered(self, mark: str, outcome: str, stored: bool | None) -> None:
        """Who asked has heard; `stored` says whether the message's writes must be there, None for either."""
        self.told[f"ask: {outcome}"] += 1
        if stored is not None:
            self._write("stored" if stored else "not-stored", mark, outcome)

    def ended(self, component: str) -> None:
        """A component is gone for good, and with it its open requests."""
        self._write("ended", component, "")

    def hear(self, event: object) -> None:
        """An event of the node."""
        if isinstance(event, DeadLetter) and isinstance(event.payload, Letter):
            letter = event.payload
            if letter.callback:
                self._write("outcome", letter.correlation or "", f"dead letter, {event.reason.value}")
            elif letter.reply_to is None and (mark := NUMBER.search(letter.payload.decode())):
                self._write("outcome", mark[0], f"dead letter, {event.reason.value}")
        elif isinstance(event, MessageFailed) and (mark := NUMBER.search(str(event.error))):
            self._write("outcome", mark[0], "failed")

    def close(self) -> collections.Counter[str]:
        """Compare the books, once the node has stopped.

        Returns:
            How many messages ended how.

        Raises:
            Discrepancy: the books do not agree; it names the messages.
        """
        self.shut()
        values = self._stored()
        accepted: dict[str, str] = {}
        outcomes: dict[str, list[str]] = collections.defaultdict(list)
        wrong: list[str] = []
        ended: set[str] = set()
        for line in self._books.read_text("utf-8").splitlines():
            what, mark, more = line.split("\t")
            match what:
                case "accepted":
                    if mark in accepted:
                        wrong.append(f"{mark} was accepted twice")
                    accepted[mark] = more
                case "outcome":
                    outcomes[mark].append(more)
                case "ended":
                    ended.add(mark)
                case "stored":
                    if values.get(f"s{mark}") != "1":
                        wrong.append(f"{mark} was answered, and its writes are {values.get(f's{mark}')}")
                case _:
                    if f"s{mark}" in values:
                        wrong.append(f"{mark} ended as {more}, and its writes are there")
        for mark in self._kept():
            outcomes[mark].append("kept on disk")
        for mark, kind in accepted.items():
            ways = list(outcomes.get(mark, ()))
            written = values.get(mark if kind == "request" else f"s{mark}")
            if written is not None:
                ways += ["handled"] * int(written)
            if kind == "request" and not ways and _owner(mark) in ended:
                ways.append("requester gone")
            self.told[f"{kind}: {ways[0] if ways else 'nothing'}"] += 1
            if len(ways) != 1:
                wrong.append(f"{mark} ({kind}) ended {len(ways)} times: {', '.join(ways) or 'it was lost'}")
        if wrong:
            raise Discrepancy(f"{len(wrong)} messages of {len(accepted)}:\n" + "\n".join(wrong[:20]))
        return self.told

    def _kept(self) -> Iterator[str]:
        """What waits on disk for the next start: messages by their marks, answers by their correlation ids."""
        with contextlib.closing(sqlite3.connect(self._storage)) as connection:
            rows = connection.execute(
                "SELECT payload, correlation, callback, reply_to FROM letters"
            ).fetchall()
        for payload, correlation, callback, reply_to in rows:
            if callback:
                yield str(correlation)
            elif reply_to is None and (mark := NUMBER.search(payload.decode())):
                yield mark[0]

    def _stored(self) -> dict[str, str]:
        with contextlib.closing(sqlite3.connect(self._storage)) as connection:
            rows = connection.execute("SELECT key, value FROM entries").fetchall()
        return {key: value.decode() for key, value in rows}

    def shut(self) -> None:
        """Write no more."""
        if self._book is not None:
            self._book.close()

    def _write(self, *fields: str) -> None:
        if self._book is None:
            self._book = self._books.open("w", encoding="utf-8")
        self._book.write("\t".join(fields) + "\n")


def _owner(correlation: str) -> str:
    """Who made a request: `incarnation-namespace/name/instance-count`."""
    return correlation.partition("-")[2].rpartition("-")[0]
