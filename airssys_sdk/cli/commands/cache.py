"""`airssys-sdk cache`: what this user's caches hold, and removing what was not used for long."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from airssys_sdk.cli.framework import Command, Group
from airssys_sdk.cli.session import session

if TYPE_CHECKING:
    from airssys_sdk.component.engine.eviction import Entry

_DAY = 86400.0
_JSON = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")


@click.group("cache", cls=Group, invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Show the caches (as `cache show`) or prune them: native code of components, and built components.

    Nothing in them is ever needed: what is missing is compiled or built again. Each keeps to a limit by itself, 4 GiB of native code and
    2 GiB of components. AIRSSYS_CACHE_DIR says where they are.
    """
    if context.invoked_subcommand is None:
        context.invoke(show, as_json=False)


@cli.command("show", cls=Command, short_help="Show where the caches are and what they hold.")
@_JSON
def show(as_json: bool) -> None:
    """Show where the caches are, how much they hold, and how much of that was not used for 30 days."""
    from airssys_sdk.project.caches import user_caches

    shared, caches, until = session(), user_caches(), time.time() - 30 * _DAY
    old = [[entry for entry in cache.entries if entry.used <= until] for cache in caches]
    if as_json:
        shared.json(
            {
                "caches": [
                    {
                        "name": cache.name,
                        "path": str(cache.folder),
                        **_amount(cache.entries),
                        "unused_for_30_days": _amount(unused),
                    }
                    for cache, unused in zip(caches, old, strict=True)
                ]
            }
        )
        return
    for cache, unused in zip(caches, old, strict=True):
        shared.out(f"{cache.purpose}: {_in_words(cache.entries)}, in {cache.folder}")
        if unused:
            shared.out(f"  not used for 30 days: {_in_words(unused)}")


@cli.command("prune", cls=Command, short_help="Remove what was not used for long.")
@click.option(
    "--days",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    help="What was not used for so long goes.",
)
@click.option("--all", "everything", is_flag=True, help="Remove everything.")
@_JSON
def prune(days: float, everything: bool, as_json: bool) -> None:
    """Remove what was not used for 30 days from both caches.

    What another process compiles at this moment stays. Nothing outside the caches' own folders is touched, whatever links are in them.
    """
    from airssys_sdk.project.caches import user_caches

    shared = session()
    unused_for = -math.inf if everything else days * _DAY
    done = [(cache, cache.prune(unused_for)) for cache in user_caches()]
    if as_json:
        shared.json(
            {
                "caches": [
                    {
                        "name": cache.name,
                        "path": str(cache.folder),
                        "removed": _amount(pruned.removed),
                        "in_use": _amount(pruned.busy),
                    }
                    for cache, pruned in done
                ]
            }
        )
        return
    for cache, pruned in done:
        shared.out(f"{cache.purpose}: removed {_in_words(pruned.removed)}")
        if pruned.busy:
            shared.out(f"  in use by another process: {_in_words(pruned.busy)}")


def _amount(entries: Iterable[Entry]) -> dict[str, int]:
    sizes = [entry.size for entry in entries]
    return {"entries": len(sizes), "bytes": sum(sizes)}


def _in_words(entries: Iterable[Entry]) -> str:
    from airssys_sdk.manifest.units import format_size

    amount = _amount(entries)
    count = amount["entries"]
    return f"{count} {'entry' if count == 1 else 'entries'}, {format_size(amount['bytes'])}"
