"""What a guest logs reaches Python's logging, cut to size and unable to steer a terminal."""

from __future__ import annotations

import logging

import pytest

from airssys_sdk.manifest import ComponentId
from airssys_sdk.services.logs import MAX_CONTEXT, MAX_MESSAGE, TRACE, ComponentLog, safe

LOG = ComponentLog(ComponentId("example", "a", "7"))


def test_a_record_carries_the_component_and_its_context(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(TRACE, "airssys.component"):
        LOG.write("warn", "disk is full", [("disk", "sda")])
        LOG.write("trace", "step")
    warning, trace = caplog.records
    assert (warning.name, warning.levelno) == ("airssys.component.example.a", logging.WARNING)
    assert warning.__dict__["component"] == "example/a/7"
    assert warning.__dict__["context"] == {"disk": "sda"}
    assert warning.getMessage() == "disk is full (disk=sda)"
    assert trace.levelname == "TRACE"


def test_text_of_a_guest_cannot_steer_a_terminal_or_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "airssys.component"):
        LOG.write("info", "a\x1b[2J\nERROR forged\u202e", [("k\r", "\x07")])
    message = caplog.records[0].getMessage()
    assert message == "a\\x1b[2J\\nERROR forged\\u202e (k\\r=\\x07)"


def test_long_text_and_much_context_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "airssys.component"):
        LOG.write("info", "x" * (MAX_MESSAGE + 10), [(str(i), "") for i in range(100)])
    [record] = caplog.records
    assert "(10 characters more)" in record.getMessage()
    assert len(record.__dict__["context"]) == MAX_CONTEXT
    assert safe("") == ""


def test_a_percent_sign_of_a_guest_is_just_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "airssys.component"):
        LOG.write("info", "100 %s %d")
    assert caplog.records[0].getMessage() == "100 %s %d"


def test_output_is_logged_line_by_line_however_it_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    take = LOG.output("stderr", "debug")
    with caplog.at_level(logging.DEBUG, "airssys.component"):
        for piece in (b"he", b"llo\nwor", b"ld", b"\n\xff\n", b"x" * 100_000, b"\nrest"):
            take(piece)
    messages = [record.getMessage() for record in caplog.records]
    assert messages[:3] == ["hello (stream=stderr)", "world (stream=stderr)", "\\xff (stream=stderr)"]
    assert len(messages[3]) <= MAX_MESSAGE + len(" (stream=stderr)")
    assert len(messages) == 4
