"""Digests of files that have not changed: remembered, and never believed of a file that may be another."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_guest import assemble

from airssys_sdk.component import Component, InvalidComponent
from airssys_sdk.component.engine.cache import Cache

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows does not say when a file's state changed")

WASM, OTHER = assemble("(component $a)"), assemble("(component $b)")
_opened: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _opened is not None:
        _opened.append(str(arguments[0]))


sys.addaudithook(_note)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The files that are opened from now on."""
    global _opened
    _opened = found = []
    yield found
    _opened = None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A component whose times are past, as they are of every file that was not written this moment."""
    made = tmp_path / "a.wasm"
    made.write_bytes(WASM)
    latest = max(made.stat().st_mtime_ns, made.stat().st_ctime_ns)
    while time.time_ns() < latest + 2_100_000_000:
        time.sleep(0.1)
    return made


def test_a_file_that_has_not_changed_is_not_read_again_and_one_that_has_is(
    file: Path, tmp_path: Path, opened: list[str]
) -> None:
    folder = tmp_path / "cache"
    first = Component.open(file, cache=Cache(folder))
    assert str(file) in opened
    opened.clear()
    again = Component.open(file, cache=Cache(folder))
    assert (again.digest, again.size) == (first.digest, len(WASM))
    assert str(file) not in opened
    assert any(name.endswith(".code") for name in opened)
    assert again.read() == WASM
    times = file.stat()
    assert len(OTHER) == len(WASM)
    file.write_bytes(OTHER)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))  # the time of its last change is forged
    other = Component.open(file, cache=Cache(folder))
    assert other.digest == hashlib.sha256(OTHER).hexdigest() != first.digest
    with pytest.raises(InvalidComponent, match="the file was changed since it was loaded"):
        first.read()


def test_a_file_that_was_written_this_moment_is_read_each_time(tmp_path: Path) -> None:
    file, cache = tmp_path / "a.wasm", Cache(tmp_path / "cache")
    file.write_bytes(WASM)
    Component.open(file, cache=cache)
    assert not [*(tmp_path / "cache").glob("*.digest")]


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1], lambda raw: b"x" + raw[1:], lambda raw: b""])
def test_a_remembered_digest_that_is_damaged_is_not_used(
    file: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "cache"
    first = Component.open(file, cache=Cache(folder))
    (note,) = folder.glob("*.digest")
    note.write_bytes(spoil(note.read_bytes()))
    assert Component.open(file, cache=Cache(folder)).digest == first.digest


def test_a_wrong_digest_is_found_out_when_the_file_is_read(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    Component.open(file, cache=Cache(folder))
    (note,) = folder.glob("*.digest")
    note.write_bytes(note.read_bytes()[:-32] + bytes(32))
    with pytest.raises(InvalidComponent, match="the file was changed since it was loaded"):
        Component.open(file, cache=Cache(folder))
