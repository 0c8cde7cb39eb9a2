"""`airssys-sdk send`: a message to a component of a node that runs."""

from __future__ import annotations

import base64
import sys
from typing import Any, cast

import click

from airssys_sdk.cli.framework import command
from airssys_sdk.cli.payloads import as_text
from airssys_sdk.cli.session import session


@command("send")
@click.argument("component")
@click.argument("payload")
@click.option("--node", "node", metavar="NODE", help="The node: its name or the id of its process.")
@click.option(
    "--timeout", default="30s", show_default=True, metavar="TIME", help="How long to wait for the answer."
)
@click.option("--no-wait", is_flag=True, help="End once the message is accepted; nobody hears the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def cli(component: str, payload: str, node: str | None, timeout: str, no_wait: bool, as_json: bool) -> None:
    """Send a message to COMPONENT on a node that `run` started, and print its answer.

    COMPONENT is an id (example/hello/0), or without its instance (example/hello), or only the name (hello), if that fits one
    component or pool only. PAYLOAD is sent as UTF-8; `-` reads it from standard input. No answer is an empty line.
    """
    import asyncio

    from airssys_sdk.cli.quantities import duration
    from airssys_sdk.cli.sending import LONGEST
    from airssys_sdk.runtime.nodes.client import ControlClient
    from airssys_sdk.runtime.nodes.sockets import find

    seconds = duration(timeout, "--timeout")
    data = sys.stdin.buffer.read() if payload == "-" else payload.encode("utf-8", "surrogateescape")
    arguments: dict[str, object] = {"component": component, "payload": base64.b64encode(data).decode()}
    if not no_wait:
        arguments["timeout"] = min(round(seconds * 1000), LONGEST)
    client = ControlClient(find(node))
    told = asyncio.run(client.call("send" if no_wait else "ask", **arguments))
    found = cast("dict[str, Any]", told)
    shared = session()
    if no_wait:
        if as_json:
            shared.json({"component": found["component"]}, indent=None)
        return
    answer = None if found["payload"] is None else base64.b64decode(found["payload"])
    if as_json:
        shared.json({"component": found["component"], **as_text(answer)}, indent=None)
    else:
        shared.raw(answer or b"")
