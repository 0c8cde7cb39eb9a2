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
