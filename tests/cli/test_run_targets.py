"""`run`: what it is told to run, and what machines read when something goes wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_process import Command

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli")]


@pytest.fixture
def clone(trial: Path, tmp_path: Path) -> Path:
    """The trial as another person gets it: nothing is generated or built."""
    return shutil.copytree(trial, tmp_path / "clone", ignore=shutil.ignore_patterns("dist", "bindings"))


def test_a_project_that_was_never_built_here_is_generated_and_built_first(sdk: Command, clone: Path) -> None:
    result = sdk("run", clone, "--send", "trial", "hi", "--in-memory")
    assert (result.code, result.out) == (0, "you said hi\n")
    assert (clone / "dist" / "trial.wasm").is_file()
    assert (clone / "bindings" / "wit_world" / "__init__.py").is_file()
    assert "generate: airssys:core/runtime-host@1.0.0 ... up to date\n" not in result.err


def test_a_misspelt_project_or_component_is_asked_about(sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "Component.toml").touch()
    (tmp_path / "help").mkdir()  # a folder like any other
    (tmp_path / "words.wasm").touch()
    for asked, hint in (
        ("helo", "did you mean 'hello'?"),
        ("../here/helo", "did you mean '../here/hello'?"),
        ("word.wasm", "did you mean 'words.wasm'?"),
        ("nothing", "give a folder with a Component.toml, or a .wasm file"),
        ("nowhere/hello", "give a folder with a Component.toml, or a .wasm file"),
    ):
        result = sdk(
            "run", asked.replace("here", tmp_path.name, 1) if "../" in asked else asked, folder=tmp_path
        )
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("error: there is no such project folder or component file\n")
        assert f"hint: {hint.replace('/here/', f'/{tmp_path.name}/')}\n" in result.err


def test_components_with_the_same_name_are_told_apart_by_their_namespace(
    sdk: Command, trial: Path, clone: Path
) -> None:
    manifest = clone / "Component.toml"
    manifest.write_text(manifest.read_text().replace('namespace = "test"', 'namespace = "other"'))
    both = sdk("run", trial, clone, "--send", "trial", "hi", "--in-memory")
    assert (both.code, both.out) == (2, "")
    assert "error: 2 components are called 'trial'\nhint: name one: other/trial/0, test/trial/0\n" in both.err
    asked = ["--send", "test/trial", "one", "--send", "other/trial/0", "two", "--in-memory", "--quiet"]
    each = sdk("run", trial, clone, *asked)
    assert (each.code, each.out, each.err) == (0, "you said one\nyou said two\n", "")


def test_machines_read_every_failure_and_every_reply_as_one_line(sdk: Command, trial: Path) -> None:
    asked = ["--send", "trial", "boom", "--send", "trial", "spin", "--send", "trial", "nothing"]
    result = sdk("run", trial, *asked, "--json", "--in-memory")
    assert result.code == 1
    told = [json.loads(line) for line in result.out.splitlines()]
    failures = [one for one in told if one["event"] == "failure"]
    assert [(one["component"], one["error"]) for one in failures] == [
        ("test/trial/0", "Trap"),
        ("test/trial/0", "DeadlineExceeded"),
    ]
    assert "the trial\\x1b[31m failed" in failures[0]["message"]
    (log,) = [one for one in told if one["event"] == "log" and one["component"] == "test/trial/0"]
    assert (log["level"], log["message"]) == ("warning", "spinning \\x1b[2J")
    (reply,) = [one for one in told if one["event"] == "reply"]
    assert reply["payload"] is None
    assert told[-1]["event"] == "counters"
    assert "\x1b" not in result.out


def test_machines_read_nothing_of_what_never_started(sdk: Command, trial: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wasm").write_text("no wasm")
    for arguments, code in (
        (["run", tmp_path / "text.wasm", "--json"], 7),
        (["run", trial, "--send", "nobody", "hi", "--json"], 2),
        (["run", tmp_path / "missing.wasm", "--json"], 2),
    ):
        result = sdk(*arguments)
        assert (result.code, result.out) == (code, "")
        assert "error: " in result.err


def test_input_that_is_no_text_reaches_the_component_byte_for_byte(sdk: Command, trial: Path) -> None:
    # The trial decodes what it gets, so these bytes crash it; the next line finds it running again.
    with sdk.start(["run", trial, "--stdin", "trial", "--in-memory", "--quiet"], pipe_input=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.buffer.write(b"\xff\xfe\nhi\n")
        process.stdin.close()
        assert process.stdout.read() == "you said hi\n"
        assert "can't decode byte 0xff in position 0" in process.stderr.read()
        assert process.wait() == 1
