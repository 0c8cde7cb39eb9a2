"""`airssys-sdk new`: a project from a template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.places import typed
from airssys_sdk.cli.session import session


@command("new")
@click.argument("name")
@click.option(
    "--template",
    type=click.Choice(["component", "library"]),
    default="component",
    show_default=True,
    help="component: answers messages under supervision; library: has a world of its own.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="The project's folder.  [default: NAME]"
)
@click.option("--namespace", help="The namespace of the component's id.")
@click.option("--description", help="One sentence about it.")
@click.option("--author", help="Who writes it.")
@click.option("--license", "licence", help="Its licence, such as MIT.")
@click.option("--no-input", is_flag=True, help="Take the defaults instead of asking.")
def cli(
    name: str,
    template: Literal["component", "library"],
    out: Path | None,
    namespace: str | None,
    description: str | None,
    author: str | None,
    licence: str | None,
    no_input: bool,
) -> None:
    """Make a project called NAME (lowercase letters, digits, hyphens)."""
    from airssys_sdk.project import scaffold

    given = {"namespace": namespace, "description": description, "author": author, "license": licence}
    values = {key: value for key, value in given.items() if value is not None}
    project = scaffold(template, name, out, no_input=no_input or not sys.stdin.isatty(), values=values)
    shared = session()
    folder = typed(project.folder)
    shared.styled([("made ", "green"), (folder, None)])
    shared.out("")
    shared.out(f"  cd {folder}")
    shared.out("  airssys-sdk test")
    if template == "component":
        shared.out("  airssys-sdk run . --send " + name + " hi")
