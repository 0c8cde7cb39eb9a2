"""An answer that is there, or that comes later: what a service returns when it may have to wait.

Most answers are there at once, and a coroutine for each would cost more than the work. Only an operation that finds
its way blocked returns an awaitable; nothing here ever blocks the thread.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar, Union, cast

T = TypeVar("T")
R = TypeVar("R")

Eventually: TypeAlias = Union[T, "Awaitable[T]"]


async def settle(answer: Eventually[T]) -> T:
    """The answer, waited for if need be."""
    if inspect.isawaitable(answer):
        return await cast("Awaitable[T]", answer)
    return answer


def then(answer: Eventually[T], step: Callable[[T], Eventually[R]]) -> Eventually[R]:
    """What `step` makes of the answer, at once if the answer is there."""
    if not inspect.isawaitable(answer):
        return step(answer)

    async def later() -> R:
        return await settle(step(await cast("Awaitable[T]", answer)))

    return later()
