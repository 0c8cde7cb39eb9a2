"""A node for tests: it runs on a thread of its own, so a test asks and gets its answer without asyncio."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..errors import UsageError
from ..manifest import ComponentId
from ..project import Project, build
from ..runtime.components.spec import ComponentSpec
from ..runtime.nodes.node import Node as AsyncNode

if TYPE_CHECKING:
    from .progress import Progress

Answer = TypeVar("Answer")


class Node:
    """A node that runs from `with` to its end, with methods that wait for their result.

    Args:
        storage: the file of the components' storage; None keeps it in memory.
        progress: hears what is built and compiled; None: nobody.
    """

    def __init__(self, *, storage: Path | None = None, progress: Progress | None = None) -> None:
        self._storage = storage
        self._progress = progress
        self._started: concurrent.futures.Future[AsyncNode] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="airssys-test-node", daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    @property
    def node(self) -> AsyncNode:
        """The node itself; its coroutines belong to its own thread: use `wait_for`."""
        return self._started.result()

    def start(
        self,
        project: Project | str | os.PathLike[str],
        wasm: Path | None = None,
        *,
        instance: str = "0",
        environment: Mapping[str, str] | None = None,
    ) -> ComponentId:
        """Start a component under supervision and wait until it is ready.

        Args:
            project: the project or its folder.
            wasm: its component; by default the project is built if it is not up to date.
            instance: the last part of its id, when several run.
            environment: pairs that reach `initialize` as `env-vars`.

        Raises:
            AirssysError: it cannot be built or started.
        """
        found = project if isinstance(project, Project) else Project.load(project)
        progress = self._progress
        path = wasm if wasm is not None else build(found, reporter=progress, precompile=False).path
        spec = ComponentSpec(found.manifest, path, instance, environment or {})
        return self.wait_for(
            self.node.start(spec, on_compile=None if progress is None else progress.compiling)
        )

    def ask(self, target: str | ComponentId, payload: bytes | str, *, timeout: float = 30.0) -> bytes | None:
        """Send a message and wait for what the component answers.

        Args:
            target: `namespace/name/instance`, or the name alone when only one such component runs.
            payload: bytes, or text that is sent as UTF-8.
            timeout: seconds.

        Raises:
            AirssysError: the component failed, refused, or did not answer in time.
        """
        data = payload.encode() if isinstance(payload, str) else payload
        return self.wait_for(self.node.ask(target, data, timeout=timeout))

    def send(self, target: str | ComponentId, payload: bytes | str) -> None:
        """Send a message that nobody answers.

        Raises:
            AirssysError: there is no such component, or its mailbox is full.
        """
        data = payload.encode() if isinstance(payload, str) else payload
        self.wait_for(self.node.send(target, data))

    def wait_for(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine on the node's thread and give its result."""
        if self._loop is None or not self._thread.is_alive():
            work.close()
            raise UsageError("the node does not run", hint="use it in a `with` block")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits, and goes there
            if not self._started.done():
                self._started.set_exception(error)
            self._failure = error

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        async with AsyncNode(storage=self._storage) as node:
            self._started.set_result(node)
            await self._end.wait()
