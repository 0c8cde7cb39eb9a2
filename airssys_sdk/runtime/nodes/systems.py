"""How a system starts on a node: supervisors and components one after the other, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...component import Component
from ...component.engine.cache import OnCompile
from ...manifest import ComponentId
from ..actors.ref import ActorRef
from ..components.spec import ComponentSpec
from ..errors import NameTaken, StartFailed
from .hosting import Hosting, not_started
from .system_spec import GroupSpec, SystemSpec

if TYPE_CHECKING:
    from ..actors.system import ActorSystem
    from ..components.version import Hosted


async def start_system(
    spec: SystemSpec, hosting: Hosting, system: ActorSystem, on_compile: OnCompile | None
) -> list[ComponentId]:
    """Start a system; see `Node.start_system`."""
    spec.check()
    for name in _names(spec):
        if system.find(name) is not None:
            raise NameTaken(f"there is a {name} on this node already", hint="give one of them another name")
    components = spec.components
    with hosting.starting(component.id for component in components):
        # What cannot be loaded is found before anything runs.
        codes: dict[tuple[Path | bytes, str], Component] = {}
        for component in components:
            kind = component.wasm, component.manifest.runtime.profile
            if kind not in codes:
                codes[kind] = await hosting.load(component, on_compile)
        waiting: dict[ComponentId, Hosted] = {}
        try:
            for component in components:
                code = codes[component.wasm, component.manifest.runtime.profile]
                waiting[component.id] = hosting.host(component, code)
            await _Growth(hosting, system, waiting).grow(spec)
        finally:
            for hosted in waiting.values():
                hosting.leave(hosted.version)
    return [component.id for component in components]


class _Growth:
    """A tree that grows.

    Args:
        hosting: of its node.
        system: where it grows.
        waiting: the components that have not begun yet; they leave it when they do.
    """

    def __init__(self, hosting: Hosting, system: ActorSystem, waiting: dict[ComponentId, Hosted]) -> None:
        self._hosting = hosting
        self._system = system
        self._waiting = waiting
        self._started: list[Hosted] = []

    async def grow(self, spec: SystemSpec) -> None:
        """Start everything in order; what has started stops in reverse order if something does not start."""
        root: ActorRef[Any] = self._system.spawn(spec.supervisor)
        try:
            await self._below(root, spec)
        except BaseException:
            await root.stop()
            raise

    async def _below(self, supervisor: ActorRef[Any], group: SystemSpec | GroupSpec) -> None:
        for child in group.children:
            if isinstance(child, ComponentSpec):
                await self._component(supervisor, child.id)
            else:
                await supervisor.ready()
                await self._below(self._system.spawn(child.supervisor, under=supervisor), child)

    async def _component(self, supervisor: ActorRef[Any], one: ComponentId) -> None:
        hosted = self._waiting[one]
        child = await self._hosting.child(hosted)
        await supervisor.ready()  # it may be in the middle of a restart, if an earlier child has crashed
        ref: ActorRef[Any] = self._system.spawn(child, under=supervisor)
        del self._waiting[one]
        try:
            await ref.ready()
        except StartFailed as failed:
            error = not_started(one, failed)
            error.add_note(f"{one} is the component that did not start")
            if self._started:
                stopped = ", ".join(str(other.id) for other in reversed(self._started))
                error.add_note(f"what had started before it has stopped again: {stopped}")
            raise error from error.__cause__
        self._started.append(hosted)


def _names(spec: SystemSpec | GroupSpec) -> Iterator[str]:
    if spec.supervisor.name is not None:
        yield spec.supervisor.name
    for child in spec.children:
        if isinstance(child, GroupSpec):
            yield from _names(child)
