"""Messages into a node that runs: what its process does when `airssys-sdk send` asks."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from airssys_sdk.errors import UsageError
from airssys_sdk.runtime.nodes.wire import number_of, text_of

if TYPE_CHECKING:
    from airssys_sdk.runtime import Node
    from airssys_sdk.runtime.nodes.control import Arguments, Control

LONGEST = 1 << 40
"""Milliseconds: how long to wait for an answer at the most."""


def admit(control: Control, node: Node) -> None:
    """Let a node's control channel take messages: `ask` answers with what the component does, `send` once it is accepted."""

    async def ask(arguments: Arguments) -> object:
        component = text_of(arguments, "component")
        milliseconds = number_of(arguments, "timeout", 30_000, LONGEST)
        answer = await node.ask(component, _payload(arguments), timeout=milliseconds / 1000)
        encoded = None if answer is None else base64.b64encode(answer).decode()
        return {"component": str(node.resolve(component)), "payload": encoded}

    async def send(arguments: Arguments) -> object:
        component = text_of(arguments, "component")
        await node.send(component, _payload(arguments))
        return {"component": str(node.resolve(component))}

    control.register("ask", ask, takes=("component", "payload", "timeout"))
    control.register("send", send, takes=("component", "payload"))


def _payload(arguments: Arguments) -> bytes:
    try:
        return base64.b64decode(str(arguments.get("payload", "")), validate=True)
    except binascii.Error as error:
        raise UsageError("the argument 'payload' is base64") from error
