"""`airssys-sdk call`: one function of a component."""

from __future__ import annotations

from pathlib import Path

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.session import session


@command("call")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("text", metavar="'FUNCTION(ARGUMENTS)'")
@click.option(
    "--fuel",
    type=click.IntRange(min=1),
    help="Units of work that the call may use, and the start of the instance before it.",
)
@click.option("--deadline", metavar="TIME", help="How long the call may take, such as 5s.")
@click.option("--memory", metavar="SIZE", help="How much memory the component may use, such as 64MiB.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON, the value in it as WAVE text."
)
def cli(
    file: Path, text: str, fuel: int | None, deadline: str | None, memory: str | None, as_json: bool
) -> None:
    """Call a function of the component FILE and print its result.

    Arguments and result are WAVE text: call shop.wasm 'stock.put({name: "pen", count: 3}, some(true))'. The component
    gets no files, no network and no environment; what it prints is shown on standard error. A resource has no text: functions
    that take or give one are called from Python.

    Exit code 1 if the function answers with the error case of its result, or does not come back.
    """
    from airssys_sdk.cli.calling import call
    from airssys_sdk.cli.progress import Progress
    from airssys_sdk.cli.quantities import duration, size
    from airssys_sdk.component import Limits

    limits = Limits(
        fuel=fuel,
        deadline=None if deadline is None else duration(deadline, "--deadline"),
        memory=None if memory is None else size(memory, "--memory"),
    )
    shared = session()
    with Progress(shared, brief=True) as progress:
        answer = call(file, text, limits, shared, progress)
    if as_json:
        shared.json({"ok": answer.ok, "result": answer.text}, indent=None)
    elif answer.text is not None:
        shared.out(answer.text)
    if not answer.ok:
        raise click.exceptions.Exit(1)
