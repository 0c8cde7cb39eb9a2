"""The audit log: one record for each decision that a reviewer will ask about, above all each denial.

Records go to sinks. A sink that fails must not let a denied operation through nor stop a node, so sinks are called
after the decision stands, and `AuditLog` reports a failing one through Python's logging.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Literal, Protocol

AuditEvent = Literal[
    "access-granted", "access-denied", "security-violation", "authentication-required", "policy-evaluated"
]
Decision = Literal["allow", "deny"]

_logger = logging.getLogger("airssys.audit")


@dataclasses.dataclass(frozen=True, slots=True)
class AuditRecord:
    """One decision.

    Attributes:
        timestamp: seconds since the epoch.
        event: what kind of decision it was.
        operation: what was asked for, such as `messaging.send`.
        principal: who asked: a component's id.
        resource: what it was asked of: a target's id, a storage key.
        decision: the answer.
        policy: what decided: the key of the manifest that would have to list the resource.
        session: the message in whose handling it was asked, where there is one.
        metadata: anything else worth keeping.
    """

    timestamp: float
    event: AuditEvent
    operation: str
    principal: str
    resource: str
    decision: Decision
    policy: str
    session: str | None = None
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def to_json(self) -> str:
        """The record as one line of JSON, in ASCII, with the time in ISO 8601 (UTC)."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        moment = dt.datetime.fromtimestamp(self.timestamp, dt.UTC)
        values["timestamp"] = moment.isoformat(timespec="microseconds")
        values["metadata"] = dict(self.metadata)
        return json.dumps(values)


class AuditSink(Protocol):
    """Where audit records go."""

    def write(self, record: AuditRecord, /) -> None:
        """Keep the record."""
        ...


class LoggingSink:
    """Writes records to the logger `airssys.audit`, denials as warnings; the record itself is the log record's `audit`."""

    def write(self, record: AuditRecord) -> None:
        """Log the record."""
        level = logging.WARNING if record.decision == "deny" else logging.INFO
        _logger.log(level, "%s", record.to_json(), extra={"audit": record})


class JsonLinesSink:
    """Appends records to a file, one JSON object a line, each written through at once.

    Args:
        path: the file; it is created, readable by its owner only, when it is missing.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._file: IO[str] = path.open("a", encoding="ascii", newline="\n")

    def write(self, record: AuditRecord) -> None:
        """Append the record and hand it to the operating system."""
        self._file.write(record.to_json() + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class AuditLog:
    """Hands each record to every sink.

    Args:
        sinks: where records go; without any they go to Python's logging.

    Attributes:
        denials: how many records are denials.
        denied: the same for each principal.
    """

    def __init__(self, sinks: Iterable[AuditSink] | None = None) -> None:
        self._sinks = tuple(sinks) if sinks is not None else (LoggingSink(),)
        self.denials = 0
        self.denied: Counter[str] = Counter()

    def record(self, record: AuditRecord) -> None:
        """Hand over one record and count it if it is a denial."""
        if record.decision == "deny":
            self.denials += 1
            self.denied[record.principal] += 1
        for sink in self._sinks:
            try:
                sink.write(record)
            except (OSError, ValueError) as error:  # what a full disk and a closed file raise
                # The decision stands whatever becomes of its record; losing one silently would be worse than noise.
                _logger.error("an audit record was lost (%s): %s", error, record.to_json())
