"""Deny by default, and say which key of the manifest would allow it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from airssys_sdk.security import (
    AuditLog,
    AuditRecord,
    Capability,
    Grants,
    JsonLinesSink,
    PatternError,
)

RECORD = AuditRecord(
    timestamp=0.5,
    event="access-denied",
    operation="messaging.send",
    principal="example/a/0",
    resource="example/b/0\x1b[31m",
    decision="deny",
    policy="permissions.messaging.send",
)


def test_without_permissions_everything_is_denied() -> None:
    grants = Grants()
    for capability in Capability:
        assert not grants[capability].allows(("example", "store", "0"))


def test_one_capability_grants_nothing_of_another() -> None:
    grants = Grants({Capability.SEND: ["example/store/*"]})
    assert grants[Capability.SEND].allows(("example", "store", "0"))
    assert not grants[Capability.REQUEST].allows(("example", "store", "0"))
    assert not grants[Capability.SEND].allows(("example", "storex", "0"))


def test_answers_stay_right_when_a_component_names_very_many_targets() -> None:
    send = Grants({Capability.SEND: ["a/b/?"]})[Capability.SEND]
    for instance in range(5000):
        assert send.allows(("a", "b", str(instance))) == (instance < 10)


def test_a_storage_pattern_must_name_the_owner() -> None:
    with pytest.raises(PatternError) as raised:
        Grants({Capability.STORAGE_READ: ["/ok/**", "shared/*"]})
    assert raised.value.where == "permissions.storage.read[1]"


def test_a_malformed_pattern_names_its_key() -> None:
    with pytest.raises(PatternError) as raised:
        Grants({Capability.BROADCAST: ["a/[b"]})
    assert raised.value.where == "permissions.messaging.broadcast[0]"


def test_a_denial_is_logged_as_a_warning_without_control_characters(caplog: pytest.LogCaptureFixture) -> None:
    audit = AuditLog()
    with caplog.at_level(logging.INFO, "airssys.audit"):
        audit.record(RECORD)
    assert audit.denials == 1
    [logged] = caplog.records
    assert logged.levelno == logging.WARNING
    assert "\x1b" not in logged.getMessage()
    assert json.loads(logged.getMessage())["policy"] == "permissions.messaging.send"


def test_json_lines_are_appended_one_record_a_line(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for _ in range(2):
        sink = JsonLinesSink(path)
        AuditLog([sink]).record(RECORD)
        sink.close()
    lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    assert [line["resource"] for line in lines] == ["example/b/0\x1b[31m"] * 2
    assert lines[0]["timestamp"] == "1970-01-01T00:00:00.500000+00:00"
    assert path.stat().st_mode & 0o077 == 0


def test_a_sink_that_fails_is_reported_and_the_others_still_get_the_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed, open_ = JsonLinesSink(tmp_path / "a"), JsonLinesSink(tmp_path / "b")
    closed.close()
    AuditLog([closed, open_]).record(RECORD)
    open_.close()
    assert "was lost" in caplog.text
    assert (tmp_path / "b").read_text().count("\n") == 1
