"""What `run` is told to run when it is told a System.toml: its projects are brought up to date first."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from airssys_sdk.cli.description import require_component
from airssys_sdk.cli.progress import Progress
from airssys_sdk.cli.targets import opened
from airssys_sdk.component import Component
from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.manifest import (
    MANIFEST_NAME,
    SYSTEM_NAME,
    ComponentId,
    SystemComponent,
    load_system,
)
from airssys_sdk.project import Project, build
from airssys_sdk.runtime import ComponentSpec, SystemSpec


@dataclasses.dataclass(frozen=True, slots=True)
class SystemTarget:
    """A system to run.

    Attributes:
        spec: what a node is told.
        storage: the file that keeps the state of its components; None keeps it in memory.
        codes: its components, compiled; a node that is told of the same files finds them in memory.
        components: what the file says of each.
    """

    spec: SystemSpec
    storage: Path | None
    codes: Sequence[Component]
    components: Sequence[SystemComponent]

    @property
    def ids(self) -> list[ComponentId]:
        """The ids of its components."""
        return [component.id for component in self.spec.components]

    def version(self, spec: ComponentSpec) -> ComponentSpec:
        """Another version of a component, as its project says, with what the system says in place of that."""
        for component in self.components:
            if spec.id in component.ids:
                manifest = component.over(spec.manifest)
                return dataclasses.replace(spec, manifest=manifest, environment=component.environment)
        return spec


def find_system(paths: Sequence[Path], manifest: Path | None) -> Path | None:
    """The System.toml that is meant, if one is.

    Args:
        paths: what `run` was given.
        manifest: the manifest of a component file.

    Raises:
        UsageError: it is not all that was given.
    """
    found = [path for path in paths if _is_system(path)]
    if not found:
        return None
    if len(paths) > 1:
        raise UsageError(
            "a system runs alone",
            where=str(found[0]),
            hint=f"name further components in the {SYSTEM_NAME}, as [components.NAME]",
        )
    if manifest is not None:
        raise UsageError(
            "--manifest belongs to a component file",
            where=str(found[0]),
            hint=f"a {SYSTEM_NAME} names the manifests of its components",
        )
    return found[0]


def prepare_system(path: Path, progress: Progress) -> SystemTarget:
    """Read a System.toml; projects are generated, built and compiled where they are stale.

    Args:
        path: the file, or the folder that holds it.
        progress: hears about the stages.

    Raises:
        AirssysError: a manifest is wrong, or a project cannot be built.
    """
    manifest = load_system(path)
    for component in manifest.components:
        _check(component)
    for component in manifest.components:
        if component.project is None:
            require_component(component.wasm)
        else:
            project = Project.load(component.project)
            progress.changed(project, build(project, reporter=progress))
    spec = SystemSpec.of(manifest)
    codes = [opened(_spec(component), progress) for component in manifest.components]
    return SystemTarget(spec, manifest.storage, codes, manifest.components)


def _is_system(path: Path) -> bool:
    if path.is_dir():
        return (path / SYSTEM_NAME).is_file()
    return path.suffix == ".toml" and path.name != MANIFEST_NAME


def _spec(component: SystemComponent) -> ComponentSpec:
    """One instance of a component."""
    return ComponentSpec(component.manifest, component.wasm)


def _check(component: SystemComponent) -> None:
    """Refuse what a node would refuse, before anything is built; say in which file it stands."""
    spec = _spec(component)
    try:
        spec.check()
        _ = spec.grants
    except AirssysError as error:
        where = error.where or ""
        if where in component.overridden:
            error.where = f"{component.where}.{where}"
        else:
            error.where = f"{component.manifest_file}: {where}".removesuffix(": ")
            error.add_note(f"{component.where} names it")
        raise
