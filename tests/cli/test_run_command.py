"""`run`: components under supervision, asked from the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cli_projects
import pytest
from cli_process import Command, read_terminal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli")]


def lines_until(process: subprocess.Popen[str], text: str) -> list[str]:
    """The lines of standard error up to the one that holds a text."""
    assert process.stderr is not None
    read: list[str] = []
    for line in process.stderr:
        read.append(line)
        if text in line:
            return read
    raise AssertionError(f"{text!r} never came:\n{''.join(read)}")


@pytest.fixture
def variant(trial: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the trial with more in its manifest; its component is the same, so nothing is built."""

    def make(more: str) -> Path:
        copy = shutil.copytree(trial, tmp_path / "trial")
        with (copy / "Component.toml").open("a") as manifest:
            manifest.write(more)
        return copy

    return make


def test_a_component_is_asked_by_its_name_and_answers(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "trial", "hi")
    assert (result.code, result.out) == (0, "you said hi\n")
    assert "test/trial/0 started\n" in result.err
    assert "test/trial/0 ended: shutdown\n" in result.err
    assert "builds 0, compiles 0, messages handled 1" in result.err


def test_a_second_run_does_nothing_twice(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "test/trial", "hi")
    assert "build: dist/trial.wasm ... up to date\n" in result.err
    assert "compile: dist/trial.wasm (metered) ... up to date\n" in result.err


