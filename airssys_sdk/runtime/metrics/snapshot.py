"""What a node has done and holds, at one moment: frozen, typed, plain values that can be sent anywhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..messages.outcomes import Metrics
from ..state import HealthStatus, State
from .histogram import HistogramSnapshot


@dataclasses.dataclass(frozen=True, slots=True)
class StorageUse:
    """What a component keeps: bytes of keys and values, its quota in bytes, the number of keys."""

    used: int
    quota: int
    keys: int


@dataclasses.dataclass(frozen=True, slots=True)
class ComponentSnapshot:
    """One component, all its lives together. What is counted begins with its start on this node and only grows.

    Attributes:
        id: `namespace/name/instance`.
        version: of its manifest.
        state: where in its life it is.
        health: what it last said of its health.
        restarts: lives that followed another one.
        messages: what became of its messages, and how many wait.
        queueing: seconds from sending to handling, by the wall clock.
        handling: seconds from handling to the outcome, waits of the guest for its imports included.
        fuel: units of work a message; None in the profile `plain`, which counts none.
        memory: bytes of its linear memories now; None where the node does not measure it or the system does not tell.
        memory_limit: bytes that each of its memories may have.
        storage: what it keeps; None while another process has locked the file.
        denials: what it asked for without permission.
        late: answers to its requests that came after the request was over.
        open_requests: requests of its that wait for their answer.
    """

    id: str
    version: str
    state: State
    health: HealthStatus
    restarts: int
    messages: Metrics
    queueing: HistogramSnapshot
    handling: HistogramSnapshot
    fuel: HistogramSnapshot | None
    memory: int | None
    memory_limit: int | None
    storage: StorageUse | None
    denials: int
    late: int
    open_requests: int


@dataclasses.dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """A node with all its components; its own numbers include the components that have ended.

    Attributes:
        taken: seconds since the epoch.
        uptime: seconds that the node has run.
        components: those that run or wait for a restart, in the order of their start.
        messages: what became of all messages.
        queueing, handling: as of a component, for all.
        restarts: lives of components that followed another one.
        denials: what components asked for without permission.
        late: answers that came after their request was over.
        dead_letters: how many there were, by reason.
        open_requests: the host's requests that wait for their answer.
        memory: bytes of the whole process in memory; None where the system does not tell.
    """

    taken: float
    uptime: float
    components: tuple[ComponentSnapshot, ...]
    messages: Metrics
    queueing: HistogramSnapshot
    handling: HistogramSnapshot
    restarts: int
    denials: int
    late: int
    dead_letters: Mapping[str, int]
    open_requests: int
    memory: int | None

    def component(self, component: str) -> ComponentSnapshot | None:
        """The component with this id."""
        return next((one for one in self.components if one.id == component), None)
