"""Answers later, and copies a stream while its caller reads it."""

import componentize_py_async_support
import wit_world
from componentize_py_async_support.streams import ByteStreamReader, ByteStreamWriter
from wit_world import exports


async def copy(reader: ByteStreamReader, writer: ByteStreamWriter) -> None:
    with reader, writer:
        while not reader.writer_dropped:
            await writer.write_all(await reader.read(100))


class Work(exports.Work):
    async def later(self, n: int) -> str:
        return str(n)

    async def pipe(self, s: ByteStreamReader) -> ByteStreamReader:
        writer, reader = wit_world.byte_stream()
        componentize_py_async_support.spawn(copy(s, writer))
        return reader


class WitWorld(wit_world.WitWorld):
    async def soon(self) -> int:
        return 7
