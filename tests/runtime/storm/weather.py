"""The storm: components that crash, hang, flood and are replaced, while everybody sends at full rate."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from accountant import Accountant
from component_nodes import spec

from airssys_sdk.component import CallError, Component
from airssys_sdk.component.running.contexts import STORES
from airssys_sdk.errors import AirssysError
from airssys_sdk.runtime import (
    ActorNotFound,
    ActorStopped,
    ComponentFailed,
    ComponentSpec,
    DeploymentFailed,
    MailboxFull,
    NameTaken,
    Node,
    RequestTimeout,
)
from airssys_sdk.runtime.events import ActorEnded, SupervisorGaveUp
from airssys_sdk.services.faults import StorageFault

HERE = Path(__file__).resolve().parent
COMPONENTS = 200
SENDERS = 24
MAILBOX = 50
NASTY = ("trap", "loop", "memory", "fail")


@dataclasses.dataclass(slots=True)
class Report:
    """What a storm was like.

    Attributes:
        messages: how many ended how.
        weather: what else happened.
        seconds: how long it lasted.
        memory: resident bytes after a third of it and at its end.
        left: what is still there that should be gone.
    """

    messages: collections.Counter[str]
    weather: collections.Counter[str]
    seconds: float
    memory: tuple[int, int]
    left: list[str]

    def __str__(self) -> str:
        lines = [f"{count:>9,}  {what}" for what, count in sorted((self.messages + self.weather).items())]
        before, after = (round(size / 1e6) for size in self.memory)
        return "\n".join([f"{self.seconds:.0f} s; resident {before} MB, at the end {after} MB", *lines])


class Storm:
    """One storm.

    Args:
        python: the guest `tests/guests/actor`.
        native: the component of `native`.
        folder: where its files are.
        seed: what chance begins with.
        components: how many there are; every other one is a Python guest, every fifth has a durable mailbox.
    """

    def __init__(
        self, python: Path, native: Path, folder: Path, seed: int, components: int = COMPONENTS
    ) -> None:
        self._chance = random.Random(seed)  # noqa: S311  (the weather)
        self._seed = seed
        self._wasm = {"p": python, "n": native}
        self._storage = folder / "storm.db"
        self.books = Accountant(folder, self._storage)
        self._names = [f"{'pn'[number % 2]}{number:03}" for number in range(components)]
        self._weather = collections.Counter[str]()
        self._over = False
        self._node = Node(self._storage, patience=0.5)
        # Their code stays loaded, whatever the node does.
        self._code = [Component.open(wasm, profile="metered") for wasm in (python, native)]

    async def run(self, seconds: float) -> Report:
        """Let it rage, let it calm down, close the books.

        Raises:
            Discrepancy: the books do not agree.
        """
        await self._warm_up()
        before = _There.now()
        began = time.monotonic()
        memory: list[int] = []
        async with self._node as node:
            node.events.subscribe(self._hear)
            for name in self._names:
                await node.start(self._spec(name, "0"))
            locker = subprocess.Popen(  # noqa: ASYNC220  (before anything else runs)
                [sys.executable, str(HERE / "locker.py"), str(self._storage), str(self._seed)]
            )
            chaos = [self._deploy(), self._revive(), self._stop_some(), self._flood()]
            chaos += [self._send() for _ in range(SENDERS)]
            tasks = [asyncio.ensure_future(one) for one in chaos]
            try:
                for part in (1, 2):
                    await asyncio.wait(tasks, timeout=seconds * part / 3, return_when=asyncio.FIRST_EXCEPTION)
                    gc.collect()
                    memory.append(_resident())
                self._over = True
                await asyncio.gather(*tasks)
            finally:
                locker.terminate()
                locker.wait()
            await self._calm()
        self._weather["restarts"] = node.counters().restarts
        del node
        await asyncio.sleep(0.1)
        return Report(
            self.books.close(),
            self._weather,
            time.monotonic() - began,
            (memory[0], memory[1]),
            _There.now().since(before),
        )

    async def _warm_up(self) -> None:
        """Let the engine open for good what it opens once in a process."""
        async with Node() as node:
            for name in self._names[:2]:
                await node.start(self._spec(name, "0"))
                with contextlib.suppress(CallError):  # what it prints then is part of that
                    await node.ask(f"test/{name}/0", _message(name, "trap", "<0>"))

    def _spec(self, name: str, version: str, **sections: Any) -> ComponentSpec:
        quick = self._chance.random() < 0.5
        supervision = {
            "intensity": {"restarts": 3 if quick else 20, "within": 5.0},
            "backoff": {"base": 0.005, "factor": 2.0, "max": 0.1},
            "shutdown": 0.5,
        }
        config = {"record": True, "version": version, **sections.pop("config", {})}
        return spec(
            self._wasm[name[0]],
            name,
            config=config,
            supervision=supervision,
            limits={"deadline": 0.2, "memory": 64 << 20, "mailbox": MAILBOX, "storage": 1 << 30},
            permissions={"messaging": {"request": ["test/*/*"]}},
            runtime={"durable": _is_durable(name)},
            **sections,
        )

    def _hear(self, event: object) -> None:
        self.books.hear(event)
        if isinstance(event, ActorEnded) and "(" not in event.name:
            self.books.ended(event.name)
        elif isinstance(event, SupervisorGaveUp):
            self._weather["supervisors gave up"] += 1

    async def _send(self) -> None:
        while not self._over:
            name = self._chance.choice(self._names)
            what = self._chance.random()
            try:
                if what < 0.73:
                    await self._ask(name, "store" if what < 0.05 else "echo")
                elif what < 0.9:
                    await self._tell(name, "store")
                elif what < 0.98:
                    await self._request(name)
                elif what < 0.99:
                    await self._ask(name, self._chance.choice(NASTY))
                else:
                    await self._tell(name, self._chance.choice(NASTY))
            except ActorNotFound:
                self._weather["no such component"] += 1
                await asyncio.sleep(0.001)
            except (MailboxFull, ActorStopped, StorageFault) as error:
                self._weather[f"not accepted: {type(error).__name__}"] += 1
                await asyncio.sleep(0.001)

    async def _flood(self) -> None:
        """Send one component more than its mailbox holds, again and again."""
        while not self._over:
            await asyncio.sleep(self._chance.uniform(0.1, 0.5))
            name = self._chance.choice(self._names)
            for _ in range(2 * MAILBOX):
                try:
                    await self._tell(name, "store")
                except (ActorNotFound, MailboxFull, ActorStopped, StorageFault) as error:
                    self._weather[f"not accepted in a flood: {type(error).__name__}"] += 1

    async def _tell(self, name: str, what: str) -> None:
        mark = self.books.number()
        await self._node.send(f"test/{name}/0", _message(name, what, mark))
        self.books.accepted(mark, "send")

    async def _ask(self, name: str, what: str) -> None:
        mark = self.books.number()
        stored: bool | None = what == "store"
        try:
            await self._node.ask(f"test/{name}/0", _message(name, what, mark), timeout=2.0)
            outcome = "answered"
        except (ActorNotFound, MailboxFull, StorageFault):
            raise
        except RequestTimeout:
            outcome, stored = "no answer in time", None
        except (ComponentFailed, CallError, AirssysError) as error:
            # A durable mailbox keeps the message when the component stops; the next one handles it.
            may_follow = isinstance(error, ActorStopped) and _is_durable(name)
            outcome, stored = type(error).__name__, None if may_follow else False
        self.books.answered(mark, f"{what}, {outcome}", stored)

    async def _request(self, name: str) -> None:
        other = self._chance.choice(self._names)
        mark = self.books.number()
        what = self._chance.choice(["echo", "echo", "store", *NASTY])
        question = _message(other, what, mark)
        if name[0] == "p":
            message = json.dumps([["request", f"test/{other}/0", question.decode(), 5000]]).encode()
        else:
            message = b"r" + other.encode() + question
        try:
            answer = await self._node.ask(f"test/{name}/0", message, timeout=2.0)
        except (ActorNotFound, MailboxFull, StorageFault):
            raise
        except AirssysError:
            self._weather["requests that were not made"] += 1
            return
        if answer:
            self.books.accepted(answer.decode().strip('"'), "request")

    async def _deploy(self) -> None:
        number = 0
        while not self._over:
            await asyncio.sleep(self._chance.uniform(0.0, 0.02))
            name = self._chance.choice(self._names)
            number += 1
            try:
                if self._chance.random() < 0.3:
                    await self._node.rollback(f"test/{name}/0")
                    self._weather["rolled back"] += 1
                else:
                    bad = name[0] == "p" and self._chance.random() < 0.2
                    config = {"initialize": [["set", "bad", "x"], ["crash", "bad"]]} if bad else {}
                    await self._node.deploy(f"test/{name}/0", self._spec(name, str(number), config=config))
                    self._weather["deployed"] += 1
            except (DeploymentFailed, AirssysError) as error:
                self._weather[f"deployment: {type(error).__name__}"] += 1

    async def _revive(self) -> None:
        while not self._over:
            await asyncio.sleep(0.02)
            there = {component.name for component in self._node.components()}
            for name in self._names:
                if name not in there:
                    try:
                        await self._node.start(self._spec(name, "again"))
                        self._weather["started again"] += 1
                    except (NameTaken, AirssysError) as error:
                        self._weather[f"start: {type(error).__name__}"] += 1

    async def _stop_some(self) -> None:
        while not self._over:
            await asyncio.sleep(self._chance.uniform(0.2, 1.0))
            try:
                await self._node.stop_component(f"test/{self._chance.choice(self._names)}/0")
                self._weather["stopped"] += 1
            except ActorNotFound:
                self._weather["no such component"] += 1

    async def _calm(self) -> None:
        """Wait until nothing is on its way any more: what waits, what is handled, what is awaited."""
        quiet = 0
        while quiet < 10:
            messages = self._node.counters().messages
            requests = sum(self._node.open_requests(one) for one in self._node.components())
            quiet = quiet + 1 if messages.depth + messages.in_progress + requests == 0 else 0
            await asyncio.sleep(0.05)


def _is_durable(name: str) -> bool:
    return name.endswith(("4", "5"))


def _message(name: str, what: str, mark: str) -> bytes:
    """A message that asks for something, in the receiver's own way."""
    if name[0] == "n":
        letter = {"echo": "e", "store": "s", "trap": "t", "loop": "l", "memory": "m", "fail": "f"}[what]
        return f"{letter}{mark}".encode()
    script = {
        "echo": ["value", mark],
        "store": ["add", f"s{mark}", 1],
        "trap": ["crash", mark],
        "loop": ["loop"],
        "memory": ["grow", 1 << 30],
        "fail": ["fail", mark],
    }[what]
    return json.dumps([["value", mark], script]).encode()


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass(frozen=True, slots=True)
class _There:
    """What there is of what a node may leave behind."""

    threads: frozenset[threading.Thread]
    tasks: frozenset[asyncio.Task[Any]]
    files: collections.Counter[str]
    stores: int

    @classmethod
    def now(cls) -> _There:
        """Look."""
        gc.collect()
        return cls(
            frozenset(thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")),
            frozenset(asyncio.all_tasks()),
            _open_files(),
            len(STORES),
        )

    def since(self, before: _There) -> list[str]:
        """What is here that was not there before."""
        files = self.files - before.files
        return [
            *(f"thread {thread.name}" for thread in self.threads - before.threads),
            *(f"task {task}" for task in self.tasks - before.tasks),
            *(f"open file {name}" for name in files.elements()),
            *["open store"] * (self.stores - before.stores),
        ]


def _open_files() -> collections.Counter[str]:
    names: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            names.append(str(link.readlink()))
    # Pipes and sockets have numbers; what counts is how many there are.
    return collections.Counter(name.partition(":[")[0] for name in names)
