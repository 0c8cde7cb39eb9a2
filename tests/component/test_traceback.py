from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from small_guest import Probe, Small

from airssys_sdk.component import Limits, Trap, begin
from airssys_sdk.component.output.traceback import backtrace, explain_output, explain_trap

PROBE = Path(__file__).parents[1] / "guests" / "probe"

PANIC = (
    "\nthread '<unnamed>' (1) panicked at runtime/src/lib.rs:1280:25:\n"
    "Python function threw an unexpected exception\n"
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
)
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/0/app.py", line 2, in fail\n'
    '  File "/1/library/part.py", line 38, in helper\n'
    "ValueError: bad\n"
)


def line_of(text: str) -> int:
    """The line of the probe's source that this text stands in."""
    lines = (PROBE / "app.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.slow
def test_an_uncaught_exception_of_a_python_guest_shows_the_authors_file_and_line(probe_wasm: Path) -> None:
    with Probe.load(probe_wasm, sources={"/0": str(PROBE)}) as probe, pytest.raises(Trap) as caught:
        probe.fail("it\x1b[31m")
    trap = caught.value
    assert trap.where == "fail"
    assert trap.message.startswith("the guest raised KeyError: ")
    traceback = trap.guest_traceback
    assert traceback is not None
    assert f'File "{PROBE / "app.py"}", line {line_of("raise KeyError")}, in find' in traceback
    assert 'raise KeyError(f"no such item: {text}")' in traceback
    assert traceback in str(trap)
    assert "\x1b" not in str(trap)
    assert "panicked" not in str(trap)


@pytest.mark.slow
def test_a_guest_that_imports_while_it_runs_is_told_where_imports_belong(probe_wasm: Path) -> None:
    with Probe.load(probe_wasm) as probe, pytest.raises(Trap, match="No module named 'csv'") as caught:
        probe.fail("import csv")
    assert "import at the top of the module" in (caught.value.hint or "")


@pytest.mark.slow
def test_a_chain_of_exceptions_is_kept_whole_in_plain_and_sliced_calls(probe_wasm: Path) -> None:
    for sliced in (False, True):
        with Probe.load(probe_wasm) as probe, pytest.raises(Trap, match="RuntimeError: second") as caught:
            _ = begin(probe.chain).result() if sliced else probe.chain()
        traceback = caught.value.guest_traceback or ""
        assert "no such item: first" in traceback
        assert "direct cause" in traceback
        assert 'File "/0/app.py"' in traceback


@pytest.mark.slow
def test_output_that_only_looks_like_a_traceback_is_not_taken_for_one(probe_wasm: Path) -> None:
    with Probe.load(probe_wasm, limits=Limits(fuel=10_000_000_000)) as probe:
        probe.say("", TRACEBACK)
        with pytest.raises(Trap, match="KeyError"):
            probe.fail("real")


def test_a_native_guest_gets_the_functions_that_were_running_without_the_engines_noise() -> None:
    with Small.load() as small, pytest.raises(Trap) as caught:
        small.trap()
    assert caught.value.message == "the guest trapped: wasm `unreachable` instruction executed"
    assert "Caused by" not in str(caught.value)


def test_the_longest_folder_wins_and_unknown_paths_stay(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("one\n    two\n")
    said = explain_output(TRACEBACK + PANIC, {"/": "/nowhere", "/0": str(tmp_path)})
    assert said is not None
    assert f'File "{tmp_path / "app.py"}", line 2, in fail\n    two\n' in said.text
    assert 'File "/nowhere/1/library/part.py"' in said.text
    unknown = explain_output(TRACEBACK + PANIC)
    assert unknown is not None
    assert unknown.text == TRACEBACK.strip()


def test_a_guest_cannot_name_files_outside_the_authors_folders(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret\n")
    (tmp_path / "src").mkdir()
    text = TRACEBACK.replace("/0/app.py", "/0/../secret.txt").replace("line 2", "line 1")
    said = explain_output(text + PANIC, {"/0": str(tmp_path / "src")})
    assert said is not None
    assert "the secret" not in said.text


def test_only_the_last_exception_before_the_panic_counts() -> None:
    earlier = TRACEBACK.replace("bad", "caught and printed")
    said = explain_output(earlier + "going on\n" + TRACEBACK + PANIC)
    assert said is not None
    assert said.summary == "ValueError: bad"
    assert "caught and printed" not in said.text


def test_a_guest_without_memory_for_its_own_traceback_is_understood() -> None:
    dump = (
        "Traceback (most recent call last):\n"
        '  File "/0/app.py", line 24, in hog\n'
        "object address  : 0x480dc8\nobject refcount : 2\nobject type     : 0x373230\n"
        "object type name: MemoryError\nobject repr     : MemoryError()\nlost sys.stderr\n"
    )
    said = explain_output(dump + PANIC)
    assert said is not None
    assert said.out_of_memory
    assert said.summary == "MemoryError"


def test_a_native_panic_and_a_refused_allocation_are_told_apart() -> None:
    panic = "thread 'main' panicked at src/lib.rs:3:5:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1` x\n"
    said = explain_output("noise\n" + panic)
    assert said is not None
    assert said.summary == "index out of bounds"
    assert not said.out_of_memory
    refused = explain_output("memory allocation of 4096 bytes failed\n")
    assert refused is not None
    assert refused.out_of_memory


def test_an_error_or_a_value_that_the_function_cannot_return_is_said_in_words() -> None:
    panic = "thread '<unnamed>' (1) panicked at runtime/src/lib.rs:1640:18:\ncalled `Result::unwrap()` on an `Err` value: "
    key = "KeyError(<class 'wit_world.imports.errors.MessagingError_QueueFull'>)"
    said = explain_output(f"{panic}PyErr {{ type: <class 'KeyError'>, value: {key}, traceback: None }}\n")
    assert said is not None
    assert (
        said.mistake
        == "let Err(MessagingError_QueueFull) escape, which is no error that this function can return"
    )
    said = explain_output(f"{panic}CastError {{ from: '\x1b[2J', classinfo: <class 'bytes'> }}\n")
    assert said is not None
    assert said.mistake == "returned '\\x1b[2J', which is no bytes"

    value = "OverflowError('out of range integral type conversion attempted')"
    said = explain_output(
        f"{panic}PyErr {{ type: <class 'OverflowError'>, value: {value}, traceback: None }}\n"
    )
    assert said is not None
    assert said.mistake is not None
    assert said.mistake.startswith("gave a value that its type cannot hold: OverflowError: 'out of range")


def _raised(error: Exception) -> str:
    try:
        raise error
    except type(error):
        return traceback.format_exc()


@pytest.mark.parametrize(
    ("error", "headline"),
    [
        (ValueError("first line\nsecond line"), "ValueError: first line"),
        (ValueError('a\n  File "x", line 1\nerror: not this'), "ValueError: a"),
        (
            ExceptionGroup("several", [ValueError(1), KeyError("k")]),
            "ExceptionGroup: several (2 sub-exceptions)",
        ),
        (KeyError(), "KeyError"),
    ],
)
def test_the_headline_is_the_line_that_names_the_exception(error: Exception, headline: str) -> None:
    said = explain_output(_raised(error) + PANIC)
    assert said is not None
    assert said.summary == headline


@pytest.mark.parametrize("text", ["", "hello\n", TRACEBACK])
def test_ordinary_output_explains_nothing(text: str) -> None:
    assert explain_output(text) is None


def test_the_engines_message_is_reduced_to_its_cause() -> None:
    message = (
        "error while executing at wasm backtrace:\n"
        "    0:   0x1e2f - app.wasm!core::panicking::panic\n"
        "    1:   0x22aa - <unknown>!run\x1b[0m\n\n"
        "Caused by:\n    wasm trap: wasm `unreachable` instruction executed\n"
    )
    assert explain_trap(message) == "wasm `unreachable` instruction executed"
    assert backtrace(message) == "  in app.wasm!core::panicking::panic\n  in run\\x1b[0m"
    assert backtrace("no frames") is None
