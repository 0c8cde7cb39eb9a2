"""`airssys-sdk deploy`: another version of a component into a node that runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import Session, session
from airssys_sdk.cli.text import safe_line
from airssys_sdk.errors import AirssysError, UsageError

if TYPE_CHECKING:
    from airssys_sdk.runtime.nodes.client import ControlClient


@command("deploy")
@click.argument("path", metavar="[DIR | FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--node", "node", metavar="NODE", help="The node: its name or the id of its process.")
@click.option(
    "--component",
    "component",
    metavar="ID",
    help="The component to replace.  [default: the one of this name]",
)
@click.option("--all", "everywhere", is_flag=True, help="Replace all instances, one after the other.")
@click.option(
    "--manifest", type=click.Path(path_type=Path), metavar="FILE", help="The manifest of a component FILE."
)
@click.option(
    "--rollback", "back", metavar="ID", help="Bring back an earlier version of a component instead."
)
@click.option("--to", type=click.IntRange(min=1), metavar="NUMBER", help="With --rollback: which version.")
@click.option("--history", metavar="ID", help="Show the versions of a component instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def cli(
    path: Path | None,
    node: str | None,
    component: str | None,
    everywhere: bool,
    manifest: Path | None,
    back: str | None,
    to: int | None,
    history: str | None,
    as_json: bool,
) -> None:
    """Deploy a project (DIR, the one here by default) or a component FILE into a node that `run` started.

    What is stale is built first. The new version starts beside the old one and takes over name, mailbox and open requests between
    two messages; no accepted message is lost. If it does not start, or says that it is unhealthy, the old one goes on; with
    --all, those that have the new version already get back what they had.
    """
    import asyncio

    from airssys_sdk.runtime.nodes.client import ControlClient
    from airssys_sdk.runtime.nodes.sockets import find

    if back is not None and history is not None:
        raise click.UsageError("--rollback and --history do not go together")
    if back is not None or history is not None:
        other = "--rollback" if history is None else "--history"
        if everywhere:
            raise click.UsageError(f"{other} is for one component; it does not go with --all")
        if component:
            raise click.UsageError(f"{other} takes the ID itself; it does not go with --component")
        if path or manifest:
            raise click.UsageError(f"{other} takes the ID of a component and nothing to deploy")
    if to is not None and back is None:
        raise click.UsageError("--to belongs to --rollback")
    client = ControlClient(find(node))
    shared = session()
    if history is not None:
        _tell_history(shared, _call(client, "history", component=history), as_json=as_json)
        return
    if back is not None:
        answer = asyncio.run(client.call("rollback", component=back, to=to or 0))
    else:
        answer = _deploy(client, path or Path(), component, manifest, everywhere=everywhere)
    found = cast("dict[str, Any]", answer)
    if as_json:
        shared.json(found)
        return
    for one in found.get("components", [found]):
        new, old = one["version"], one["previous"]
        shared.styled(
            [
                (safe_line(one["component"]), "green"),
                (f": version {_title(new)} has taken over from {_title(old)}", None),
                (f" (pause {one['pause'] * 1000:.1f} ms)", "dim"),
            ]
        )


def _deploy(
    client: ControlClient, path: Path, component: str | None, manifest: Path | None, *, everywhere: bool
) -> object:
    from airssys_sdk.cli.progress import Progress
    from airssys_sdk.cli.targets import prepare
    from airssys_sdk.manifest import MANIFEST_NAME, load_manifest

    described = manifest or path / MANIFEST_NAME
    if described.is_file():
        # Before anything is built: whether the node has it, and just one of it.
        named = load_manifest(described).component
        replaced = component or f"{named.namespace}/{named.name}"
        try:
            _call(client, "history", component=replaced)
        except AirssysError as error:
            several = "fits several" in error.message or "is a pool" in error.message
            if several and component is None and not everywhere:
                hint = "say which one with --component ID, or replace all with --all"
                raise UsageError(error.message, hint=hint) from error
            if not (several and everywhere):
                raise
    with Progress(session(), quiet=False, brief=True) as progress:
        (target,) = prepare((path,), manifest=manifest, progress=progress)
    wasm = target.spec.wasm
    return _call(
        client,
        "deploy-all" if everywhere else "deploy",
        component=component or f"{target.id.namespace}/{target.id.name}",
        wasm=str(Path(wasm if isinstance(wasm, Path) else path).absolute()),
        manifest=str((manifest or target.folder / MANIFEST_NAME).absolute()),
    )


def _call(client: ControlClient, name: str, **arguments: object) -> object:
    import asyncio

    return asyncio.run(client.call(name, **arguments))


def _tell_history(shared: Session, answer: object, *, as_json: bool) -> None:
    found = cast("dict[str, Any]", answer)
    if as_json:
        shared.json(found)
        return
    # The last one that took over runs.
    running = max((one["number"] for one in found["versions"] if one["error"] is None), default=None)
    for one in found["versions"]:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one["time"]))
        how = one["reason"] + (f" to {one['back_to']}" if one["back_to"] else "")
        line = f"{one['number']:>4}  {safe_line(one['version'])}  {one['digest'][:12]}  {when}  {how}"
        if one["error"] is None:
            shared.out(f"{line}  (runs)" if one["number"] == running else line)
        else:
            shared.styled([(line, None), (f"  failed: {safe_line(one['error'])}", "red")])


def _title(version: dict[str, Any]) -> str:
    return f"{version['number']} ({safe_line(str(version['version']))})"
