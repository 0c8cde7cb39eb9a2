"""A guest with asynchronous functions and streams: typed, built and checked; nothing runs it yet, so nothing is compiled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_sdk.project import Project, build
from airssys_sdk.wit.reader import find_world, read

GUEST = Path(__file__).resolve().parents[1] / "guests" / "later"


@pytest.mark.slow
def test_an_asynchronous_guest_is_typed_and_built(tmp_path: Path, kept: Path, mypy_cache: Path) -> None:
    (tmp_path / "src" / "later").mkdir(parents=True)
    (tmp_path / "wit").mkdir()
    shutil.copy(GUEST / "later.wit", tmp_path / "wit")
    shutil.copy(GUEST / "component.py", tmp_path / "src" / "later")
    (tmp_path / "src" / "later" / "__init__.py").touch()
    (tmp_path / "Component.toml").write_text(
        '[component]\nnamespace = "test"\nname = "later"\nversion = "0.1.0"\nworld = "test:later/later@0.1.0"\n'
    )
    (tmp_path / "mypy.ini").write_text("[mypy]\nmypy_path = bindings\npython_version = 3.14\n")
    result = build(Project.load(tmp_path), cache=kept / "later")
    assert result.compiled == 0
    world = find_world(read(result.path))
    (work,) = (item for item in world.exported_interfaces if item.wire_name == "test:later/work@0.1.0")
    assert {name: function.is_async for name, function in work.interface.functions.items()} == {
        "later": True,
        "pipe": True,
    }
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, "src"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 2 source files\n")
