"""Running the command once: signals, errors and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from airssys_sdk.cli.failure import explain
from airssys_sdk.cli.root import root
from airssys_sdk.cli.session import Session, open_streams, tolerate_any_text

PROGRAM = "airssys-sdk"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments and give its exit code; every error is explained on standard error."""
    return _flushed(_run(arguments, Session()))


def _run(arguments: Sequence[str] | None, session: Session) -> int:
    try:
        open_streams()
        tolerate_any_text()
        if hasattr(signal, "SIGTERM"):
            signal.signal(signal.SIGTERM, _terminate)
        code = _invoke(sys.argv[1:] if arguments is None else list(arguments), session)
        sys.stdout.flush()
    except BrokenPipeError:
        return 1  # the reader has gone (`| head`): end quietly
    except BaseException as error:  # noqa: BLE001 - the outermost frame: everything ends in a message and a code
        try:
            return explain(error, session)
        except OSError:
            return 1  # nobody can be told
    return code


def _invoke(arguments: list[str], session: Session) -> int:
    if f"_{PROGRAM.upper().replace('-', '_')}_COMPLETE" in os.environ:
        root.main(arguments, prog_name=PROGRAM)
    try:
        with root.make_context(PROGRAM, arguments, obj=session) as context:
            root.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return 0


def _terminate(number: int, _: FrameType | None) -> None:
    # An exception, so that unfinished files are removed on the way out.
    raise SystemExit(128 + number)


def _flushed(code: int) -> int:
    """The exit code, once all output is out; what cannot be written is let go, or the interpreter's last flush would complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            code = code or 1
    return code
