"""The check of a component against its world, on components that wasm-tools makes up."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_sdk.errors import ValidationError
from airssys_sdk.project import WorldMismatch, check_component
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import run_wasm_tools

SHOP = """
package example:shop@1.0.0;

interface stock {
  record item { name: string, count: u32 }
  find: func(name: string) -> option<item>;
}

interface prices {
  price: func(name: string) -> u32;
}

world shop {
  import prices;
  export stock;
  export close: func();
}
"""


@pytest.fixture
def wit(tmp_path: Path) -> Path:
    return _write(tmp_path, "shop", SHOP)


def test_a_component_that_fits_passes(wit: Path, tmp_path: Path) -> None:
    _check(_dummy(tmp_path, SHOP), wit)


def test_a_component_may_import_less_and_export_more(wit: Path, tmp_path: Path) -> None:
    text = SHOP.replace("  import prices;\n", "").replace("export close", "export open: func(); export close")
    _check(_dummy(tmp_path, text), wit)


def test_a_missing_export_is_named(wit: Path, tmp_path: Path) -> None:
    with pytest.raises(WorldMismatch) as refused:
        _check(_dummy(tmp_path, SHOP.replace("  export stock;\n", "")), wit)
    assert refused.value.missing == ("example:shop/stock@1.0.0",)
    assert "does not export example:shop/stock@1.0.0" in refused.value.message
    assert refused.value.where == "dist/shop.wasm"


def test_a_component_for_another_world_is_told_what_it_exports(wit: Path, tmp_path: Path) -> None:
    other = "package other:thing@2.0.0;\ninterface talk { say: func() -> string; }\nworld thing { export talk; }\n"
    with pytest.raises(WorldMismatch) as refused:
        _check(_dummy(tmp_path, other), wit)
    assert refused.value.missing == ("example:shop/stock@1.0.0", "close")
    assert "other:thing/talk@2.0.0" in str(refused.value.hint)


def test_a_foreign_import_is_named(wit: Path, tmp_path: Path) -> None:
    text = SHOP.replace("import prices;", "import prices;\n  import log: func(line: string);")
    with pytest.raises(WorldMismatch) as refused:
        _check(_dummy(tmp_path, text), wit)
    assert refused.value.foreign == ("log",)


def test_a_type_that_differs_is_explained(wit: Path, tmp_path: Path) -> None:
    with pytest.raises(WorldMismatch) as refused:
        _check(_dummy(tmp_path, SHOP.replace("count: u32", "count: u64")), wit)
    assert "record field `count`" in refused.value.message
    assert "expected primitive `u32` found primitive `u64`" in refused.value.message


def test_a_wasi_import_is_allowed_for_p2_and_refused_when_wasi_is_stubbed(wit: Path, tmp_path: Path) -> None:
    wasi = "package wasi:random@0.2.9 {\n  interface random { get-random-u64: func() -> u64; }\n}\n"
    text = SHOP.replace("world shop {", "world shop {\n  import wasi:random/random@0.2.9;") + wasi
    component = _dummy(tmp_path, text)
    _check(component, wit)
    resolve = read(wit)
    with pytest.raises(WorldMismatch, match="wasi:random/random") as refused:
        check_component(component, resolve, find_world(resolve, "shop"), wasi="stub")
    assert 'build.wasi is "stub"' in str(refused.value.hint)


def test_a_wasi_interface_that_no_python_guest_needs_is_foreign(wit: Path, tmp_path: Path) -> None:
    wasi = "package wasi:http@0.2.9 {\n  interface handler { handle: func(); }\n}\n"
    text = SHOP.replace("world shop {", "world shop {\n  import wasi:http/handler@0.2.9;") + wasi
    with pytest.raises(WorldMismatch) as refused:
        _check(_dummy(tmp_path, text), wit)
    assert refused.value.foreign == ("wasi:http/handler@0.2.9",)


def test_a_world_of_names_that_are_keywords_of_wit_can_be_checked(tmp_path: Path) -> None:
    text = "package example:%list@0.1.0;\ninterface %record { f: func(); }\nworld %use { export %record; }\n"
    wit = _write(tmp_path, "keywords", text)
    resolve = read(wit)
    check_component(_dummy(tmp_path, text), resolve, find_world(resolve))


BOTH = """
package example:shop@1.0.0;

interface base {
  resource node { constructor(); get: func() -> u32; }
}

interface second {
  use base.{node as knot};
  @since(version = 1.0.0)
  record pair { a: knot, b: list<u8> }
  f: func(n: pair) -> knot;
}

world shop {
  import base;
  import second;
  import inline: interface { use base.{node}; f: func(n: borrow<node>); }
  use base.{node as mine};
  import m: func(n: mine);
  import g: func(a: u8) -> u8;
  export base;
  export second;
  export h: func(a: u8) -> u8;
}
"""
"""The tool refuses every component of this world."""


def test_a_component_of_a_world_that_the_tool_cannot_check_is_compared_by_its_text(tmp_path: Path) -> None:
    wit = _write(tmp_path, "shop", BOTH)
    _check(_dummy(tmp_path, BOTH), wit)
    _check(_dummy(tmp_path, BOTH.replace("  import g: func(a: u8) -> u8;\n", "")), wit)
    for old, new, place in (
        ("list<u8>", "list<u16>", "example:shop/second@1.0.0#pair"),
        ("-> u32", "-> u64", "example:shop/base@1.0.0#[method]node.get"),
        ("export h: func(a: u8)", "export h: func(a: u16)", "example:shop/shop@1.0.0#h"),
        ("import g: func(a: u8)", "import g: func(a: u16)", "example:shop/shop@1.0.0#g"),
        ("node as knot", "node", "example:shop/second@1.0.0#"),
    ):
        text = BOTH.replace(old, new).replace("knot", "node" if new == "node" else "knot")
        with pytest.raises(WorldMismatch) as refused:
            _check(_dummy(tmp_path, text), wit)
        assert "it has other types in " in refused.value.message
        assert place in refused.value.message


def test_a_file_that_is_no_component_is_refused(wit: Path, tmp_path: Path) -> None:
    file = tmp_path / "not.wasm"
    file.write_bytes(b"this is not wasm")
    with pytest.raises(ValidationError):
        _check(file, wit)


def _check(component: Path, wit: Path) -> None:
    resolve = read(wit)
    check_component(component, resolve, find_world(resolve, "shop"), shown="dist/shop.wasm")


def _dummy(folder: Path, text: str) -> Path:
    """A component for the only world of a WIT text; its functions trap."""
    wit = _write(folder, "dummy", text)
    core, component = folder / "core.wasm", folder / "component.wasm"
    run_wasm_tools(["component", "embed", "--dummy", wit, "-o", core])
    run_wasm_tools(["component", "new", core, "-o", component])
    return component


def _write(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.wit"
    file.write_text(text, "utf-8")
    return file
