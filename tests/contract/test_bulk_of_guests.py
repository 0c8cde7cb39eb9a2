"""Bytes of every length, through a Python guest and its host and back, with adapters and without."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from airssys_sdk.component import Component, HostImportFailed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("contract-mirror")]

MIB = 1 << 20
LENGTHS = [
    *range(100),
    *(near for power in range(7, 20) for near in ((1 << power) - 1, 1 << power, (1 << power) + 1)),
    *(random.Random(1).randrange(MIB) for _ in range(3)),  # noqa: S311
    MIB,
]


class Reflecting:
    """Gives back what it is given."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda value=None: value

    def give_raw(self, value: bytes) -> bytes:
        if value == b"fail":
            raise RuntimeError("the host fails")
        return value


class Host:
    """Implements the imports of the world `mirror` that these tests reach."""

    host = Reflecting()

    def say(self, text: str) -> int:
        return len(text)


@pytest.fixture(scope="module")
def guest(mirror: ModuleType, mirror_wasm: Path) -> Iterator[Any]:
    with mirror.Mirror.load(mirror_wasm, imports=Host()) as loaded:
        yield loaded.guest


@pytest.fixture(scope="module")
def without(mirror: ModuleType, mirror_wasm: Path) -> Iterator[Any]:
    """The same guest, with bulk turned off."""
    with mirror.Mirror.load(mirror_wasm, imports=Host(), bulk=False) as loaded:
        yield loaded.guest


def test_a_python_guest_is_composed_with_adapters(mirror_wasm: Path) -> None:
    assert Component.open(mirror_wasm).bulk
    assert Component.open(mirror_wasm).import_names == Component.open(mirror_wasm, bulk=False).import_names


def test_bytes_of_every_length_pass_a_python_guest(guest: Any) -> None:
    for length in LENGTHS:
        data = os.urandom(length)
        assert guest.give_raw(data) == data, length


def test_a_python_guest_gives_the_same_with_and_without_adapters(guest: Any, without: Any) -> None:
    for length in (*range(40), 1000, 65_536, 300_001):
        data = os.urandom(length)
        assert guest.give_raw(data) == without.give_raw(data) == data
        blobs = [data[:at] for at in range(0, min(length, 60), 3)]
        assert guest.give_blobs(blobs) == without.give_blobs(blobs) == blobs


def test_more_bytes_come_back_from_a_python_guest_than_the_engine_copies_of_a_list(guest: Any) -> None:
    data = os.urandom(MIB) * 4
    assert guest.give_raw(data) == data


def test_a_host_that_fails_is_told_in_the_same_words(mirror: ModuleType, mirror_wasm: Path) -> None:
    told = list[tuple[str, str | None]]()
    for bulk in (True, False):
        with (
            mirror.Mirror.load(mirror_wasm, imports=Host(), bulk=bulk) as loaded,
            pytest.raises(HostImportFailed) as caught,
        ):
            loaded.guest.give_raw(b"fail")
        assert isinstance(caught.value.__cause__, RuntimeError)
        told.append((str(caught.value), caught.value.guest_traceback))
    assert told[0] == told[1]
