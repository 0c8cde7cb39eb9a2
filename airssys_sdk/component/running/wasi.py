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
from ..engine.raw import address, context_pointer, ffi, package, take_error
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
        configuration = package().WasiConfig()
        clock_start = time.monotonic_ns()
        attach(configuration, "stdout", stdout)
        attach(configuration, "stderr", stderr)
        error = ffi().wasmtime_context_set_wasi(context_pointer(store.context), configuration._consume())
        if error:
            raise UnsupportedEngine(
                f"the engine does not take the WASI state: {take_error(address(error))[0]}"
            )
        return stdout, stderr, clock_start


def is_wasi(import_name: str) -> bool:
    """Whether `link_wasi` gives this import of a component: an interface of `wasi:*@0.2`."""
    return (
        import_name.startswith("wasi:")
        and "@0.2." in import_name
        and not import_name.startswith("wasi:http/")
    )


def link_wasi(linker: Any, store: Store, import_names: Collection[str]) -> None:
    """Link what a component imports of WASI; nothing if it imports none of it.

    Args:
        linker: a fresh `wasmtime.component.Linker` that will serve this store only.
        store: the store that the component will be instantiated in.
        import_names: the names of the component's imports.
    """
    if not any(is_wasi(name) for name in import_names):
        return
    linker.add_wasip2()
    if store.engine.metered:
        from .waits import link_waits

        link_waits(linker, store)
