"""What a node has counted and measured, put together."""

from __future__ import annotations

import dataclasses
import time

from ...security import AuditLog
from ..actors.system import ActorSystem
from ..components.directory import Directory, Entry
from ..messages.mailbox import Metrics
from ..metrics import memory
from ..metrics.snapshot import ComponentSnapshot, NodeSnapshot, StorageUse


@dataclasses.dataclass(frozen=True, slots=True)
class Counters:
    """What happened on a node so far.

    Attributes:
        messages: what became of all messages; those of supervisors are none.
        restarts: lives of components that followed another one.
        denials: what components asked for without permission.
        late: answers that came after their request was over.
    """

    messages: Metrics
    restarts: int
    denials: int
    late: int


def take(
    system: ActorSystem, directory: Directory, audit: AuditLog, counters: Counters, *, uptime: float
) -> NodeSnapshot:
    """Look at everything now; on the loop's thread."""
    entries = directory.entries()
    sizes = memory.sizes() if any(entry.hosted.meter.memory for entry in entries) else {}
    measured = directory.measured()
    return NodeSnapshot(
        taken=time.time(),
        uptime=uptime,
        components=tuple(_component(entry, audit, sizes) for entry in entries),
        messages=counters.messages,
        queueing=measured.queueing,
        handling=measured.handling,
        restarts=counters.restarts,
        denials=counters.denials,
        late=counters.late,
        dead_letters={reason.value: count for reason, count in system.dead.items()},
        open_requests=len(system.requests),
        memory=memory.of_process(),
    )


def _component(entry: Entry, audit: AuditLog, sizes: dict[int, int]) -> ComponentSnapshot:
    hosted, cell = entry.hosted, entry.ref.cell
    meter, manifest, name = hosted.meter, hosted.spec.manifest, str(hosted.id)
    kept = hosted.area.committed()
    return ComponentSnapshot(
        id=name,
        version=manifest.component.version,
        state=cell.state,
        restarts=max(0, cell.restarts),
        messages=cell.metrics(),
        queueing=meter.queueing,
        handling=meter.handling,
        fuel=meter.fuel if manifest.runtime.profile == "metered" else None,
        memory=sum(sizes.get(start, 0) for start in meter.memory) or None,
        memory_limit=hosted.limits.memory,
        storage=None if kept is None else StorageUse(kept.used, kept.quota, kept.keys),
        denials=audit.denied[name],
        late=hosted.outbox.late,
        open_requests=hosted.outbox.open_requests,
    )
