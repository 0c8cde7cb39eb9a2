"""`wit`: showing, locking, comparing and documenting WIT, and what a user can get wrong with each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import cli_projects
import pytest
from cli_process import ROOT, Command

from airssys_sdk.project.reference.writing import files_of
from airssys_sdk.resources import data_folder
from airssys_sdk.wit.tools import run_wasm_tools

CORPUS = ROOT.parent / "shared" / "corpus" / "wit"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

SHOP = """\
/// What a shop does.
package demo:shop@1.0.0;

/// What is on the shelves.
interface stock {
  use demo:units/money@0.2.0.{price};

  /// One kind of thing.
  record item { name: string, cost: price }
  variant trouble { missing(string), broken }
  resource cursor { constructor(prefix: string); next: func() -> option<item>; }

  /// Look something up.
  get: func(name: string) -> result<item, trouble>;
}

world shop {
  import demo:units/rates@0.2.0;
  export stock;
}
world kiosk { export stock; }
"""
UNITS = """\
package demo:units@0.2.0;
interface money { type price = u64; }
interface rates { use money.{price}; rate: func(of: string) -> price; }
"""
IDLE = "package demo:idle@1.0.0;\ninterface nothing { f: func(); }\n"
HOSTILE = "</code><script>document.title='owned'</script> \"'` {{ 7 * 7 }} {% raw %} ${7*7} [x](javascript:alert(1)) --> # no"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of WIT with a package in use and one that merely lies there."""
    folder = tmp_path / "wit"
    (folder / "deps" / "units").mkdir(parents=True)
    (folder / "shop.wit").write_text(SHOP)
    (folder / "deps" / "units" / "units.wit").write_text(UNITS)
    (folder / "deps" / "idle.wit").write_text(IDLE)
    return folder


def changed(shop: Path, *changes: tuple[str, str], version: str = "1.1.0") -> Path:
    """A copy of the shop in which some text is another."""
    new = shop.with_name("new")
    shutil.copytree(shop, new)
    text = SHOP.replace("@1.0.0", f"@{version}")
    for old, replacement in changes:
        assert old in text
        text = text.replace(old, replacement)
    (new / "shop.wit").write_text(text)
    return new


# show


def test_show_prints_one_file_that_reads_back_to_the_same(sdk: Command, shop: Path, tmp_path: Path) -> None:
    first = sdk("wit", "show", shop)
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("/// What a shop does.\npackage demo:shop@1.0.0;\n")
    assert "\npackage demo:units@0.2.0 {\n" in first.out
    (tmp_path / "again.wit").write_text(first.out)
    assert sdk("wit", "show", tmp_path / "again.wit").out == first.out


def test_show_of_a_world_leaves_out_what_it_does_not_pull_in(sdk: Command, shop: Path) -> None:
    shown = sdk("wit", "show", shop, "--world", "kiosk").out
    assert "world kiosk {" in shown
    assert "interface money {" in shown
    for absent in ("world shop", "interface rates", "demo:idle"):
        assert absent not in shown


def test_show_as_json_has_every_item_with_its_text(sdk: Command, shop: Path) -> None:
    data = json.loads(sdk("wit", "show", shop, "--json").out)
    assert data["main"] == "demo:shop@1.0.0"
    main = data["packages"][0]
    [stock] = main["interfaces"]
    assert [(one["name"], one["kind"]) for one in stock["types"]] == [
        ("price", "use"),
        ("item", "record"),
        ("trouble", "variant"),
        ("cursor", "resource"),
    ]
    get = next(one for one in stock["functions"] if one["name"] == "get")
    assert get == {
        "name": "get",
        "docs": "Look something up.",
        "wit": "get: func(name: string) -> result<item, trouble>;",
    }
    assert [one["name"] for one in main["worlds"][0]["exports"]] == ["demo:shop/stock@1.0.0"]


def test_show_reads_a_component(sdk: Command, tmp_path: Path) -> None:
    core, component = tmp_path / "core.wasm", tmp_path / "component.wasm"
    source = data_folder("wit") / "airssys-core"
    run_wasm_tools(["component", "embed", "--dummy", "--world", "runtime-host", source, "-o", core])
    run_wasm_tools(["component", "new", core, "-o", component])
    result = sdk("wit", "show", component)
    assert (result.code, result.err) == (0, "")
    assert "export airssys:core/component-lifecycle@1.0.0;" in result.out


