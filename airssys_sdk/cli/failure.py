"""The one place that shows an error: what happened, where, and what to do next."""

from __future__ import annotations

import traceback

import click

from airssys_sdk.cli.session import Session
from airssys_sdk.cli.text import indent, safe, safe_line
from airssys_sdk.errors import AirssysError

INTERRUPTED = 130
_ISSUES = "run the command again with --debug for the traceback, and report it with what you did"


def explain(error: BaseException, session: Session) -> int:
    """Write an error to standard error and give the exit code that belongs to it."""
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        case KeyboardInterrupt() | click.Abort():
            _debug(error, session)
            session.styled([("interrupted", "yellow")], err=True)
            return INTERRUPTED
        case EOFError():
            _debug(error, session)
            session.styled(
                [("error", "red"), (": the input ended before a question was answered", None)], err=True
            )
            session.styled([("hint", "cyan"), (": with `--no-input` nothing is asked", None)], err=True)
            return 1
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return error.exit_code
        case AirssysError():
            _debug(error, session)
            show(error, session)
            return error.exit_code
        case click.ClickException():
            _debug(error, session)
            _usage(error, session)
            return error.exit_code
        case MemoryError():
            _debug(error, session)
            session.styled([("error", "red"), (": there is not enough memory", None)], err=True)
            return 1
        case OSError() if error.errno is not None:
            _debug(error, session)
            place = f": {safe_line(str(error.filename))}" if error.filename is not None else ""
            session.styled([("error", "red"), (f": {error.strerror}{place}", None)], err=True)
            return 1
        case _ if _wraps_interrupt(error):
            _debug(error, session)
            session.styled([("interrupted", "yellow")], err=True)
            return INTERRUPTED
        case _:
            _debug(error, session)
            kind, text = type(error).__name__, safe_line(str(error))
            session.styled([("internal error", "red"), (f": {kind}: {text}", None)], err=True)
            session.styled([("hint", "cyan"), (f": {_ISSUES}", None)], err=True)
            return 1


def _wraps_interrupt(error: BaseException) -> bool:
    """Whether an error that nobody expects is what a library made of an interrupt."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, KeyboardInterrupt):
        # pydantic keeps neither cause nor context when an interrupt meets it while it builds a model.
        if type(seen).__name__ == "SchemaError" and "KeyboardInterrupt" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return seen is not None


def show(error: AirssysError, session: Session) -> None:
    """Write an error that explains itself: message, place, details, hint."""
    session.styled([("error", "red"), (f": {error.message}", None)], err=True)
    if error.where:
        session.styled([("  --> ", "blue"), (error.where, None)], err=True)
    if error.details:
        session.note(indent(safe(error.details), "  "))
    for note in getattr(error, "__notes__", ()):
        session.styled([("note", "cyan"), (f": {note}", None)], err=True)
    if error.hint:
        session.styled([("hint", "cyan"), (f": {error.hint}", None)], err=True)


def _usage(error: click.ClickException, session: Session) -> None:
    message = error.format_message()
    message = f"{message[:1].lower()}{message[1:]}".removesuffix(".")
    session.styled([("error", "red"), (f": {message}", None)], err=True)
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        session.styled([("hint", "cyan"), (f": `{context.command_path} --help` explains it", None)], err=True)


def _debug(error: BaseException, session: Session) -> None:
    if session.debug:
        session.note("".join(traceback.format_exception(error)).rstrip())
