"""docs/testing.md: its tests pass in the projects that it names, and its code is typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import ROOT

TEXT = (ROOT / "docs" / "testing.md").read_text("utf-8")
OWN_IMPORTS, TYPED, SECOND = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(WIT,) = re.findall(r"^```wit\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(GENERATE,) = re.findall(r"^```sh\nairssys-sdk (.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("testing-guide")]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of the guide, with its tests."""
    folder = tmp_path_factory.mktemp("guide")
    (new,) = re.findall(r"`airssys-sdk (new shelf [^`]*)`", TEXT)
    _sdk(new.split(), folder)
    project = folder / "shelf"
    wit = project / "wit" / "library.wit"
    before, _, _ = wit.read_text("utf-8").partition("world library {")
    wit.write_text(before + WIT, "utf-8")
    module = project / "src" / "shelf" / "component.py"
    code = module.read_text("utf-8")
    code = code.replace(
        "from wit_world.exports.counting",
        "from wit_world.imports import audit\nfrom wit_world.exports.counting",
    )
    code = code.replace("        pairs = ", "        audit.counted(text)\n        pairs = ")
    module.write_text(code, "utf-8")
    (project / "tests" / "test_own_imports.py").write_text(OWN_IMPORTS, "utf-8")
    _sdk(GENERATE.split(), project)
    (project / "tests" / "test_typed.py").write_text(TYPED, "utf-8")
    return project


def test_the_tests_pass_and_the_template_s_own_names_what_is_missing(shelf: Path) -> None:
    done = _sdk(["test"], shelf, check=False)
    assert "1 failed, 4 passed" in done, done
    assert "the component called audit.counted, which its host must give, and nobody gave it" in done


def test_the_code_is_typed(
    shelf: Path, tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    for name, text in (("test_own_imports", OWN_IMPORTS), ("test_typed", TYPED), ("test_second", SECOND)):
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    (shelf / "tests" / "shelf_host").rename(tmp_path / "shelf_host")
    try:
        assert check_types(tmp_path) == {}
    finally:
        (tmp_path / "shelf_host").rename(shelf / "tests" / "shelf_host")


def test_a_second_component_runs_on_the_node(tmp_path: Path) -> None:
    for name in ("hello", "audit"):
        _sdk(["new", name, "--no-input"], tmp_path)
    (tmp_path / "hello" / "tests" / "test_component.py").write_text(SECOND, "utf-8")
    assert "1 passed" in _sdk(["test"], tmp_path / "hello")


def test_every_fixture_stands_in_the_table() -> None:
    from airssys_sdk.testing import plugin

    fixtures = {
        name for name, value in vars(plugin).items() if type(value).__name__ == "FixtureFunctionDefinition"
    }
    assert fixtures
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == fixtures


def _sdk(arguments: list[str], folder: Path, *, check: bool = True) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "airssys_sdk.cli", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
