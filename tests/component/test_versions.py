"""What `wit diff` says of two versions is what happens to a component of the one in a host of the other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from natives import dummy

from airssys_generator import generate, write_files
from airssys_sdk.component import LinkError
from airssys_sdk.wit.compatibility import verdict, world_pairs
from airssys_sdk.wit.reader import find_world, read

WIT = """package my:shop{};
interface stock {{ get: func(id: u32) -> u32; }}
interface log {{ note: func(text: string); }}
world shop {{ import log; export stock; }}
"""


class Host:
    """What the world imports."""

    class log:
        note = staticmethod(print)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop_of_versions"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("@1.0.0", "@1.0.0", True),
        ("@1.2.0", "@1.0.0", True),
        ("@1.0.0", "@1.3.1", True),
        ("@0.1.0", "@0.1.3", True),
        ("@1.0.0", "@1.0.1+two-three", True),
        ("", "", True),
        ("@1.0.0", "@2.0.0", False),
        ("@2.0.0", "@1.0.0", False),
        ("@0.0.1", "@0.0.2", False),
        ("@0.1.0", "@0.2.0", False),
        ("@1.0.0-rc1", "@1.0.0", False),
        ("@1.0.0", "", False),
        ("", "@1.0.0", False),
    ],
)
def test_the_verdict_is_what_happens(old: str, new: str, fits: bool, path: Path) -> None:
    files = [path / "old.wit", path / "new.wit"]
    for file, version in zip(files, (old, new), strict=True):
        file.write_text(WIT.format(version))
    before, after = map(read, files)
    (pair,) = world_pairs(before, after)
    found = verdict(before, after, pair)
    assert found.compatible is fits
    if not fits:
        places = [reason.partition(":")[0] for reason in found.reasons[:2]]
        assert places == ["import my", "export my"]
    write_files(generate(after, find_world(after, "shop"), "host"), path / "shop_of_versions")
    package: Any = importlib.import_module("shop_of_versions")
    wasm = dummy(files[0], f"my:shop/shop{old}")
    if fits:
        package.Shop.load(wasm, imports=Host()).close()
    else:
        with pytest.raises(LinkError):
            package.Shop.load(wasm, imports=Host())
