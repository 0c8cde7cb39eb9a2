"""The wheel: everything that an installed SDK needs is in it, and what it depends on is what the decision says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ("cookiecutter", "templates", "wit")
MODULE = Path("airssys_sdk/component/engine/_native.abi3.so")
WITHOUT = [{"AIRSSYS_PURE": "1"}, {"AIRSSYS_PURE": "", "CC": "no-such-compiler"}]
"""Environments in which the compiled module is not built."""


def build_wheel(folder: Path, *, root: Path = ROOT, target: str = "wheel", **environment: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder / "dist"],
        cwd=root,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly built wheel."""
    return build_wheel(tmp_path_factory.mktemp("wheel"), AIRSSYS_PURE="")


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder with the content of the wheel."""
    site = wheel.parents[1] / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


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


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_wheel_of_a_machine_with_a_compiler_serves_this_and_later_pythons(
    wheel: Path, installed: Path
) -> None:
    assert re.search(r"-cp311-abi3-(linux|macosx|win)_?\w*\.whl$", wheel.name)
    program = "from airssys_sdk.component.engine.foreign import COMPILED; print(COMPILED.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed), "AIRSSYS_PURE": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(installed)


@pytest.mark.parametrize("environment", WITHOUT, ids=["asked", "no-cc"])
def test_a_wheel_without_the_compiled_module_is_for_every_machine(
    environment: dict[str, str], tmp_path: Path
) -> None:
    wheel = build_wheel(tmp_path, **environment)
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".so", ".pyd"))]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources, in which an earlier editable installation left a compiled module."""
    root = tmp_path / "checkout"
    for name in ("airssys_sdk", "generator", *DATA):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in (
        ".gitignore",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "hatch_build.py",
        "pyproject.toml",
    ):
        shutil.copy(ROOT / name, root)
    (root / MODULE).write_bytes(b"earlier")
    return root


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_an_editable_installation_replaces_its_module_under_a_process_that_uses_it(checkout: Path) -> None:
    with (checkout / MODULE).open("rb") as used:
        build_wheel(checkout, root=checkout, target="wheel:editable", AIRSSYS_PURE="")
        assert used.read() == b"earlier"
    assert (checkout / MODULE).read_bytes() != b"earlier"
    assert [path.suffix for path in sorted((checkout / MODULE).parent.glob("_native.*"))] == [
        ".so",
        ".pyi",
    ]


@pytest.mark.parametrize("environment", WITHOUT, ids=["asked", "no-cc"])
def test_an_editable_installation_without_the_module_leaves_no_earlier_one(
    environment: dict[str, str], checkout: Path
) -> None:
    build_wheel(checkout, root=checkout, target="wheel:editable", **environment)
    assert not (checkout / MODULE).exists()


def test_an_installed_command_generates_code_and_makes_projects(installed: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "compileall", "-q", installed], check=True)  # as pip does
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
    assert [*tmp_path.glob("*/**/*.pyc")] == []


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
