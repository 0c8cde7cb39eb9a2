"""docs/systems.md: its System.toml has every key and the values that it says, its program runs, its tree is the one shown."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from readme import ROOT, section

from airssys_sdk.cli.system_tree import lines
from airssys_sdk.manifest import SystemManifest, SystemSupervisor, load_system
from airssys_sdk.manifest.system_model import SupervisorSection, SystemFile
from airssys_sdk.runtime import SystemSpec

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]

TEXT = (ROOT / "docs" / "systems.md").read_text("utf-8")
(SYSTEM,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(TREE,) = re.findall(r"^```\n(shop .*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MANIFEST = """\
[component]
namespace = "example"
name = "NAME"
version = "1.0.0"
world = "airssys:core/runtime-host@1.0.0"
"""


@pytest.fixture
def shop(bare_guest: Callable[[str, Path, str], Path], tmp_path: Path) -> Path:
    """The folder that the page speaks of, with components that answer what they are asked."""
    wasm = bare_guest("actor", ROOT / "wit" / "airssys-core", "runtime-host")
    (tmp_path / "System.toml").write_text(SYSTEM)
    for name in ("audit", "worker", "front"):
        (tmp_path / name / "dist").mkdir(parents=True)
        (tmp_path / name / "dist" / f"{name}.wasm").symlink_to(wasm)
        (tmp_path / name / "Component.toml").write_text(MANIFEST.replace("NAME", name))
    return tmp_path


def test_the_tree_is_that_of_the_example(shop: Path) -> None:
    spec = SystemSpec.of(load_system(shop))
    shown = ["".join(text for text, _ in line) for line in lines(spec, encoding="utf-8")]
    assert "\n".join(shown) + "\n" == TREE


def test_what_the_example_says_of_a_supervisor_are_the_defaults(shop: Path) -> None:
    orders = load_system(shop).children[1]
    assert isinstance(orders, SystemSupervisor)
    defaults = SupervisorSection()
    assert (orders.intensity, orders.backoff) == (defaults.intensity, defaults.backoff)
    assert (orders.policy, orders.shutdown) == (defaults.policy, defaults.shutdown)


def test_every_key_is_there() -> None:
    assert [key for key in _keys(SystemFile) if not re.search(rf"\b{key}\b", SYSTEM)] == []


def test_the_program_runs(shop: Path) -> None:
    command = [sys.executable, "-X", "utf8", "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    workers = " ".join(f"example/worker/{number}" for number in range(3))
    assert done.stdout == f"b'hi'\nexample/audit/0 {workers} example/front/0\n"


def test_the_program_passes_both_type_checkers(
    tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    assert check_types(tmp_path) == {}


def test_the_system_of_the_readme_is_one(tmp_path: Path) -> None:
    (text,) = section("Run a system of components").blocks("toml")
    (tmp_path / "System.toml").write_text(text)
    for name in ("audit", "hello"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Component.toml").write_text(MANIFEST.replace("NAME", name))
    system: SystemManifest = load_system(tmp_path)
    ids = [str(one) for component in system.components for one in component.ids]
    assert ids == ["example/audit/0", "example/hello/0", "example/hello/1"]


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        if name in {"supervision", "limits", "runtime"}:
            continue  # shown in manifest.md
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _keys(inner)