def test_documentation_of_others_cannot_steer_the_terminal(sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text("/// XXXXXXX[2J gone\npackage a:b;\ninterface i {}\n")
    encoded = tmp_path / "a.wasm"
    run_wasm_tools(["component", "wit", "--wasm", tmp_path / "a.wit", "-o", encoded])
    assert b"XXXXXXX" in encoded.read_bytes()
    encoded.write_bytes(
        encoded.read_bytes().replace(b"XXXXXXX", b"\\u001b ")
    )  # as JSON writes it, of equal length
    for arguments in (["show", encoded], ["show", encoded, "--json"]):
        result = sdk("wit", *arguments)
        assert result.code == 0, result.err
        assert "\x1b" not in result.out
    assert "\\u{1b} [2J gone" in sdk("wit", "show", encoded).out
    assert sdk("wit", "docs", encoded, "--out", tmp_path / "out").code == 0
    assert "\x1b" not in (tmp_path / "out" / "index.html").read_text()


# deps


def test_deps_draws_who_uses_what(sdk: Command, shop: Path) -> None:
    result = sdk("wit", "deps", "wit", "--world", "shop", folder=shop.parent)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "demo:shop@1.0.0, world shop\n"
        "├── demo:idle@1.0.0  (not used)\n"
        "└── demo:units@0.2.0\n"
        "    ├── money  imported by shop; used by demo:units/rates@0.2.0, stock\n"
        "    └── rates  imported by shop\n"
        "wrote wit/deps.lock\n"
    )


def test_a_lock_file_does_not_care_for_formatting_nor_for_the_world(sdk: Command, shop: Path) -> None:
    assert sdk("wit", "deps", shop).code == 0
    text = (shop / "deps.lock").read_text()
    assert text.startswith("# Generated by airssys-sdk wit deps.")
    units = shop / "deps" / "units" / "units.wit"
    units.write_bytes(UNITS.replace("{ ", "{\n\n  ").replace("\n", "\r\n").encode())
    (shop / "deps.lock").write_bytes(text.replace("\n", "\r\n").encode())  # as a checkout on Windows has it
    checked = sdk("wit", "deps", shop, "--check", "--world", "kiosk")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.endswith("deps.lock is up to date\n")
    assert sdk("wit", "deps", shop).code == 0
    assert (shop / "deps.lock").read_text() == text


def test_check_says_which_package_differs_is_missing_or_new_and_writes_nothing(
    sdk: Command, shop: Path
) -> None:
    sdk("wit", "deps", shop)
    before = (shop / "deps.lock").read_bytes()
    (shop / "deps" / "units" / "units.wit").write_text(UNITS.replace("u64", "u32"))
    (shop / "deps" / "idle.wit").write_text(IDLE.replace("@1.0.0", "@2.0.0"))
    checked = sdk("wit", "deps", shop, "--check")
    assert checked.code == 1
    assert "differs demo:units@0.2.0\nmissing demo:idle@1.0.0\nnew     demo:idle@2.0.0\n" in checked.out
    assert "out of date" in checked.err
    assert (shop / "deps.lock").read_bytes() == before
    lock = json.loads(sdk("wit", "deps", shop, "--check", "--json").out)["lock"]
    assert (lock["up_to_date"], lock["differs"], lock["new"]) == (
        False,
        ["demo:units@0.2.0"],
        ["demo:idle@2.0.0"],
    )


def test_check_without_a_lock_file_fails(sdk: Command, shop: Path) -> None:
    checked = sdk("wit", "deps", shop, "--check")
    assert checked.code == 1
    assert "there is no " in checked.err
    assert not (shop / "deps.lock").exists()


def test_in_a_project_its_wit_is_the_source(sdk: Command, tmp_path: Path) -> None:
    project = cli_projects.write(
        tmp_path / "lab", cli_projects.LAB_MANIFEST, cli_projects.LAB, cli_projects.LAB_WIT
    )
    result = sdk("wit", "deps", folder=project / "src")
    assert result.code == 0, result.err
    assert result.out.startswith("test:lab@1.0.0, world lab\n└── no dependencies\n")
    assert (project / "wit" / "deps.lock").is_file()
    assert sdk("wit", "deps", project, "--check", folder=tmp_path).code == 0
    outside = sdk("wit", "deps", folder=tmp_path)
    assert outside.code == 2
    assert "hint: give a folder with WIT" in outside.err


