"""Everything that a node has while it runs: how it is opened, and closed in order."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from pathlib import Path
from typing import Final, Literal, Self

from ...component.engine.cache import Cache
from ...security import AuditLog
from ...services.storage import Storage
from ..actors.system import ActorSystem
from ..components.calls import Lanes
from ..components.directory import Directory
from ..components.pool import Watching
from ..scheduling.workers import Workers
from .deploying import Deployments
from .hosting import Hosting

SWITCH_SECONDS: Final = 0.0005
"""How often threads take turns while a node runs; Python's default of 5 ms starves workers beside a busy loop."""
_WORKERS_END: Final = 2.0


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """How a node is to run; see `Node`.

    Attributes:
        storage, audit, workers, overflow, patience, keep_dead_letters, cache: as the arguments of `Node`.
        incarnation: unique to this life of the node.
        watching: what is to be seen of its components.
    """

    storage: Path | None
    audit: AuditLog
    incarnation: str
    workers: int | None
    overflow: Literal["error", "block"]
    patience: float
    keep_dead_letters: int
    cache: Cache | None
    watching: Watching


@dataclasses.dataclass(slots=True)
class Running:
    """A node that runs.

    Attributes:
        system: its actors.
        storage: what its components store.
        workers: threads for long calls.
        directory: who runs.
        hosting: how components come and go.
        deployments: how they change.
        opened: when it began to run, by `time.monotonic()`.
        switch_seconds: how often threads took turns before.
    """

    system: ActorSystem
    storage: Storage
    workers: Workers
    directory: Directory
    hosting: Hosting
    deployments: Deployments
    opened: float
    switch_seconds: float

    @classmethod
    async def open(cls, options: Options) -> Self:
        """Open the storage and begin to run.

        Raises:
            StorageUnavailable: the file belongs to another node, is no storage file, or cannot be opened.
        """
        audit = options.audit
        storage = await asyncio.to_thread(Storage, options.storage, audit=audit, patience=options.patience)
        system = ActorSystem(keep_dead_letters=options.keep_dead_letters)
        workers = Workers(options.workers)
        directory = Directory(system)
        hosting = Hosting(
            system,
            directory,
            storage,
            Lanes(system.run_queue, system.timers, workers),
            audit=audit,
            incarnation=options.incarnation,
            overflow=options.overflow,
            cache=options.cache,
            watching=options.watching,
        )
        deployments = Deployments(hosting, system.events)
        switch_seconds = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        return cls(
            system, storage, workers, directory, hosting, deployments, time.monotonic(), switch_seconds
        )

    async def stop(self) -> None:
        """Stop all components in order, and wait until what they stored is on disk."""
        await self.deployments.abandon()
        await self.system.stop()
        await self.deployments.settled()
        self.hosting.close()
        await self.storage.settled()

    async def close(self) -> None:
        """Let go of threads and file, after the components have stopped."""
        await asyncio.to_thread(self.workers.close, _WORKERS_END)
        # What a worker let go last comes back to the loop before the storage goes.
        await asyncio.sleep(0)
        await asyncio.to_thread(self.storage.close)
        sys.setswitchinterval(self.switch_seconds)
