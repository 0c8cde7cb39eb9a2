"""Ready instances: made while nothing else has to be done, so that a component that crashed lives again at once.

An instance belongs to nobody until a life adopts it; its imports and its output lead to that life from then on. Components
of the same code, limits and sources share a pool.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

from ...component import Component, Limits, Wasi
from ...errors import AirssysError
from ...services.logs import ComponentLog
from ..metrics.memory import locate
from .bindings import RuntimeHost, RuntimeHostImports
from .imports import Host, Life
from .spec import ComponentSpec
from .tracing import Trace, TracedImports
from .waiting import Waiting

PAUSE: Final = 0.02
"""Seconds from the last use of a pool until it makes another instance: a component that starts again answers first."""

_log = logging.getLogger("airssys.runtime")


@dataclasses.dataclass(frozen=True, slots=True)
class Watching:
    """What is to be seen of instances.

    Attributes:
        trace: hears of each call; None if nobody does.
        memory: whether to look where their memories are, which takes longer the more of them there are.
    """

    trace: Trace | None = None
    memory: bool = False


class Ready:
    """An instance that nothing was done with.

    Args:
        spec: whose limits and sources it gets.
        component: the compiled component.
        loop: runs its suspending imports.
        watching: what is to be seen of it.

    Attributes:
        memory: where its memories begin; empty where that is not known.

    Raises:
        LinkError: it is no component of the world `airssys:core/runtime-host`.
        CallError: it failed while it was instantiated.
    """

    def __init__(
        self,
        spec: ComponentSpec,
        component: Component,
        loop: asyncio.AbstractEventLoop,
        watching: Watching,
    ) -> None:
        self._host = Host()
        self.memory: tuple[int, ...] = ()
        self._spec, self._component, self._loop = spec, component, loop
        self._stdout, self._stderr = _Output("stdout"), _Output("stderr")
        if watching.memory:
            self.world, self.memory = locate(lambda: self._open(watching.trace))
        else:
            self.world = self._open(watching.trace)
        # Looking a function up makes it ready to be called: what a life needs for its first answer is done here.
        lifecycle = self.world.component_lifecycle
        _ = lifecycle.initialize, lifecycle.handle_message

    def _open(self, trace: Trace | None) -> RuntimeHost:
        sliced = self._spec.manifest.runtime.profile == "metered"
        imports: object = self._host if sliced else Waiting(self._host, self._loop)
        if trace is not None:
            imports = TracedImports(
                imports, RuntimeHostImports, lambda: str(self._host.life.component), trace
            )
        return RuntimeHost.open_world(
            self._component,
            RuntimeHostImports,
            imports,
            # What a guest prints is logged; its tracebacks are on stderr and also part of the failure.
            wasi=Wasi(stdout=self._stdout, stderr=self._stderr),
            limits=self._spec.limits,
            sources=self._spec.sources,
            loop=self._loop,
        )

    def adopt(self, life: Life, log: ComponentLog) -> RuntimeHost:
        """Let a life have it."""
        self._host.adopt(life)
        self._stdout.lead_to(log.output("stdout", "info"))
        self._stderr.lead_to(log.output("stderr", "debug"))
        return self.world


class _Output:
    """Where a guest's output goes; what came before anybody adopted the instance is told then."""

    def __init__(self, stream: str) -> None:
        self._early = bytearray()
        self._target: Callable[[bytes], None] | None = None
        self._stream = stream

    def __call__(self, data: bytes) -> None:
        target = self._target
        if target is not None:
            target(data)
        elif len(self._early) < 1 << 16:
            self._early += data

    def lead_to(self, target: Callable[[bytes], None]) -> None:
        """From now on, give it to `target`."""
        self._target = target
        if self._early:
            target(bytes(self._early))
            self._early.clear()


class Pool:
    """The ready instances of one kind of component.

    Args:
        make: makes one.
        loop: whose thread everything runs on.
    """

    def __init__(self, make: Callable[[], Ready], loop: asyncio.AbstractEventLoop) -> None:
        self._make = make
        self._loop = loop
        self._ready: deque[Ready] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.size = 0
        """How many are kept ready."""

    def take(self) -> Ready:
        """A ready instance, or one that is made now.

        Raises:
            LinkError, CallError: as `Ready`.
        """
        ready = self._ready.popleft() if self._ready else self._make()
        self.fill()
        return ready

    @property
    def ready(self) -> int:
        """How many are ready."""
        return len(self._ready)

    def fill(self) -> None:
        """Make the missing ones, one at a time, when nobody has taken one for a moment."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(PAUSE, self._add) if len(self._ready) < self.size else None

    def close(self) -> None:
        """Free what is ready; nothing is made any more."""
        self.size = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._ready:
            self._ready.popleft().world.close()

    def _add(self) -> None:
        self._timer = None
        if len(self._ready) >= self.size:
            return
        try:
            self._ready.append(self._make())
        except AirssysError as error:
            # Whoever needs one makes it then, and hears of the error.
            _log.warning("no instance could be made ready: %s", error.message)
            return
        self.fill()


@dataclasses.dataclass(slots=True)
class _Shared:
    pool: Pool
    sizes: list[int]


class Pools:
    """The pools of one node.

    Args:
        loop: whose thread everything runs on.
        watching: what is to be seen of the instances.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, watching: Watching) -> None:
        self._loop = loop
        self._watching = watching
        self._shared: dict[Hashable, _Shared] = {}

    def join(self, spec: ComponentSpec, component: Component) -> Pool:
        """The pool for a component's instances; `leave` it when no life of it can begin any more."""
        key = _key(spec, component)
        shared = self._shared.get(key)
        if shared is None:
            loop, watching = self._loop, self._watching
            pool = Pool(lambda: Ready(spec, component, loop, watching), loop)
            shared = self._shared[key] = _Shared(pool, [])
        shared.sizes.append(spec.manifest.runtime.pool)
        shared.pool.size = max(shared.sizes)
        return shared.pool

    def leave(self, spec: ComponentSpec, component: Component) -> None:
        """One component less needs the pool."""
        key = _key(spec, component)
        shared = self._shared.get(key)
        if shared is None:
            return
        shared.sizes.remove(spec.manifest.runtime.pool)
        if shared.sizes:
            shared.pool.size = max(shared.sizes)
        else:
            del self._shared[key]
            shared.pool.close()

    def close(self) -> None:
        """Free everything."""
        for shared in self._shared.values():
            shared.pool.close()
        self._shared.clear()


def _key(spec: ComponentSpec, component: Component) -> Hashable:
    limits: Limits = spec.limits
    sources = tuple(sorted(spec.sources.items()))
    return component.digest, component.profile, component.bulk, limits, sources
