"""The pytest plugin as other people's test runs meet it. Its work on projects is proved by the scaffolds' own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


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


def _pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["AIRSSYS_CACHE_DIR"] = str(folder / "cache")
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
