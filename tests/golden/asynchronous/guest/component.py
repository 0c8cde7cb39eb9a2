"""A component of the world `example:relay/carrier@0.1.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

from __future__ import annotations

import wit_world
from wit_world import exports
from wit_world.exports import post


class Office(post.Office):
    @classmethod
    async def open(cls, place: str) -> Office:
        raise NotImplementedError("example:relay/post@0.1.0#[static]office.open")

    async def send(self, letter: post.Letter) -> None:
        """Raises `componentize_py_types.Err` with `post.Lost` for the error case."""
        raise NotImplementedError("example:relay/post@0.1.0#[method]office.send")


class Post(exports.Post):
    async def fetch(self, name: str) -> post.Letter:
        """Wait for the next letter to somebody.

        Raises:
            componentize_py_types.Err: with `post.Lost`, for the error case.
        """
        raise NotImplementedError("example:relay/post@0.1.0#fetch")

    def count(self) -> int:
        """How many wait; this one answers at once."""
        raise NotImplementedError("example:relay/post@0.1.0#count")


class WitWorld(wit_world.WitWorld):
    async def deliver(self, rounds: int) -> int:
        """Raises `componentize_py_types.Err` with `str` for the error case."""
        raise NotImplementedError("example:relay/carrier@0.1.0#deliver")
