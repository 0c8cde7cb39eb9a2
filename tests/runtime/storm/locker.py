"""A process that locks a storage file again and again, until it is ended. Arguments: the file, a seed."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import sys
import time


def main(path: str, seed: str) -> None:
    """Lock for moments, and at first, and now and then, for longer than anybody waits."""
    chance = random.Random(seed)  # noqa: S311  (when it is locked)
    long = True
    while True:
        time.sleep(chance.uniform(0.1, 0.6))
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0.2)) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(1.2 if long else chance.uniform(0.005, 0.1))
            connection.execute("ROLLBACK")
            long = chance.random() < 0.05


if __name__ == "__main__":
    main(*sys.argv[1:])
