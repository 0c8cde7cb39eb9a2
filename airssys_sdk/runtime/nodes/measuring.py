"""What a node has counted and measured, put together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...security import AuditLog
from ..actors.system import ActorSystem
from ..components.directory import Directory
from ..components.entry import Entry
from ..metrics import memory
from ..metrics.snapshot import ComponentSnapshot, NodeSnapshot, StorageUse

if TYPE_CHECKING:
    from .counters import Counters


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
    version, meter, name = hosted.version, hosted.meter, str(hosted.id)
    manifest, kept = version.spec.manifest, version.area.committed()
    return ComponentSnapshot(
        id=name,
        version=manifest.component.version,
        state=cell.state,
        health=entry.ref.health,
        restarts=max(0, cell.restarts),
        messages=cell.metrics(),
        queueing=meter.queueing,
        handling=meter.handling,
        fuel=meter.fuel if manifest.runtime.profile == "metered" else None,
        memory=sum(sizes.get(start, 0) for start in meter.memory) or None,
        memory_limit=version.spec.limits.memory,
        storage=None if kept is None else StorageUse(kept.used, kept.quota, kept.keys),
        denials=audit.denied[name],
        late=version.outbox.late,
        open_requests=version.outbox.open_requests,
    )
