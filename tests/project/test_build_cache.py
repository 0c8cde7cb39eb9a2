from __future__ import annotations

from pathlib import Path

from airssys_sdk.project.build_cache import BuildCache

WASM = b"\0asm the bytes of a component"


def test_a_stored_component_is_found_again(tmp_path: Path) -> None:
    assert BuildCache(tmp_path).store("key", WASM)
    assert BuildCache(tmp_path).load("key") == WASM
    assert BuildCache(tmp_path).load("another key") is None


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "made" / "when needed")
    cache.store("key", WASM)
    assert cache.folder.stat().st_mode & 0o077 == 0


def test_a_damaged_entry_is_a_miss_and_is_removed(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    cache.store("key", WASM)
    (entry,) = cache.folder.iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"bytes", b"bites"))
    assert cache.load("key") is None
    assert list(cache.folder.iterdir()) == []


def test_an_entry_that_was_cut_short_is_a_miss(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    cache.store("key", WASM)
    (entry,) = cache.folder.iterdir()
    entry.write_bytes(entry.read_bytes()[:20])
    assert cache.load("key") is None


def test_a_folder_that_others_may_write_into_is_not_used(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    cache.store("key", WASM)
    cache.folder.chmod(0o777)
    assert cache.load("key") is None
    assert not cache.store("another key", WASM)


def test_a_folder_that_is_really_a_link_is_not_used(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (tmp_path / "build").symlink_to(elsewhere)
    assert not BuildCache(tmp_path).store("key", WASM)
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_cannot_be_made_only_means_that_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    cache = BuildCache(tmp_path / "file")
    assert not cache.store("key", WASM)
    assert cache.load("key") is None


def test_the_least_recently_used_components_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path, limit=3 * (len(WASM) + 32))
    for key in ("first", "second", "third"):
        cache.store(key, WASM)
    assert cache.load("first") == WASM
    cache.store("fourth", WASM)
    assert [key for key in ("first", "second", "third", "fourth") if cache.load(key)] == [
        "first",
        "third",
        "fourth",
    ]
