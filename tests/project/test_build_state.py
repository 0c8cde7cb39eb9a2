"""What makes a finished build stale: everything that decides what the component will be, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tally_project import change

from airssys_sdk.project import Project, build

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("project-build")]

CHANGES: dict[str, Callable[[Path], object]] = {
    "a source": lambda folder: change(folder / "src" / "tally" / "component.py", "+= amount", "-= amount"),
    "a new source": lambda folder: (folder / "src" / "tally" / "more.py").write_text("MORE = 1\n"),
    "a source that is gone": lambda folder: (folder / "src" / "tally" / "__init__.py").unlink(),
    "the WIT": lambda folder: change(folder / "wit" / "tally.wit", "Adds to", "Increases"),
    "a dependency": lambda folder: _first(folder / "wheels").write_text("def label() -> str: return ''\n"),
    "the names file": lambda folder: (folder / "names.toml").write_text(""),
    "the world": lambda folder: change(folder / "Component.toml", "tally/library@0.1.0", "tally/library"),
    "the WASI": lambda folder: change(folder / "Component.toml", "[build]", '[build]\nwasi = "stub"'),
    "generated bindings": lambda folder: _first(folder / "bindings").write_text(""),
    "the component": lambda folder: (folder / "dist" / "tally.wasm").write_bytes(b""),
}

CURRENT = """
import sys
from pathlib import Path
from airssys_sdk.project import Project, state
project = Project.load(sys.argv[1])
entry = Path(state.__file__).with_name("guest_entry.py").read_bytes()
print(state.is_current(project, state.project_state(project, entry)))
"""


def _first(folder: Path) -> Path:
    return min(folder.rglob("*.py"))


def _is_current(folder: Path, path: Path | None = None) -> bool:
    environment = {**os.environ, "PYTHONPATH": "" if path is None else str(path)}
    done = subprocess.run(
        [sys.executable, "-c", CURRENT, folder], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout == "True\n"


@pytest.fixture
def built(clone: Project, user_cache: Path) -> Path:
    """The folder of a project that is up to date."""
    build(clone, cache=user_cache, precompile=False)
    assert _is_current(clone.folder)
    return clone.folder


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_makes_the_build_stale(built: Path, what: str) -> None:
    CHANGES[what](built)
    assert not _is_current(built)


def test_what_the_component_does_not_depend_on_leaves_it_current(built: Path) -> None:
    (built / "README.md").write_text("new")
    (built / "tests").mkdir()
    (built / "tests" / "test_tally.py").write_text("")
    change(built / "Component.toml", "[build]", '[config]\nlanguage = "en"\n\n[build]')
    assert _is_current(built)


@pytest.mark.parametrize("tool", ["componentize_py", "airssys_sdk"])
def test_another_version_of_a_tool_makes_the_build_stale(built: Path, tmp_path: Path, tool: str) -> None:
    metadata = tmp_path / "path" / f"{tool}-99.0.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: {tool.replace('_', '-')}\nVersion: 99.0.0\n")
    assert not _is_current(built, tmp_path / "path")
