"""What a node is told about a system: components below supervisors that stand below one another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ...errors import UsageError, ValidationError
from ...manifest import ComponentId, SystemComponent, SystemManifest, SystemSupervisor
from ...manifest.ids import NAME
from ..actors.spec import Strategy, StrategyName, SupervisorSpec, take_strategy, take_supervision
from ..checks import check_kind
from ..components.spec import ComponentSpec
from ..supervision.backoff import DEFAULT_BACKOFF, Backoff, Intensity, Policy, PolicyName

NO_RESTARTS: Final = Intensity(0)
"""The first end is one too many."""

THREE_A_MINUTE: Final = Intensity(3)


@dataclasses.dataclass(frozen=True, slots=True)
class GroupSpec:
    """A supervisor of components and of other supervisors.

    Attributes:
        name: lowercase letters, digits and single hyphens; unlike that of any other supervisor of the node.
        children: started in order, stopped in reverse order.
        strategy: who is restarted with a child that ended; given as a `Strategy` or its text.
        policy, intensity, backoff: about the supervisor itself, for the one above it; the policy may be given as its text.
        shutdown: seconds for the supervisor itself; each child has its own.

    Raises:
        UsageError: an option makes no sense.
    """

    name: str
    children: tuple[ComponentSpec | GroupSpec, ...]
    strategy: Strategy = Strategy.ONE_FOR_ONE
    policy: Policy = Policy.PERMANENT
    intensity: Intensity = THREE_A_MINUTE
    backoff: Backoff = DEFAULT_BACKOFF
    shutdown: float = 5.0

    if TYPE_CHECKING:  # the one that is made at run time, but for texts

        def __init__(
            self,
            name: str,
            children: tuple[ComponentSpec | GroupSpec, ...],
            strategy: Strategy | StrategyName = Strategy.ONE_FOR_ONE,
            policy: Policy | PolicyName = Policy.PERMANENT,
            intensity: Intensity = THREE_A_MINUTE,
            backoff: Backoff = DEFAULT_BACKOFF,
            shutdown: float = 5.0,
        ) -> None: ...

    def __post_init__(self) -> None:
        take_strategy(self)
        take_supervision(self)

    @property
    def supervisor(self) -> SupervisorSpec:
        """The supervisor without its children."""
        return SupervisorSpec(
            name=f"{self.name} (supervisor)",
            strategy=self.strategy,
            policy=self.policy,
            shutdown=self.shutdown,
            intensity=self.intensity,
            backoff=self.backoff,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class SystemSpec:
    """Components that start, and end, together: what stands below one supervisor at the root of a node.

    A child that ends more often than its intensity allows ends its supervisor too, and so on upwards. When this one gives
    up, it starts everything again as often as `intensity` allows; then the node ends.

    Attributes:
        name: lowercase letters, digits and single hyphens.
        children: started in order, stopped in reverse order.
        strategy: who is restarted with a child that ended; given as a `Strategy` or its text.
        intensity: how often everything is started again; not at all, unless it is given.

    Raises:
        UsageError: an option makes no sense.
    """

    name: str
    children: tuple[ComponentSpec | GroupSpec, ...]
    strategy: Strategy = Strategy.ONE_FOR_ONE
    intensity: Intensity = NO_RESTARTS

    if TYPE_CHECKING:  # as above

        def __init__(
            self,
            name: str,
            children: tuple[ComponentSpec | GroupSpec, ...],
            strategy: Strategy | StrategyName = Strategy.ONE_FOR_ONE,
            intensity: Intensity = NO_RESTARTS,
        ) -> None: ...

    def __post_init__(self) -> None:
        take_strategy(self)
        check_kind("SystemSpec.intensity", self.intensity, Intensity)

    @classmethod
    def of(cls, manifest: SystemManifest) -> SystemSpec:
        """The system that a System.toml describes; its projects must have been built.

        Raises:
            ValidationError: one has not.
        """
        asked = manifest.intensity
        return cls(
            manifest.name,
            tuple(child for written in manifest.children for child in _of(written)),
            Strategy(manifest.strategy),
            NO_RESTARTS if asked is None else Intensity(asked.restarts, asked.within),
        )

    @property
    def supervisor(self) -> SupervisorSpec:
        """The supervisor without its children."""
        return SupervisorSpec(name=f"{self.name} (system)", strategy=self.strategy, intensity=self.intensity)

    @property
    def components(self) -> tuple[ComponentSpec, ...]:
        """All components, in start order."""
        return tuple(child for child in _flat(self) if isinstance(child, ComponentSpec))

    def check(self) -> None:
        """Refuse what a node does not start: see `ComponentSpec.check`, and names that are taken twice.

        Raises:
            NotEnforced, ValidationError: a component asks for what a node does not give.
            UsageError: a name is none, or two components or supervisors have the same one.
        """
        ids: set[ComponentId] = set()
        names: set[str] = set()
        for child in (self, *_flat(self)):
            if isinstance(child, ComponentSpec):
                child.check()
                _ = child.grants
                if child.id in ids:
                    raise UsageError(f"two components of the system {self.name} are called {child.id}")
                ids.add(child.id)
                continue
            if not NAME.fullmatch(child.name):
                raise UsageError(
                    f"{child.name!r} cannot name a supervisor",
                    hint="use lowercase letters, digits and single hyphens between them",
                )
            if isinstance(child, GroupSpec):
                if child.name in names:
                    raise UsageError(f"two supervisors of the system {self.name} are called {child.name}")
                names.add(child.name)


def _flat(group: SystemSpec | GroupSpec) -> Iterator[ComponentSpec | GroupSpec]:
    for child in group.children:
        yield child
        if isinstance(child, GroupSpec):
            yield from _flat(child)


def _of(written: SystemSupervisor | SystemComponent) -> Iterator[ComponentSpec | GroupSpec]:
    if isinstance(written, SystemComponent):
        if not written.wasm.is_file():
            raise ValidationError(
                f"the component has not been built: there is no {written.wasm}",
                where=written.where,
                hint=f"build it: airssys-sdk build {written.manifest_file.parent}",
            )
        for one in written.ids:
            yield ComponentSpec(written.manifest, written.wasm, one.instance, written.environment)
        return
    intensity, backoff = written.intensity, written.backoff
    yield GroupSpec(
        written.name,
        tuple(child for below in written.children for child in _of(below)),
        Strategy(written.strategy),
        Policy(written.policy),
        Intensity(intensity.restarts, intensity.within),
        Backoff(backoff.base, backoff.factor, backoff.max, backoff.jitter),
        written.shutdown,
    )
