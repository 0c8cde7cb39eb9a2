"""Lines of standard input for an event loop, from a terminal, a pipe or a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator

_CHUNK = 65536


async def lines() -> AsyncIterator[bytes]:
    """Every line of standard input without its line feed, as it arrives; a last line may lack one.

    A thread reads ahead of the loop by at most a few lines. It is a daemon and holds no lock of the interpreter while it
    waits, so a program that is interrupted does not hang on an open terminal.
    """
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=16)

    def hand_over(line: bytes | None) -> None:
        # The loop closes when the command ends; who reads on then has nobody to tell.
        with contextlib.suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(waiting.put(line), loop).result()

    def read() -> None:
        try:
            hand_over_all()
        except OSError:
            pass  # a stream that is closed or cannot be read has no lines, or no more of them
        finally:
            hand_over(None)

    def hand_over_all() -> None:
        if sys.stdin is None:  # the caller has closed it
            return
        pieces: list[
            bytes
        ] = []  # of a line that is not whole yet; joined once, because a line may be very long
        while chunk := os.read(sys.stdin.fileno(), _CHUNK):
            *whole, rest = chunk.split(b"\n")
            for line in whole:
                hand_over(b"".join((*pieces, line)).removesuffix(b"\r"))
                pieces.clear()
            pieces.append(rest)
        if last := b"".join(pieces):
            hand_over(last)

    threading.Thread(target=read, name="airssys-stdin", daemon=True).start()
    while (line := await waiting.get()) is not None:
        yield line
