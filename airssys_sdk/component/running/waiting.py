"""Waiting for what a host import does: on a thread, on an event loop, or on a loop that this module keeps for it.

Whoever drives a parked call waits here; what it waits for may run on another thread, and may be cancelled from any.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import functools
import inspect
import threading
import time
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeAlias, cast

from ...errors import UsageError

Waiting: TypeAlias = "asyncio.Future[Any] | concurrent.futures.Future[Any]"
"""What a parked call waits for: it has `done`, `add_done_callback` and `cancel`."""

_TICK: Final = 0.05
"""Seconds after which a thread that waits for an import looks for Ctrl-C, where the platform does not wake it."""


def schedule(value: Awaitable[Any], loop: asyncio.AbstractEventLoop | None) -> Waiting:
    """Have an awaitable run to its end, on `loop` or, if that does not run, on a loop with a thread of its own."""
    if isinstance(value, asyncio.Future | concurrent.futures.Future):
        return cast("Waiting", value)
    coroutine = cast("Coroutine[Any, Any, Any]", value) if inspect.iscoroutine(value) else _await(value)
    if loop is None or not loop.is_running():
        loop = _background_loop()
    elif running_loop() is loop:
        return loop.create_task(coroutine)
    return asyncio.run_coroutine_threadsafe(coroutine, loop)


def cancel(future: Waiting) -> None:
    """Cancel a future from whatever thread. Nobody asks for its outcome any more."""
    if isinstance(future, concurrent.futures.Future):
        future.cancel()
        return
    loop = future.get_loop()
    if running_loop() is loop:
        _cancel_here(future)
    elif not loop.is_closed():
        loop.call_soon_threadsafe(_cancel_here, future)


def _cancel_here(future: asyncio.Future[Any]) -> None:
    future.cancel()
    # Or the loop would report an exception that nobody fetched.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())


def wait_here(future: Waiting, until: float | None) -> bool:
    """Wait on this thread; whether the future was done before `until`. Ctrl-C surfaces here."""
    done = threading.Event()

    def tell(_future: object) -> None:
        done.set()

    if isinstance(future, asyncio.Future):
        loop = future.get_loop()
        if future.done():
            return True
        if running_loop() is loop:
            raise UsageError(
                "the call waits for an import that runs on the event loop of this very thread",
                hint="in a coroutine write 'await begin(function, ...)' instead of a plain call",
            )
        loop.call_soon_threadsafe(future.add_done_callback, tell)
    else:
        future.add_done_callback(tell)
    while not done.wait(_TICK):
        if until is not None and time.monotonic() > until:
            return False
    return True


async def wait_there(future: Waiting, until: float | None) -> None:
    """Wait on the running loop until the future is done or the time is over, without cancelling it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any]
    if isinstance(future, asyncio.Future) and future.get_loop() is loop:
        done = future
    else:
        done = loop.create_future()

        def tell(_future: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_complete, done)

        if isinstance(future, asyncio.Future):
            future.get_loop().call_soon_threadsafe(future.add_done_callback, tell)
        else:
            future.add_done_callback(tell)
    await asyncio.wait({done}, timeout=None if until is None else max(0.0, until - time.monotonic()))


def _complete(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)


async def _await(value: Awaitable[Any]) -> Any:
    return await value


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs on this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_LOCK = threading.Lock()


def _background_loop() -> asyncio.AbstractEventLoop:
    with _LOCK:
        return _start_loop()


@functools.cache
def _start_loop() -> asyncio.AbstractEventLoop:
    """The loop for imports of calls that no event loop drives; a daemon, because it waits for work for ever."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="airssys-imports", daemon=True)

    async def cancel_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        loop.stop()

    def stop() -> None:
        asyncio.run_coroutine_threadsafe(cancel_all(), loop)
        thread.join(1.0)
        if not thread.is_alive():
            loop.close()

    thread.start()
    atexit.register(stop)
    return loop
