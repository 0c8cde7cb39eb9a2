"""What happens on a node, as lines for people and as JSON for machines."""

from __future__ import annotations

import dataclasses
import enum
import re

from airssys_sdk.cli.text import safe_line
from airssys_sdk.errors import AirssysError


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """An event in words.

    Attributes:
        text: one line, safe for a terminal.
        color: what it deserves: green for a start, yellow for a loss, red for a failure.
    """

    text: str
    color: str | None


def in_words(event: object) -> Line | None:
    """Say what happened in one line; None for what only machines want to know."""
    from airssys_sdk.runtime import Deployed, DeploymentRefused, events
    from airssys_sdk.runtime.state import ExitKind

    match event:
        case events.ActorStarted(name, restarts):
            again = f" again (restart {restarts})" if restarts else ""
            return None if _is_internal(name) and not restarts else _line(f"{name} started{again}", "green")
        case events.ActorFailed(name, error):
            return _line(f"{name} failed: {brief(error)}", "red")
        case events.RestartPlanned(name, delay, count):
            when = f"in {delay:.1f} s" if delay else "now"
            return _line(f"{name} restarts {when} (restart {count} in its window)", "yellow")
        case events.SupervisorGaveUp(supervisor, child, error):
            return _line(f"{supervisor} gave up on {child}: {brief(error)}", "red")
        case events.LifeEnded(name, exit_, seconds) if exit_.kind is ExitKind.KILLED:
            return _line(f"{name} did not stop within {seconds:.1f} s and was killed", "red")
        case events.LifeEnded():
            return None
        case events.ActorEnded(name, exit_):
            return (
                None
                if _is_internal(name)
                else _line(f"{name} ended: {exit_}", "red" if exit_.abnormal else None)
            )
        case events.HookFailed(name, hook, error):
            return _line(f"{name} went wrong while {hook}: {brief(error)}", "yellow")
        case events.HealthChecked(name, status, failures, error):
            if not failures:
                return None
            why = f": {brief(error)}" if error is not None else ""
            return _line(f"{name} is {status.value} ({failures} failed checks in a row){why}", "yellow")
        case Deployed(component, record, previous, pause):
            versions = f"version {record.number} ({record.version}) has taken over from {previous.number}"
            return _line(f"{component}: {versions} (pause {pause * 1000:.1f} ms)", "green")
        case DeploymentRefused(component, record):
            version = f"version {record.number} ({record.version})"
            return _line(f"{component}: {version} did not take over: {record.error}", "red")
        case events.MessageFailed(name, error):
            return _line(f"{name} could not handle a message: {brief(error)}", "yellow")
        case events.DeadLetter(target, _, sender, reason):
            return _line(
                f"a message from {sender or 'nobody known'} to {target} became a dead letter: {reason.value}",
                "yellow",
            )
        case _:
            return _line(f"{_kind(event)} {_fields(event)}", None)


def _is_internal(name: str) -> bool:
    return name == "root" or name.endswith((" (supervisor)", " (system)"))


def as_data(event: object) -> dict[str, object]:
    """An event for JSON: its kind, and its fields as text and numbers."""
    return {"event": _kind(event), **_fields(event)}


def brief(error: BaseException) -> str:
    """An error on one line, with the line of the guest's code that raised it."""
    if isinstance(error, AirssysError):
        frames = re.findall(r'^ *File "(.+)", line (\d+)', error.details or "", re.MULTILINE)
        places = [error.where] if error.where else []
        places += [f"{file}:{line}" for file, line in frames[-1:]]
        return safe_line(error.message + (f" ({', '.join(places)})" if places else ""))
    return safe_line(f"{type(error).__name__}: {error}")


def _line(text: str, color: str | None) -> Line:
    return Line(safe_line(text), color)


def _kind(event: object) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(event).__name__).lower()


def _fields(event: object) -> dict[str, object]:
    if not dataclasses.is_dataclass(event):
        return {"text": safe_line(str(event))}
    return {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.decode(errors="backslashreplace")
        case enum.Enum():
            return _plain(value.value)
        case BaseException():
            return brief(value)
        case _:
            return str(value)
