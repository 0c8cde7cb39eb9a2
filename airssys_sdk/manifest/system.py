"""System.toml as typed values: supervisors and components as they stand below one another, with their manifests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from airssys_sdk.manifest.ids import ComponentId
from airssys_sdk.manifest.model import Backoff, Intensity, Manifest, OnCrash
from airssys_sdk.manifest.system_model import ComponentSection, StrategyName

OVERRIDES: Final = ("supervision", "limits", "runtime")
"""The tables of a Component.toml that a system may say otherwise."""


@dataclasses.dataclass(frozen=True, slots=True)
class SystemComponent:
    """[components.NAME], with its Component.toml.

    Attributes:
        name: what the file calls it.
        manifest: its Component.toml, with what the system says in place of it.
        manifest_file: where that is.
        wasm: the component; in a project, what a build makes.
        project: the folder of the project that builds it; None where the file names the component itself.
        instances: how many there are; their ids end in 0, 1, and so on.
        environment: pairs that reach `initialize`.
        overridden: the keys that the system says in place of Component.toml, such as `limits.memory`.
        section: the table itself.
        where: the file and line of its table.
    """

    name: str
    manifest: Manifest
    manifest_file: Path
    wasm: Path
    project: Path | None
    instances: int
    environment: Mapping[str, str]
    overridden: frozenset[str]
    section: ComponentSection
    where: str

    @property
    def ids(self) -> tuple[ComponentId, ...]:
        """The ids of its instances, in start order."""
        return tuple(self.manifest.id(str(number)) for number in range(self.instances))

    def over(self, manifest: Manifest) -> Manifest:
        """The Component.toml of another version, with what the system says in its place."""
        return over(manifest, self.section)


@dataclasses.dataclass(frozen=True, slots=True)
class SystemSupervisor:
    """[supervisors.NAME], with what stands below it. Times in seconds, `shutdown` as in `Supervision`.

    Attributes:
        name: what the file calls it.
        strategy: who is restarted with a child that ended.
        policy, intensity, backoff, shutdown: about the supervisor itself, for the one above it.
        children: in start order.
    """

    name: str
    strategy: StrategyName
    policy: str
    intensity: Intensity
    backoff: Backoff
    shutdown: float
    children: tuple[SystemSupervisor | SystemComponent, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class SystemManifest:
    """A whole System.toml.

    Attributes:
        file: where it is.
        name: what the system is called.
        storage: the file that keeps the state of its components; None keeps it in memory.
        strategy: who is restarted with a child of the root that ended.
        intensity: how often the whole tree starts again when the root gives up; None: not at all.
        children: what stands below the root, in start order.
    """

    file: Path
    name: str
    storage: Path | None
    strategy: StrategyName
    intensity: Intensity | None
    children: tuple[SystemSupervisor | SystemComponent, ...]

    @property
    def components(self) -> tuple[SystemComponent, ...]:
        """All components, in start order."""
        return tuple(_components(self.children))


def _components(children: tuple[SystemSupervisor | SystemComponent, ...]) -> Iterator[SystemComponent]:
    for child in children:
        if isinstance(child, SystemComponent):
            yield child
        else:
            yield from _components(child.children)


def over(manifest: Manifest, section: ComponentSection) -> Manifest:
    """A Component.toml, with what the system says in its place."""
    return manifest.model_copy(
        update={key: _over(getattr(manifest, key), getattr(section, key)) for key in OVERRIDES}
    )


def _over(below: BaseModel, above: BaseModel) -> BaseModel:
    """One table over another: only keys that were written count."""
    update: dict[str, object] = {}
    for key in above.model_fields_set:
        old, new = getattr(below, key), getattr(above, key)
        tables = isinstance(old, BaseModel) and isinstance(new, BaseModel)
        update[key] = _over(old, new) if tables and not isinstance(new, OnCrash) else new
    return below.model_copy(update=update)
