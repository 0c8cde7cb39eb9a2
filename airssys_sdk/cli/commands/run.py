"""`airssys-sdk run`: components under supervision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import session

if TYPE_CHECKING:
    from airssys_sdk.cli.system_targets import SystemTarget
    from airssys_sdk.cli.targets import Target

STORAGE = Path(".airssys", "node.db")
"""Where a project's components keep their state between two runs, below the folder of the first one's manifest."""


@command("run")
@click.argument("paths", metavar="[DIR | FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--send",
    "sends",
    nargs=2,
    multiple=True,
    metavar="ID PAYLOAD",
    help="Ask a component, print the reply, and stop.",
)
@click.option(
    "--stdin",
    "lines_to",
    metavar="ID",
    help="Ask a component once for each line of standard input, and stop.",
)
@click.option(
    "--timeout", default="60s", show_default=True, metavar="TIME", help="How long to wait for each reply."
)
@click.option("--json", "as_json", is_flag=True, help="Print replies, events and logs as JSON lines.")
@click.option("--quiet", "-q", is_flag=True, help="Print replies and failures only.")
@click.option(
    "--manifest", type=click.Path(path_type=Path), metavar="FILE", help="The manifest of a component FILE."
)
@click.option(
    "--storage",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the components keep their state.  [default: .airssys/node.db beside the first manifest; for a system, what it says]",
)
@click.option("--in-memory", is_flag=True, help="Forget the components' state at the end.")
@click.option(
    "--metrics",
    metavar="ADDRESS",
    help="Serve metrics for Prometheus at a loopback address such as 127.0.0.1:9464.",
)
@click.option(
    "--trace", is_flag=True, help="Print each call into a component (>>) and each of its imports (<<)."
)
@click.option("--watch", is_flag=True, help="Build and deploy projects again when their files change.")
def cli(
    paths: tuple[Path, ...],
    sends: tuple[tuple[str, str], ...],
    lines_to: str | None,
    timeout: str,
    as_json: bool,
    quiet: bool,
    manifest: Path | None,
    storage: Path | None,
    in_memory: bool,
    metrics: str | None,
    trace: bool,
    watch: bool,
) -> None:
    """Run components on a node: projects (DIR) or component files (FILE); the project here by default.

    A System.toml (FILE, or the DIR that holds it) says which components run, and who supervises whom.

    What is stale is generated, built and compiled first. An ID is namespace/name/instance, or the name alone where only
    one component has it. Without --send and --stdin the node runs until Ctrl-C, and then stops in order.
    """
    import asyncio

    from airssys_sdk.cli.progress import Progress
    from airssys_sdk.cli.quantities import address, duration
    from airssys_sdk.cli.seeing import Seeing
    from airssys_sdk.cli.serving import Wish, in_numbers, serve
    from airssys_sdk.cli.system_targets import find_system, prepare_system
    from airssys_sdk.cli.targets import prepare
    from airssys_sdk.cli.voice import Voice, guest_logs

    if watch and (sends or lines_to is not None):
        raise click.UsageError("--watch runs until Ctrl-C; it does not go with --send and --stdin")
    seconds = duration(timeout, "--timeout")
    seeing = Seeing(metrics=None if metrics is None else address(metrics, "--metrics"), trace=trace)
    seeing.check()
    shared = session()
    with Progress(shared, quiet=quiet, brief=True) as progress:
        asked = paths or (Path(),)
        system = find_system(asked, manifest)
        targets = (
            prepare(asked, manifest=manifest, progress=progress)
            if system is None
            else prepare_system(system, progress)
        )
    if storage is not None and not storage.name:
        raise click.BadParameter("a file is needed, and this is a directory", param_hint="'--storage'")
    wish = Wish(sends, lines_to, seconds, None if in_memory else storage or _storage(targets), seeing, watch)
    voice = Voice(shared, as_json=as_json, quiet=quiet)
    with guest_logs(voice):
        counters = asyncio.run(serve(targets, wish, voice))
    done = {"builds": progress.worked["build"], "compiles": progress.worked["compile"]}
    voice.counters({**done, **in_numbers(counters)})
    if voice.failures:
        raise click.exceptions.Exit(1)


def _storage(targets: Sequence[Target] | SystemTarget) -> Path | None:
    place = targets[0].folder / STORAGE if isinstance(targets, Sequence) else targets.storage
    if place is not None:
        place.parent.mkdir(exist_ok=True)
    return place
