"""How `run` lets others see what its node does, while it runs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator

from airssys_sdk.cli.voice import Voice
from airssys_sdk.runtime import Node
from airssys_sdk.runtime.nodes.control import Control
from airssys_sdk.runtime.nodes.sockets import ControlUnavailable


@dataclasses.dataclass(frozen=True, slots=True)
class Seeing:
    """What the user wants to see.

    Attributes:
        metrics: host and port where metrics are served for Prometheus; None for nowhere.
        trace: whether each call is told.
    """

    metrics: tuple[str, int] | None = None
    trace: bool = False

    def check(self) -> None:
        """Refuse what could not be shown, before anything is built.

        Raises:
            ExtraMissing: it needs packages that are not installed.
            UsageError: others than this machine could read the metrics.
        """
        if self.metrics is not None:
            from airssys_sdk.runtime.metrics.prometheus import require_loopback

            require_loopback(self.metrics[0])


@contextlib.asynccontextmanager
async def shown(node: Node, seeing: Seeing, voice: Voice, *, name: str) -> AsyncGenerator[Control, None]:
    """Show a node that runs for the time of a block.

    Args:
        node: the node.
        seeing: how.
        voice: hears where it can be seen.
        name: what the node is called among those of this user.

    Yields:
        Its control channel, for more commands. It may be closed: a node runs also where nobody can speak to it.
    """
    async with contextlib.AsyncExitStack() as stack:
        control = Control(node, name=name[:40].rstrip("-"))
        try:
            await stack.enter_async_context(control)
        except ControlUnavailable as error:
            voice.say(f"nobody can speak to this node: {error.message}")
        if seeing.metrics is not None:
            from airssys_sdk.runtime.metrics.prometheus import serving

            host, port = await stack.enter_async_context(serving(node, *seeing.metrics))
            voice.say(f"metrics: http://{f'[{host}]' if ':' in host else host}:{port}/metrics")
        yield control
