"""`airssys-sdk generate`: typed Python for a WIT world, or what is generated in a project."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

import click

from airssys_sdk.cli.framework import Command, Group
from airssys_sdk.cli.merged import tell_merged
from airssys_sdk.cli.places import typed
from airssys_sdk.cli.session import Session, session
from airssys_sdk.cli.text import safe_line

_MOST = 10
"""How many changed files are named."""
_NO_BINDINGS = (
    "no bindings are here: where Git does not keep them, as in a clone of a project that ignores them, "
    "this always fails; stop ignoring them, or let Git compare what it keeps: "
    "airssys-sdk generate && git diff --exit-code"
)


class _Path(click.Path):
    """A path that has a name: an empty text, most likely a variable that is not set, would mean this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the text is empty; write `.` for this folder", param, ctx)
        return super().convert(value, param, ctx)


def _modes(function: Callable[..., None]) -> Callable[..., None]:
    """The ways to write nothing."""
    for option in (
        click.option("--stdout", "mode", flag_value="stdout", help="Write nothing; print the files."),
        click.option("--diff", "mode", flag_value="diff", help="Write nothing; print what would change."),
        click.option(
            "--check",
            is_flag=True,
            help="Write nothing; print what is out of date, and exit with 1 if anything is.",
        ),
    ):
        function = option(function)
    return function


@click.group("generate", cls=Group, invoke_without_command=True)
@_modes
@click.option(
    "--project",
    "folder",
    type=_Path(path_type=Path),
    metavar="DIR",
    help="The project.  [default: here]",
)
@click.pass_context
def cli(context: click.Context, check: bool, mode: str | None, folder: Path | None) -> None:
    """Write typed Python for a WIT world.

    In a project, without a subcommand: bring its bindings, names file and app module up to date with its WIT.
    """
    if context.invoked_subcommand is not None:
        if check or mode or folder:
            raise click.UsageError("options of `generate` go after `host` or `guest`", context)
        return
    from airssys_sdk.project import Project, generate_project

    project = Project.find(folder or Path())
    fresh = not project.bindings.exists()
    outcome = generate_project(project, check=check or mode is not None)
    shared = session()
    _warn(shared, outcome.misspelt)
    if mode == "stdout":
        _tell_files(shared, outcome.files)
    if check or mode is not None:
        _tell_difference(shared, "" if mode == "stdout" else outcome.diff)
        if check and outcome.changed:
            _fail(shared, _NO_BINDINGS if fresh else None)
        return
    for file in outcome.changed:
        word, color = ("removed ", "yellow") if file in outcome.removed else ("wrote ", "green")
        shared.styled([(word, color), (typed(project.folder / file), None)])
    if not outcome.changed:
        shared.out("up to date")
    tell_merged(shared, typed(project.app_file), outcome.merged)


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """What `host` and `guest` have in common."""
    function = _modes(function)
    for option in reversed(
        (
            click.argument("source", type=_Path(path_type=Path)),
            click.option("--world", "-w", help="The world; may be left out where there is only one."),
            click.option(
                "--out",
                "-o",
                required=True,
                type=_Path(path_type=Path),
                metavar="DIR",
                help="The folder to write.",
            ),
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
@click.option(
    "--actors",
    is_flag=True,
    help="Also write DIR/actors: the same functions, awaited, of supervised components.",
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
    actors: bool,
) -> None:
    """Write the package DIR that calls components of a world, typed.

    SOURCE is a .wit file, a folder of them with their dependencies in deps/, or a component.
    """
    if package and world is not None:
        raise click.UsageError("--package takes every interface; it does not go with --world")
    if package and actors:
        raise click.UsageError("--actors needs a world; it does not go with --package")
    _generate("host", source, world, out, check, mode, features, all_features, package=package, actors=actors)


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
    actors: bool = False,
) -> None:
    from airssys_sdk.cli.generation import Order, apply, prepare

    split = tuple(name for feature in features for name in feature.split(",") if name)
    order = Order(target, source, world, out, split, all_features, app, package, actors)
    prepared = prepare(order)
    files = prepared.files
    shared = session()
    _warn(shared, prepared.misspelt)
    if mode == "stdout":
        _tell_files(shared, files)
        if not check:
            return
    outcome = apply(order, files, check=check or mode is not None)
    if check or mode is not None:
        _tell_difference(shared, "" if mode == "stdout" else outcome.diff)
        if check and not outcome.up_to_date:
            _fail(shared)
        return
    if outcome.up_to_date:
        shared.out(f"{typed(out)} is up to date")
        return
    changed = f"{len(outcome.written)} of {len(files)} files written"
    removed = f", {len(outcome.removed)} removed" if outcome.removed else ""
    shared.styled([(typed(out), "green"), (f": {changed}{removed}", None)])
    named = [f"removed {typed(out / name)}" for name in outcome.removed]
    named += [f"wrote {typed(out / name)}" for name in outcome.written]
    for line in named[:_MOST]:
        shared.out(f"  {line}")
    if len(named) > _MOST:
        shared.out(f"  and {len(named) - _MOST} more")
    tell_merged(shared, typed(out / order.app_file), prepared.merged)


def _tell_files(shared: Session, files: Mapping[str, str]) -> None:
    """Print the files, byte for byte unless a terminal reads them, each below a line that no file has itself."""
    rule = "----"
    while any(f"\n# {rule} " in f"\n{text}" for text in files.values()):
        rule += "-"
    for path, text in files.items():
        shared.raw(f"# {rule} {safe_line(path)} {rule}\n{text}".encode())


def _tell_difference(shared: Session, diff: str) -> None:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    lines = diff.removesuffix("\n")
    if lines and not shared.colored(sys.stdout):
        shared.raw(lines.encode("utf-8", "surrogateescape"))
    elif lines:
        for line in lines.split("\n"):
            shared.styled([(line, colors.get(line[:1]))])


def _fail(shared: Session, more: str | None = None) -> NoReturn:
    shared.note("out of date; the same command without --check writes it")
    if more is not None:
        shared.note(more)
    raise click.exceptions.Exit(1)


def _warn(shared: Session, misspelt: Sequence[str]) -> None:
    for text in misspelt:
        shared.styled([("warning", "yellow"), (f": {text}", None)], err=True)
