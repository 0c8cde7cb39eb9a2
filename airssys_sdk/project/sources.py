"""The WIT that a command means: a source that was given, or that of a project."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from ..manifest import MANIFEST_NAME
from .model import Project


def wit_source(given: Path | None, world: str | None = None) -> tuple[Path, str | None]:
    """The source to read, and the world in it that is meant.

    Args:
        given: a source, or the folder of a project; None for the project of the working directory.
        world: the world that was asked for; None for that of the project, or for none in particular.

    Raises:
        UsageError: nothing was given, and this is no project.
        ManifestError: the project's manifest does not say what it must.
    """
    if given is None:
        try:
            project = Project.find()
        except UsageError as error:
            error.hint = "give a folder with WIT, or go into a project's folder"
            raise
    elif (given / MANIFEST_NAME).is_file():
        project = Project.load(given)
    else:
        return given, world
    return project.wit, world or project.manifest.component.world
