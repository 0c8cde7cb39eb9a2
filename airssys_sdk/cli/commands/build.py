"""`airssys-sdk build`: a project's sources become its component."""

from __future__ import annotations

from pathlib import Path

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.places import typed
from airssys_sdk.cli.progress import Progress
from airssys_sdk.cli.session import session


@command("build")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def cli(folder: Path, as_json: bool) -> None:
    """Build the component of the project in DIR (here by default) and prepare it for `run`.

    Nothing is done twice: the result depends on sources, WIT, dependencies and tools, and is kept.
    """
    from airssys_sdk.manifest import format_size
    from airssys_sdk.project import Project, build

    shared = session()
    project = Project.find(folder)
    with Progress(shared) as progress:
        result = build(project, reporter=progress)
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
