"""The WIT that a command means: a source that was given, or that of a project."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError

_MANIFEST = "Component.toml"
"""As `airssys_sdk.manifest` has it; reading manifests is loaded only for projects, since it takes longer than all else."""


def wit_source(given: Path | None, world: str | None = None) -> tuple[Path, str | None]:
    """The source to read, and the world in it that is meant.

    Args:
        given: a source, or the folder of a project; None for the project of the working directory.
        world: the world that was asked for; None for that of the project, or for none in particular.

    Raises:
        UsageError: nothing was given, and this is no project.
        ManifestError: the project's manifest does not say what it must.
    """
    if given is not None and not (given / _MANIFEST).is_file():
        return given, world
    from .model import Project

    if given is None:
        try:
            project = Project.find()
        except UsageError as error:
            error.hint = "give a folder with WIT, or go into a project's folder"
            raise
    else:
        project = Project.load(given)
    return project.wit, world or project.manifest.component.world
