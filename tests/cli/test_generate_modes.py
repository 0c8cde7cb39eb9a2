"""`generate --check`, `--diff` and `--stdout` for both targets, and that the same input gives the same bytes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from cli_process import Command, Result, tree

WIT = """\
package demo:shop@1.0.0;

/// Things that count\u00e9d twice \U0001f469\u200d\U0001f680.
///
/// # ---- names.toml ----
/// # ----- names.toml -----
interface kinds {
  record item { name: string, count: u32 }
}

interface stock {
  use kinds.{item};
  get: func(name: string) -> option<item>;
}

interface clock { now: func() -> u64; }

world shop { import clock; export stock; }
"""
LATER = WIT.replace("import clock; ", "import door; ").replace(
    "interface clock { now: func() -> u64; }", "interface door { open: func(); }"
)
TARGETS = pytest.mark.parametrize("target", ["host", "guest"])


@TARGETS
def test_nothing_is_written_and_all_is_told(target: str, sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "shop.wit").write_text(WIT, "utf-8")
    command = ["generate", target, "shop.wit", "--out", "out"]
    before = tree(tmp_path)
    shown = sdk(*command, "--stdout", folder=tmp_path)
    check = sdk(*command, "--check", folder=tmp_path)
    diff = sdk(*command, "--diff", folder=tmp_path)
    assert (shown.code, check.code, diff.code) == (0, 1, 0)
    assert (shown.err, diff.err) == ("", "")
    assert check.err == "out of date; the same command without --check writes it\n"
    assert check.out == diff.out
    assert tree(tmp_path) == before
    assert sdk(*command, folder=tmp_path).code == 0
    written = _files(tmp_path / "out")
    assert _cut(shown.out) == written
    assert _applied(diff.out, {}) == written
    before = tree(tmp_path)
    assert sdk(*command, "--check", folder=tmp_path) == Result(0, "", "")
    assert tree(tmp_path) == before


@TARGETS
@pytest.mark.parametrize("mode", ["--diff", "--stdout"])
def test_a_check_fails_whatever_else_is_asked_for(
    target: str, mode: str, sdk: Command, tmp_path: Path
) -> None:
    (tmp_path / "shop.wit").write_text(WIT, "utf-8")
    command = ["generate", target, "shop.wit", "--out", "out"]
    for arguments in ((mode, "--check"), ("--check", mode)):
        result = sdk(*command, *arguments, folder=tmp_path)
        assert (result.code, "class " in result.out) == (1, True)
    assert not (tmp_path / "out").exists()
    sdk(*command, folder=tmp_path)
    assert sdk(*command, "--check", mode, folder=tmp_path).code == 0


@TARGETS
def test_a_difference_shows_what_comes_and_goes(target: str, sdk: Command, tmp_path: Path) -> None:
    command = ["generate", target, "shop.wit", "--out", "out"]
    for text in (LATER, WIT):
        (tmp_path / "shop.wit").write_text(text, "utf-8")
        if text == LATER:
            assert sdk(*command, folder=tmp_path).code == 0
    before = tree(tmp_path)
    diff = sdk(*command, "--diff", folder=tmp_path)
    assert tree(tmp_path) == before
    assert (diff.code, diff.err) == (0, "")
    imports = "imports" if target == "host" else "wit_world/imports"
    assert f"--- /dev/null\n+++ {imports}/clock.py\n" in diff.out
    assert f"--- {imports}/door.py\n+++ /dev/null\n" in diff.out
    old = _files(tmp_path / "out")
    assert sdk(*command, folder=tmp_path).code == 0
    assert _applied(diff.out, old) == _files(tmp_path / "out")


@TARGETS
def test_the_same_input_gives_the_same_bytes(target: str, sdk: Command, tmp_path: Path) -> None:
    places = {name: tmp_path / name / "project" for name in ("first", "second", "third")}
    (tmp_path / "linked").symlink_to(tmp_path / "third")
    ascii_only = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    runs: list[tuple[str, Path, str, Mapping[str, str], int]] = [
        ("first", tmp_path / "first", "project/", {"PYTHONHASHSEED": "0", "TZ": "UTC"}, 0o022),
        ("second", tmp_path / "second", "./project/", {"PYTHONHASHSEED": "1", **ascii_only}, 0o077),
        (
            "third",
            tmp_path / "linked",
            f"{tmp_path}/linked/project/",
            {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LANG": "de_DE.UTF-8", "COLUMNS": "40"},
            0o002,
        ),
    ]
    results = dict[str, dict[str, bytes]]()
    for name, folder, prefix, env, umask in runs:
        places[name].mkdir(parents=True)
        (places[name] / "shop.wit").write_text(WIT, "utf-8")
        command = ["generate", target, f"{prefix}shop.wit", "--out", f"{prefix}out"]
        before = os.umask(umask)
        try:
            done = sdk(*command, folder=folder, env=env)
        finally:
            os.umask(before)
        assert (done.code, done.err) == (0, "")
        results[name] = _files(places[name] / "out")
        if sys.platform != "win32":
            rights = {path.stat().st_mode for path in (places[name] / "out").rglob("*") if path.is_file()}
            assert {mode & 0o777 for mode in rights} == {0o666 & ~umask}
        if name == "second":
            assert _cut(sdk(*command, "--stdout", folder=folder, env=env).out) == results[name]
    assert results["first"]["names.toml"]
    assert results["second"] == results["first"]
    assert results["third"] == results["first"]


def _files(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in tree(folder).items() if content is not None}


def _cut(shown: str) -> dict[str, bytes]:
    """The files of `--stdout`: the first line is the one that no file has, but for the name in it."""
    dashes = shown.split(" ")[1]
    parts = re.split(rf"^# {dashes} (\S+) {dashes}\n", shown, flags=re.MULTILINE)
    assert parts[0] == ""
    return {
        name: text.removesuffix("\n").encode() for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _applied(diff: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that a unified diff makes of these."""
    found = dict(files)
    for part in re.split(r"^(?=--- \S+\n\+\+\+ )", diff, flags=re.MULTILINE)[1:]:
        head, *lines = part.split("\n")
        old, new = head.removeprefix("--- "), lines[0].removeprefix("+++ ")
        before = found.pop(old, b"").decode().split("\n")[:-1]
        after, at = list[str](), 0
        for line in lines[1:-1]:
            if hunk := re.match(r"@@ -(\d+)(,0)?", line):
                start = int(hunk[1]) - (not hunk[2])
                after += before[at:start]
                at = start
            else:
                assert line[0] in "+- "
                if line[0] in "- ":
                    assert before[at] == line[1:]
                    at += 1
                after += [line[1:]] if line[0] in "+ " else []
        after += before[at:]
        if new != "/dev/null":
            found[new] = "".join(f"{line}\n" for line in after).encode()
    return dict(sorted(found.items()))
