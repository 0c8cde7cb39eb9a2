"""Resources between guests: one implements them, one hands them through, one uses them; composed, they are one component."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_guests import NAMES, library_project

from airssys_sdk.component import Component, Err, Instance, Trap
from airssys_sdk.project import Project, build
from airssys_sdk.wit.tools import run_wasm_tools

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("resources")]


class Notes:
    """The host's side of the interface that has its name from the world."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> int:
        if text == "nothing":
            raise Err("a note says something")
        self.notes.append(text)
        return len(self.notes)

    def count(self) -> int:
        return 10 * len(self.notes)


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Project]:
    """A project for each guest."""
    folder = tmp_path_factory.mktemp("library")
    return {name: library_project(folder / name, name) for name in NAMES}


@pytest.fixture(scope="module")
def library(projects: dict[str, Project], kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """reader, which takes its books from between, which takes them from keeper."""
    keeper, between, reader = (
        build(projects[name], cache=kept / "library", precompile=False).path for name in NAMES
    )
    folder = tmp_path_factory.mktemp("composed")
    below = _composed(between, keeper, folder / "below.wasm")
    return _composed(reader, below, folder / "library.wasm")


@pytest.fixture
def instance(library: Path) -> Iterator[Instance]:
    with Component.open(library).instantiate({"notes": Notes()}) as made:
        yield made


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("open emma", "EMMA: a house, None"),
        ("browse u", "ULYSSES"),
        ("longer ulysses emma", "True"),
        ("longer emma ulysses", "False"),
        ("lend emma", "checked: emma after 5 days"),
        ("look ulysses", "ULYSSES"),
        ("look missing", "nothing"),
    ],
)
def test_resources_pass_through_two_guests_and_back(instance: Instance, what: str, answer: str) -> None:
    assert instance.call("run", what) == answer


def test_a_constructor_may_fail_and_its_error_carries_notes_on_the_way(instance: Instance) -> None:
    with pytest.raises(Err) as failed:
        instance.call("run", "open nothing")
    assert failed.value.value == "no book is called nothing"
    assert instance.call("run", "open emma") == "EMMA: a house, None"


def test_an_interface_inside_the_world_has_its_functions(instance: Instance) -> None:
    assert instance.call("run", "note one") == "1 of 10"
    assert instance.call("run", "note two") == "2 of 20"
    with pytest.raises(Err) as failed:
        instance.call("run", "note nothing")
    assert failed.value.value == "a note says something"


def test_a_resource_that_was_dropped_is_no_longer_usable(instance: Instance) -> None:
    with pytest.raises(Trap):
        instance.call("run", "dropped emma")


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_with_resources_passes_mypy(
    projects: dict[str, Project], name: str, mypy_cache: Path
) -> None:
    project = projects[name]
    (project.folder / "mypy.ini").write_text("[mypy]\nmypy_path = bindings\npython_version = 3.14\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, "src"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 2 source files\n")


def _composed(user: Path, maker: Path, output: Path) -> Path:
    run_wasm_tools(["compose", user, "-d", maker, "-o", output])
    return output
