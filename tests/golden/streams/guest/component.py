"""A component of the world `example:pipe/pipe@0.2.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

import wit_world
from componentize_py_async_support.futures import FutureReader
from componentize_py_async_support.streams import ByteStreamReader, StreamReader
from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import taps


class Taps(exports.Taps):
    def open(self) -> StreamReader[taps.Drop]:
        """Where drops come from."""
        raise NotImplementedError("example:pipe/taps@0.2.0#open")

    async def fill(self, water: ByteStreamReader) -> FutureReader[Ok[int] | Err[int]]:
        raise NotImplementedError("example:pipe/taps@0.2.0#fill")


class WitWorld(wit_world.WitWorld):
    async def run(self, signal: FutureReader[None]) -> StreamReader[str]:
        raise NotImplementedError("example:pipe/pipe@0.2.0#run")
