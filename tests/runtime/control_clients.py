"""What the tests of the control channel share: a node that listens, and a client that says whatever a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_sdk.runtime import Node
from airssys_sdk.runtime.nodes.control import Control


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of sockets, of this test alone; pytest's own have paths that are too long for sockets."""
    runtime = tempfile.mkdtemp()
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    yield Path(runtime) / "airssys-sdk"
    shutil.rmtree(runtime)


@contextlib.asynccontextmanager
async def controlled(**options: Any) -> AsyncGenerator[tuple[Node, Control], None]:
    async with Node(measure_memory=True) as node, Control(node, name="shop", **options) as control:
        yield node, control


class Raw:
    """A client that says whatever a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: object) -> Any:
        self.say(json.dumps(request).encode() + b"\n")
        return await self.hear()

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self) -> Any:
        return json.loads(await self.reader.readuntil(b"\n"))


@contextlib.asynccontextmanager
async def raw(control: Control) -> AsyncGenerator[Raw, None]:
    reader, writer = await asyncio.open_unix_connection(os.fspath(control.place.path))
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
