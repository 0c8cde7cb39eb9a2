"""`airssys-sdk top`: what a node does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import session

if TYPE_CHECKING:
    from airssys_sdk.runtime.nodes.client import ControlClient
    from airssys_sdk.runtime.nodes.control import Status


@command("top")
@click.argument("node", metavar="[NODE]", required=False)
@click.option("--once", is_flag=True, help="Print one table and end; so it does where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known once, as JSON.")
@click.option(
    "--interval", default="1s", show_default=True, metavar="TIME", help="How often to look at the node."
)
def cli(node: str | None, once: bool, as_json: bool, interval: str) -> None:
    """Show the supervisors and components of a node that `run` started, and the logs of the selected one.

    NODE is its name (that of its System.toml, or else of its first component) or the number of its process; without it, the
    only one of yours that runs. The live view needs the extra `top`.
    """
    import asyncio

    from airssys_sdk.cli.quantities import duration
    from airssys_sdk.runtime.nodes.client import ControlClient
    from airssys_sdk.runtime.nodes.sockets import find

    seconds = duration(interval, "--interval")
    live = not once and not as_json and sys.stdout.isatty() and sys.stdin.isatty()
    if live:
        from airssys_sdk.cli.top_app import TopApp

        TopApp(ControlClient(find(node)), interval=seconds).run()
        return
    client = ControlClient(find(node))
    if as_json:
        from pydantic_core import to_jsonable_python

        session().json(to_jsonable_python(asyncio.run(client.status()), inf_nan_mode="null"))
        return
    from airssys_sdk.cli.top_rows import Table, plain, summary

    table = Table()
    first, second = asyncio.run(_twice(client))
    table.rows(first)
    session().out(summary(second))
    for line in plain(table.rows(second)):
        session().out(line)


async def _twice(client: ControlClient) -> tuple[Status, Status]:
    """What the node says, and again a moment later: a rate is between the two."""
    import asyncio

    first = await client.status()
    await asyncio.sleep(0.5)
    return first, await client.status()
