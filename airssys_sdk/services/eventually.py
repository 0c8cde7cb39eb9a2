"""An answer that is there, or that comes later: what a service returns when it may have to wait.

Most answers are there at once, and a coroutine for each would cost more than the work. Only an operation that finds
its way blocked returns an awaitable; nothing here ever blocks the thread.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, TypeAlias, TypeVar, Union, cast

T = TypeVar("T")
R = TypeVar("R")

Eventually: TypeAlias = Union[T, "Awaitable[T]"]


class Later(Generic[T]):
    """An awaitable that begins when it is awaited; one that nobody awaits any more is simply forgotten.

    Args:
        begin: the `async def` that is run then, once.
    """

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, Any, T]:
        return self._begin().__await__()


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

    return Later(later)
