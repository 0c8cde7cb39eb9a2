"""What click is given: a group that imports a command when it is called, and the options every command has."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import click

from airssys_sdk.cli.session import Session


def _debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Session).debug = True


def _color(context: click.Context, _: click.Parameter, value: bool | None) -> None:
    if value is not None:
        context.ensure_object(Session).color = value


def shared_options() -> list[click.Parameter]:
    """`--debug` and `--color`, which may stand before or after a command's name."""
    return [
        click.Option(
            ["--debug"], is_flag=True, is_eager=True, expose_value=False, callback=_debug,
            help="Show Python tracebacks with errors.",
        ),
        click.Option(
            ["--color/--no-color"], default=None, is_eager=True, expose_value=False, callback=_color,
            help="Colour the output, or not; by default on a terminal unless NO_COLOR is set.",
        ),
    ]  # fmt: skip


class Command(click.Command):
    """A command with the shared options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.params += shared_options()


class Group(click.Group):
    """A command with subcommands, and with the shared options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.params += shared_options()


def command(name: str, **settings: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function a command with the shared options."""
    return click.command(name, cls=Command, **settings)


class LazyGroup(click.Group):
    """A group that knows its commands by name and one line of help, and imports a command only to run it.

    Args:
        lazy: name of a command to its module and its line in the list of commands.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.params += shared_options()
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a user's journey."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; its module names it `cli`."""
        if cmd_name not in self._lazy:
            return None
        found = importlib.import_module(self._lazy[cmd_name][0]).cli
        if not isinstance(found, click.Command):
            raise TypeError(f"{self._lazy[cmd_name][0]}.cli is no command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and name the nearest one for a name that is none."""
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], self._lazy, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"the commands are {', '.join(self._lazy)}"
            raise click.UsageError(f"there is no command `{args[0]}`; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._lazy.items()])
