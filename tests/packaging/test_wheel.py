"""The wheel: everything that an installed SDK needs is in it, and what it depends on is what the decision says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ("cookiecutter", "templates", "wit")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder / "dist"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "airssys_sdk.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_the_packages_their_types_and_all_data(installed: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *DATA], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is no git checkout: what belongs to the data folders is not known")
    files = [name for name in listed.stdout.split("\0") if name]
    assert len(files) > 20
    assert [name for name in files if not (installed / "airssys_sdk" / "_data" / name).is_file()] == []
    for package in ("airssys_sdk", "airssys_generator"):
        assert (installed / package / "py.typed").is_file()


def test_an_installed_command_generates_code_and_makes_projects(installed: Path, tmp_path: Path) -> None:
    wit = installed / "airssys_sdk" / "_data" / "wit" / "airssys-core"
    for arguments in (
        ("generate", "host", wit, "--out", tmp_path / "host"),
        ("generate", "guest", wit, "--out", tmp_path / "guest"),
        ("new", "hello", "--no-input"),
        ("new", "shelf", "--no-input", "--template", "library"),
    ):
        done = run(installed, tmp_path, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
    assert (tmp_path / "host" / "__init__.py").is_file()
    assert (tmp_path / "hello" / ".gitignore").is_file()
    assert (tmp_path / "shelf" / "Component.toml").is_file()


def test_every_dependency_has_its_reason_in_the_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    table = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text("utf-8")
    told = re.findall(r"^\| ([a-z0-9-]+) \| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)
    assert sorted(name + version for name, version, _ in told) == sorted(project["dependencies"])
    assert all(len(reason.split()) >= 5 for _, _, reason in told)


def test_calling_a_component_imports_nothing_that_only_building_needs(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests" / "component")!r})
from small_guest import Small
with Small.load() as small:
    assert small.add(1, 2) == 3
print(*sorted({{"airssys_generator", "click", "componentize_py", "cookiecutter", "jinja2", "libcst", "pydantic", "pytest", "rich"}}
    & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\n"