def test_a_file_has_no_lock_file(sdk: Command, shop: Path) -> None:
    result = sdk("wit", "deps", shop / "shop.wit")
    assert result.code == 2
    assert "only a folder of WIT has dependencies to lock" in result.err
    assert "hint: give the folder" in result.err


def test_a_lock_file_of_another_tool_is_never_replaced(sdk: Command, shop: Path) -> None:
    theirs = b'[units]\nsha256 = "of another tool"\n'
    (shop / "deps.lock").write_bytes(theirs)
    result = sdk("wit", "deps", shop)
    assert (result.code, "demo:shop" in result.out) == (0, True)
    assert "deps.lock is another tool's and stays as it is; no digests were locked\n" in result.err
    lock = json.loads(sdk("wit", "deps", shop, "--json").out)["lock"]
    assert (lock["foreign"], lock["written"], lock["up_to_date"]) == (True, False, False)
    checked = sdk("wit", "deps", shop, "--check")
    assert checked.code == 2
    assert "airssys-sdk did not write" in checked.err
    assert (shop / "deps.lock").read_bytes() == theirs


# diff


def test_an_import_that_grows_is_compatible(sdk: Command, shop: Path) -> None:
    (shop / "shop.wit").write_text(SHOP.replace("export stock", "import stock"))
    new = changed(
        shop, ("export stock", "import stock"), ("  /// Look", "  put: func(it: item);\n  /// Look")
    )
    result = sdk("wit", "diff", shop, new, "--world", "shop")
    assert (result.code, result.err) == (0, "")
    assert (
        "compatible: demo:shop/shop; a component built for the old one runs in a host of the new one"
        in result.out
    )
    assert "added\n  function demo:shop/stock#put\n    put: func(it: item);\n" in result.out


def test_a_changed_record_is_not_compatible_and_shown_line_by_line(sdk: Command, shop: Path) -> None:
    new = changed(shop, ("cost: price", "cost: price, count: u32"), ("  get: func", "  find: func"))
    result = sdk("wit", "diff", shop, new)
    assert result.code == 1
    assert "not compatible: demo:shop/shop\n" in result.out
    assert "  record demo:shop/stock#item\n" in result.out
    assert "    +  count: u32,\n" in result.out
    assert "removed\n  function demo:shop/stock#get\n" in result.out
    data = json.loads(sdk("wit", "diff", shop, new, "--json").out)
    assert (data["compatible"], data["reused_version"]) == (False, False)
    assert {(one["status"], one["place"]) for one in data["changes"]} == {
        ("added", "demo:shop/stock#find"),
        ("removed", "demo:shop/stock#get"),
        ("changed", "demo:shop/stock#item"),
        ("changed", "demo:shop"),
    }


def test_two_packages_of_one_version_are_compared_and_the_version_is_asked_for(
    sdk: Command, shop: Path
) -> None:
    new = changed(shop, ("record item { ", "record item { id: u8, "), version="1.0.0")
    result = sdk("wit", "diff", shop, new)
    assert result.code == 1
    assert "not compatible: demo:shop/shop" in result.out
    assert (
        "careful: both are demo:shop@1.0.0, and yet they differ; give the new one another version"
        in result.out
    )
    assert "    +  id: u8,\n" in result.out


def test_a_dependency_changed_under_its_version_leaves_no_verdict_but_the_rest_is_shown(
    sdk: Command, shop: Path
) -> None:
    new = changed(shop)
    (new / "deps" / "units" / "units.wit").write_text(UNITS.replace("u64", "u32"))
    result = sdk("wit", "diff", shop, new)
    assert result.code == 1
    assert (
        "no verdict: demo:shop/shop\n  two different packages are both called demo:units@0.2.0\n"
        in result.out
    )
    assert "hint: raise the version of the changed one" in result.out
    assert "    -type price = u64;\n    +type price = u32;\n" in result.out


