"""`airssys-sdk generate`: typed Python for a WIT world, or what is generated in a project."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import click

from airssys_sdk.cli.framework import Command, Group
from airssys_sdk.cli.merged import tell_merged
from airssys_sdk.cli.places import typed
from airssys_sdk.cli.session import Session, session
from airssys_sdk.cli.text import safe_line


@click.group("generate", cls=Group, invoke_without_command=True)
@click.option(
    "--check", is_flag=True, help="Change nothing; print what is out of date, and exit with 1 if anything is."
)
@click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The project.  [default: here]",
)
@click.pass_context
def cli(context: click.Context, check: bool, folder: Path | None) -> None:
    """Write typed Python for a WIT world.

    In a project, without a subcommand: bring its bindings, names file and app module up to date with its WIT.
    """
    if context.invoked_subcommand is not None:
        if check or folder:
            raise click.UsageError("options of `generate` go after `host` or `guest`", context)
        return
    from airssys_sdk.project import Project, generate_project

    project = Project.find(folder or Path())
    outcome = generate_project(project, check=check)
    shared = session()
    if check:
        _tell_difference(shared, outcome.diff, bool(outcome.changed))
        return
    for file in outcome.changed:
        shared.styled([("wrote ", "green"), (typed(project.folder / file), None)])
    if not outcome.changed:
        shared.out("up to date")
    tell_merged(shared, typed(project.app_file), outcome.merged)


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """What `host` and `guest` have in common."""
    for option in reversed(
        (
            click.argument("source", type=click.Path(path_type=Path)),
            click.option("--world", "-w", help="The world; may be left out where there is only one."),
            click.option(
                "--out",
                "-o",
                required=True,
                type=click.Path(path_type=Path),
                metavar="DIR",
                help="The folder to write.",
            ),
            click.option(
                "--check",
                is_flag=True,
                help="Write nothing; print what is out of date, and exit with 1 if anything is.",
            ),
            click.option("--diff", "mode", flag_value="diff", help="Write nothing; print what would change."),
            click.option("--stdout", "mode", flag_value="stdout", help="Write nothing; print the files."),
            click.option(
                "--features", multiple=True, metavar="NAME", help="An @unstable feature to show; repeatable."
            ),
            click.option("--all-features", is_flag=True, help="Show all @unstable features."),
        )
    ):
        function = option(function)
    return function


@cli.command("host", cls=Command, short_help="Write a package that calls components of a world.")
@_options
@click.option(
    "--package",
    is_flag=True,
    help="No world: the types and Protocols of every interface of the package.",
)
def host(
    source: Path,
    world: str | None,
    out: Path,
    check: bool,
    mode: str | None,
    features: tuple[str, ...],
    all_features: bool,
    package: bool,
) -> None:
    """Write the package DIR that calls components of a world, typed.

    SOURCE is a .wit file, a folder of them with their dependencies in deps/, or a component.
    """
    if package and world is not None:
        raise click.UsageError("--package takes every interface; it does not go with --world")
    _generate("host", source, world, out, check, mode, features, all_features, package=package)


@cli.command("guest", cls=Command, short_help="Write bindings and a skeleton for a component in Python.")
@_options
@click.option("--app", default="app", show_default=True, metavar="MODULE", help="The module with your code.")
def guest(
    source: Path,
    world: str | None,
    out: Path,
    check: bool,
    mode: str | None,
    features: tuple[str, ...],
    all_features: bool,
    app: str,
) -> None:
    """Write bindings and a skeleton for a component in Python into DIR.

    The skeleton is yours: running this again adds what is missing and keeps every line that you wrote.
    """
    _generate("guest", source, world, out, check, mode, features, all_features, app)


def _generate(
    target: Literal["host", "guest"],
    source: Path,
    world: str | None,
    out: Path,
    check: bool,
    mode: str | None,
    features: tuple[str, ...],
    all_features: bool,
    app: str = "app",
    *,
    package: bool = False,
) -> None:
    from airssys_sdk.cli.generation import Order, apply, prepare

    split = tuple(name for feature in features for name in feature.split(",") if name)
    order = Order(target, source, world, out, split, all_features, app, package)
    prepared = prepare(order)
    files = prepared.files
    shared = session()
    if mode == "stdout":
        _tell_files(shared, files)
        if not check:
            return
    outcome = apply(order, files, check=check or mode is not None)
    if check or mode is not None:
        shown = "" if mode == "stdout" else outcome.diff
        _tell_difference(shared, shown, check and not outcome.up_to_date)
        return
    if outcome.up_to_date:
        shared.out(f"{typed(out)} is up to date")
        return
    changed = f"{len(outcome.written)} of {len(files)} files written"
    removed = f", {len(outcome.removed)} removed" if outcome.removed else ""
    shared.styled([(typed(out), "green"), (f": {changed}{removed}", None)])
    tell_merged(shared, typed(out / order.app_file), prepared.merged)


def _tell_files(shared: Session, files: Mapping[str, str]) -> None:
    """Print the files, byte for byte unless a terminal reads them, each below a line that no file has itself."""
    rule = "----"
    while any(f"\n# {rule} " in f"\n{text}" for text in files.values()):
        rule += "-"
    for path, text in files.items():
        shared.raw(f"# {rule} {safe_line(path)} {rule}\n{text}".encode())


def _tell_difference(shared: Session, diff: str, failed: bool) -> None:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    lines = diff.removesuffix("\n")
    if lines and not shared.colored(sys.stdout):
        shared.raw(lines.encode("utf-8", "surrogateescape"))
    elif lines:
        for line in lines.split("\n"):
            shared.styled([(line, colors.get(line[:1]))])
    if failed:
        shared.note("out of date; the same command without --check writes it")
        raise click.exceptions.Exit(1)
