"""Histograms with fixed buckets: cheap to add to while messages run, frozen to look at."""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from typing import Final

SECONDS: Final = tuple(1e-6 * 2**step for step in range(27))
"""Upper bounds for times: 1 us to 67 s, each twice the one before."""
FUEL: Final = tuple(float(1000 * 4**step) for step in range(14))
"""Upper bounds for fuel: a thousand to 67 thousand million units, each four times the one before."""


@dataclasses.dataclass(frozen=True, slots=True)
class HistogramSnapshot:
    """A histogram at one moment.

    Attributes:
        bounds: the upper bounds of the buckets, included in them; the last bucket, beyond them, has none.
        counts: how many values lie in each bucket; one more than there are bounds.
        total: the sum of all values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """The value below which this share of all values lies, estimated inside its bucket.

        Args:
            share: from 0 to 1; 0.99 for the 99th percentile.

        Returns:
            The value; the last bound for one that lies beyond it; None without any values.
        """
        rank = share * self.count
        if not rank:
            return None
        below = 0
        for index, count in enumerate(self.counts):
            if count and below + count >= rank:
                if index == len(self.bounds):
                    break
                low = self.bounds[index - 1] if index else 0.0
                return low + (self.bounds[index] - low) * (rank - below) / count
            below += count
        return self.bounds[-1]

    def __add__(self, other: HistogramSnapshot) -> HistogramSnapshot:
        """Both together; they must have the same bounds."""
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return HistogramSnapshot(self.bounds, counts, self.total + other.total)

    def __sub__(self, earlier: HistogramSnapshot) -> HistogramSnapshot:
        """What came since an earlier snapshot of the same histogram."""
        counts = tuple(mine - theirs for mine, theirs in zip(self.counts, earlier.counts, strict=True))
        return HistogramSnapshot(self.bounds, counts, self.total - earlier.total)


class Histogram:
    """A histogram that grows: adding a value looks up its bucket and makes no object but the new count.

    Attributes:
        bounds: the upper bounds of its buckets, rising.
        counts: values in each bucket, and in the last one those beyond all bounds.
        total: the sum of all values.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def absorb(self, other: Histogram) -> None:
        """Count all values of another one with the same bounds."""
        for index, count in enumerate(other.counts):
            self.counts[index] += count
        self.total += other.total

    def snapshot(self) -> HistogramSnapshot:
        """What was counted up to now."""
        return HistogramSnapshot(self.bounds, tuple(self.counts), self.total)
