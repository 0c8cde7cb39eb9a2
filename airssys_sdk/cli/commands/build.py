"""`airssys-sdk build`: a project's sources become its component."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.places import typed
from airssys_sdk.cli.progress import Progress
from airssys_sdk.cli.session import session

_PROFILES: dict[str | None, Sequence[Literal["plain", "metered"]]] = {
    None: (),
    "plain": ("plain",),
    "metered": ("metered",),
    "both": ("plain", "metered"),
}


@command("build")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    type=click.Choice(["plain", "metered", "both"]),
    help="Compile for programs that load it (plain), for `run` and `call` (metered), or both.  [default: the manifest's]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def cli(folder: Path, profile: Literal["plain", "metered", "both"] | None, as_json: bool) -> None:
    """Build the component of the project in DIR (here by default) and compile it to native code.

    Nothing is done twice: the result depends on sources, WIT, dependencies and tools, and is kept.

    Native code is made for one profile of the engine at a time, and takes seconds; without it, whoever loads the component first makes it.
    A component with asynchronous functions has a profile of its own, whatever is asked for.
    """
    from airssys_sdk.manifest import format_size
    from airssys_sdk.project import Project, build

    shared = session()
    project = Project.find(folder)
    with Progress(shared) as progress:
        result = build(project, reporter=progress, profiles=_PROFILES[profile])
        progress.changed(project, result)
    size = result.path.stat().st_size
    if as_json:
        shared.json(
            {
                "path": str(result.path),
                "bytes": size,
                "fresh": result.fresh,
                "seconds": round(result.seconds, 3),
            }
        )
    else:
        shared.out(f"{typed(result.path)} ({format_size(size)})")