def test_a_component_is_no_version_of_its_wit_and_its_toolchain_is_no_change(
    sdk: Command, tmp_path: Path
) -> None:
    wasi = "package wasi:io@0.2.0 { interface poll { block: func(); } }"
    shop = "interface stock { count: func() -> u32; }"
    (tmp_path / "shop.wit").write_text(f"package demo:shop@1.0.0;\n{shop}\nworld shop {{ export stock; }}\n")
    built = tmp_path / "built.wit"
    built.write_text(
        f"package demo:shop@1.0.0;\n{shop}\nworld shop {{ import wasi:io/poll@0.2.0; export stock; }}\n{wasi}\n"
    )
    core, component = tmp_path / "core.wasm", tmp_path / "shop.wasm"
    run_wasm_tools(["component", "embed", "--dummy", "--world", "shop", built, "-o", core])
    run_wasm_tools(["component", "new", core, "-o", component])
    for pair in (("shop.wit", "shop.wasm"), ("shop.wasm", "shop.wit")):
        result = sdk("wit", "diff", *pair, folder=tmp_path)
        assert result.code == 1
        assert "the worlds belong to two packages" in result.out
        assert (
            "hint: a component does not keep the name of its world: compare it with another component"
            in result.out
        )
        assert "wasi:" not in result.out
    both = sdk("wit", "diff", "shop.wasm", "shop.wasm", folder=tmp_path)
    assert both.code == 0
    explained = sdk("wit", "diff", "--help").out
    assert "OLD and NEW are each a .wit file" in explained


def test_items_of_which_only_since_changed_are_counted_and_listed_on_demand(
    sdk: Command, tmp_path: Path
) -> None:
    text = """\
package a:b@1.{0}.0;
@since(version = 1.{0}.0)
interface i {{
  @since(version = 1.{0}.0)
  record r {{ a: u8 }}
  @since(version = 1.{0}.0)
  f: func() -> r;
  @since(version = 1.{0}.0)
  g: func({1});
}}
@since(version = 1.{0}.0)
interface j {{
  @since(version = 1.{0}.0)
  use i.{{r}};
}}
@since(version = 1.{0}.0)
world w {{
  @since(version = 1.{0}.0)
  export j;
}}
"""
    old, new = tmp_path / "old.wit", tmp_path / "new.wit"
    old.write_text(text.format(0, "").replace("@since(version = 1.0.0)\n  f:", "f:"))
    new.write_text(text.format(1, "x: u8"))
    short, full = sdk("wit", "diff", old, new), sdk("wit", "diff", old, new, "--all")
    assert re.findall(r"^  (\w+) (\S+)$", short.out, re.MULTILINE) == [
        ("package", "a:b"),
        ("function", "a:b/i#g"),
    ]
    listed = re.findall(r"^  (?!package)(\w+) (\S.*)$", full.out.partition("\nchanged\n")[2], re.MULTILINE)
    assert f"\nof {len(listed) - 1} items only @since changed; --all lists them\n" in short.out
    assert ("function", "a:b/i#f") in listed
    assert ("interface", "a:b/j") in listed
    assert "--all" not in full.out
    data = json.loads(sdk("wit", "diff", old, new, "--json").out)
    assert [one["place"] for one in data["changes"] if not one["since_only"]] == ["a:b", "a:b/i#g"]
    assert len(data["changes"]) == len(listed) + 1
    assert (short.code, full.code) == (1, 1)


def test_python_names_that_move_are_listed(sdk: Command, tmp_path: Path) -> None:
    world = "package a:b;\ninterface store { record item { n: u8 } get: func() -> item; }\nworld w { %s }\n"
    old, new = tmp_path / "old.wit", tmp_path / "new.wit"
    old.write_text(world % "export store;")
    new.write_text(world % "import store; export store;")
    out = sdk("wit", "diff", old, new).out
    [line] = out.partition("Python names that move\n")[2].splitlines()
    assert line == "  guest  module  a:b/store: wit_world.exports.store -> wit_world.imports.store"


def test_exceptions_that_move_are_listed(sdk: Command, tmp_path: Path) -> None:
    world = "package a:b;\ninterface store { enum bad { x } get: func() -> result<u8, %s>; }\nworld w { export store; }\n"
    old, new = tmp_path / "old.wit", tmp_path / "new.wit"
    old.write_text(world % "string")
    new.write_text(world % "bad")
    out = sdk("wit", "diff", old, new).out
    [line] = out.partition("Python names that move\n")[2].splitlines()
    assert line == "  host   exception  a:b/store#get: exports.store.GetRaised -> exports.store.BadRaised"
    assert json.loads(sdk("wit", "diff", old, new, "--json").out)["moves"] == [
        {
            "target": "host",
            "place": "a:b/store#get",
            "what": "exception",
            "old": "exports.store.GetRaised",
            "new": "exports.store.BadRaised",
        }
    ]


