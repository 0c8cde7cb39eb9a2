"""`inspect` and `doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_process import Command

from airssys_sdk.wit.tools import run_wasm_tools

WIT = """\
package demo:shop@1.2.0;

interface stock {
  record item { name: string, count: u32 }
  /// How many there are.
  count: func(name: string) -> result<item, string>;
}

world shop {
  import log: func(text: string);
  export stock;
  export version: func() -> string;
}
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component without a guest language: every call traps."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.wit").write_text(WIT)
    (folder / "core.wasm").write_bytes(
        run_wasm_tools(["component", "embed", "--dummy", "--world", "shop", folder / "shop.wit"])
    )
    (folder / "shop.wasm").write_bytes(run_wasm_tools(["component", "new", folder / "core.wasm"]))
    return folder / "shop.wasm"


def test_inspect_shows_imports_and_exports_with_their_signatures(sdk: Command, shop: Path) -> None:
    result = sdk("inspect", shop)
    assert (result.code, result.err) == (0, "")
    imports, _, exports = result.out.partition("exports")
    assert "  log: func(text: string);" in imports
    assert "  interface demo:shop/stock@1.2.0\n" in exports
    assert "    count: func(name: string) -> result<item, string>;" in exports
    assert "  version: func() -> string;" in exports
    assert "wit-component" in exports


def test_inspect_as_json_says_the_same_for_machines(sdk: Command, shop: Path) -> None:
    data = json.loads(sdk("inspect", shop, "--json").out)
    assert data["size"] == shop.stat().st_size
    assert [port["name"] for port in data["imports"]] == ["log"]
    assert [(port["name"], port["kind"], port["toolchain"]) for port in data["exports"]] == [
        ("demo:shop/stock@1.2.0", "interface", False),
        ("version", "function", False),
    ]
    assert sum(part["size"] for part in data["parts"]) < data["size"]
    assert data["actor"] is False


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "this is not WebAssembly"),
        (b"", "this is not WebAssembly"),
        (b"\0asm\1\0\0\0", "this is a core WebAssembly module, not a component"),
    ],
)
def test_what_is_no_component_is_called_by_its_name(
    sdk: Command, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "x.wasm"
    file.write_bytes(content)
    result = sdk("inspect", file)
    assert result.code == 7
    assert result.out == ""
    assert result.err.startswith(f"error: {message}\n  --> {file}\nhint: ")


def test_a_component_that_is_cut_short_is_not_valid(sdk: Command, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.wasm"
    file.write_bytes(shop.read_bytes()[:-20])
    result = sdk("inspect", file)
    assert result.code == 7
    assert f"--> {file}" in result.err
    assert "Traceback" not in result.err


def test_a_file_that_is_not_there_is_wrong_usage(sdk: Command, tmp_path: Path) -> None:
    result = sdk("inspect", tmp_path / "nothing.wasm")
    assert result.code == 2
    assert result.err.startswith("error: there is no such file\n")


def test_names_of_files_cannot_steer_the_terminal(sdk: Command, tmp_path: Path) -> None:
    result = sdk("inspect", tmp_path / "a\x1b[31m.wasm")
    assert "\x1b" not in result.err
    assert "a\\x1b[31m.wasm" in result.err


def test_doctor_finds_every_tool_and_the_caches(sdk: Command) -> None:
    result = sdk("doctor")
    assert (result.code, result.err) == (0, "")
    for name in ("python", "wasmtime", "componentize-py", "wasm-tools", "pytest"):
        assert f"✓ {name} " in result.out
    assert str(sdk.cache) in result.out


def test_doctor_says_what_is_missing_and_how_to_get_it(sdk: Command, tmp_path: Path) -> None:
    # Another metadata folder of the same name stands before the real one and tells of a version that is too old.
    metadata = tmp_path / "wasmtime-1.0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: wasmtime\nVersion: 1.0.0\n")
    result = sdk("doctor", "--json", env={"PYTHONPATH": str(tmp_path)})
    assert result.code == 1
    data = json.loads(result.out)
    assert data["ok"] is False
    [wasmtime] = [tool for tool in data["tools"] if tool["name"] == "wasmtime"]
    assert wasmtime["version"] == "1.0.0"
    assert wasmtime["hint"].startswith('pip install "wasmtime')


def test_a_cache_folder_that_cannot_be_used_is_said_but_is_no_failure(sdk: Command, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    result = sdk("doctor", "--json", env={"AIRSSYS_CACHE_DIR": str(file / "below")})
    assert result.code == 0
    caches = json.loads(result.out)["caches"]
    assert [cache["writable"] for cache in caches] == [False, False]
    assert all("AIRSSYS_CACHE_DIR" in cache["hint"] for cache in caches)
    assert list(tmp_path.iterdir()) == [file]
