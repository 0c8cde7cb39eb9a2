"""The sample that the contract of generated code shows: a host that calls a Python guest, typed, as it is written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("contract-inventory")]

WIT = Path(__file__).resolve().parents[1] / "guests" / "inventory" / "wit"

SAMPLE = """\
import time

from inventory import Inventory
from inventory.imports import types

class Clock:                                  # implements inventory.imports.clock.Clock
    def now(self) -> int:
        return time.time_ns()

class Host:                                   # implements InventoryImports (read-only properties, so a plain attribute fits)
    clock = Clock()

with Inventory.load("inventory.wasm", imports=Host()) as inventory:
    item: types.Item = inventory.store.get("sku-1")   # raises LookupErrorRaised
    print(item.id, item.price_cents, item.tags, item.asked is not None)
    print(inventory.version())
"""

TYPED_ERRORS = """\
from inventory import Inventory, InventoryImports
from inventory.imports import clock
from inventory.imports.types import LookupError, LookupError_Closed, LookupErrorRaised, LookupError_Missing

class Clock(clock.Clock):                     # saying what one implements is allowed as well
    def now(self) -> int:
        return 1

class Host:
    @property
    def clock(self) -> Clock:
        return Clock()

host: InventoryImports = Host()

def reason(error: LookupError) -> str:
    match error:
        case LookupError_Missing(id):
            return f"no {id}"
        case LookupError_Closed():
            return "closed"

with Inventory.load("inventory.wasm", imports=host) as inventory:
    for close in (False, True):
        if close:
            inventory.store.close()
        try:
            inventory.store.get("sku-2")
        except LookupErrorRaised as error:
            print(reason(error.value))
"""


@pytest.fixture
def program_folder(inventory_wasm: Path, tmp_path: Path) -> Path:
    """Where the programs stand: beside the host package `inventory` and the component."""
    generate: list[str | Path] = [
        sys.executable,
        "-m",
        "airssys_sdk.cli",
        "generate",
        "host",
        WIT,
        "--world",
        "inventory",
    ]
    subprocess.run([*generate, "--out", "inventory"], cwd=tmp_path, capture_output=True, check=True)
    shutil.copy(inventory_wasm, tmp_path / "inventory.wasm")
    (tmp_path / "sample.py").write_text(SAMPLE, "utf-8")
    (tmp_path / "typed_errors.py").write_text(TYPED_ERRORS, "utf-8")
    return tmp_path


def test_the_sample_runs_and_passes_both_type_checkers_as_it_is_written(
    program_folder: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    assert _run("sample.py", program_folder) == "sku-1 1995 ['new', 'größer'] True\n1.0.0\n"
    assert _run("typed_errors.py", program_folder) == "no sku-2\nclosed\n"
    assert check_types(program_folder) == {}


def test_both_type_checkers_see_what_a_program_gets_wrong(
    program_folder: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    wrong = SAMPLE.replace("item: types.Item =", "item: int =").replace("-> int:", "-> str:")
    (program_folder / "sample.py").write_text(wrong.replace("time.time_ns()", "time.ctime()"), "utf-8")
    complaints = check_types(program_folder)
    for tool in ("mypy", "basedpyright"):
        about_item, about_host = (f"sample.py:{line}:" for line in (13, 14))
        assert about_item in complaints[tool], complaints[tool]
        assert about_host in complaints[tool], complaints[tool]


def _run(program: str, folder: Path) -> str:
    command = [sys.executable, "-X", "utf8", "-W", "error", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
