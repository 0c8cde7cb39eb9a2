"""Sizes and times as people write them in a manifest: `64MiB`, `30s`, `100ms`."""

from __future__ import annotations

import math
import re

SIZES = {
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}
DURATIONS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}

LONGEST = 3600.0 * 24 * 366
"""Seconds of the longest time that may be written; every clock and counter that gets it can hold it."""

_NUMBER = re.compile(r"\d[\d_]*(?:\.\d*)?", re.ASCII)
_QUANTITY = re.compile(r"(\d+(?:_\d+)*(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes of a size such as `64MiB`, `1.5GiB` or `500KB`.

    Raises:
        ValueError: it is no size, names an unknown unit, or is no whole number of bytes.
    """
    number, factor = _split(text, SIZES)
    size = number * factor
    if not size.is_integer() or not math.isfinite(size):
        raise ValueError(f"{text!r} is no whole number of bytes")
    return int(size)


def parse_duration(text: str) -> float:
    """Seconds of a time such as `30s`, `100ms`, `2m` or `1.5h`.

    Raises:
        ValueError: it is no time or names an unknown unit.
    """
    number, factor = _split(text, DURATIONS)
    # A division keeps 100ms the float 0.1, where a product with 1e-3 can miss it by one bit.
    seconds = number / round(1 / factor) if factor < 1 else number * factor
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is too long; the most is {LONGEST / 3600:.0f}h")
    return seconds


def format_size(size: int) -> str:
    """A size for people, in the largest binary unit that leaves at least 1: `64MiB`, `18.2MiB`, `700B`."""
    for unit in ("GiB", "MiB", "KiB"):
        if size >= SIZES[unit]:
            return f"{_short(size / SIZES[unit])}{unit}"
    return f"{size}B"


def format_duration(seconds: float) -> str:
    """A time for people: `30s`, `1.2s`, `100ms`, `15us`, `infinity`."""
    if math.isinf(seconds):
        return "infinity"
    if seconds >= 1 or seconds == 0:
        return f"{_short(seconds)}s"
    if seconds >= 1e-3:
        return f"{_short(seconds * 1e3)}ms"
    return f"{_short(seconds * 1e6)}us"


def _split(text: str, units: dict[str, float] | dict[str, int]) -> tuple[float, float]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] not in units:
        if _NUMBER.fullmatch(text.strip()):
            raise ValueError(f"{text!r} needs a unit: {', '.join(units)}")
        raise ValueError(f"{text!r} is not a number with one of the units {', '.join(units)}")
    return float(match[1].replace("_", "")), units[match[2]]


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
