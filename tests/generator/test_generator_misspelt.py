"""Names that are not there: type checkers find each of them, and Python suggests what was meant."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from generator_worlds import world_of

from airssys_generator import generate, write_files

WIT = """package a:b;
interface stock { resource item { constructor(); name: func() -> string; } count: func() -> u32; }
world w { export stock; export run: func(); }
"""
PROGRAM = """import airssys_sdk.component
import airssys_sdk.project
import airssys_sdk.runtime
from airssys_sdk.component import Componnent
from b_host import W


def use(world: W) -> None:
    world.stock.count()
    world.stock.cuont()
    world.stokc.count()
    world.stock.Item().name()
    world.stock.Itme()
    world.stock.Item().nmae()
    world.rnu()
    airssys_sdk.component.Linmits()
    airssys_sdk.project.biuld()
    airssys_sdk.runtime.Node()
    airssys_sdk.runtime.Ndoe()
"""


@pytest.mark.slow
def test_type_checkers_find_every_name_that_is_not_there(
    tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    write_files(generate(*world_of(WIT, tmp_path), "host"), tmp_path / "b_host")
    (tmp_path / "program.py").write_text(PROGRAM)
    wrong = re.compile(r"cuont|stokc|Itme|nmae|rnu|Linmits|biuld|Ndoe|Componnent")
    lines = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if wrong.search(line)}
    for tool, said in check_types(tmp_path).items():
        found = {int(number) for number in re.findall(r"program\.py:(\d+):[^\n]*error", said)}
        assert found == lines, tool


def test_python_suggests_what_was_meant() -> None:
    program = "import airssys_sdk.runtime\nairssys_sdk.runtime.ActorSytem\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "has no attribute 'ActorSytem'. Did you mean: 'ActorSystem'?" in done.stderr
