"""A guest of a world with an unstable function, which the manifest's `build.features` shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_sdk.component import Component
from airssys_sdk.project import Project, build, generate_project
from airssys_sdk.wit.model import World
from airssys_sdk.wit.reader import find_world, read

MANIFEST = """
[component]
namespace = "test"
name = "gated"
version = "0.1.0"
world = "test:gated/gated@0.1.0"
"""
WIT = """
package test:gated@0.1.0;

world gated {
  export plain: func() -> u32;
  @unstable(feature = brave)
  export daring: func() -> u32;
}
"""
APP = """import wit_world


class WitWorld(wit_world.WitWorld):
    def plain(self) -> int:
        return 1

    def daring(self) -> int:
        return 2
"""


@pytest.mark.slow
def test_an_unstable_function_is_built_only_when_the_manifest_asks_for_it(tmp_path: Path, kept: Path) -> None:
    project = _project(tmp_path, '[build]\nfeatures = ["brave"]\n')
    generate_project(project)
    assert project.app_file.read_text() == APP  # both functions are there
    wasm = build(project, cache=kept / "gated").path
    with Component.open(wasm).instantiate() as gated:
        assert (gated.call("plain"), gated.call("daring")) == (1, 2)
    without = _project(tmp_path, "")
    wasm = build(without, cache=kept / "gated", precompile=False).path
    assert set(_world(wasm).exported_functions) == {"plain"}


def _project(folder: Path, build_section: str) -> Project:
    (folder / "src" / "gated").mkdir(parents=True, exist_ok=True)
    (folder / "wit").mkdir(exist_ok=True)
    (folder / "Component.toml").write_text(MANIFEST + build_section)
    (folder / "wit" / "gated.wit").write_text(WIT)
    (folder / "src" / "gated" / "component.py").write_text(APP)
    return Project.load(folder)


def _world(wasm: Path) -> World:
    return find_world(read(wasm))
