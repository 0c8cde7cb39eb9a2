"""The decision about a child that ended: restart it now, restart it later, let it go, or give up. Pure; no clock, no actors."""

from __future__ import annotations

import dataclasses
import enum
from collections import deque
from collections.abc import Callable
from typing import Literal, TypeAlias

from ..checks import check_above_zero, check_number, check_whole

PolicyName: TypeAlias = Literal["permanent", "transient", "temporary"]
"""A `Policy` as a text."""


class Policy(enum.Enum):
    """Which ends of a child are followed by a restart."""

    PERMANENT = "permanent"
    """Every end."""
    TRANSIENT = "transient"
    """Abnormal ends only."""
    TEMPORARY = "temporary"
    """None."""


@dataclasses.dataclass(frozen=True, slots=True)
class Intensity:
    """How many restarts of one child are accepted within a sliding window.

    Attributes:
        restarts: restarts inside the window; the next end is one too many.
        within: length of the window in seconds; `math.inf`: all restarts count.

    Raises:
        UsageError: a number makes no sense.
    """

    restarts: int = 5
    within: float = 60.0

    def __post_init__(self) -> None:
        check_whole("Intensity.restarts", self.restarts, 0)
        check_above_zero("Intensity.within", self.within)


@dataclasses.dataclass(frozen=True, slots=True)
class Backoff:
    """How long a restart waits: `min(base * factor ** n, maximum)`, where n counts the restarts inside the window.

    The first restart in a window (n = 0) does not wait.

    Attributes:
        base: seconds.
        factor: growth from one restart to the next.
        maximum: seconds; no wait is longer, jitter included.
        jitter: part of the wait that is random: 0.1 spreads it over 90 % to 110 %.

    Raises:
        UsageError: a number makes no sense; all are finite.
    """

    base: float = 0.1
    factor: float = 2.0
    maximum: float = 30.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        check_number("Backoff.base", self.base, 0)
        check_number("Backoff.factor", self.factor, 1)
        check_number("Backoff.maximum", self.maximum, 0)
        check_number("Backoff.jitter", self.jitter, 0, 1)

    def delay(self, n: int, random: Callable[[], float]) -> float:
        """Seconds to wait after n restarts inside the window; `random` gives numbers from 0 to 1."""
        if n == 0:
            return 0.0
        try:
            delay = min(self.base * self.factor**n, self.maximum)
        except OverflowError:
            delay = self.maximum
        if self.jitter:
            delay = min(delay * (1 + self.jitter * (2 * random() - 1)), self.maximum)
        return delay


DEFAULT_INTENSITY = Intensity()
DEFAULT_BACKOFF = Backoff()


@dataclasses.dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after `delay` seconds; `count` restarts (this one included) lie inside the window."""

    delay: float
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Remove:
    """Let it go."""


@dataclasses.dataclass(frozen=True, slots=True)
class GiveUp:
    """It ended once more than the intensity allows: the supervisor itself fails."""

    restarts: int
    within: float


Decision = Restart | Remove | GiveUp


class RestartHistory:
    """What a supervisor remembers about one child: the restarts inside the window.

    A restart lies inside the window for exactly `within` seconds, the end included.
    """

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def decide(
        self,
        *,
        abnormal: bool,
        now: float,
        policy: Policy,
        intensity: Intensity,
        backoff: Backoff,
        random: Callable[[], float],
    ) -> Decision:
        """Decide about an end at time `now` (seconds, never before the last one), and remember a restart."""
        if policy is Policy.TEMPORARY or (policy is Policy.TRANSIENT and not abnormal):
            return Remove()
        times = self._times
        while times and now - times[0] > intensity.within:
            times.popleft()
        if len(times) >= intensity.restarts:
            return GiveUp(intensity.restarts, intensity.within)
        delay = backoff.delay(len(times), random)
        times.append(now)
        return Restart(delay, len(times))

    def clear(self) -> None:
        """Forget everything: the supervisor itself started again."""
        self._times.clear()
