"""What the model of supervision knows of one name: what was said of it, and where in its lives it is."""

from __future__ import annotations

import copy
import dataclasses
from typing import Literal

Why = tuple[int, str]
"""How many supervisors gave up one after the other, and the error of the first child; no text if that ended normally."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """A child as its supervisor was told; with a strategy it is a supervisor itself. Times in seconds."""

    name: str = ""
    policy: Literal["permanent", "transient", "temporary"] = "permanent"
    limit: int = 2
    window: float = 4.0
    base: float = 0.0
    maximum: float = 0.0
    graceful: bool = True
    strategy: Literal["one-for-one", "one-for-all", "rest-for-one"] | None = None
    below: tuple[Plan, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """A life of a child that ended by itself; its supervisor has not looked at it yet."""

    child: str
    life: int
    abnormal: bool
    why: Why


@dataclasses.dataclass(slots=True)
class Member:
    """A name in the tree.

    Attributes:
        life: starts so far, those that failed included.
        restarts: when its supervisor decided to start it again.
        below: the children, in start order.
        inbox: their exits, the oldest first.
        group: whom a restart of several has still to start; None: there is none.
        at: whom it has started last.
        pausing: it waits for its backoff.
        walk: whom the supervisor's own start has still to start or to wait for.
        failing: it has given up, and fails if nobody stops it first.
        halting: whom it has still to stop, one after the other; None: nobody.
        due: its supervisor has decided to start it again at once, and a stop can still come first.
        delay: how long its group waits when all of it are stopped.
    """

    plan: Plan = dataclasses.field(repr=False)  # worlds are told apart by what they say of themselves
    above: str
    state: Literal["up", "starting", "stopping", "down", "gone"] = "down"
    life: int = 0
    restarts: list[float] = dataclasses.field(default_factory=list)
    below: list[str] = dataclasses.field(default_factory=list)
    inbox: list[Ended] = dataclasses.field(default_factory=list)
    group: list[str] | None = None
    at: str | None = None
    pausing: bool = False
    walk: list[str] = dataclasses.field(default_factory=list)
    failing: Why | None = None
    halting: list[str] | None = None
    due: bool = False
    delay: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether nobody who starts it has to wait for it any longer."""
        return self.state in ("up", "gone")

    def copy(self) -> Member:
        """Another one that does not change with this."""
        other = copy.copy(self)
        other.restarts, other.below, other.inbox = self.restarts.copy(), self.below.copy(), self.inbox.copy()
        other.group, other.walk = None if self.group is None else self.group.copy(), self.walk.copy()
        other.halting = None if self.halting is None else self.halting.copy()
        return other
