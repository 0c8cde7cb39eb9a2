"""`cache`: what the caches hold, and what pruning removes and leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_process import Command
from small_guest import assemble, small_wasm

from airssys_sdk.component import Cache, Component
from airssys_sdk.project.build_cache import BuildCache

HOLDER = """
import sys; from pathlib import Path; from airssys_sdk.component.engine.filelock import file_lock
with file_lock(Path(sys.argv[1]), patience=9, waiting=print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A cache folder with two compiled components and two built ones, of which one each was not used for 31 days."""
    root = tmp_path / "root"
    cache, built = Cache(root / "compiled"), BuildCache(root)
    Component.open(assemble("(component)"), cache=cache)
    built.store("old", b"old" * 100)
    for entry in entries(root):
        age(entry, days=31)
    Component.open(small_wasm(), cache=cache)
    built.store("new", b"new")
    return root


def age(file: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(file, (then, then))


def entries(root: Path) -> set[Path]:
    return {file for file in root.rglob("*") if file.suffix in {".code", ".component"}}


def run(sdk: Command, root: Path, *arguments: str) -> Any:
    result = sdk("cache", *arguments, "--json", env={"AIRSSYS_CACHE_DIR": str(root)})
    assert (result.code, result.err) == (0, "")
    return {cache["name"]: cache for cache in json.loads(result.out)["caches"]}


def test_where_the_caches_are_and_what_they_hold_is_shown(sdk: Command, root: Path) -> None:
    caches = run(sdk, root, "show")
    for name in ("compiled", "build"):
        files = [file for file in entries(root) if file.parent.name == name]
        assert caches[name]["path"] == str(root / name)
        assert caches[name]["entries"] == len(files) == 2
        assert caches[name]["bytes"] == sum(file.stat().st_size for file in files)
        assert caches[name]["unused_for_30_days"]["entries"] == 1
    shown = sdk("cache", env={"AIRSSYS_CACHE_DIR": str(root)})
    assert f"built components: 2 entries, 367B, in {root / 'build'}\n" in shown.out
    assert "  not used for 30 days: 1 entry, 332B\n" in shown.out
    doctor = json.loads(sdk("doctor", "--json", env={"AIRSSYS_CACHE_DIR": str(root)}).out)
    assert [(cache["entries"], cache["size"]) for cache in doctor["caches"]] == [
        (cache["entries"], cache["bytes"]) for cache in caches.values()
    ]


def test_caches_that_are_not_there_hold_nothing(sdk: Command, tmp_path: Path) -> None:
    shown, pruned = run(sdk, tmp_path / "none", "show"), run(sdk, tmp_path / "none", "prune", "--all")
    assert [cache["entries"] for cache in shown.values()] == [0, 0]
    assert [cache["removed"]["entries"] for cache in pruned.values()] == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_used_for_30_days_goes(sdk: Command, root: Path) -> None:
    old = {entry for entry in entries(root) if entry.stat().st_mtime < time.time() - 86400}
    new = entries(root) - old
    size = sum(entry.stat().st_size for entry in old if entry.suffix == ".code")
    caches = run(sdk, root, "prune")
    assert caches["compiled"]["removed"] == {"entries": 1, "bytes": size}
    assert caches["build"]["removed"] == {"entries": 1, "bytes": 332}
    assert entries(root) == new
    said = sdk("cache", "prune", "--days", "0", env={"AIRSSYS_CACHE_DIR": str(root)})
    assert "built components: removed 1 entry, 35B\n" in said.out
    assert entries(root) == set()


def test_using_an_entry_keeps_it(sdk: Command, root: Path) -> None:
    Component.open(assemble("(component)"), cache=Cache(root / "compiled"))
    assert BuildCache(root).load("old") is not None
    used = entries(root)
    run(sdk, root, "prune")
    assert entries(root) == used


def test_everything_goes_and_what_is_loaded_runs_on(sdk: Command, root: Path) -> None:
    age(next(iter(entries(root))), days=-365)  # whatever the clock said when it was made
    cache = Cache(root / "compiled")
    with Component.open(assemble(ADD), cache=cache).instantiate() as made:
        run(sdk, root, "prune", "--all")
        assert entries(root) == set()
        assert made.call("add", 1, 2) == 3
    with Component.open(assemble(ADD), cache=cache).instantiate() as made:
        assert made.call("add", 3, 4) == 7
    assert (cache.counters.compiled, cache.counters.hits) == (2, 0)


def test_what_another_process_compiles_stays(sdk: Command, root: Path) -> None:
    (old,) = (
        entry
        for entry in entries(root)
        if entry.suffix == ".code" and entry.stat().st_mtime < time.time() - 86400
    )
    lock = root / "compiled" / f"{old.name[:2]}.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        caches = run(sdk, root, "prune")
        assert (caches["compiled"]["removed"]["entries"], caches["compiled"]["in_use"]["entries"]) == (0, 1)
        assert old.exists()
        holder.communicate("")
    assert run(sdk, root, "prune")["compiled"]["removed"]["entries"] == 1
    assert lock.exists()


def test_links_are_not_followed(sdk: Command, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for folder, suffix in (("compiled", "code"), ("compiled", "digest"), ("build", "component")):
        file = outside / f"kept.{suffix}"
        file.write_text("kept")
        age(file, days=365)
        (root / folder / f"link.{suffix}").symlink_to(file)
    (root / "compiled" / "folder.code").symlink_to(outside)
    run(sdk, root, "prune", "--all")
    assert sorted(file.name for file in outside.iterdir()) == ["kept.code", "kept.component", "kept.digest"]
    assert run(sdk, root, "show")["compiled"]["entries"] == 0


@pytest.mark.parametrize("name", ["compiled", "build"])
def test_a_cache_that_is_a_link_is_left_alone(sdk: Command, root: Path, tmp_path: Path, name: str) -> None:
    (root / name).rename(tmp_path / "elsewhere")
    (root / name).symlink_to(tmp_path / "elsewhere")
    before = entries(tmp_path / "elsewhere")
    result = sdk("cache", "prune", "--all", env={"AIRSSYS_CACHE_DIR": str(root)})
    assert result.code == 2
    assert str(root / name) in result.err
    assert entries(tmp_path / "elsewhere") == before != set()


def test_what_nobody_finished_and_what_is_remembered_goes_with_it(sdk: Command, root: Path) -> None:
    files = [
        root / "compiled" / "half.part",
        root / "compiled" / "a.digest",
        root / "compiled" / "a.note",
        root / "build" / ".half.1",
    ]
    for file in files:
        file.write_text("")
        age(file, days=31)
    fresh = root / "compiled" / "written-now.part"
    fresh.write_text("")
    run(sdk, root, "prune")
    assert [file for file in files if file.exists()] == []
    run(sdk, root, "prune", "--all")
    assert fresh.exists()


ADD = """(component
  (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add"))))"""
