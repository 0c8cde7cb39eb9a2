"""Health: what an actor says of itself when it is asked, and when that is a reason to restart it; no clock, no actor."""

from __future__ import annotations

import dataclasses

from ..checks import check_above_zero, check_whole
from ..state import HealthStatus


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """How an actor's health is watched.

    Attributes:
        interval: seconds between two checks.
        timeout: seconds until a check that has no answer counts as failed; a message in progress is not interrupted by it.
        threshold: failed checks, without a healthy one between, that end the life, as a crash does.

    Raises:
        UsageError: a number makes no sense.
    """

    interval: float = 30.0
    timeout: float = 5.0
    threshold: int = 3

    def __post_init__(self) -> None:
        check_above_zero("Health.interval", self.interval)
        check_above_zero("Health.timeout", self.timeout)
        check_whole("Health.threshold", self.threshold, 1)


class HealthCount:
    """The failures of one life.

    Args:
        threshold: how many end it.

    Attributes:
        failures: so many so far, since the last healthy check.
    """

    __slots__ = ("_threshold", "failures")

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self.failures = 0

    def note(self, status: HealthStatus | None) -> bool:
        """Take the outcome of a check, None for one that failed or had no answer; whether the life must end."""
        if status is HealthStatus.HEALTHY:
            self.failures = 0
        elif status is None or status is HealthStatus.UNHEALTHY:
            self.failures += 1
        return self.failures >= self._threshold