def test_the_class_of_a_resource_stays_when_another_of_its_name_comes_before_it(
    sdk: Command, shop: Path
) -> None:
    text = "package a:b;\ninterface one { resource cursor; }\ninterface two { resource cursor; }\nworld w { %s }\n"
    old, new = shop.with_name("old.wit"), shop.with_name("new.wit")
    old.write_text(text % "export one;")
    new.write_text(text % "export two; export one;")
    data = json.loads(sdk("wit", "diff", old, new, "--json").out)
    assert data["moves"] == []


def test_nothing_moves_when_a_world_only_grows(sdk: Command, shop: Path) -> None:
    new = changed(
        shop,
        ("  export stock;\n}", "  export stock;\n  import extra: interface { f: func(); }\n}"),
        version="1.0.0",
    )
    result = sdk("wit", "diff", shop, new)
    assert result.code == 0, result.out
    assert "Python names that move" not in result.out


# docs


def test_docs_name_every_item_in_both_languages(sdk: Command, shop: Path) -> None:
    result = sdk("wit", "docs", "wit", "--out", "out", "--format", "both", folder=shop.parent)
    assert (result.code, result.err) == (0, "")
    out = shop.parent / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "demo-idle-1.0.0.md",
        "demo-shop-1.0.0.md",
        "demo-units-0.2.0.md",
        "index.html",
    ]
    page = (out / "index.html").read_text()
    for python in (
        "Item",
        "Trouble_Missing",
        "Cursor(prefix)",
        "Cursor.next()",
        "get(name)",
        "exports.stock.Stock",
    ):
        assert f">{python}</code>" in page
    text = (out / "demo-shop-1.0.0.md").read_text()
    assert "[price](demo-units-0.2.0.md#demo-units-money-0-2-0-price)" in text
    again = sdk("wit", "docs", "wit", "--out", "out", "--format", "both", folder=shop.parent)
    assert again.out == "out is up to date\n"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the repository")
@pytest.mark.parametrize(
    "name",
    ["keywords.wit", "multiversion/wit", "resources.wit", "same-names5.wit", "worlds-with-types.wit"],
)
def test_every_link_leads_somewhere_and_nothing_is_loaded(name: str) -> None:
    files = files_of(CORPUS / name, "both")
    page = _Page(files["index.html"])
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert not {"script", "link", "img", "iframe"} & page.tags
    assert page.policy == "default-src 'none'; style-src 'unsafe-inline'"
    for file, text in files.items():
        for other, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", text if file.endswith(".md") else ""):
            assert f'<a id="{anchor}"></a>' in files[other or file]


def test_pages_that_are_no_longer_made_are_removed_and_files_of_others_stay(sdk: Command, shop: Path) -> None:
    out = shop.parent / "out"
    sdk("wit", "docs", shop, "--out", out, "--format", "both")
    (out / "mine.md").write_text("# mine\n")
    (shop / "deps" / "idle.wit").unlink()
    result = sdk("wit", "docs", shop, "--out", out, "--format", "markdown")
    assert result.code == 0, result.err
    assert sorted(path.name for path in out.iterdir()) == [
        "demo-shop-1.0.0.md",
        "demo-units-0.2.0.md",
        "index.html",
        "mine.md",
    ]


@pytest.mark.parametrize("name", ["index.html", "demo-units-0.2.0.md"])
def test_docs_never_replace_a_file_of_others(sdk: Command, shop: Path, name: str) -> None:
    out = shop.parent / "out"
    out.mkdir()
    (out / name).write_text("mine")
    result = sdk("wit", "docs", shop, "--out", out, "--format", "both")
    assert result.code == 2
    assert name in result.err
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [(name, "mine")]


def test_a_place_that_cannot_be_written_is_wrong_usage_and_left_as_it_is(sdk: Command, shop: Path) -> None:
    file = shop.parent / "file"
    file.write_text("")
    below = sdk("wit", "docs", shop, "--out", file / "below")
    assert (below.code, "the output folder lies below a file" in below.err) == (2, True)
    (shop / "deps.lock").mkdir()
    result = sdk("wit", "deps", shop)
    assert (result.code, "the lock file cannot be read" in result.err) == (2, True)


