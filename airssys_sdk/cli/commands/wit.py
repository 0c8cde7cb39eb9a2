"""`airssys-sdk wit`: reading, comparing and documenting WIT."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from airssys_sdk.cli.framework import Command, Group
from airssys_sdk.cli.places import typed
from airssys_sdk.cli.session import session

if TYPE_CHECKING:
    from airssys_sdk.wit.lock import LockState
    from airssys_sdk.wit.model import Package, World
    from airssys_sdk.wit.uses import Dependency


@click.group("wit", cls=Group)
def cli() -> None:
    """Show, lock, compare and document WIT."""


def _options(*options: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_JSON = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
_SOURCE = click.argument("source", type=click.Path(path_type=Path))


@cli.command("show", cls=Command, short_help="Print WIT.")
@_options(_SOURCE, click.option("--world", "-w", help="Only this world and what it pulls in."), _JSON)
def show(source: Path, world: str | None, as_json: bool) -> None:
    """Print the WIT of SOURCE, with its documentation.

    SOURCE is a .wit file, a folder of them with their dependencies in deps/, or a component. The output is one WIT
    file: the main package, then the others, each in braces.
    """
    from airssys_sdk.wit.reader import find_world, read
    from airssys_sdk.wit.uses import pulled_in

    resolve = read(source, all_features=True)
    members = None if world is None else pulled_in(find_world(resolve, world))
    if as_json:
        from airssys_sdk.wit.machine import as_data

        session().json(as_data(resolve, members))
        return
    from airssys_sdk.wit.printer import print_together

    session().out(print_together(resolve, members), end="")


@cli.command("deps", cls=Command, short_help="Show and lock the packages that a world pulls in.")
@_options(
    click.argument("source", type=click.Path(path_type=Path), required=False),
    click.option(
        "--world", "-w", help="What counts as used.  [default: the project's, else the whole package]"
    ),
    click.option(
        "--check", is_flag=True, help="Write nothing; exit with 1 if a package is not as it was locked."
    ),
    _JSON,
)
def deps(source: Path | None, world: str | None, check: bool, as_json: bool) -> None:
    """Show the packages that a world pulls in, and write deps.lock beside the WIT of the folder SOURCE.

    In a project, SOURCE is the project's WIT. The lock file has a digest of what each package in deps/ says, used or
    not; line ends and formatting do not matter.
    """
    from airssys_sdk.project.sources import wit_source
    from airssys_sdk.wit.lock import lock, require_folder
    from airssys_sdk.wit.reader import find_world, read
    from airssys_sdk.wit.uses import dependencies

    folder, name = wit_source(source, world)
    require_folder(folder)
    resolve = read(folder, all_features=True)
    chosen = None if name is None else find_world(resolve, name)
    found = dependencies(resolve, chosen)
    state = lock(folder, resolve, check=check)
    if as_json:
        session().json(_deps_data(resolve.main, chosen, found, state))
    else:
        from airssys_sdk.cli.wit_text import tell_dependencies, tell_lock

        tell_dependencies(session(), resolve.main, chosen, found)
        tell_lock(session(), state, check=check)
    if check and not state.up_to_date:
        raise click.exceptions.Exit(1)


@cli.command("diff", cls=Command, short_help="Compare two versions of WIT.")
@_options(
    click.argument("old", type=click.Path(path_type=Path)),
    click.argument("new", type=click.Path(path_type=Path)),
    click.option("--world", "-w", help="Only this world.  [default: every world of OLD]"),
    click.option("--all", "everything", is_flag=True, help="List items of which only @since changed, too."),
    _JSON,
)
def diff(old: Path, new: Path, world: str | None, everything: bool, as_json: bool) -> None:
    """Say whether components built for OLD run in hosts of NEW, and what changed.

    OLD and NEW are each a .wit file, a folder of them with their dependencies in deps/, or a component.

    Exits with 0 if they do, with 1 if not or if it cannot be told. Also lists modules, classes and exceptions of
    generated Python that have another name for NEW. What is gated as @unstable does not count.
    """
    from airssys_sdk.project.comparison import compare_wit

    comparison = compare_wit(old, new, world)
    if as_json:
        verdict = {"compatible": comparison.compatible, "reused_version": comparison.reused_version}
        session().json({**verdict, **dataclasses.asdict(comparison)})
    else:
        from airssys_sdk.cli.wit_text import tell_comparison

        tell_comparison(session(), comparison, everything=everything)
    if not comparison.compatible:
        raise click.exceptions.Exit(1)


@cli.command("docs", cls=Command, short_help="Write the documentation of WIT.")
@_options(
    _SOURCE,
    click.option(
        "--out",
        "-o",
        required=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The folder to write.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(["html", "markdown", "both"]),
        default="html",
        show_default=True,
        help="html: index.html with everything; markdown: a file for each package.",
    ),
)
def docs(source: Path, out: Path, form: Literal["html", "markdown", "both"]) -> None:
    """Write the documentation of SOURCE into DIR, with the names that its items have in Python.

    The page needs no server and no network. Files that airssys-sdk did not write are never replaced.
    """
    from airssys_sdk.project.reference import document

    outcome = document(source, out, form)
    for name in (*outcome.written, *outcome.removed):
        word, color = ("wrote ", "green") if name in outcome.written else ("removed ", "red")
        session().styled([(word, color), (typed(out / name), None)])
    if outcome.up_to_date:
        session().out(f"{typed(out)} is up to date")


def _deps_data(
    main: Package, world: World | None, found: tuple[Dependency, ...], state: LockState
) -> dict[str, Any]:
    return {
        "package": main.name,
        "world": world.path if world else None,
        "dependencies": [
            {
                "package": one.package.name,
                "sha256": state.found[one.package.name],
                "interfaces": {
                    name: [dataclasses.asdict(use) for use in uses] for name, uses in one.interfaces.items()
                },
            }
            for one in found
        ],
        "lock": {
            "file": typed(state.file),
            "written": state.written,
            "up_to_date": state.up_to_date,
            "foreign": state.foreign,
            **dataclasses.asdict(state.difference),
        },
    }
