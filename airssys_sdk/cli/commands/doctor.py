"""`airssys-sdk doctor`: the tools and caches of this machine."""

from __future__ import annotations

import dataclasses

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import session


@command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def cli(as_json: bool) -> None:
    """Check what the SDK needs: versions, caches, what is missing and how to get it.

    Exit code 1 if something needed is missing.
    """
    from airssys_sdk.cli.health import examine
    from airssys_sdk.manifest.units import format_size

    health = examine()
    shared = session()
    if as_json:
        data = dataclasses.asdict(health)
        caches = [{**cache, "path": str(cache["path"])} for cache in data["caches"]]
        shared.json({**data, "caches": caches, "ok": health.ok})
    else:
        shared.out(f"airssys-sdk {health.sdk} on {health.platform}")
        shared.out("")
        for tool in health.tools:
            mark = ("✓ ", "green") if tool.ok else ("✗ ", "red")
            version = tool.version or "missing"
            shared.styled([mark, (f"{tool.name:<16}{version:<10}  {tool.purpose}", None)])
            if tool.hint:
                shared.styled([("    get it: ", "cyan"), (tool.hint, None)])
        if health.compiled_calls:
            shared.styled([("✓ ", "green"), ("calls into components go through the compiled module", None)])
        else:
            said = "calls into components go through ctypes: they work, at half the speed or less"
            shared.styled([("! ", "yellow"), (said, None)])
            hint = "install a C compiler, then the SDK anew, without AIRSSYS_PURE in the environment"
            shared.styled([("    hint: ", "cyan"), (hint, None)])
        shared.out("")
        for cache in health.caches:
            mark = ("✓ ", "green") if cache.writable else ("! ", "yellow")
            entries = f"{cache.entries} {'entry' if cache.entries == 1 else 'entries'}"
            holds = f"{cache.name}: {entries}, {format_size(cache.size)}, in {cache.path}"
            shared.styled([mark, (holds if cache.writable else f"{holds}, not writable", None)])
            if cache.hint:
                shared.styled([("    hint: ", "cyan"), (cache.hint, None)])
    if not health.ok:
        raise click.exceptions.Exit(1)
