"""What the documents name is there: files, make targets, commands, exit codes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from readme import ROOT, section

from airssys_sdk import errors
from airssys_sdk.cli import failure

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")],
    key=str,
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = re.findall(r"(?:`|^ *)make ([a-z]+)", document.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= targets


def test_the_readme_names_exactly_the_commands_that_there_are() -> None:
    (row,) = re.findall(r"^\| command \| (.*) \|$", section("What works").text, re.MULTILINE)
    shown = subprocess.run(
        [sys.executable, "-m", "airssys_sdk.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    commands = re.findall(r"^  ([a-z]+)  ", shown.partition("Commands:")[2], re.MULTILINE)
    assert commands
    assert sorted(re.findall(r"`([a-z]+)`", row)) == sorted(commands)


def test_the_exit_codes_that_errors_have_are_explained() -> None:
    table = (ROOT / "docs" / "command.md").read_text("utf-8")
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    kinds = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert {kind.exit_code for kind in kinds} | {0, failure.INTERRUPTED} == explained


def test_the_licences_that_the_readme_names_are_in_the_repository() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert "Apache-2.0 or MIT" in text
    assert {file.name for file in ROOT.glob("LICENSE-*")} == {"LICENSE-APACHE", "LICENSE-MIT"}
