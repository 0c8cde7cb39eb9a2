"""What docs/actors.md shows runs, prints what it says, and is typed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import ROOT

TEXT = (ROOT / "docs" / "actors.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
OUTPUTS = {
    "class Account": ["70", "not enough money", "True 70", "HELLO"],
    "class Keeper": ["tick clock", "an orderly stop", "the end of a life", "clock normal"],
    "class Worker": [
        "worker on purpose",
        "worker hello in life 1",
        "other hello in life 1",
        "crash crashed",
    ],
    "class Slow": ["first", "second", "third", "last", "1 never expired"],
}


def test_every_program_is_known() -> None:
    assert len(PROGRAMS) == len(OUTPUTS)


@pytest.mark.parametrize("what", OUTPUTS)
def test_the_programs_run_and_print_what_they_should(what: str, tmp_path: Path) -> None:
    (program,) = [program for program in PROGRAMS if what in program]
    file = tmp_path / "program.py"
    file.write_text(program)
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines() == OUTPUTS[what]


def test_the_programs_are_typed(tmp_path: Path, check_types: Callable[[Path], dict[str, str]]) -> None:
    for number, program in enumerate(PROGRAMS):
        (tmp_path / f"program_{number}.py").write_text(program)
    assert check_types(tmp_path) == {}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("account.tell(100)", 'account.tell("100")'),
        ("await account.ask(-30, timeout=2)", 'await account.ask("-30", timeout=2)'),
        ('.ask("hello")', ".ask(1)"),
        ("await found.ask(0)", 'await found.ask("0")'),
    ],
)
def test_a_ref_knows_which_messages_its_actor_takes(
    right: str, wrong: str, tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    (program,) = [program for program in PROGRAMS if "class Account" in program]
    assert right in program
    (tmp_path / "program.py").write_text(program.replace(right, wrong))
    complaints = check_types(tmp_path)
    assert sorted(complaints) == ["basedpyright", "mypy"]
    assert "[arg-type]" in complaints["mypy"]
    assert "reportArgumentType" in complaints["basedpyright"]
