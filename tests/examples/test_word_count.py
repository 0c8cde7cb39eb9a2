"""The word count example: every count is right although one line crashes the counter."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from airssys_sdk.component import Trap
from airssys_sdk.project import build
from airssys_sdk.runtime import DeadReason
from airssys_sdk.services.messaging import Letter
from examples.word_count.counting import POISON, Outcome, count, projects, with_poison

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples")]

ROOT = Path(__file__).resolve().parents[2]
MANY_LINES = "".join(
    f"line {number} of {'many' if number % 7 else 'the seventh'}\n" for number in range(3_000)
)


@pytest.fixture(scope="module")
def built() -> None:
    """Both guests are up to date."""
    for project in projects():
        build(project)


def words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[^\W\d_]+", text)]


def counted(text: str, storage: Path | None = None) -> Outcome:
    return asyncio.run(count(with_poison(text.splitlines()), storage))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param((ROOT / "README.md").read_text("utf-8"), id="README"),
        pytest.param("one\ntwo two\nthree", id="no newline at the end"),
        pytest.param("\n\none\n\n\ntwo one\n\n", id="empty lines"),
        pytest.param(
            "Größe, größe; 世界 世界 ÉTÉ été\n🦀 naïve Ωμέγα\n\tλ\u00a0λ\n", id="letters of the world"
        ),
        pytest.param("to be or not to be", id="one line"),
        pytest.param("", id="empty"),
        pytest.param("12 34\n...\n__\n", id="no words"),
        pytest.param(
            '"quoted" \\backslash\\ {json: [1]} \x00 \x1b[31m\r\nCRLF\r\n', id="what breaks formats"
        ),
        pytest.param("long " * 50_000, id="a long line"),
        pytest.param(MANY_LINES, id="more lines than are in flight"),
    ],
)
def test_every_count_equals_a_plain_count_and_the_poison_line_is_the_only_loss(
    text: str, built: None
) -> None:
    outcome = counted(text)
    assert outcome.counts == Counter(words(text))
    with_words = sum(1 for line in text.splitlines() if words(line))
    assert (outcome.sent, outcome.confirmed) == (with_words + 1, with_words)
    assert outcome.restarts == 1
    (lost,) = outcome.dead_letters
    assert (lost.target, lost.reason) == ("example/counter/0", DeadReason.CRASHED)
    assert isinstance(lost.payload, Letter)
    assert json.loads(lost.payload.payload) == words(POISON)
    assert isinstance(lost.error, Trap)
    assert "RuntimeError: this line cannot be counted" in str(lost.error.guest_traceback)


def test_what_was_counted_stays_in_storage_for_the_next_run(built: None, tmp_path: Path) -> None:
    text, storage = "one two\ntwo\n", tmp_path / "node.db"
    assert counted(text, storage).counts == {"one": 1, "two": 2}
    assert counted(text, storage).counts == {"one": 2, "two": 4}


def test_the_guests_pass_mypy_in_strict_mode_as_their_projects_say(built: None, kept: Path) -> None:
    for project in projects():
        mypy: list[str | Path] = [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            kept / "mypy-guests",
            "src",
        ]
        done = subprocess.run(mypy, cwd=project.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
