"""What `run` is told to run: project folders, which are brought up to date, and component files with their manifests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_sdk.cli.description import require_component
from airssys_sdk.cli.text import safe_line
from airssys_sdk.component import Component
from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.manifest import MANIFEST_NAME, ComponentId, load_manifest
from airssys_sdk.project import Project, build
from airssys_sdk.runtime import ComponentSpec
from airssys_sdk.wit._text import nearest

if TYPE_CHECKING:
    from airssys_sdk.cli.progress import Progress


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A component to run.

    Attributes:
        spec: what a node is told: manifest and file.
        folder: the folder that the manifest stands in.
        code: the component, compiled; a node that is told of the same file finds it in memory.
    """

    spec: ComponentSpec
    folder: Path
    code: Component

    @property
    def id(self) -> ComponentId:
        """Its id."""
        return self.spec.id


def prepare(paths: Sequence[Path], *, manifest: Path | None, progress: Progress) -> list[Target]:
    """Find what each path stands for; projects are generated, built and compiled where they are stale.

    Args:
        paths: project folders and component files.
        manifest: the manifest of the one component file, where it does not stand beside it or in the folder above.
        progress: hears about the stages.

    Raises:
        UsageError: a file has no manifest, or two paths stand for the same component.
        AirssysError: a manifest is wrong, or a project cannot be built.
    """
    if manifest is not None and (len(paths) != 1 or paths[0].is_dir()):
        raise UsageError(
            "--manifest belongs to exactly one component file", hint="give one .wasm file with it"
        )
    targets = [
        _project(path, progress) if path.is_dir() else _file(path, manifest, progress) for path in paths
    ]
    seen: dict[ComponentId, Target] = {}
    for target in targets:
        other = seen.setdefault(target.id, target)
        if other is not target:
            raise UsageError(
                f"two components are called {target.id}",
                where=f"{other.spec.wasm!s} and {target.spec.wasm!s}",
                hint="give each a name of its own in its Component.toml",
            )
    return targets


def find_id(text: str, ids: Iterable[ComponentId]) -> ComponentId:
    """The component meant by `namespace/name/instance`, `namespace/name` or a name that only one has.

    Raises:
        UsageError: none or several are meant.
    """
    every = sorted(ids)
    matching = [one for one in every if text in (str(one), f"{one.namespace}/{one.name}", one.name)]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(map(str, matching or every))
    if matching:
        raise UsageError(
            f"{len(matching)} components are called {safe_line(text)!r}", hint=f"name one: {listed}"
        )
    raise UsageError(f"no component called {safe_line(text)!r} runs here", hint=f"these do: {listed}")


def _project(folder: Path, progress: Progress) -> Target:
    project = Project.find(folder)
    spec = ComponentSpec(project.manifest, project.wasm)
    _check(spec, project.shown(project.manifest_file))
    progress.changed(project, build(project, reporter=progress))
    return Target(spec, project.folder, opened(spec, progress))


def _missing(path: Path) -> UsageError:
    """The error for a path that is not there, with the project or component beside it that was meant."""
    beside = [
        one.name
        for one in (path.parent.iterdir() if path.parent.is_dir() else ())
        if one.suffix == ".wasm" or (one / MANIFEST_NAME).is_file()
    ]
    close = nearest(path.name, beside)
    return UsageError(
        "there is no such project folder or component file",
        where=str(path),
        hint=f"did you mean '{safe_line(str(path.with_name(close)))}'?"
        if close
        else f"give a folder with a {MANIFEST_NAME}, or a .wasm file",
    )


def _file(file: Path, manifest: Path | None, progress: Progress) -> Target:
    if file.name and not file.exists():
        raise _missing(file)
    require_component(file)
    absolute = file.absolute()
    places = (
        [manifest] if manifest else [absolute.parent / MANIFEST_NAME, absolute.parent.parent / MANIFEST_NAME]
    )
    found = next((place for place in places if place.exists()), manifest)
    if found is None:
        raise UsageError(
            f"there is no {MANIFEST_NAME} beside the file or in the folder above",
            where=str(file),
            hint="a component runs with what its manifest grants: say where it is with --manifest",
        )
    spec = ComponentSpec(load_manifest(found), file)
    _check(spec, str(found))
    return Target(spec, found.absolute().parent, opened(spec, progress))


def opened(spec: ComponentSpec, progress: Progress) -> Component:
    """The compiled code of a component whose file is there."""
    # Here and not in the node: on the main thread compiling can be interrupted.
    return Component.open(
        spec.wasm,
        profile=spec.manifest.runtime.profile,
        on_compile=progress.compiling(spec.wasm.name if isinstance(spec.wasm, Path) else str(spec.id)),
        bulk=spec.limits.bulk,
    )


def _check(spec: ComponentSpec, manifest: str) -> None:
    """Refuse what a node would refuse, before anything is built; say in which file it stands."""
    try:
        spec.check()
        _ = spec.grants
    except AirssysError as error:
        error.where = f"{manifest}: {error.where}" if error.where else manifest
        raise
