"""`generate`: files for a world, compared or written, and what a WIT author can get wrong."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import cli_projects
import pytest
from cli_process import Command

WIT = """\
package demo:shop@1.0.0;

interface stock {
  record item { name: string, count: u32 }
  get: func(name: string) -> option<item>;
}

world shop { export stock; }
world other { export stock; }
"""


@pytest.fixture
def wit(tmp_path: Path) -> Path:
    (tmp_path / "shop.wit").write_text(WIT)
    return tmp_path / "shop.wit"


def test_a_host_package_is_written_and_then_up_to_date(sdk: Command, wit: Path) -> None:
    arguments = ["generate", "host", "shop.wit", "--world", "shop", "--out", "shop"]
    first = sdk(*arguments, folder=wit.parent)
    assert (first.code, first.err) == (0, "")
    assert "  wrote shop/exports/stock.py\n" in first.out
    head = (wit.parent / "shop" / "__init__.py").read_text().splitlines()
    assert head[1] == "# Again: airssys-sdk generate host shop.wit --world shop --out shop"
    assert sdk(*arguments, folder=wit.parent).out == "shop is up to date\n"
    assert sdk(*arguments, "--check", folder=wit.parent).code == 0


def test_the_files_that_were_written_and_removed_are_named(sdk: Command, wit: Path) -> None:
    arguments = ["generate", "host", "shop.wit", "--world", "shop", "--out", "shop"]
    assert sdk(*arguments, folder=wit.parent).code == 0
    wit.write_text(WIT.replace("interface stock", "interface store").replace("export stock", "export store"))
    told = sdk(*arguments, folder=wit.parent).out
    for line in (
        "  removed shop/exports/stock.py",
        "  wrote shop/exports/store.py",
        "  wrote shop/__init__.py",
    ):
        assert f"{line}\n" in told
    assert "py.typed" not in told
    many = "".join(f"interface i{n} {{ f: func(); }}\n" for n in range(20))
    exports = " ".join(f"export i{n};" for n in range(20))
    wit.write_text(f"package demo:shop@1.0.0;\n{many}world shop {{ {exports} }}\n")
    told = sdk(*arguments, folder=wit.parent).out
    listed = [line for line in told.splitlines() if line.startswith(("  wrote ", "  removed "))]
    assert len(listed) == 10
    assert listed[0] == "  removed shop/exports/store.py"
    assert "  and 13 more\n" in told


def test_check_prints_what_is_out_of_date_and_changes_nothing(sdk: Command, wit: Path) -> None:
    arguments = ["generate", "host", wit, "--world", "shop", "--out", wit.parent / "shop"]
    sdk(*arguments)
    wit.write_text(WIT.replace("count: u32", "count: u64"))
    before = {path: path.read_bytes() for path in (wit.parent / "shop").rglob("*") if path.is_file()}
    checked = sdk(*arguments, "--check")
    assert checked.code == 1
    assert "-    count: wit.U32" in checked.out
    assert "+    count: wit.U64" in checked.out
    assert sdk(*arguments, "--diff").code == 0
    assert {path: path.read_bytes() for path in (wit.parent / "shop").rglob("*") if path.is_file()} == before


def test_stdout_shows_the_files_and_writes_none(sdk: Command, wit: Path) -> None:
    result = sdk("generate", "host", wit, "--world", "shop", "--out", wit.parent / "shop", "--stdout")
    assert result.code == 0
    assert "# ---- exports/stock.py ----\n" in result.out
    assert "class Stock(" in result.out
    assert list(wit.parent.iterdir()) == [wit]


def test_a_guest_keeps_its_code_when_the_world_grows(sdk: Command, wit: Path) -> None:
    arguments = ["generate", "guest", wit, "--world", "shop", "--out", wit.parent / "guest"]
    assert sdk(*arguments).code == 0
    app = wit.parent / "guest" / "app.py"
    app.write_text(
        app.read_text().replace("raise NotImplementedError", "return None  # mine\n        raise ValueError")
    )
    wit.write_text(WIT.replace("  get: func", "  clear: func();\n  get: func"))
    grown = sdk(*arguments)
    assert grown.code == 0
    assert grown.out.endswith("app.py: added Stock.clear; write what it does\n")
    assert "return None  # mine\n" in app.read_text()
    assert "def clear(self) -> None:" in app.read_text()
    app.write_text(app.read_text() + "\n\nfirst: stock.Item | None = None\n")
    wit.write_text(WIT.replace("  record item { name: string, count: u32 }\n", "").replace("<item>", "<u32>"))
    shrunk = sdk(*arguments)
    assert shrunk.code == 0
    assert "app.py: updated the signature of Stock.get\n" in shrunk.out
    assert "app.py: marked Stock.clear, which left the WIT\n" in shrunk.out
    assert "warning: " in shrunk.err
    assert "Item has left the bindings; change the code that uses it, or remove it\n" in shrunk.err


def test_a_project_is_brought_up_to_date(sdk: Command, tmp_path: Path) -> None:
    project = cli_projects.write(
        tmp_path / "lab", cli_projects.LAB_MANIFEST, cli_projects.LAB, cli_projects.LAB_WIT
    )
    assert sdk("generate", "--check", folder=project).code == 1
    assert not (project / "bindings").exists()
    result = sdk("generate", folder=project / "src")
    assert result.code == 0, result.err
    assert (project / "bindings" / "wit_world" / "__init__.py").is_file()
    assert sdk("generate", "--check", folder=project).code == 0
    assert sdk("generate", "--project", project).out == "up to date\n"


def test_a_syntax_error_in_wit_has_file_line_and_column(sdk: Command, wit: Path) -> None:
    wit.write_text(WIT.replace("count: u32", "count u32"))
    result = sdk("generate", "host", wit, "--world", "shop", "--out", wit.parent / "shop")
    assert (result.code, result.out) == (7, "")
    line = next(number for number, text in enumerate(wit.read_text().splitlines(), 1) if "count u32" in text)
    assert f"  --> {wit}:{line}:" in result.err
    assert "count u32" in result.err
    assert "Traceback" not in result.err
    assert list(wit.parent.iterdir()) == [wit]


def test_an_unknown_world_names_the_nearest_one(sdk: Command, wit: Path) -> None:
    result = sdk("generate", "host", wit, "--world", "shopp", "--out", wit.parent / "shop")
    assert result.code == 7
    assert "there is no world 'shopp'; it has shop, other" in result.err
    assert "hint: did you mean 'shop'?" in result.err


def test_a_world_must_be_named_where_there_are_several(sdk: Command, wit: Path) -> None:
    result = sdk("generate", "guest", wit, "--out", wit.parent / "guest")
    assert result.code == 7
    assert "hint: say which one is meant with --world\n" in result.err


def test_what_cannot_be_generated_is_told_with_its_place(sdk: Command, wit: Path) -> None:
    wit.write_text(WIT.replace("  get: func", "  watch: func() -> stream<u8>;\n  get: func"))
    result = sdk("generate", "host", wit, "--world", "shop", "--out", wit.parent / "shop")
    assert result.code == 7
    assert "demo:shop/stock@1.0.0#watch" in result.err
    assert list(wit.parent.iterdir()) == [wit]


def test_files_of_others_are_never_overwritten(sdk: Command, wit: Path) -> None:
    out = wit.parent / "shop"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    result = sdk("generate", "host", wit, "--world", "shop", "--out", out)
    assert result.code == 2
    assert "notes.txt" in result.err
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_a_source_that_is_not_there_is_wrong_usage(sdk: Command, tmp_path: Path) -> None:
    result = sdk("generate", "host", tmp_path / "none.wit", "--out", tmp_path / "out")
    assert result.code == 2
    assert result.err.startswith("error: there is no such file or folder\n")


@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupt_leaves_nothing_half_written(sdk: Command, tmp_path: Path, whole_group: bool) -> None:
    # A pipe for a source: the command is in the middle of reading until somebody writes into it.
    source = tmp_path / "shop.wit"
    os.mkfifo(source)
    arguments = ["generate", "host", source, "--world", "shop", "--out", tmp_path / "shop"]
    with sdk.start(arguments) as process, source.open("w"):
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert list(tmp_path.iterdir()) == [source]


def test_a_package_is_generated_without_a_world(sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "shop.wit").write_text(WIT.partition("world shop")[0])
    without = sdk("generate", "host", "shop.wit", "--out", "shop", folder=tmp_path)
    assert without.code != 0
    assert "hint: generate the types and Protocols of its interfaces with --package\n" in without.err
    arguments = ["generate", "host", "shop.wit", "--package", "--out", "shop"]
    done = sdk(*arguments, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    head = (tmp_path / "shop" / "stock.py").read_text().splitlines()
    assert head[1] == "# Again: airssys-sdk generate host shop.wit --package --out shop"
    assert sdk(*arguments, "--check", folder=tmp_path).code == 0
    both = sdk(*arguments, "--world", "shop", folder=tmp_path)
    assert (both.code, both.out) == (2, "")
    assert "--package takes every interface" in both.err
