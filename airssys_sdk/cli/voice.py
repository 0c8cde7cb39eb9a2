"""What `run` says: replies on standard output, everything else on standard error; or JSON lines for machines."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from airssys_sdk.cli import system_tree
from airssys_sdk.cli.events import as_data, in_words
from airssys_sdk.cli.failure import show
from airssys_sdk.cli.payloads import as_text
from airssys_sdk.cli.session import Session
from airssys_sdk.cli.text import safe_line
from airssys_sdk.errors import AirssysError
from airssys_sdk.manifest import ComponentId

if TYPE_CHECKING:
    from airssys_sdk.runtime import SystemSpec, Traced


class Voice:
    """Where the replies, events and failures of a node are told.

    With JSON, each is one object on one line of standard output, told apart by its key `event`.

    Args:
        session: where to write, and in which colours.
        as_json: write JSON lines.
        quiet: tell replies and failures only.
    """

    def __init__(self, session: Session, *, as_json: bool, quiet: bool) -> None:
        self.failures = 0
        self.lost: OSError | None = None
        """Why nobody can be told any more; the events and logs after it are dropped."""
        self.when_lost: Callable[[], object] = lambda: None
        """Called when that happens, on the thread that tried to tell something."""
        self._session = session
        self._json = as_json
        self._quiet = quiet

    def say(self, text: str) -> None:
        """Tell what the command itself does."""
        if not self._quiet and not self._json:
            self._session.note(text)

    def system(self, spec: SystemSpec) -> None:
        """Tell who supervises whom in a system that has started."""
        if self._quiet:
            return
        if self._json:
            self._session.json({"event": "system", **system_tree.data(spec)}, indent=None)
            return
        for line in system_tree.lines(spec, encoding=sys.stderr.encoding):
            self._session.styled(line, err=True)

    def event(self, event: object) -> None:
        """Tell what happened on the node. The node is in the middle of its work, so output that fails is not raised here."""
        with self._heard():
            self._event(event)

    def _event(self, event: object) -> None:
        if self._quiet:
            return
        if self._json:
            self._session.json(as_data(event), indent=None)
            return
        line = in_words(event)
        if line is not None:
            self._session.styled([("· ", line.color), (line.text, None)], err=True)

    def reply(self, one: ComponentId, payload: bytes | None) -> None:
        """Tell an answer; none is an empty line."""
        if not self._json:
            self._session.raw(payload or b"")
            return
        self._session.json({"event": "reply", "component": str(one), **as_text(payload)}, indent=None)

    def failed(self, one: ComponentId, error: AirssysError) -> None:
        """Tell that a question was not answered, and why."""
        self.failures += 1
        if self._json:
            data = {
                "event": "failure",
                "component": str(one),
                "error": type(error).__name__,
                "message": str(error),
            }
            self._session.json(data, indent=None)
        show(error, self._session)

    def problem(self, what: str, error: AirssysError) -> None:
        """Tell of something that went wrong beside the node, which goes on as it was."""
        with self._heard():
            if self._json:
                told = {
                    "event": "problem",
                    "what": what,
                    "error": type(error).__name__,
                    "message": str(error),
                }
                self._session.json(told, indent=None)
            show(error, self._session)

    def log(self, source: str, level: str, number: int, text: str) -> None:
        """Tell what a component logged; as with `event`, output that fails is not raised here."""
        with self._heard():
            self._log(source, level, number, text)

    def trace(self, call: Traced) -> None:
        """Tell a call into a component or an import of its; as with `event`, output that fails is not raised here."""
        with self._heard():
            if self._json:
                self._session.json({"event": "trace", **dataclasses.asdict(call)}, indent=None)
            else:
                arrow, color = (">> ", "cyan") if call.kind == "call" else ("<< ", "blue")
                self._session.styled(
                    [
                        (arrow, color),
                        (safe_line(f"{call.component} {call}"), "red" if call.failure else None),
                    ],
                    err=True,
                )

    def _log(self, source: str, level: str, number: int, text: str) -> None:
        if self._quiet:
            return
        if self._json:
            data = {"event": "log", "component": source, "level": level, "message": safe_line(text)}
            self._session.json(data, indent=None)
            return
        color = "red" if number >= logging.ERROR else "yellow" if number >= logging.WARNING else None
        self._session.styled([(f"{level:<7} ", color), (f"{source}: {safe_line(text)}", None)], err=True)

    @contextlib.contextmanager
    def _heard(self) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            if self.lost is None:
                self.lost = error
                self.when_lost()

    def stopped(self, seconds: float) -> None:
        """Tell that the node has stopped in order."""
        self.say(f"stopped in {seconds:.1f} s")

    def counters(self, numbers: dict[str, int]) -> None:
        """Tell how much was done, at the end."""
        if self._quiet:
            return
        if self._json:
            self._session.json({"event": "counters", **numbers}, indent=None)
        else:
            self._session.note(", ".join(f"{name} {number}" for name, number in numbers.items()))


class _GuestLog(logging.Handler):
    """Tells a voice what components log."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one record."""
        component = str(getattr(record, "component", record.name))
        self._voice.log(component, record.levelname.lower(), record.levelno, record.getMessage())


@contextlib.contextmanager
def guest_logs(voice: Voice) -> Generator[None, None, None]:
    """Let a voice tell what components log, from `info` on."""
    logger, handler = logging.getLogger("airssys"), _GuestLog(voice)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
