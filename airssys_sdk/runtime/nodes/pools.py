"""Starting several instances of a component that share one id."""

from __future__ import annotations

import asyncio
import dataclasses

from ...component.engine.cache import OnCompile
from ...manifest import ComponentId
from ..actors.routing import ROUTINGS, Routing
from ..checks import check_text, check_whole
from ..components.directory import Directory
from ..components.entry import Entry
from ..components.spec import ComponentSpec
from ..components.together import ComponentPool
from ..errors import StartFailed
from ..state import Exit
from .hosting import Hosting


async def start_pool(
    spec: ComponentSpec,
    size: int,
    routing: Routing,
    hosting: Hosting,
    directory: Directory,
    on_compile: OnCompile | None,
) -> ComponentId:
    """Start the components of a pool one after the other; if one does not start, those before it stop again.

    See `Node.start_pool`.
    """
    check_whole("size", size, 1)
    check_text("routing", routing, ROUTINGS)
    spec.check()
    pool = ComponentPool(spec.id, size, routing)
    with hosting.starting([spec.id]):
        directory.pools.open(pool)
    try:
        for component in pool.instances:
            await hosting.start(dataclasses.replace(spec, instance=component.instance), on_compile)
        if not pool.entries:
            raise StartFailed("all its components have ended already", where=str(pool.id))
    except BaseException:
        for entry in reversed(pool.entries):
            await stop(entry)
        raise
    finally:
        directory.pools.opened(pool)
    return pool.id


async def stop(entry: Entry) -> Exit:
    """Stop one component for good, and its supervisor if that has no other child."""
    # Whoever waits here may give up; the stop may not.
    return await asyncio.shield(entry.ref.cell.system.run(_stop(entry)))


async def _stop(entry: Entry) -> Exit:
    exit_ = await entry.ref.stop()
    if entry.supervisor is not None:
        await entry.supervisor.stop()
    return exit_
