"""The pytest plugin as other people's test runs meet it. Its work on projects is proved by the scaffolds' own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from natives import build


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    program = (
        "import pytest, sys; before = set(sys.modules); import airssys_sdk.testing.plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(["airssys_sdk", "airssys_sdk.testing", "airssys_sdk.testing.plugin"])


def test_a_project_without_components_notices_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(tmp_path): assert tmp_path.is_dir()\n")
    done = _pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "warning" not in done.stdout.lower()


def test_another_projects_fixtures_of_the_same_name_win(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef node(): return 7\n\n\ndef test_own(node): assert node == 7\n"
    )
    assert "1 passed" in _pytest(tmp_path).stdout


def test_outside_a_project_a_fixture_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(component): pass\n")
    done = _pytest(tmp_path)
    assert done.returncode == 1
    assert "no Component.toml here or in a folder above" in done.stdout
    assert "airssys-sdk new NAME" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_project_that_cannot_be_built_fails_the_test_with_the_reason_and_no_traceback_of_ours(
    tmp_path: Path,
) -> None:
    (tmp_path / "Component.toml").write_text(
        '[component]\nnamespace = "example"\nname = "broken"\nversion = "0.1.0"\nworld = "example:broken/library"\n'
    )
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "broken.wit").write_text(
        "package example:broken;\nworld library { export f: fun(); }\n"
    )
    (tmp_path / "test_own.py").write_text("def test_own(component): pass\n")
    done = _pytest(tmp_path)
    assert done.returncode == 1
    assert "broken.wit:2" in done.stdout
    assert "airssys_sdk/" not in done.stdout


AUDITED = """
package test:audited;
interface audit { note: func(what: u32) -> u32; forget: func(); }
interface count { double: func(number: u32) -> u32; twice: func(number: u32) -> u32; }
world audited { import audit; import now: func() -> u32; export count; export clock: func() -> u32; }
"""
AUDITED_CORE = """(module
  (import "test:audited/audit" "note" (func $record (param i32) (result i32)))
  (import "test:audited/audit" "forget" (func $forget))
  (import "$root" "now" (func $now (result i32)))
  (func (export "test:audited/count#double") (param i32) (result i32)
    (i32.add (local.get 0) (local.get 0)))
  (func (export "test:audited/count#twice") (param i32) (result i32)
    (call $forget) (call $record (local.get 0)))
  (func (export "clock") (result i32) (call $now)))"""
AUDITED_TESTS = """
import pathlib

import pytest

from airssys_sdk.testing import World


@pytest.fixture(scope="session")
def component():
    return pathlib.Path("audited.wasm")


def test_what_needs_no_import(world: World) -> None:
    assert world.call("count.double(4)") == "8"


def test_what_needs_one(world: World) -> None:
    world.call("count.twice(4)")


class TestOwn:
    @pytest.fixture
    def told(self):
        return []

    @pytest.fixture
    def world_imports(self, told):
        class Audit:
            def note(self, what: int) -> int:
                told.append(what)
                return what * 2

            def forget(self) -> None:
                pass

        return {"audit": Audit()}

    def test_its_own_import(self, world: World, told: list[int]) -> None:
        assert world.call("count.twice(4)") == "8"
        assert told == [4]

    def test_one_that_is_still_missing(self, world: World) -> None:
        world.call("clock()")


class TestUnfit:
    @pytest.fixture
    def world_imports(self):
        class Half:
            audit = object()

        return Half()

    def test_half(self, world: World) -> None:
        world.call("count.double(4)")
"""


def test_what_a_component_imports_is_given_by_a_fixture_and_else_fails_when_it_is_called(
    tmp_path: Path,
) -> None:
    (tmp_path / "audited.wasm").write_bytes(build(AUDITED, AUDITED_CORE, "audited"))
    (tmp_path / "test_own.py").write_text(AUDITED_TESTS)
    done = _pytest(tmp_path)
    assert "2 failed, 2 passed, 1 error" in done.stdout, done.stdout
    assert "the component called audit.forget, which its host must give, and nobody gave it" in done.stdout
    assert "the component called now, which its host must give, and nobody gave it" in done.stdout
    assert "a fixture `world_imports` of yours returns an object or a mapping that has it" in done.stdout
    unfit = done.stdout.partition("ERROR at setup of TestUnfit.test_half")[2].partition("FAILURES")[0]
    assert "audit#note: its 'audit' (an object of class object) has no method 'note'" in unfit
    assert "airssys_sdk/" not in unfit


def _pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["AIRSSYS_CACHE_DIR"] = str(folder / "cache")
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
