"""`airssys-sdk test`: a project's tests, with its component built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import session
from airssys_sdk.errors import AirssysError

if TYPE_CHECKING:
    from airssys_sdk.project import Project


@command("test", context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.argument("arguments", metavar="[DIR] [PYTEST ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
def cli(arguments: tuple[str, ...]) -> None:
    """Run the tests of the project in DIR (here by default) with pytest.

    What follows goes to pytest: `airssys-sdk test . -k greets -x`. The fixtures `component`, `world` and `node` build
    the project once.
    """
    from airssys_sdk.cli.subprocesses import run_in_foreground

    first = Path(arguments[0]) if arguments else None
    in_folder = first is not None and first.is_dir()
    project = _project(first, in_folder=in_folder)
    rest = arguments[1:] if in_folder else arguments
    code = run_in_foreground(["-m", "pytest", *rest], folder=project.folder, color=session().color)
    if code != 0:
        raise click.exceptions.Exit(code if code == 2 + 128 else 1)


def _project(first: Path | None, *, in_folder: bool) -> Project:
    """The project of the folder that the first argument names, or of the one where we are."""
    from airssys_sdk.project import Project

    try:
        return Project.find(first if first is not None and in_folder else Path())
    except AirssysError:
        # Without a project here, the argument was meant as one, not for pytest.
        if first is not None and not in_folder and not str(first).startswith("-"):
            return Project.find(first)
        raise
