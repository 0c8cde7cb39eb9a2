"""Reading a node's numbers from any thread: exporters have threads of their own, a node belongs to its loop's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from time import monotonic
from typing import Protocol

from ...errors import UsageError
from .snapshot import NodeSnapshot

PATIENCE = 5.0
"""Seconds that a busy node may take to answer."""


class Measured(Protocol):
    """A node, as exporters see it."""

    def metrics_snapshot(self) -> NodeSnapshot:
        """Everything that is counted and measured.

        Raises:
            UsageError: it does not run.
        """
        ...


class Reading:
    """Reads a node; make it on the thread of the node's running loop, call it anywhere.

    Args:
        node: the node.
        keep: seconds that one snapshot serves for; exporters that ask once for each of their instruments need that.

    Raises:
        UsageError: no event loop runs here.
    """

    def __init__(self, node: Measured, *, keep: float = 0.0) -> None:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise UsageError(
                "there is no running event loop here",
                hint="call it inside 'async with Node(...) as node:'",
            ) from None
        self._node = node
        self._thread = threading.get_ident()
        self._keep = keep
        self._last: tuple[float, NodeSnapshot] | None = None

    def __call__(self) -> NodeSnapshot | None:
        """Take a snapshot; None if the node does not run, or does not answer in time."""
        last = self._last
        if last is not None and monotonic() - last[0] < self._keep:
            return last[1]
        found = self._take() if threading.get_ident() == self._thread else self._take_there()
        self._last = None if found is None else (monotonic(), found)
        return found

    def _take(self) -> NodeSnapshot | None:
        try:
            return self._node.metrics_snapshot()
        except UsageError:
            return None

    def _take_there(self) -> NodeSnapshot | None:
        answer: concurrent.futures.Future[NodeSnapshot | None] = concurrent.futures.Future()

        def take() -> None:
            if answer.set_running_or_notify_cancel():
                try:
                    answer.set_result(self._take())
                except Exception as error:  # noqa: BLE001  (raised on the thread that asked)
                    answer.set_exception(error)

        try:
            self._loop.call_soon_threadsafe(take)
        except RuntimeError:  # the loop is closed
            return None
        try:
            return answer.result(PATIENCE)
        except TimeoutError:
            answer.cancel()
            return None
