"""The root command and the list of those below it."""

from __future__ import annotations

import click

from airssys_sdk.cli.framework import LazyGroup

COMMANDS = {
    "new": ("airssys_sdk.cli.commands.new", "Make a project."),
    "generate": ("airssys_sdk.cli.commands.generate", "Write typed Python for a WIT world."),
    "wit": ("airssys_sdk.cli.commands.wit", "Show, lock, compare and document WIT."),
    "build": ("airssys_sdk.cli.commands.build", "Build a project's component."),
    "test": ("airssys_sdk.cli.commands.test", "Run a project's tests."),
    "run": ("airssys_sdk.cli.commands.run", "Run components under supervision."),
    "deploy": ("airssys_sdk.cli.commands.deploy", "Deploy a component into a running node."),
    "send": ("airssys_sdk.cli.commands.send", "Send a message to a component of a running node."),
    "top": ("airssys_sdk.cli.commands.top", "Show what a running node does."),
    "call": ("airssys_sdk.cli.commands.call", "Call a function of a component."),
    "inspect": ("airssys_sdk.cli.commands.inspect", "Show what a component imports, exports and holds."),
    "cache": ("airssys_sdk.cli.commands.cache", "Show and prune the caches of this user."),
    "doctor": ("airssys_sdk.cli.commands.doctor", "Check the tools and caches of this machine."),
}


def _version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from airssys_sdk import __version__

        click.echo(f"airssys-sdk {__version__}")
        context.exit()


@click.group(cls=LazyGroup, lazy=COMMANDS)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def root() -> None:
    """Write, host, test and supervise WebAssembly components in typed Python."""
