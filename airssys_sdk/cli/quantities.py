"""Sizes and times in options, written as in a manifest; addresses."""

from __future__ import annotations

from airssys_sdk.errors import UsageError
from airssys_sdk.manifest import parse_duration, parse_size


def duration(text: str, option: str) -> float:
    """Seconds of an option's value such as `30s`.

    Raises:
        UsageError: it is no time above zero.
    """
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint="write a time such as 30s or 500ms") from None
    if not seconds:
        raise UsageError(f"{option}: a time above zero is needed", hint="write a time such as 30s or 500ms")
    return seconds


def size(text: str, option: str) -> int:
    """Bytes of an option's value such as `64MiB`.

    Raises:
        UsageError: it is no size above zero.
    """
    try:
        count = parse_size(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint="write a size such as 64MiB") from None
    if not count:
        raise UsageError(f"{option}: a size above zero is needed", hint="write a size such as 64MiB")
    return count


def address(text: str, option: str) -> tuple[str, int]:
    """Host and port of an option's value such as `127.0.0.1:9464` or `[::1]:9464`.

    Raises:
        UsageError: it is no address with a port.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(
            f"{option}: {text!r} is no address with a port", hint="write an address such as 127.0.0.1:9464"
        )
    return host, int(port)
