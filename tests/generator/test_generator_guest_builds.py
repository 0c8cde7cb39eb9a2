"""Guests of the hard worlds: projects of the skeleton as it is, built, and called through the host package."""

from __future__ import annotations

import functools
import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from generator_worlds import Source, hard_worlds, put

from airssys_generator import Options, generate
from airssys_sdk.component import Trap
from airssys_sdk.project import Project, build
from airssys_sdk.wit.reader import find_world, read

pytestmark = pytest.mark.slow

CALLS = {
    "hard_gates__w": ("b", "hard:gates/w@0.3.0#b"),
    "hard_inline__w": ("give", "hard:inline/w#give"),
    "hard_names__world": ("type.bytes", "hard:names/type#bytes"),
    "hard_nesting__w": ("i.g", "hard:nesting/i#g"),
    "hard_resources__w": ("base.give", "hard:resources/base@1.2.3#give"),
    "hard_versions__w": ("another", "hard:versions/w#another"),
}
"""A function without parameters, as a host finds it, and what its body in the skeleton says. The owned world has none."""

MANIFEST = """\
[component]
namespace = "test"
name = "hard"
version = "0.1.0"
world = "{world}"
[build]
app = "hard.component"
"""


class Anything:
    """Stands for any import, which no skeleton calls."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *arguments: object) -> object:
        raise AssertionError("the guest called an import")


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path, whose packages are forgotten afterwards."""
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("hard_host")]:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore:.* is deprecated since:DeprecationWarning")
@pytest.mark.parametrize("source", hard_worlds(), ids=lambda source: source.name)
def test_the_skeleton_of_a_hard_world_is_a_guest_that_its_host_package_calls(
    source: Source, packages: Path
) -> None:
    resolve = read(source.path, world=source.world)
    world = find_world(resolve, source.world)
    folder = packages / "project"
    (folder / "wit").mkdir(parents=True)
    shutil.copy(source.path, folder / "wit")
    (folder / "Component.toml").write_text(MANIFEST.format(world=world.path), "utf-8")
    built = build(Project.load(folder), precompile=False)
    put(dict(generate(resolve, world, "host", Options())), packages / "hard_host")
    cls = getattr(importlib.import_module("hard_host"), world.name.title())
    with cls.load(built.path, imports=Anything()) as component:
        if source.name == "hard_owned__w":
            assert callable(component.f)
            return
        path, says = CALLS[source.name]
        with pytest.raises(Trap) as caught:
            functools.reduce(getattr, path.split("."), component)()
        assert f"NotImplementedError: {says}" in str(caught.value)