@pytest.mark.skipif(
    not Path("/proc/self").is_dir(), reason="there is no folder here that not even root may write"
)
def test_a_read_only_folder_is_wrong_usage(sdk: Command, shop: Path) -> None:
    result = sdk("wit", "docs", shop, "--out", "/proc/docs")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: cannot write the generated files: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_a_lock_file_is_not_written_into_a_read_only_folder(sdk: Command, shop: Path) -> None:
    shop.chmod(0o500)
    result = sdk("wit", "deps", shop)
    shop.chmod(0o700)
    assert (result.code, "the lock file cannot be written" in result.err) == (2, True)
    assert not (shop / "deps.lock").exists()


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """WIT whose documentation would like to be more than text, everywhere where there can be any."""
    said = f"/// {HOSTILE}\n"
    source = tmp_path / "hostile.wit"
    source.write_text(
        f"{said}package a:b;\n{said}interface i {{\n{said}record r {{\n{said}f: u8 }}\n{said}enum e {{\n{said}x }}\n"
        f"{said}f: func(); }}\n{said}world w {{ {said}export i; {said}import inline: interface {{ {said}g: func(); }} }}\n"
    )
    return source


def test_hostile_documentation_stays_text_in_html(sdk: Command, hostile: Path, tmp_path: Path) -> None:
    assert sdk("wit", "docs", hostile, "--out", tmp_path / "out").code == 0
    page = _Page((tmp_path / "out" / "index.html").read_text())
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 10


def test_hostile_documentation_stays_text_in_markdown(sdk: Command, hostile: Path, tmp_path: Path) -> None:
    from markdown_it import MarkdownIt

    assert sdk("wit", "docs", hostile, "--out", tmp_path / "out", "--format", "markdown").code == 0
    [file] = (tmp_path / "out").iterdir()
    text = file.read_text()
    assert not re.search(r"\{\{|\{%|\$\{", text)
    page = _Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 10
    assert all(not link.startswith("javascript") for link in page.links)


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium on this machine")
def test_a_browser_shows_the_page_and_runs_nothing_in_it(sdk: Command, hostile: Path, tmp_path: Path) -> None:
    assert BROWSER is not None
    out = tmp_path / "out"
    assert sdk("wit", "docs", hostile, "--out", out).code == 0
    done = subprocess.run(
        [
            BROWSER,
            *(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--dump-dom",
                f"--user-data-dir={tmp_path / 'profile'}",
            ),
            (out / "index.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    page = _Page(done.stdout)
    assert page.title == "a:b"
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 10
    assert "nav" in page.tags


# What is wrong with the input


@pytest.mark.parametrize("command", ["show", "deps", "diff", "docs"])
def test_a_syntax_error_has_its_place_and_nothing_is_written(
    sdk: Command, tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "wit"
    folder.mkdir()
    extra: list[str | Path] = {"diff": [folder], "docs": ["--out", tmp_path / "out"]}.get(command, [])
    (folder / "a.wit").write_text("package a:b;\ninterface i { f func(); }\n")
    wrong = sdk("wit", command, folder, *extra)
    assert (wrong.code, wrong.out) == (7, "")
    assert f"  --> {folder / 'a.wit'}:2:17" in wrong.err
    assert [path.name for path in tmp_path.rglob("*")] == ["wit", "a.wit"]


def test_what_is_no_wit_or_not_there_is_explained(sdk: Command, tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n\0\xff")
    wrong = sdk("wit", "show", image)
    assert (wrong.code, wrong.out) == (7, "")
    assert f"  --> {image}" in wrong.err
    assert "hint: give a .wit file" in wrong.err
    missing = sdk("wit", "deps", tmp_path / "none")
    assert missing.code == 2
    assert "there is no such file or folder" in missing.err


@pytest.mark.parametrize("command", ["show", "deps", "diff"])
def test_an_unknown_world_names_the_nearest_one(sdk: Command, shop: Path, command: str) -> None:
    extra = [shop] if command == "diff" else []
    result = sdk("wit", command, shop, *extra, "--world", "shopp")
    assert (result.code, result.out) == (7, "")
    assert "hint: did you mean 'shop'?" in result.err
    assert not (shop / "deps.lock").exists()


def test_the_group_alone_shows_its_commands_and_is_wrong_usage(sdk: Command) -> None:
    result = sdk("wit")
    assert result.code == 2
    for name in ("show", "deps", "diff", "docs"):
        assert f"\n  {name} " in result.err


class _Page(HTMLParser):
    """What stands on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.policy = ""
        self.title = ""
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self._inside = tag
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside == "title":
            self.title += data
            self._inside = ""
