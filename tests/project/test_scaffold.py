"""New projects as a newcomer gets them: complete, typed, and with tests that pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_sdk.errors import AirssysError
from airssys_sdk.project import Project, Template, scaffold
from airssys_sdk.wit.reader import find_world, read

NAMES: dict[Template, str] = {"component": "hello-there", "library": "word-list"}


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> dict[Template, Project]:
    """A project of each template."""
    folder = tmp_path_factory.mktemp("scaffolded")
    return {template: scaffold(template, name, folder / name) for template, name in NAMES.items()}


@pytest.mark.parametrize("template", ["component", "library"])
def test_a_new_project_has_everything_in_its_place(
    scaffolded: dict[Template, Project], template: Template
) -> None:
    project = scaffolded[template]
    module = project.name.replace("-", "_")
    assert project.app == f"{module}.component"
    assert project.app_file == project.folder / "src" / module / "component.py"
    here = {file.name for file in project.folder.iterdir()}
    assert here == {
        *("Component.toml", "README.md", "pyproject.toml", ".gitignore", ".gitattributes", "names.toml"),
        *("src", "tests", "wit", "bindings"),
    }
    world = find_world(read(project.wit), project.manifest.component.world)
    assert world.path == project.manifest.component.world
    assert "{{" not in "".join(file.read_text() for file in project.folder.rglob("*.*") if file.is_file())


@pytest.mark.parametrize("template", ["component", "library"])
@pytest.mark.slow
def test_a_new_project_passes_mypy_without_flags(
    scaffolded: dict[Template, Project], template: Template, mypy_cache: Path
) -> None:
    command = [sys.executable, "-m", "mypy", "--cache-dir", mypy_cache]
    done = subprocess.run(
        command, cwd=scaffolded[template].folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 2 source files\n")


COUNTING = """
import airssys_sdk.project

builds = []
build = airssys_sdk.project.build
airssys_sdk.project.build = lambda *args, **more: builds.append(args) or build(*args, **more)


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"the plugin built {len(builds)} times")
"""


@pytest.mark.slow
@pytest.mark.xdist_group("scaffold-tests")
def test_a_new_library_passes_its_own_tests_and_is_built_once_for_all_of_them(
    scaffolded: dict[Template, Project], tmp_path: Path
) -> None:
    # That a new component does, too, is shown where the README's commands are run.
    folder = shutil.copytree(scaffolded["library"].folder, tmp_path / "library")
    (folder / "conftest.py").write_text(COUNTING)
    (folder / "tests" / "test_more.py").write_text(
        "def test_file(component):\n    assert component.is_file()\n\n\ndef test_world(world):\n    pass\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment["AIRSSYS_CACHE_DIR"] = str(tmp_path / "cache")  # so that it is compiled, too
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert "the plugin built 1 times" in done.stdout
    for told in (
        r"built dist/\S+\.wasm in [\d.]+ s",
        r"compiling a component of [\d.]+ MB",
        r"compiled it in [\d.]+ s",
    ):
        assert len(re.findall(f"airssys-sdk: {told}", done.stdout)) == 1


def test_answers_reach_the_manifest_however_they_are_written(tmp_path: Path) -> None:
    values = {
        "namespace": "my-company",
        "description": 'Says "hi" \\ with {braces}',
        "author": "Ada <ada@example.org>",
        "license": "Apache-2.0 OR MIT",
    }
    component = scaffold("component", "hello", tmp_path / "hello", values=values).manifest.component
    assert component.namespace == "my-company"
    assert component.description == values["description"]
    assert component.authors == (values["author"],)
    assert component.license == values["license"]


def test_a_library_may_be_called_like_a_keyword_of_wit(tmp_path: Path) -> None:
    project = scaffold("library", "record", tmp_path / "record", values={"namespace": "list"})
    assert project.manifest.component.world == "list:record/library@0.1.0"


def test_an_empty_folder_becomes_the_project(tmp_path: Path) -> None:
    empty = tmp_path / "hello"
    empty.mkdir()
    assert scaffold("component", "hello", empty).folder == empty
    assert (empty / "Component.toml").is_file()


def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AirssysError, match="file"):
        scaffold("component", "hello", tmp_path / "file" / "hello")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
