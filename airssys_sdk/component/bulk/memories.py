"""How many memories the engine joins in one module, and whether it can.

For every function that one component gives to another the engine makes an adapter, which copies values from the memory of one to
that of the other. It puts adapters into one module as long as none of them needs what another was instantiated for, and such a
module imports the memories of all its adapters. A module can have 100; at one more the engine ends the process instead of
refusing the component.
"""

from __future__ import annotations

from typing import Final

from .instantiating import adapters
from .sections import Unreadable

MOST_MEMORIES: Final = 100
"""As many as the engine can join."""


class TooManyMemories(Exception):
    """The engine would end the process if it had to compile this component.

    Attributes:
        count: how many memories it would join.
    """

    def __init__(self, count: int) -> None:
        super().__init__(f"the engine would have to join {count} memories")
        self.count = count


def checked(wasm: bytes) -> bytes:
    """A component that can be given to the engine: `wasm` itself.

    Raises:
        TooManyMemories: it cannot.
    """
    try:
        count = joined_memories(wasm)
    except Unreadable:
        return wasm  # mostly it is no valid component, and the engine says best what is wrong
    if count > MOST_MEMORIES:
        raise TooManyMemories(count)
    return wasm


def joined_memories(wasm: bytes) -> int:
    """The most memories that the engine would join in one module.

    Raises:
        Unreadable: the component is written in a way that is not known here.
    """
    most, first, memories = 0, 0, set[object]()
    for number, adapter in enumerate(adapters(wasm)):
        if adapter.needs >= first:  # one of the module that is being filled: it has to be finished before
            first = number
            memories.clear()
        memories |= adapter.memories
        most = max(most, len(memories))
    return most
