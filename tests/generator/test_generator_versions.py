"""Names when versions of an interface come and go: a name with a version in it never stands for another one."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from generator_worlds import world_of

from airssys_generator import NamesFile, Options, generate
from airssys_sdk.wit.model import World

STORE = "package a:b@{}; interface store {{ resource shelf {{ constructor(); }} variant failure {{ x }} get: func() -> result<u8, failure>; }}"
VERSIONS = ("1.0.0", "1.0.0-rc.1", "2.0.0", "3.0.0")


def versions_of(folder: Path, imports: tuple[str, ...] = (), exports: tuple[str, ...] = ()) -> World:
    """A world with these versions of `store`."""
    items = [f"import a:b/store@{one};" for one in imports] + [f"export a:b/store@{one};" for one in exports]
    others = {f"v{place}": STORE.format(one) for place, one in enumerate(dict.fromkeys((*imports, *exports)))}
    name = "-".join(("i", *imports, "e", *exports))
    return world_of(f"package g:w; world w {{ {' '.join(items)} }}", folder / name, others)[1]


@pytest.mark.parametrize("side", ["imports", "exports"])
def test_a_name_with_a_version_in_it_never_holds_another_version(side: str, tmp_path: Path) -> None:
    sets = [(a, b) for a, b in itertools.permutations(VERSIONS, 2)]
    sets += [(one,) for one in VERSIONS]
    worlds = {
        versions: versions_of(tmp_path, **{"imports" if side == "imports" else "exports": versions})
        for versions in sets
    }
    for first, second, third in itertools.product(sets, repeat=3):
        names = NamesFile()
        for versions in (first, second, third):
            names = names.grown(worlds[versions])
            table = names.imports if side == "imports" else names.exports
            assert len(set(table.values())) == len(table)
            for key, module in table.items():
                version = key.partition("@")[2]
                assert module in ("store", f"a_b_store_{_words(version)}")
            for key, name in names.resources.items():
                version = key.partition("@")[2].partition("#")[0]
                assert name in (
                    "Shelf",
                    "StoreShelf",
                    f"ABStore{_words(version).title().replace('_', '')}Shelf",
                )


def test_the_name_without_a_version_goes_on_with_the_version_that_comes(tmp_path: Path) -> None:
    names = NamesFile().grown(versions_of(tmp_path, ("1.0.0",)))
    names = names.grown(versions_of(tmp_path, ("1.0.0", "2.0.0")))
    assert names.imports == {"a:b/store@1.0.0": "store", "a:b/store@2.0.0": "a_b_store_2_0_0"}
    names = names.grown(versions_of(tmp_path, ("3.0.0",)))
    assert names.imports == {"a:b/store@3.0.0": "store", "a:b/store@2.0.0": "a_b_store_2_0_0"}


def test_what_stands_in_a_module_goes_on_with_it_and_only_with_it(tmp_path: Path) -> None:
    names = NamesFile()
    for versions in (("1.0.0", "2.0.0"), ("2.0.0", "3.0.0")):
        resolve, world = world_of(
            f"package g:w; world w {{ {' '.join(f'import a:b/store@{one};' for one in versions)} }}",
            tmp_path / "again" / versions[0],
            {one: STORE.format(one) for one in versions},
        )
        names = NamesFile.parse(
            generate(resolve, world, "host", Options(names=names))["names.toml"], "names.toml"
        )
    assert names.classes == {
        f"import a:b/store@{version}{item}": name
        for version in ("1.0.0", "2.0.0", "3.0.0")
        for item, name in (("", f"ABStore{version.replace('.', '')}"), ("#shelf", "ShelfClass"))
    }


def test_versions_that_differ_between_directions_never_share_a_module(tmp_path: Path) -> None:
    """componentize-py imports the modules of both directions into one, by name."""
    sides = [(imports, exports) for imports in VERSIONS[::2] for exports in VERSIONS[::2]]
    sides += [("3.0.0", one) for one in VERSIONS[::2]] + [(one, "3.0.0") for one in VERSIONS[::2]]
    worlds = [versions_of(tmp_path, (imports,), (exports,)) for imports, exports in sides]
    for steps in itertools.product(worlds, repeat=3):
        names = NamesFile()
        for world in steps:
            names = names.grown(world)
            shared = set(names.imports.values()) & set(names.exports.values())
            keys = {
                name: {
                    key
                    for table in (names.imports, names.exports)
                    for key, one in table.items()
                    if one == name
                }
                for name in shared
            }
            assert all(len(interfaces) == 1 for interfaces in keys.values()), keys


def _words(version: str) -> str:
    return re.sub(r"\W", "_", version)
