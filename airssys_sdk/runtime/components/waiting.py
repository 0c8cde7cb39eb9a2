"""Imports of the `plain` profile, whose calls cannot be parked: whoever has to wait holds its thread."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable

from ...errors import UsageError
from ...services.eventually import settle
from .imports import Host


class Waiting:
    """A `Host` for calls that cannot be parked: a host call that waits holds its thread.

    On a worker that is only the worker; on the loop's thread it would be everybody, so there it is an error.
    """

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        self.host_messaging = _Blocking(host.host_messaging, loop)
        self.host_services = _Blocking(host.host_services, loop)
        self.storage = _Blocking(host.storage, loop)


class _Blocking:
    def __init__(self, interface: object, loop: asyncio.AbstractEventLoop) -> None:
        self._interface = interface
        self._loop = loop
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Callable[..., object]:
        function: Callable[..., object] = getattr(self._interface, name)

        def call(*arguments: object) -> object:
            answer = function(*arguments)
            if not inspect.isawaitable(answer):
                return answer
            waiting = settle(answer)
            if threading.get_ident() != self._thread:
                return asyncio.run_coroutine_threadsafe(waiting, self._loop).result()
            waiting.close()
            if inspect.iscoroutine(answer):
                answer.close()
            raise UsageError(
                f"a component of the profile 'plain' called {name}, which has to wait, on the loop's thread",
                hint="write 'long = true' in the section [runtime] of its manifest, or use the profile 'metered'",
            )

        return call
