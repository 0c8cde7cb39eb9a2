"""The three guests of the library as projects, and generated packages for their worlds."""

from __future__ import annotations

import shutil
from pathlib import Path

from airssys_generator import Options, generate, write_files
from airssys_sdk.project import Project, generate_project
from airssys_sdk.wit.reader import find_world, read

GUESTS = Path(__file__).resolve().parents[1] / "guests" / "library"
NAMES = ("keeper", "between", "reader")


def library_project(folder: Path, name: str) -> Project:
    """A project in `folder` for one of the guests, with its bindings."""
    (folder / "src" / name).mkdir(parents=True)
    (folder / "wit").mkdir()
    shutil.copy(GUESTS / "library.wit", folder / "wit")
    shutil.copy(GUESTS / f"{name}.py", folder / "src" / name / "component.py")
    (folder / "src" / name / "__init__.py").touch()
    (folder / "Component.toml").write_text(
        f'[component]\nnamespace = "test"\nname = "{name}"\nversion = "0.1.0"\n'
        f'world = "test:lib/{name}@0.1.0"\n\n[build]\napp = "{name}.component"\n'
    )
    project = Project.load(folder)
    generate_project(project)
    return project


def write_host_package(folder: Path, name: str) -> None:
    """The generated host package `{name}_host` of one of the worlds, with its actors, below `folder`."""
    resolve = read(GUESTS / "library.wit", world=name)
    files = generate(resolve, find_world(resolve, name), "host", Options(emit_names=False, actors=True))
    write_files(files, folder / f"{name}_host")
