"""What every command shares: help, options, errors, streams."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import Command
from pydantic_core import SchemaError

from airssys_sdk.cli.failure import explain
from airssys_sdk.cli.root import COMMANDS
from airssys_sdk.cli.session import Session
from airssys_sdk.cli.text import safe, safe_line

HEAVY = (
    "wasmtime",
    "componentize_py",
    "pydantic",
    "jinja2",
    "rich",
    "libcst",
    "cookiecutter",
    "pytest",
    "asyncio",
)


def test_the_help_lists_every_command(sdk: Command) -> None:
    result = sdk("--help")
    assert (result.code, result.err) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name} " in result.out


def test_only_a_wrapped_interrupt_counts_as_one(sdk: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert sdk("KeyboardInterrupt").code == 2
    from_one = RuntimeError("a library's own words")
    from_one.__cause__ = KeyboardInterrupt()
    for error, code in (
        (from_one, 130),
        (SchemaError("Error building validator: KeyboardInterrupt"), 130),
        (SchemaError("something else"), 1),
        (RuntimeError("KeyboardInterrupt"), 1),
        (OSError(2, "No such file", "KeyboardInterrupt"), 1),
    ):
        assert explain(error, Session()) == code
        assert ("interrupted" in capsys.readouterr().err) == (code == 130)


def test_a_call_without_a_command_shows_the_help_and_is_wrong_usage(sdk: Command) -> None:
    result = sdk()
    assert result.code == 2
    assert result.err.startswith("Usage: airssys-sdk")


def test_the_version_is_that_of_the_package(sdk: Command) -> None:
    from airssys_sdk import __version__

    assert sdk("--version").out == f"airssys-sdk {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [[], *([name] for name in COMMANDS), ["generate", "host"], ["generate", "guest"], ["wit", "docs"]],
)
def test_no_help_imports_what_only_work_needs(command: list[str]) -> None:
    program = (
        "import sys\nfrom airssys_sdk.cli import main\n"
        f"code = main({[*command, '--help']!r})\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print('imported:', heavy)\nsys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("imported: []\n")
    assert "Usage: airssys-sdk" in done.stdout


def test_an_unknown_command_names_the_nearest_one(sdk: Command) -> None:
    result = sdk("bild")
    assert result.code == 2
    assert result.err.startswith("error: there is no command `bild`; did you mean `build`?\n")


def test_an_unknown_option_is_wrong_usage(sdk: Command) -> None:
    result = sdk("build", "--fast")
    assert result.code == 2
    assert result.err.startswith("error: no such option '--fast'")
    assert "Traceback" not in result.err


def test_debug_shows_the_traceback_wherever_it_stands(sdk: Command, tmp_path: Path) -> None:
    for arguments in (["--debug", "build", tmp_path], ["build", tmp_path, "--debug"]):
        result = sdk(*arguments)
        assert result.code == 2
        assert "Traceback (most recent call last)" in result.err
        assert "error: no Component.toml" in result.err


def test_color_is_used_only_when_asked_for_in_a_pipe(sdk: Command, tmp_path: Path) -> None:
    assert "\x1b[" not in sdk("build", tmp_path).err
    assert "\x1b[" in sdk("--color", "build", tmp_path).err
    assert "\x1b[" not in sdk("--no-color", "build", tmp_path).err


def test_a_reader_that_goes_away_ends_the_command_quietly(sdk: Command) -> None:
    with sdk.start(["--help"]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode in {0, 1}


def test_a_terminal_that_lacks_characters_gets_escapes_instead_of_a_failure(
    sdk: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "日本"
    folder.mkdir()
    result = sdk("build", folder, env={"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"})
    assert result.code == 2
    assert "\\u65e5\\u672c" in result.err


def test_escape_sequences_of_others_are_made_visible() -> None:
    assert safe("a\x1b[31mb\x07\u202ec\x9b") == "a\\x1b[31mb\\x07\\u202ec\\x9b"
    assert safe("two\r\nlines\tand a \r bar") == "two\nlines\tand a \\x0d bar"
    assert safe("größe, 日本, 🎉") == "größe, 日本, 🎉"
    assert safe("\udc80") == "\\udc80"
    assert safe_line(" one\n two\x1b ") == "one two\\x1b"
