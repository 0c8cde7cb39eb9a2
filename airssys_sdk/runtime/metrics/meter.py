"""The meter of one component: how long its messages wait and take, and what they use. It outlives the component's lives."""

from __future__ import annotations

from bisect import bisect_left
from time import perf_counter, time_ns

from .histogram import FUEL, SECONDS, Histogram, HistogramSnapshot


class Meter:
    """Measures the messages of one component, whatever its version; on the loop's thread only.

    Attributes:
        memory: where the linear memories of the life that runs begin; empty where that is not known.
    """

    __slots__ = ("_fuel", "_handling", "_queueing", "memory")

    def __init__(self) -> None:
        self._queueing = Histogram(SECONDS)
        self._handling = Histogram(SECONDS)
        self._fuel = Histogram(FUEL)
        self.memory: tuple[int, ...] = ()

    def begin(self, sent: int) -> float:
        """A message is handled from now on; it was sent at `sent` nanoseconds since the epoch. For `end`."""
        # By the wall clock, as a letter may come from another process or from disk. A clock set back is no waiting.
        waited = (time_ns() - sent) * 1e-9
        # As `Histogram.add`, spelled out here and below: this runs for every message.
        histogram = self._queueing
        histogram.counts[bisect_left(SECONDS, waited)] += 1
        if waited > 0.0:
            histogram.total += waited
        return perf_counter()

    def end(self, began: float, fuel: int | None) -> None:
        """The guest came back, whatever with.

        Args:
            began: what `begin` returned.
            fuel: units of work that it used; None where nobody counts them.
        """
        taken = perf_counter() - began
        histogram = self._handling
        histogram.counts[bisect_left(SECONDS, taken)] += 1
        histogram.total += taken
        if fuel is not None:
            histogram = self._fuel
            histogram.counts[bisect_left(FUEL, fuel)] += 1
            histogram.total += fuel

    def absorb(self, other: Meter) -> None:
        """Count what another one has counted: its component is gone."""
        self._queueing.absorb(other._queueing)
        self._handling.absorb(other._handling)
        self._fuel.absorb(other._fuel)

    @property
    def queueing(self) -> HistogramSnapshot:
        """Seconds from sending a message to its handling."""
        return self._queueing.snapshot()

    @property
    def handling(self) -> HistogramSnapshot:
        """Seconds from a message's handling to its outcome, waits of the guest and a worker's turn included."""
        return self._handling.snapshot()

    @property
    def fuel(self) -> HistogramSnapshot:
        """Units of work a message, where fuel is counted."""
        return self._fuel.snapshot()


class LifeMeter:
    """Measures the messages of one life of a component: what is left of its fuel after a call tells what that used.

    Args:
        meter: of the component.
        limit: units of work that each call may use; None: any number.

    Attributes:
        left: the fuel that was left after the last call; None where nobody counts it.
    """

    __slots__ = ("_began", "_limit", "_meter", "left")

    def __init__(self, meter: Meter, limit: int | None) -> None:
        self._meter = meter
        self._limit = limit
        self._began = 0.0
        self.left: int | None = None

    def begin(self, sent: int) -> None:
        """A message is handled from now on; `sent` as for `Meter.begin`."""
        self._began = self._meter.begin(sent)

    def end(self, left: int | None) -> None:
        """A call is over, of a message or another one, with so much fuel left."""
        before, self.left = self.left, left
        began, self._began = self._began, 0.0
        if began:  # a message, and not a start, a stop or a question for its health
            if self._limit is not None:
                before = self._limit
            self._meter.end(began, None if before is None or left is None else before - left)

    def refuse(self) -> None:
        """The message is over, and no call was made."""
        began, self._began = self._began, 0.0
        if began:
            self._meter.end(began, None)
