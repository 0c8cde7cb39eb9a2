"""Worker threads: they take over calls that outlived their first slices, so that the loop's thread stays free.

Calls share the workers in turns: one that is not finished after `QUANTUM_SECONDS` goes to the end of the line. A call
that parks on a suspending host import goes back to whoever submitted it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from time import monotonic
from typing import Protocol

QUANTUM_SECONDS = 0.01
"""How long a call keeps a worker while others wait."""


class Work(Protocol):
    """Something long that runs in slices."""

    def step(self) -> bool:
        """Run one slice; whether the worker is done with it: it ended, or waits for something. Must not raise."""
        ...

    def leave(self) -> None:
        """The worker is done with it; called on the worker's thread, last."""
        ...


def default_count() -> int:
    """Workers of a node: one less than the machine has cores, at least one."""
    return max(1, (os.cpu_count() or 2) - 1)


class Workers:
    """A fixed number of threads, started when they are first needed.

    Args:
        count: how many.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = default_count() if count is None else count
        self._threads: list[threading.Thread] = []
        self._line: deque[Work] = deque()
        self._idle = 0
        self._condition = threading.Condition()
        self._closing = False

    def submit(self, work: Work) -> None:
        """Put the work at the end of the line; from any thread.

        Raises:
            RuntimeError: `close` was called.
        """
        with self._condition:
            if self._closing:
                raise RuntimeError("the workers are closed")
            self._line.append(work)
            self._condition.notify()
            if len(self._line) > self._idle and len(self._threads) < self._count:
                # A daemon: a call of the `plain` profile cannot be stopped and must not keep the process from ending.
                thread = threading.Thread(
                    target=self._run, name=f"airssys-worker-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()

    @property
    def waiting(self) -> int:
        """How much stands in line."""
        return len(self._line)

    def close(self, seconds: float) -> bool:
        """Let the threads end when the line is empty and wait up to so many seconds; whether all of them ended."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        end = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while True:
            work = self._next()
            if work is None:
                return
            self._serve(work)
            del work  # or an idle thread would keep what the last call was given

    def _next(self) -> Work | None:
        with self._condition:
            while not self._line:
                if self._closing:
                    return None
                self._idle += 1
                self._condition.wait()
                self._idle -= 1
            return self._line.popleft()

    def _serve(self, work: Work) -> None:
        while True:
            end = monotonic() + QUANTUM_SECONDS
            while monotonic() < end:
                if work.step():
                    work.leave()
                    return
            with self._condition:
                if self._line:
                    self._line.append(work)
                    return
