"""What belongs to a component: to its id for all its lives, and to each version of its code."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ...component import Component
from ...manifest import ComponentId
from ...services.letters import Letters
from ...services.logs import ComponentLog
from ...services.messaging import Outbox
from ...services.transactions import Area
from ..metrics.meter import Meter
from .calls import Lanes
from .imports import Neighbours
from .pool import Pool
from .spec import ComponentSpec
from .tracing import Trace

if TYPE_CHECKING:
    import asyncio

    from ...component import Supervised

Reason: TypeAlias = Literal["start", "deploy", "rollback"]

KEPT = 5
"""Versions of a component whose code is kept for a rollback, the one that runs included."""


@dataclasses.dataclass(frozen=True, slots=True)
class VersionRecord:
    """One version of a component on a node, as its history tells it.

    Attributes:
        number: 1 for the first, then counted up; a rollback has a number of its own.
        version: what its manifest says.
        digest: the SHA-256 of the component's bytes, in hex.
        reason: how it came.
        time: when, in seconds since the epoch.
        back_to: the number of the version that a rollback brought back.
        error: why it does not run; None for one that took over.
    """

    number: int
    version: str
    digest: str
    reason: Reason
    time: float
    back_to: int | None = None
    error: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One version of a component, ready to live.

    Attributes:
        record: what the history says of it.
        spec: what the node was told.
        component: the compiled component.
        area: its storage, with its permissions.
        outbox: what it sends, with its permissions.
        pool: instances that are ready; None for those of a typed world, which have none.
        supervised: the typed world; None for `airssys:core/runtime-host`.
        durable: whether its mailbox survives the process.
    """

    record: VersionRecord
    spec: ComponentSpec
    component: Component
    area: Area
    outbox: Outbox
    pool: Pool | None
    supervised: Supervised[Any] | None = None
    durable: bool = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        # Asked once a message, and five look-ups away.
        object.__setattr__(self, "durable", self.spec.manifest.runtime.durable)


@dataclasses.dataclass(slots=True)
class Hosted:
    """What belongs to a component's id for all its lives.

    Attributes:
        id: who it is.
        version: the one that runs.
        log: where it logs.
        directory: who else runs.
        lanes: where its calls run.
        letters: what its mailbox keeps on disk, if it is durable.
        history: all versions, the last ones of them, in order; also those that failed.
        kept: the last versions that ran, in order, with the one that runs.
        retiring: versions that have been replaced and still stop.
        deploying: whether another version is on its way.
        on_version: called when another version has taken over.
        meter: measures its messages.
        trace: hears of each call; None if nobody does.
        measure_memory: whether to look where the memories of each life are.
    """

    id: ComponentId
    version: Version
    log: ComponentLog
    directory: Neighbours
    lanes: Lanes
    letters: Letters
    history: deque[VersionRecord] = dataclasses.field(
        default_factory=lambda: deque[VersionRecord](maxlen=100)
    )
    kept: deque[Version] = dataclasses.field(default_factory=lambda: deque[Version](maxlen=KEPT))
    retiring: set[asyncio.Task[Any]] = dataclasses.field(default_factory=lambda: set[Any]())
    deploying: bool = False
    on_version: Callable[[], None] | None = None
    meter: Meter = dataclasses.field(default_factory=Meter)
    trace: Trace | None = None
    measure_memory: bool = False

    @property
    def durable(self) -> bool:
        """Whether its mailbox survives the process."""
        return self.version.durable
