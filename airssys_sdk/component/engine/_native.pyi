from collections.abc import Callable
from typing import Any

DESTRUCTOR: int
HOST_IMPORT: int
OUTPUT: int
REVISION: int
SUSPENDING: int

def function(address: int, result: int, /) -> Callable[..., Any]: ...
def ready(
    function: Callable[..., Any], parameters: tuple[Any, ...], kept: object, /
) -> Callable[[], Any]: ...
def direct(
    call: Callable[[], Any],
    codes: str,
    places: tuple[int, ...],
    error: int,
    release: Callable[[], Any],
    most: int,
    /,
) -> Callable[..., Any]: ...
def host_import(
    function: Callable[..., object],
    error_new: Callable[..., Any],
    lower: Callable[[int, int, Any, bool], int] | None = None,
    codes: str = "x",
    step: int = 0,
    offset: int = 0,
    kind: int = 0,
    /,
) -> object: ...
def text(address: int, size: int, /) -> str: ...
def texts(address: int, count: int, step: int, /) -> list[str]: ...
def put_texts(address: int, step: int, texts: list[str], /) -> None: ...
def word_sum(data: bytes | memoryview, /) -> int: ...
def hold_back(told: int | None, /) -> None: ...
def take_output(taker: int, /) -> None: ...
def same(value: int | None, /) -> Any: ...
