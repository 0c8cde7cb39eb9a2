"""Time for components: the wall clock, in the shapes that the WIT package uses."""

from __future__ import annotations

import time


def now() -> tuple[int, int]:
    """Seconds since the epoch, and nanoseconds within the second."""
    return divmod(time.time_ns(), 1_000_000_000)


def now_millis() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
