"""docs/generating.md: its programs run as they are written and pass the type checkers, its options exist."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import ROOT

TEXT = (ROOT / "docs" / "generating.md").read_text("utf-8")
LIBRARY, GUEST, HOOK = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
WIT = """\
package demo:shop@1.0.0;
interface stock {
  record item { name: string, count: u32 }
  get: func(name: string) -> option<item>;
}
world shop { export stock; }
"""
USE = """
write_files(files, Path("shop"))

from datetime import date

from shop.exports.stock import Item, Order

print(Order(date(2000, 1, 2), Item("nut", 3)).item)
"""


def test_the_programs_run_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "shop.wit").write_text(WIT)
    written = ["__init__.py", "exports/__init__.py", "exports/stock.py", "names.toml", "py.typed"]
    command = [sys.executable, "-W", "error", "-c", LIBRARY + HOOK + USE]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == sorted([*written, "3 x nut"])


def test_the_program_for_guests_makes_a_module_and_brings_it_up_to_date(tmp_path: Path) -> None:
    wit, app = tmp_path / "shop.wit", tmp_path / "guest" / "app.py"
    wit.write_text(WIT)
    written = _run(GUEST, tmp_path)
    assert {"app.py", "names.toml", "wit_world/exports/stock.py"} <= set(written)
    assert _run(GUEST, tmp_path) == [""]
    mine = app.read_text().replace(
        "raise NotImplementedError(", "return None  # mine\n        raise ValueError("
    )
    mine = mine.replace("def get(self, name: str)", 'def get(self, name: "str")')
    app.write_text(mine)
    assert _run(GUEST, tmp_path) == [
        ""
    ]  # what the author spells in another way stays: the WIT is what it was
    assert app.read_text() == mine
    wit.write_text(
        WIT.replace("  get: func(name: string)", "  clear: func();\n  get: func(name: string, exact: bool)")
    )
    assert set(_run(GUEST, tmp_path)) == {
        "added Stock.clear",
        "updated Stock.get",
        "app.py",
        "wit_world/exports/__init__.py",
    }
    merged = app.read_text()
    assert "return None  # mine\n" in merged
    assert "def clear(self) -> None:" in merged
    assert "def get(self, name: str, exact: bool)" in merged
    app.write_text("class Stock(:\n")
    wit.write_text(WIT)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    command = [sys.executable, "-W", "error", "-c", GUEST]
    failed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "airssys_generator.errors.GenerationError: guest/app.py:1:" in failed.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def _run(program: str, folder: Path) -> list[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.removesuffix("\n").split("\n")


@pytest.mark.slow
def test_the_programs_and_what_the_hook_made_pass_both_type_checkers(
    tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    (tmp_path / "shop.wit").write_text(WIT)
    # Imports of the second program belong at the top, but are written where they are explained.
    (tmp_path / "program.py").write_text(LIBRARY + HOOK + "\nwrite_files(files, Path('shop'))\n")
    (tmp_path / "program_for_guests.py").write_text(GUEST)
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True, capture_output=True)
    assert check_types(tmp_path) == {}


def test_the_options_exist() -> None:
    named = set(re.findall(r"`(--[a-z-]+)", TEXT))
    assert named
    known = {target: options_of(target) for target in ("host", "guest")}
    assert named - known["host"] == set()
    # What the guide calls an option of hosts is one of these only, and a guest has all the others.
    hosts = {
        option
        for line in TEXT.splitlines()
        if "| host only" in line
        for option in re.findall(r"`(--[a-z-]+)", line)
    }
    assert hosts
    assert named & known["guest"] == named - hosts


def options_of(target: str) -> set[str]:
    command = [sys.executable, "-m", "airssys_sdk.cli", "generate", target, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"--[a-z-]+", shown))
