"""The modules that guests import, on the host's Python; a built guest uses them in test_building."""

from __future__ import annotations

import ast
import dataclasses
import enum
import logging
import sys
from pathlib import Path

import pytest

from airssys_sdk import guest
from airssys_sdk.guest.logs import HostLog


@dataclasses.dataclass
class Config:
    config_data: bytes | None


class LogLevel(enum.Enum):
    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


def test_the_config_section_arrives_as_a_dictionary() -> None:
    assert guest.config(Config(b'{"language":"en","sizes":[1,2]}')) == {"language": "en", "sizes": [1, 2]}


def test_no_config_section_is_an_empty_dictionary() -> None:
    assert guest.config(Config(None)) == {}


def test_config_data_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="a JSON list"):
        guest.config(Config(b"[1]"))


def test_log_records_reach_the_host_with_level_and_context() -> None:
    sent: list[tuple[LogLevel, str, list[tuple[str, str]] | None]] = []

    def log(level: LogLevel, message: str, context: list[tuple[str, str]] | None) -> None:
        sent.append((level, message, context))

    logger = logging.getLogger("counter-of-levels")
    logger.setLevel(1)
    logger.addHandler(HostLog(log, LogLevel))
    for level in (5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logger.log(level, "%d words", level)
    assert [level.name for level, _, _ in sent] == ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "ERROR"]
    assert sent[1] == (LogLevel.DEBUG, "10 words", [("logger", "counter-of-levels")])


def test_an_exception_is_named_in_the_context_and_its_traceback_in_the_message() -> None:
    sent: list[tuple[str, list[tuple[str, str]] | None]] = []
    logger = logging.getLogger("counter-of-errors")
    logger.addHandler(HostLog(lambda _, message, context: sent.append((message, context)), LogLevel))
    try:
        {}["missing"]
    except KeyError:
        logger.exception("lost")
    ((message, context),) = sent
    assert context == [("logger", "counter-of-errors"), ("exception", "KeyError")]
    assert message.startswith("lost\nTraceback")


def test_guest_modules_import_nothing_but_the_standard_library() -> None:
    folder = Path(guest.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names, file
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                assert str(node.module).partition(".")[0] in sys.stdlib_module_names, file
