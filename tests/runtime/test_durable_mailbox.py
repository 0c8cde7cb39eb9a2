"""Durable mailboxes: accepted means on disk; whatever ends the process, a message is handled, and its writes count once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from component_nodes import do, run, script, spec, until

from airssys_sdk.runtime import (
    ActorStopped,
    ComponentFailed,
    ComponentSpec,
    DeadReason,
    MailboxFull,
    Node,
    RequestTimeout,
)
from airssys_sdk.services.faults import StorageFault

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

HERE = Path(__file__).resolve().parent
SOAK = bool(os.environ.get("AIRSSYS_SOAK"))
MANY = {"intensity": {"restarts": 1000, "within": 60.0}}


def durable(wasm: Path, name: str = "a", **sections: Any) -> ComponentSpec:
    return spec(wasm, name, runtime={"durable": True}, **sections)


def letters(storage: Path) -> int:
    """How many letters are on disk."""
    with contextlib.closing(sqlite3.connect(storage)) as connection:
        return int(connection.execute("SELECT count(*) FROM letters").fetchone()[0])


def test_what_waits_when_the_node_stops_is_handled_by_the_next_in_order(
    actor_wasm: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "node.db"

    async def first() -> None:
        node = Node(storage)
        async with node:
            await node.start(durable(actor_wasm, supervision={"shutdown": 0.0}))
            await node.send("a", script(["sleep", 60000], ["note", "order", "0"]))
            for number in range(1, 6):
                await node.send("a", script(["note", "order", str(number)]))
            asked = asyncio.ensure_future(node.ask("a", script(["note", "order", "6"])))
            await asyncio.sleep(0.1)
            assert letters(storage) == 7
        with pytest.raises(ActorStopped):
            await asked
        messages = node.counters().messages
        assert (messages.kept, messages.dead_lettered, messages.received) == (7, 0, 7)

    async def second() -> None:
        async with Node(storage) as node:
            # The first one sleeps again, for less: its script is on disk, so it is changed there.
            await node.start(durable(actor_wasm))
            assert await do(node, "a", ["note", "order", "last"], ["get", "order"]) == "1 2 3 4 5 6 last "
            assert letters(storage) == 0
            assert node.metrics("a").handled == 8

    run(first)
    with contextlib.closing(sqlite3.connect(storage)) as connection:
        connection.execute(
            "UPDATE letters SET payload = ? WHERE number = (SELECT min(number) FROM letters)",
            (script(["value", 1]),),
        )
        connection.commit()
    run(second)


def test_a_component_that_is_stopped_finds_its_letters_when_it_is_started_again(
    actor_wasm: Path, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with Node(tmp_path / "node.db") as node:
            await node.start(durable(actor_wasm, supervision={"shutdown": 0.0}))
            await node.send("a", script(["sleep", 200], ["note", "order", "1"]))
            await node.send("a", script(["note", "order", "2"]))
            await asyncio.sleep(0.05)
            await node.stop_component("a")
            await node.start(durable(actor_wasm))
            assert await do(node, "a", ["get", "order"]) == "1 2 "

    run(scenario)


def test_letters_of_a_component_that_is_not_durable_any_more_stay_and_are_told(
    actor_wasm: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = tmp_path / "node.db"

    async def scenario() -> None:
        async with Node(storage) as node:
            await node.start(durable(actor_wasm, supervision={"shutdown": 0.0}))
            await node.send("a", script(["sleep", 60_000]))
            for number in range(3):
                await node.send("a", script(["set", str(number), "x"]))
        async with Node(storage) as node:
            await node.start(spec(actor_wasm, "b"))
            assert "durable" not in caplog.text
            await node.start(spec(actor_wasm))
            assert "test/a/0 is not durable now: 4 messages stay in its durable mailbox" in caplog.text
            assert node.metrics("a").received == 0
            await node.stop_component("a")
            await node.start(durable(actor_wasm, supervision={"shutdown": 0.0}))
            assert node.metrics("a").received == 4

    run(scenario)


def test_sender_answer_address_and_type_of_a_letter_are_kept(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"
    others = {"messaging": {"send": ["test/*/*"], "request": ["test/*/*"]}}

    async def first() -> None:
        async with Node(storage) as node:
            await node.start(durable(actor_wasm, supervision={"shutdown": 0.0}))
            await node.start(spec(actor_wasm, "b", permissions=others))
            await node.send("a", script(["sleep", 60000]))
            await asyncio.sleep(0.05)
            who = json.dumps(["who"])
            await do(node, "b", ["request", "test/a/0", who, 60000])
            await node.send("a", json.dumps(["who"]).encode(), content_type="text/plain")

    run(first)
    with contextlib.closing(sqlite3.connect(storage)) as connection:
        rows = connection.execute(
            "SELECT sender, reply_to, content_type, correlation IS NULL FROM letters ORDER BY number"
        ).fetchall()
    assert rows[1:] == [("test/b/0", "test/b/0", None, 0), ("airssys/host/0", None, "text/plain", 1)]


def test_what_a_failed_message_leaves_on_disk_is_nothing(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"

    async def scenario() -> None:
        async with Node(storage) as node:
            await node.start(durable(actor_wasm, supervision=MANY))
            with pytest.raises(ComponentFailed):
                await do(node, "a", ["set", "n", "1"], ["fail", "no"])
            assert letters(storage) == 0
            await node.send("a", script(["fail", "no"]))
            await node.send("a", script(["crash", "no"]))
            await do(node, "a", ["value", 1])
            assert letters(storage) == 0
            assert [letter.reason for letter in node.dead_letters] == [DeadReason.CRASHED]
            assert await do(node, "a", ["get", "n"]) is None

    run(scenario)


@pytest.mark.parametrize(
    ("on_crash", "dead", "dropped"), [({"action": "retry", "retries": 2}, 1, 0), ({"action": "drop"}, 0, 1)]
)
def test_a_crashing_letter_is_tried_as_often_as_the_policy_says_and_then_leaves_the_disk(
    actor_wasm: Path, tmp_path: Path, on_crash: dict[str, Any], dead: int, dropped: int
) -> None:
    storage = tmp_path / "node.db"

    async def scenario() -> None:
        async with Node(storage) as node:
            backoff = {"backoff": {"base": 0.001, "max": 0.001}}
            await node.start(durable(actor_wasm, supervision={**MANY, **backoff, "on_crash": on_crash}))
            await node.send("a", script(["add", "n", 1], ["crash", "no"]))
            await node.send("a", script(["add", "m", 1]))
            assert await do(node, "a", ["get", "m"]) == "1"
            assert await do(node, "a", ["get", "n"]) is None
            metrics = node.metrics("a")
            assert (metrics.dead_lettered, metrics.dropped) == (dead, dropped)
            assert node.counters().restarts == on_crash.get("retries", 0) + 1
        assert letters(storage) == 0

    run(scenario)


def test_a_full_mailbox_takes_nothing_to_disk(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"

    async def scenario() -> None:
        async with Node(storage) as node:
            await node.start(durable(actor_wasm, limits={"mailbox": 2}))
            await node.send("a", script(["sleep", 300]))
            await asyncio.sleep(0.05)
            for _ in range(2):
                await node.send("a", script(["value", 1]))
            with pytest.raises(MailboxFull):
                await node.send("a", script(["value", 1]))
            with pytest.raises(MailboxFull):
                await node.ask("a", script(["value", 1]))
            assert letters(storage) == 3

    run(scenario)


def test_senders_wait_for_a_locked_file_and_hear_if_it_stays_locked(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"
    others = {"messaging": {"send": ["test/*/*"], "request": ["test/*/*"], "broadcast": ["test/*/*"]}}

    async def scenario() -> None:
        async with Node(storage, patience=1.0) as node:
            await node.start(durable(actor_wasm))
            await node.start(spec(actor_wasm, "b", permissions=others))
            await do(node, "a", ["count"])
            with _locked(storage) as unlock:
                waiting = [
                    asyncio.ensure_future(node.send("a", script(["count"]))),
                    asyncio.ensure_future(do(node, "b", ["send", "test/a/0", '[["count"]]'])),
                ]
                await asyncio.sleep(0.1)
                assert not any(one.done() for one in waiting)
                unlock()
                await asyncio.gather(*waiting)
                count = json.dumps([["count"]])
                await do(node, "b", ["request", "test/a/0", count, 20000])
                await do(node, "b", ["broadcast", ["test/a/0"], count])
                assert await do(node, "a", ["count"]) == 6
            with _locked(storage):
                with pytest.raises(StorageFault, match="another process"):
                    await node.send("a", script(["count"]))
                for operation in (
                    ["send", "test/a/0", count],
                    ["request", "test/a/0", count, 20000],
                    ["broadcast", ["test/a/0"], count],
                ):
                    found = await do(node, "b", ["try", [operation]])
                    assert found[0] == "DeliveryFailed"
                    assert "durable mailbox of test/a/0 cannot be written" in found[1]
            assert await do(node, "a", ["count"]) == 7
            assert (await do(node, "b", ["callbacks"]))[0][3] != ""
            assert len(await do(node, "b", ["callbacks"])) == 1

    run(scenario)


def test_an_answer_is_not_lost_when_the_file_is_locked(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"
    others = {"messaging": {"request": ["test/*/*"]}}

    async def scenario() -> None:
        async with Node(storage, patience=0.3) as node:
            await node.start(durable(actor_wasm, permissions=others))
            await node.start(spec(actor_wasm, "b"))
            await do(node, "a", ["request", "test/b/0", json.dumps([["sleep", 200], ["value", 5]]), 20000])
            with _locked(storage):
                await asyncio.sleep(0.8)  # longer than the patience: the answer is in memory only

            async def answered() -> Any:
                return await do(node, "a", ["callbacks"])

            assert (await until(answered))[0][3] == "5"

    run(scenario)


def test_the_timeout_of_a_request_counts_while_the_file_is_locked(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"

    async def scenario() -> None:
        async with Node(storage, patience=60.0) as node:
            await node.start(durable(actor_wasm))
            await do(node, "a", ["count"])
            with _locked(storage) as unlock:
                with pytest.raises(RequestTimeout, match=r"no answer within 0\.05 s"):
                    await do(node, "a", ["count"], timeout=0.05)
                abandoned = asyncio.ensure_future(do(node, "a", ["count"]))
                await asyncio.sleep(0.05)
                abandoned.cancel()
                await asyncio.wait({abandoned})
                waiting = asyncio.ensure_future(do(node, "a", ["count"]))
                await asyncio.sleep(0.05)
                assert not waiting.done()
                unlock()
                # Those that were given up before they were accepted are not handled.
                assert await waiting == 2
            assert node.metrics("a").received == 2
        assert letters(storage) == 0

    run(scenario)


def test_the_timeout_of_a_request_counts_while_it_waits_for_room_and_what_is_accepted_stays(
    actor_wasm: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "node.db"

    async def scenario() -> None:
        async with Node(storage, overflow="block") as node:
            await node.start(durable(actor_wasm, limits={"mailbox": 1}))
            await node.send("a", script(["sleep", 1500], ["count"]))
            await asyncio.sleep(0.05)
            await node.send("a", script(["sleep", 300], ["count"]))
            with pytest.raises(RequestTimeout):
                await do(node, "a", ["count"], timeout=0.05)
            assert letters(storage) == 2
            # Some get in as the first message ends, and their time is over before the second one ends, or they wait in vain.
            asked = [do(node, "a", ["count"], timeout=number / 10) for number in range(12, 21)]
            ends = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(end, int | RequestTimeout) for end in ends)

            async def idle() -> bool:
                metrics = node.metrics("a")
                return not metrics.depth and not metrics.in_progress

            await until(idle)
            # Whatever went to disk was handled.
            assert letters(storage) == 0
            assert node.metrics("a").handled == await do(node, "a", ["count"]) - 1

    run(scenario)


class _locked:
    """Another process's lock on the file, until the block ends or the function is called."""

    def __init__(self, storage: Path) -> None:
        self.storage = storage
        self.held, self.over, self.gone = threading.Event(), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold)

    def _hold(self) -> None:
        with contextlib.closing(sqlite3.connect(self.storage, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            self.held.set()
            self.over.wait(30)
            connection.execute("ROLLBACK")
        self.gone.set()

    def __enter__(self) -> Any:
        self.thread.start()
        assert self.held.wait(10)
        return self._unlock

    def _unlock(self) -> None:
        self.over.set()
        self.gone.wait(10)

    def __exit__(self, *_: object) -> None:
        self._unlock()
        self.thread.join()


@pytest.mark.examples
def test_a_killed_node_loses_nothing_that_was_accepted(actor_wasm: Path, tmp_path: Path) -> None:
    storage = tmp_path / "node.db"
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311  (where the kill falls)
    accepted: list[int] = []
    rounds = 50 if SOAK else 3
    for _ in range(rounds):
        first = accepted[-1] + 1000 if accepted else 0
        process = subprocess.Popen(
            [sys.executable, str(HERE / "durable_sender.py"), str(storage), str(actor_wasm), str(first)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )
        assert process.stdout is not None
        with process:
            assert process.stdout.readline() == "started\n"
            wanted = chance.randrange(5, 120)
            for line in process.stdout:
                accepted.append(int(line))
                wanted -= 1
                if not wanted:
                    process.send_signal(signal.SIGKILL)
            # What was printed before the kill arrived was accepted too.
        assert process.returncode == -signal.SIGKILL
    subprocess.run(
        [sys.executable, str(HERE / "durable_sender.py"), str(storage), str(actor_wasm), "drain"],
        check=True,
        cwd=HERE,
        timeout=120,
    )
    assert letters(storage) == 0
    order, counts = _handled(storage, "test/a/0")
    # Accepted, but killed before that was printed: at most one a round.
    unsaid = set(order) - set(accepted)
    assert set(accepted) <= set(order)
    assert len(unsaid) <= rounds
    assert order == sorted(order)
    assert len(order) == len(set(order))
    assert counts == dict.fromkeys(order, 1)
    # What a guest passes on is accepted too; it passes a number on again if it was killed before it could write it down.
    passed_on, counts = _handled(storage, "test/last/0")
    assert set(passed_on) == set(order)
    assert len(passed_on) <= len(order) + rounds
    assert passed_on == sorted(passed_on)
    assert counts == Counter(passed_on)
    print(len(order), "handled,", len(passed_on) - len(order), "passed on again")


def _handled(storage: Path, owner: str) -> tuple[list[int], dict[int, int]]:
    """The numbers that a component has written down, in order, and how often it has counted each."""
    with contextlib.closing(sqlite3.connect(storage)) as connection:
        entries = connection.execute("SELECT key, value FROM entries WHERE owner = ?", (owner,))
        found = {str(key): bytes(value) for key, value in entries}
    order = [int(number) for number in found.pop("order").split()]
    return order, {int(key[1:]): int(value) for key, value in found.items()}
