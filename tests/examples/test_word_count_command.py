"""`python -m examples.word_count FILE`, as `make run` starts it: what it prints, and what it says of bad input."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples")]

ROOT = Path(__file__).resolve().parents[2]
TEXT = "".join(f"{'word ' * number}{letter * 3}\n" for number, letter in enumerate("abcdefghijklm", start=1))


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "COLUMNS"}
    }
    return subprocess.Popen(
        [sys.executable, "-X", "utf8", "-m", "examples.word_count", *map(str, arguments)],
        cwd=ROOT,
        env={**environment, "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run(*arguments: str | Path) -> tuple[int, str, str]:
    with start(*arguments) as process:
        out, err = process.communicate()
    return process.returncode, out, err


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("text") / "text.txt"
    file.write_text(TEXT, "utf-8")
    return file


@pytest.fixture(scope="module")
def second_run(file: Path) -> str:
    """What the example prints once its guests are built."""
    assert run(file)[0] == 0
    code, out, err = run(file)
    assert (code, err) == (0, "")
    return out


def test_the_second_run_builds_and_compiles_nothing(second_run: str) -> None:
    assert second_run.rstrip().endswith("guests built: 0, compiled: 0")
    assert second_run.count("... up to date") == 8


def test_the_ten_most_frequent_words_are_a_table(second_run: str) -> None:
    rows = re.findall(r"^│ (\w+) +│ +([\d,]+) │$", second_run, re.MULTILINE)
    assert rows == [("word", "91"), *((letter * 3, "1") for letter in "abcdefghi")]


def test_the_story_tells_of_the_crash_in_the_guests_own_words(second_run: str) -> None:
    assert "One line was poison: example/counter/0 crashed on it." in second_run
    assert 'File "src/counter/component.py", line ' in second_run
    assert "RuntimeError: this line cannot be counted" in second_run
    told = " ".join(second_run.split())
    assert "Restarts by the supervisor: 1; dead letters: 1." in told
    assert "Of 14 lines with words the counter confirmed 13" in told
    assert re.search(r"messages in \d+\.\d\d s: [\d,]+ a second", told)


def test_output_in_a_pipe_is_plain(second_run: str) -> None:
    assert "\x1b" not in second_run
    assert "\r" not in second_run


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"text \xff\xfe", "is no text in UTF-8 (byte 5)"),
    ],
    ids=["missing", "binary"],
)
def test_a_file_that_cannot_be_read_is_explained_in_one_line(
    content: bytes | None, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "in\x1bput"
    if content is not None:
        file.write_bytes(content)
    code, out, err = run(file)
    assert (code, out) == (7, "")
    assert err.startswith("error: ")
    assert err.endswith(f"{told}\n")
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_a_folder_is_explained_in_one_line(tmp_path: Path) -> None:
    assert run(tmp_path) == (7, "", f"error: {str(tmp_path)!r} cannot be read: Is a directory\n")


@pytest.mark.parametrize("arguments", [[], ["a", "b"]], ids=["none", "two"])
def test_without_exactly_one_file_it_says_how_it_is_used(arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "python -m examples.word_count FILE" in err
    assert "Traceback" not in err


def test_an_empty_file_is_a_text_without_words(file: Path, second_run: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    code, out, err = run(empty)
    assert (code, err) == (0, "")
    assert "The text has no words." in out


def test_an_interrupt_while_it_counts_ends_it_without_a_traceback(second_run: str, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("to be or not to be\n" * 1_000_000, "utf-8")
    with start(long) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("  compile dist/splitter.wasm"):
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, "interrupted\n")
