"""`generate` in a project: what is told of what is written and removed, and the ways to write nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import cli_projects
import pytest
from cli_process import Command, Result, tree


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with nothing generated yet, under Git as `new` leaves it: without its bindings."""
    folder = cli_projects.write(
        tmp_path / "lab", cli_projects.LAB_MANIFEST, cli_projects.LAB, cli_projects.LAB_WIT
    )
    (folder / ".gitignore").write_text("/bindings/\n")
    return folder


def _change(project: Path, before: str, after: str) -> None:
    file = project / "wit" / "world.wit"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_file_that_goes_is_not_told_as_written(sdk: Command, project: Path) -> None:
    assert sdk("generate", folder=project).code == 0
    _change(project, "  export bench;\n", "")
    done = sdk("generate", folder=project)
    assert done.code == 0
    told = dict(line.split(" ")[::-1] for line in done.out.splitlines() if ": " not in line)
    assert told["bindings/wit_world/exports/bench.py"] == "removed"
    for file, word in told.items():
        assert (project / file).exists() == (word == "wrote")


def test_modes_show_and_write_nothing(sdk: Command, project: Path) -> None:
    before = tree(project)
    shown = sdk("generate", "--stdout", folder=project)
    diff = sdk("generate", "--diff", folder=project)
    assert (shown.code, shown.err, diff.code, diff.err) == (0, "", 0, "")
    assert tree(project) == before
    assert sdk("generate", folder=project / "src").code == 0
    after = tree(project)
    parts = re.split(r"^# ---- (\S+) ----\n", shown.out, flags=re.MULTILINE)
    cut = {name: text.removesuffix("\n") for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    written = {name: (content or b"").decode() for name, content in after.items() if name in cut}
    assert cut == written
    assert {name for name, content in after.items() if content is not None and name not in before} <= {*cut}
    for name, text in written.items():
        assert not text or before.get(name) is not None or f"+++ {name} (up to date)\n" in diff.out
    assert sdk("generate", "--diff", folder=project) == Result(0, "", "")
    assert sdk("generate", "--check", folder=project) == Result(0, "", "")


@pytest.mark.parametrize("mode", ["--diff", "--stdout"])
def test_a_check_fails_whatever_else_is_asked_for(mode: str, sdk: Command, project: Path) -> None:
    assert sdk("generate", folder=project).code == 0
    assert sdk("generate", "--check", mode, folder=project).code == 0
    _change(project, "  spin: func();\n", "  spin: func();\n  rest: func();\n")
    before = tree(project)
    for arguments in ((mode, "--check"), ("--check", mode), ("--project", str(project), "--check", mode)):
        done = sdk("generate", *arguments, folder=project)
        assert (done.code, "def rest(self)" in done.out) == (1, True)
        assert done.err == "out of date; the same command without --check writes it\n"
    assert tree(project) == before
    assert sdk("generate", mode, "host", "wit", "--out", "x", folder=project).code == 2


def test_a_check_in_a_clone_without_bindings_says_what_to_do_there_and_that_works(
    sdk: Command, project: Path
) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*arguments: str, folder: Path) -> int:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=folder, capture_output=True, check=False
        ).returncode

    assert sdk("generate", folder=project).code == 0
    (project / ".gitignore").write_text("bindings/\n")
    for command in (["init"], ["add", "."], ["commit", "-m", "all"]):
        assert git(*command, folder=project) == 0
    clone = project.parent / "clone"
    assert git("clone", str(project), str(clone), folder=project) == 0
    checked = sdk("generate", "--check", folder=clone)
    assert checked.code == 1
    hint = checked.err.splitlines()[-1]
    assert hint.startswith("no bindings are here: where Git does not keep them")
    assert hint.endswith(": airssys-sdk generate && git diff --exit-code")
    assert not (clone / "bindings").exists()
    assert sdk("generate", folder=clone).code == 0
    assert git("diff", "--exit-code", folder=clone) == 0
    _change(clone, "  spin: func();\n", "  spin: func();\n  rest: func();\n")
    assert git("commit", "-am", "more", folder=clone) == 0
    shutil.rmtree(clone / "bindings")
    assert sdk("generate", folder=clone).code == 0
    assert git("diff", "--exit-code", folder=clone) == 1


def test_an_entry_of_the_names_file_that_looks_misspelt_is_told(sdk: Command, project: Path) -> None:
    (project / "names.toml").write_text('[exports]\n"test:lab/bensh@1.0.0" = "desk"\n')
    warning = (
        "warning: names.toml: exports.'test:lab/bensh@1.0.0': the world has nothing of this name; "
        "did you mean 'test:lab/bench@1.0.0'?\n"
    )
    assert sdk("generate", "--diff", folder=project).err == warning
    loose = ["generate", "guest", "wit", "--out", "."]
    assert sdk(*loose, "--diff", folder=project).err == warning
    done = sdk("generate", folder=project)
    assert (done.code, done.err) == (0, warning)


NUL = {
    "comment": (b"# \0\n", "1:3"),
    "string": (b'name = 1\nother = "a\0"\r\n', "2:11"),
}


@pytest.mark.parametrize("kind", NUL)
def test_a_nul_character_in_the_authors_module_is_told_with_its_place(
    kind: str, sdk: Command, project: Path
) -> None:
    content, place = NUL[kind]
    file = project / "src" / "lab" / "component.py"
    file.write_bytes(content)
    before = tree(project)
    loose = ["generate", "guest", "wit", "--out", "src", "--app", "lab.component"]
    for command in (["generate"], ["generate", "--check"], ["build"], loose):
        done = sdk(*command, folder=project)
        assert (done.code, done.out) == (7, "")
        assert done.err.splitlines()[-3:] == [
            "error: the module holds a NUL character, which no Python file may",
            f"  --> src/lab/component.py:{place}",
            "hint: take it out; in a string it is written \\0",
        ]
        after = {name: text for name, text in tree(project).items() if name.partition("/")[0] != "dist"}
        assert after == before


@pytest.mark.parametrize("character", ["\x01", "\x1a", "\x7f", "\u202e"])
def test_another_control_character_where_python_has_none_is_told_with_its_place(
    character: str, sdk: Command, project: Path
) -> None:
    (project / "src" / "lab" / "component.py").write_text(f"name = 1\n{character}\n", "utf-8")
    done = sdk("generate", folder=project)
    assert (done.code, done.out) == (7, "")
    lines = done.err.splitlines()
    assert lines[1] == "  --> src/lab/component.py:2:1"
    assert f"invalid non-printable character U+{ord(character):04X}" in lines[2]
    assert not (project / "bindings").exists()


def test_control_characters_in_strings_and_comments_of_the_author_stay(sdk: Command, project: Path) -> None:
    file = project / "src" / "lab" / "component.py"
    mine = 'MARK = "\x1b[31m \x07"  # \x01 \x7f\n\x0c\n'
    file.write_bytes(file.read_bytes() + mine.encode())
    assert sdk("generate", folder=project).code == 0
    assert mine in file.read_bytes().decode()
