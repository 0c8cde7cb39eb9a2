"""Letters that come some time after somebody asked: waits among its own coroutines, as a guest can without its host."""

import asyncio

import wit_world
from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import post


class Office(post.Office):
    def __init__(self, place: str) -> None:
        self.place = place
        self.sent: list[post.Letter] = []

    @classmethod
    async def open(cls, place: str) -> "Office":
        await asyncio.sleep(0)
        return cls(place)

    async def send(self, letter: post.Letter) -> None:
        if not letter.to:
            raise Err(post.Lost_Nobody(letter.text))
        self.sent.append(letter)


class Post(exports.Post):
    async def fetch(self, name: str) -> post.Letter:
        if name == "nobody":
            raise Err(post.Lost_TooLate())
        if name == "clumsy":
            raise ValueError("the letter is torn")
        texts = await asyncio.gather(*(self._part(part) for part in ("how", "are", "you")))
        return post.Letter(name, " ".join(texts))

    async def _part(self, text: str) -> str:
        await asyncio.sleep(0)
        return text

    def count(self) -> int:
        return 3


class WitWorld(wit_world.WitWorld):
    async def deliver(self, rounds: int) -> int:
        if rounds > 9:
            raise Err("there are nine rounds")
        for _ in range(rounds):
            await asyncio.sleep(0)
        return rounds * 2
