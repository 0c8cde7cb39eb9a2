"""The WASI that grants nothing: clocks, random numbers, captured output; no files, network, environment or arguments.

A Python guest imports 25 interfaces of `wasi:*@0.2` whether it uses them or not. Both profiles link the engine's own
blocking implementation, because its asynchronous one needs a Rust event loop and aborts the process without it (a
guest's `time.sleep` is enough). In the `metered` profile waiting is replaced by `waits`, so a guest that sleeps holds no
thread.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ...errors import UsageError
from ..engine.foreign import pointer
from ..engine.raw import take_error
from ..engine.stores import stores
from ..errors import UnsupportedEngine
from ..output.capture import Capture, Sink, attach

if TYPE_CHECKING:
    from .store import Store


@dataclasses.dataclass(frozen=True, slots=True)
class Wasi:
    """How a guest's output is captured; everything else that WASI could grant is refused.

    Attributes:
        keep: bytes of stdout and of stderr to keep, the last ones.
        stdout: also gets each write to stdout, on a thread of the engine.
        stderr: also gets each write to stderr, on a thread of the engine.

    Raises:
        UsageError: `keep` is negative.
    """

    keep: int = 64 << 10
    stdout: Sink | None = None
    stderr: Sink | None = None

    def __post_init__(self) -> None:
        if self.keep < 0:
            raise UsageError(f"the bytes of output to keep must not be negative, not {self.keep}")

    def install(self, store: Store) -> tuple[Capture, Capture, int]:
        """Give the store its WASI state: the captures of stdout and stderr, and when its monotonic clock began."""
        stdout, stderr = Capture(self.keep, self.stdout), Capture(self.keep, self.stderr)
        low = stores()
        configuration = pointer(low.wasi_new())
        clock_start = time.monotonic_ns()
        attach(configuration, "stdout", stdout)
        attach(configuration, "stderr", stderr)
        error = low.set_wasi(pointer(store.context), configuration)
        if error:
            raise UnsupportedEngine(f"the engine does not take the WASI state: {take_error(error)[0]}")
        return stdout, stderr, clock_start


def is_wasi(import_name: str) -> bool:
    """Whether `link_wasi` gives this import of a component: an interface of `wasi:*@0.2`."""
    return (
        import_name.startswith("wasi:")
        and "@0.2." in import_name
        and not import_name.startswith("wasi:http/")
    )


def link_wasi(linker: Any, import_names: Collection[str], *, metered: bool) -> tuple[object, ...]:
    """Link what a component imports of WASI; nothing if it imports none of it.

    Args:
        linker: a fresh `wasmtime.component.Linker`.
        import_names: the names of the component's imports.
        metered: whether its engine has the `metered` profile.

    Returns:
        What must outlive the stores of the linker's instances.
    """
    if not any(is_wasi(name) for name in import_names):
        return ()
    linker.add_wasip2()
    if not metered:
        return ()
    from .waits import link_waits

    return tuple(link_waits(linker))
