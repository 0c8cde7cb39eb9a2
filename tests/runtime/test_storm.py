"""The storm and its accountant: whatever happens, every accepted message ends in exactly one place."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from component_nodes import run_for

sys.path.insert(0, str(Path(__file__).with_name("storm")))

import native
from accountant import Discrepancy
from weather import Report, Storm

from airssys_sdk.runtime.actors import turns
from airssys_sdk.runtime.actors.cell import Cell
from airssys_sdk.services.messaging import Outbox

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

WIT = Path(__file__).resolve().parents[2] / "wit" / "airssys-core"
SECONDS = float(os.environ.get("AIRSSYS_STORM", "30"))
SEED = int(os.environ.get("AIRSSYS_STORM_SEED", "0")) or random.SystemRandom().getrandbits(32)


@pytest.fixture(scope="module")
def native_wasm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native.build(tmp_path_factory.mktemp("native"), WIT)


Raise = Callable[..., Report]


@pytest.fixture
def storm(actor_wasm: Path, native_wasm: Path, tmp_path: Path) -> Raise:
    def raised(seconds: float, components: int, seed: int = SEED) -> Report:
        sys.stdout.write(f"the seed of the storm: {seed}\n")
        weather = Storm(actor_wasm, native_wasm, tmp_path, seed, components)
        try:
            return run_for(seconds + 120, lambda: weather.run(seconds))
        finally:
            weather.books.shut()

    return raised


def test_every_accepted_message_ends_in_exactly_one_place(storm: Raise) -> None:
    report = storm(SECONDS, 200)
    sys.stdout.write(f"{report}\n{report.left}\n")
    for happened in (
        "deployed",
        "rolled back",
        "restarts",
        "supervisors gave up",
        "started again",
        "deployment: DeploymentFailed",
        "not accepted in a flood: MailboxFull",
        "not accepted: StorageFault",
    ):
        assert report.weather[happened] > 0, happened
    for ended in (
        "send: handled",
        "send: failed",
        "send: dead letter, crashed",
        "request: handled",
        "ask: echo, answered",
        "ask: trap, Trap",
        "ask: loop, DeadlineExceeded",
        "ask: fail, ComponentFailed",
    ):
        assert report.messages[ended] > 0, ended
    assert any("memory" in kind for kind in report.messages)
    assert report.left == []
    before, after = report.memory
    assert after < before * 1.1 + (20 << 20)


# The accountant finds what it is there for


def test_the_accountant_finds_a_message_that_is_dropped(
    storm: Raise, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful = turns.open_envelope
    count = 0

    def dropping(cell: Cell, envelope: Any) -> bool:
        nonlocal count
        if envelope.reply_to is None and cell.name is not None and cell.name.startswith("test/"):
            count += 1
            if count % 50 == 0:
                cell.handled += 1
                return True
        return careful(cell, envelope)

    monkeypatch.setattr(turns, "open_envelope", dropping)
    with pytest.raises(Discrepancy, match="it was lost"):
        storm(3, 10)


def test_the_accountant_finds_a_reply_that_is_doubled(storm: Raise, monkeypatch: pytest.MonkeyPatch) -> None:
    once = Outbox.answer
    count = 0

    def twice(outbox: Outbox, request: Any, payload: bytes, fault: Any) -> bool:
        nonlocal count
        count += 1
        told = once(outbox, request, payload, fault)
        if told and count % 5 == 0:
            outbox._ledger.open[request.correlation] = request
            once(outbox, request, payload, fault)
        return told

    monkeypatch.setattr(Outbox, "answer", twice)
    with pytest.raises(Discrepancy, match="ended 2 times"):
        storm(3, 10)
