"""`captured`: what the guest of an instance has printed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ...errors import UsageError
from ..output.capture import Capture

if TYPE_CHECKING:
    from .dynamic import Instance
    from .live import Live
    from .worlds import World


@dataclasses.dataclass(frozen=True, slots=True)
class Captured:
    """What a guest has written since its instance was made; it goes on as the guest does, also once that is dead or closed.

    Attributes:
        stdout: what it wrote to stdout, the last `Wasi.keep` bytes of it.
        stderr: the same of stderr; tracebacks of Python guests are there too.
    """

    stdout: Capture
    stderr: Capture


def captured(instance: World | Instance) -> Captured:
    """What the guest of an instance has printed: `captured(keeper).stdout.text()`.

    Args:
        instance: an instance of a world, or one without generated code.

    Raises:
        UsageError: it is no instance.
    """
    live: Live | None = getattr(instance, "__dict__", {}).get("_live")
    if live is None:
        raise UsageError(
            f"an object of class {type(instance).__qualname__} is no instance of a component",
            hint="take what load() or instantiate() has given",
        )
    return Captured(live.store.stdout, live.store.stderr)
