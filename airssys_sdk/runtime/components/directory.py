"""The directory of a node: who runs here, and who a name means."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import UsageError
from ...manifest import ComponentId
from ..actors.system import ActorSystem
from ..errors import ActorNotFound
from ..metrics.meter import Meter
from ..state import HealthStatus
from .entry import Entry
from .subscriptions import Subscriptions
from .together import ComponentPool, ComponentPools


class Directory:
    """Who runs on a node.

    Args:
        system: the node's actors.

    Attributes:
        pools: the pools of components, which have an id beside those of their components.
        subscriptions: who gets what is published.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._by_text: dict[str, Entry] = {}
        self._late = 0
        self.pools = ComponentPools()
        self.subscriptions = Subscriptions(system.topics, self.chosen)
        self._ended = Meter()

    def add(self, entry: Entry) -> None:
        """List a component until it ends for good."""
        component = entry.hosted.id
        self._entries[_key(component)] = self._by_text[str(component)] = entry
        pool = self.pools.of(component)
        if pool is not None:
            pool.join(entry)
        entry.hosted.on_version = lambda: self._subscribe(entry)
        self._subscribe(entry)
        entry.ref.on_end(lambda _: self._remove(component))

    def lists(self, component: ComponentId) -> bool:
        """Whether there is a component, or a pool of them, with exactly this id."""
        return _key(component) in self._entries or self.pools.find(component) is not None

    def listed(self, component: ComponentId) -> Entry | None:
        """The component with exactly this id; None if there is none."""
        return self._entries.get(_key(component))

    def chosen(self, target: ComponentId) -> Entry | None:
        """The component that a message to exactly this id goes to now: itself, or one of a pool; None if there is none."""
        entry = self._entries.get(_key(target))
        if entry is not None:
            return entry
        pool = self.pools.find(target)
        return None if pool is None else pool.choose()

    def components(self) -> list[ComponentId]:
        """The ids of all components, in the order of their start."""
        return [entry.hosted.id for entry in self._entries.values()]

    def entries(self) -> list[Entry]:
        """All components, in the order of their start."""
        return list(self._entries.values())

    def version(self, component: ComponentId, /) -> str | None:
        """A component's version, from its manifest; None if there is none of this id."""
        entry = self._entries.get(_key(component))
        return None if entry is None else entry.hosted.version.spec.manifest.component.version

    def health(self, component: ComponentId, /) -> str:
        """What a component last said of its health: `healthy`, `degraded`, `unhealthy` or `unknown`."""
        entry = self._entries.get(_key(component))
        return HealthStatus.UNKNOWN.value if entry is None else entry.ref.health.value

    def find(self, target: str | ComponentId) -> Entry:
        """The component that a whole id, `namespace/name` or a name alone means.

        Raises:
            ActorNotFound: no component fits, or several do.
            UsageError: it is a pool of components.
        """
        found = self.address(target)
        if isinstance(found, ComponentPool):
            raise UsageError(
                f"{found.id} is a pool of several components",
                hint=f"name one of them: {_listed(entry.id for entry in found.entries)}",
            )
        return found

    def every(self, target: str | ComponentId) -> list[Entry]:
        """All components that a whole id, the id of a pool, `namespace/name` or a name alone fits, in the order of their start.

        Raises:
            ActorNotFound: nothing fits.
        """
        found = self._fitting(str(target))
        whole = found if isinstance(found, list) else [found]
        return [entry for one in whole for entry in one.entries]

    def address(self, target: str | ComponentId) -> Entry | ComponentPool:
        """What a whole id, `namespace/name` or a name alone means: a component, or a pool, which stands for its own.

        Raises:
            ActorNotFound: nothing fits, or several do.
        """
        found = self._fitting(str(target))
        if isinstance(found, list):
            raise ActorNotFound(
                f"{str(target)!r} fits several components: {_listed(one.id for one in found)}",
                hint="write the whole id, namespace/name/instance",
            )
        return found

    def _fitting(self, text: str) -> Entry | ComponentPool | list[Entry | ComponentPool]:
        """What fits, or all of it if that is several."""
        exact = self._by_text.get(text) or self.pools.find(text)
        if exact is not None:
            return exact
        parts = text.split("/")
        everybody: list[Entry | ComponentPool] = [*self._entries.values(), *self.pools]
        fitting = [
            found
            for found in everybody
            if parts in ([found.id.name], [found.id.namespace, found.id.name])
            and self.pools.of(found.id) is None
        ]
        if not fitting:
            raise ActorNotFound(
                f"no component {text!r} runs on this node",
                hint=f"components that run: {_listed(self.components()) or 'none'}",
            )
        return fitting[0] if len(fitting) == 1 else fitting

    @property
    def late(self) -> int:
        """Answers to requests of components that came after the request was over."""
        return self._late + sum(entry.hosted.version.outbox.late for entry in self._entries.values())

    def measured(self) -> Meter:
        """What was measured of all components together, those that have ended included."""
        together = Meter()
        together.absorb(self._ended)
        for entry in self._entries.values():
            together.absorb(entry.hosted.meter)
        return together

    def _remove(self, component: ComponentId) -> None:
        entry = self._entries.pop(_key(component), None)
        if entry is not None:
            del self._by_text[str(component)]
            entry.hosted.version.outbox.close()
            self._late += entry.hosted.version.outbox.late
            self._ended.absorb(entry.hosted.meter)
            pool = self.pools.of(component)
            if pool is None:
                self.subscriptions.follow(component, ())
            else:
                pool.leave(entry)
                self.subscriptions.follow(pool.id, pool.topics)
                self.pools.close_if_empty(pool)

    def _subscribe(self, entry: Entry) -> None:
        """Let it, or its pool, have what the version that runs asks for."""
        whole = self.pools.of(entry.id) or entry
        self.subscriptions.follow(whole.id, whole.topics)


def _key(component: ComponentId) -> tuple[str, str, str]:
    return component.namespace, component.name, component.instance


def _listed(components: Iterable[ComponentId]) -> str:
    return ", ".join(map(str, components))