def test_each_line_of_standard_input_is_asked_in_turn(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--stdin", "test/trial/0", "--quiet", given="one\ntwo\r\nnothing\nlast")
    assert (result.code, result.err) == (0, "")
    assert result.out == "you said one\nyou said two\n\nyou said last\n"


@pytest.mark.skipif(os.name == "nt", reason="closes a stream as a shell does")
def test_a_closed_standard_input_has_no_lines(sdk: Command, trial: Path) -> None:
    command = f"exec {sys.executable} -m airssys_sdk.cli run {trial} --stdin trial --quiet --in-memory <&-"
    done = subprocess.run(
        ["sh", "-c", command], env=sdk.environment(), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("place", ["", ".", "/"])
def test_a_folder_cannot_be_the_storage(sdk: Command, trial: Path, place: str) -> None:
    result = sdk("run", trial, "--send", "trial", "hi", "--storage", place)
    assert (result.code, result.out) == (2, "")
    assert "is a directory" in result.err


def test_json_is_one_object_a_line(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "trial", "hi", "--send", "trial", "raw", "--json")
    assert result.code == 0
    told = [json.loads(line) for line in result.out.splitlines()]
    assert [one for one in told if one["event"] == "reply"] == [
        {"event": "reply", "component": "test/trial/0", "payload": "you said hi"},
        {"event": "reply", "component": "test/trial/0", "payload-base64": "ABv/"},
    ]
    assert {"event": "actor-started", "name": "test/trial/0", "restarts": 0} in told
    assert told[-1]["event"] == "counters"
    assert told[-1]["messages handled"] == 2


def test_a_reply_goes_into_a_pipe_byte_for_byte(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--send", "trial", "raw", "--quiet"]) as process:
        assert process.stdout is not None
        assert process.stdout.buffer.read() == b"\0\x1b\xff\n"


def test_state_outlives_the_run_unless_it_is_kept_in_memory(
    sdk: Command, trial: Path, tmp_path: Path
) -> None:
    where = ["--storage", tmp_path / "node.db", "--quiet"]
    assert [sdk("run", trial, "--send", "trial", "count", *where).out for _ in range(2)] == ["1\n", "2\n"]
    assert sdk("run", trial, "--send", "trial", "count", "--in-memory", "--quiet").out == "1\n"


def test_what_stays_in_a_durable_mailbox_is_told_and_handled_by_the_next_run(
    sdk: Command, trial: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "durable"
    shutil.copytree(trial, copy, ignore=shutil.ignore_patterns(".airssys"))
    manifest = copy / "Component.toml"
    text = manifest.read_text("utf-8").replace("[supervision]\n", '[supervision]\nshutdown = "immediate"\n')
    manifest.write_text(f"{text}\n[runtime]\ndurable = true\n", "utf-8")
    result = sdk("run", copy, "--send", "trial", "spin", "--timeout", "100ms")
    assert result.code == 1
    assert "no answer within 0.1 s" in result.err
    assert "messages handled 0, failed 0, dead letters 0, kept on disk 1" in result.err
    result = sdk("run", copy, "--send", "trial", "hi")
    assert (result.code, result.out) == (0, "you said hi\n")
    assert "a message from airssys/host/0 to test/trial/0 became a dead letter: crashed" in result.err
    assert "messages handled 1, failed 0, dead letters 1, kept on disk 0" in result.err


def test_a_component_file_runs_with_the_manifest_above_it(sdk: Command, trial: Path, tmp_path: Path) -> None:
    wasm = trial / "dist" / "trial.wasm"
    assert sdk("run", wasm, "--send", "trial", "hi", "--quiet").out == "you said hi\n"
    alone = tmp_path / "some" / "where" / "alone.wasm"
    alone.parent.mkdir(parents=True)
    alone.symlink_to(wasm)
    missing = sdk("run", alone, "--send", "trial", "hi")
    assert missing.code == 2
    assert missing.err.startswith(
        "error: there is no Component.toml beside the file or in the folder above\n"
    )
    named = sdk(
        "run",
        alone,
        "--manifest",
        trial / "Component.toml",
        "--send",
        "trial",
        "hi",
        "--quiet",
        "--in-memory",
    )
    assert (named.code, named.out) == (0, "you said hi\n")


def test_a_guest_that_raises_is_explained_and_the_next_question_is_answered(
    sdk: Command, trial: Path
) -> None:
    result = sdk("run", trial, "--send", "trial", "boom", "--send", "trial", "hi")
    assert (result.code, result.out) == (1, "you said hi\n")
    assert "ValueError: the trial\\x1b[31m failed" in result.err
    line = 1 + cli_projects.TRIAL[: cli_projects.TRIAL.index("raise ValueError")].count("\n")
    place = f'    File "src/trial/component.py", line {line}, in handle_message\n      raise ValueError('
    assert place in result.err
    assert "test/trial/0 started again (restart 1)\n" in result.err
    assert "\x1b" not in result.err
    assert "airssys_sdk/" not in result.err


def test_a_guest_that_loops_meets_its_deadline_and_is_started_again(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "trial", "spin", "--send", "trial", "hi")
    assert (result.code, result.out) == (1, "you said hi\n")
    assert "warning test/trial/0: spinning \\x1b[2J\n" in result.err
    assert "still running after 2 s" in result.err


def test_a_guest_that_asks_for_too_much_memory_is_told_apart(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "trial", "hungry")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("failed 1, dead letters 0, kept on disk 0, restarts 1, denials 0\n")
    assert "memory" in result.err.partition("error: ")[2].splitlines()[0]


def test_an_unknown_target_names_those_that_run(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "trail", "hi")
    assert (result.code, result.out) == (2, "")
    assert "error: no component called 'trail' runs here\nhint: these do: test/trial/0\n" in result.err


def test_an_answer_that_takes_too_long_is_given_up(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--send", "trial", "spin", "--timeout", "100ms")
    assert (result.code, result.out) == (1, "")
    assert "Traceback" not in result.err


def test_a_component_of_another_world_is_refused_before_anything_is_built(sdk: Command, lab: Path) -> None:
    result = sdk("run", lab)
    assert (result.code, result.out) == (7, "")
    assert "airssys:core/runtime-host" in result.err
    assert "--> Component.toml: component.world" in result.err


def test_a_file_built_for_another_world_does_not_start(sdk: Command, lab: Path, trial: Path) -> None:
    result = sdk("run", lab / "dist" / "lab.wasm", "--manifest", trial / "Component.toml", "--in-memory")
    assert (result.code, result.out) == (7, "")
    assert "airssys:core/component-lifecycle@1.0.0" in result.err
    assert "Traceback" not in result.err


def test_a_permission_that_nothing_enforces_is_refused(sdk: Command, variant: Callable[[str], Path]) -> None:
    folder = variant('\n[permissions.filesystem]\nread = ["/data/**"]\n')
    result = sdk("run", folder, "--send", "trial", "hi")
    assert (result.code, result.out) == (7, "")
    assert "--> Component.toml: permissions.filesystem.read\n" in result.err


def test_a_component_that_does_not_start_says_why(sdk: Command, variant: Callable[[str], Path]) -> None:
    result = sdk("run", variant("\n[config]\nrefuse = true\n"), "--send", "trial", "hi", "--in-memory")
    assert (result.code, result.out) == (1, "")
    assert "error: the component did not start: " in result.err
    assert "not \\x1b[31m today" in result.err
    assert "Traceback" not in result.err


def test_a_node_that_has_lost_its_last_component_ends(
    sdk: Command, trial: Path, variant: Callable[[str], Path], tmp_path: Path
) -> None:
    # The second one asks the first for what crashes it, and crashes at the answer that there is none.
    first = variant("")
    second = tmp_path / "bomber"
    shutil.copytree(trial, second)
    for folder, name in ((first, "trial"), (second, "bomber")):
        manifest = folder / "Component.toml"
        text = manifest.read_text().replace('name = "trial"', f'name = "{name}"')
        text = text.replace("[supervision]", '[supervision]\npolicy = "temporary"')
        manifest.write_text(f"{text}[permissions.messaging]\nrequest = ['test/trial/*']\n")
    with (second / "Component.toml").open("a") as manifest:
        manifest.write("[config]\nvictim = 'trial'\n")
    result = sdk("run", first, second, "--in-memory")
    assert (result.code, result.out) == (1, "")
    assert "test/trial/0 ended: failed" in result.err
    assert "test/bomber/0 ended: failed" in result.err
    assert result.err.endswith(
        "error: no component runs any more\nhint: the events above say why; "
        "[supervision] in Component.toml decides about restarts\n"
    )


def test_on_a_terminal_there_are_colours_and_nothing_of_a_guest_steers_it(sdk: Command, trial: Path) -> None:
    pty = pytest.importorskip("pty")
    arguments = ["run", trial, "--send", "trial", "raw", "--in-memory"]
    ours, theirs = pty.openpty()
    with sdk.start(arguments, terminal=theirs) as process:
        os.close(theirs)
        shown = read_terminal(ours)
    assert process.returncode == 0
    assert "\\x00\\x1b\\xff\r\n" in shown
    assert "\x1b[32m\x1b[1m· \x1b[0mtest/trial/0 started\r\n" in shown
    ours, theirs = pty.openpty()
    with sdk.start(arguments, terminal=theirs, env={"NO_COLOR": "1"}) as process:
        os.close(theirs)
        shown = read_terminal(ours)
    assert "· test/trial/0 started\r\n" in shown
    assert "\x1b[32m" not in shown


def test_the_same_component_twice_is_wrong_usage(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, trial / "dist" / "trial.wasm")
    assert result.code == 2
    assert "error: two components are called test/trial/0\n" in result.err


def test_storage_that_another_node_uses_is_refused(sdk: Command, trial: Path, tmp_path: Path) -> None:
    arguments = ["run", trial, "--storage", tmp_path / "node.db"]
    with sdk.start(arguments) as first:
        lines_until(first, "running; Ctrl-C stops")
        second = sdk(*arguments, "--send", "trial", "hi")
        first.send_signal(signal.SIGINT)
        first.communicate()
    assert second.code == 1
    assert str(tmp_path / "node.db") in second.err
    assert "Traceback" not in second.err


def test_an_interrupt_stops_a_node_in_order(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--in-memory"]) as process:
        lines_until(process, "running; Ctrl-C stops")
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (0, "")
    assert err.startswith("stopping\n· test/trial/0 ended: shutdown\nstopped in ")
    assert "messages handled 0" in err


def test_a_termination_signal_stops_a_node_in_order(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--in-memory"]) as process:
        lines_until(process, "running; Ctrl-C stops")
        process.terminate()
        _, err = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "test/trial/0 ended: shutdown\n" in err


def test_an_interrupt_in_the_middle_of_a_question_stops_the_node(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--in-memory", "--send", "trial", "spin"]) as process:
        lines_until(process, "spinning")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err


def test_an_interrupt_while_standard_input_is_open_ends_the_command(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--in-memory", "--stdin", "trial"], pipe_input=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("hi\n")
        process.stdin.flush()
        assert process.stdout.readline() == "you said hi\n"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr is not None
        assert process.stderr.read().endswith("interrupted\n")


def test_a_reader_that_goes_away_stops_the_node(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--in-memory", "--json", "--stdin", "trial"], pipe_input=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["event"] == "actor-started"
        process.stdout.close()
        process.stdin.write("hi\n")
        process.stdin.flush()
        assert process.wait() == 1
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_that_cannot_be_written_stops_the_node(sdk: Command, trial: Path, stream: str) -> None:
    # Told from inside the node's work; before, the node waited for ever for a start that nobody had heard of.
    options = ["--json"] if stream == "stdout" else []
    command = [sys.executable, "-m", "airssys_sdk.cli", "run", trial / "dist" / "trial.wasm", *options]
    with Path("/dev/full").open("w") as full:
        out, err = (full, subprocess.PIPE) if stream == "stdout" else (subprocess.PIPE, full)
        done = subprocess.run(
            command, stdout=out, stderr=err, env=sdk.environment(), text=True, encoding="utf-8", check=False
        )
    assert done.returncode == 1
    assert "Traceback" not in (done.stderr or "")
    assert not done.stdout
