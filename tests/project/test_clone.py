"""A clone of a project: checked as it is, and merged as where it came from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tally_project import change

from airssys_sdk.project import Project, generate_project, scaffold


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    """A clone of a new project."""
    made = scaffold("library", "word-list", tmp_path / "word-list").folder
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "All"],
    ):
        subprocess.run(["git", *command], cwd=made, check=True)
    subprocess.run(["git", "clone", "--quiet", made, tmp_path / "clone"], check=True)
    return Project.load(tmp_path / "clone")


def test_a_clone_is_up_to_date(clone: Project) -> None:
    assert generate_project(clone, check=True).changed == ()


def test_a_changed_signature_is_updated_in_a_clone_and_what_left_is_marked(clone: Project) -> None:
    wit = clone.wit / "library.wit"
    change(
        wit, "count: func(text: string, order: order)", "count: func(text: string, order: order, most: u32)"
    )
    outcome = generate_project(clone)
    assert outcome.merged is not None
    assert [(one.kind, one.name) for one in outcome.merged.changes] == [("updated", "Counting.count")]
    assert "def count(self, text: str, order: Order, most: int) -> list[Word]:" in clone.app_file.read_text()
    change(wit, "export counting;", "export run: func();")
    outcome = generate_project(clone)
    assert outcome.merged is not None
    assert ("marked", "Counting") in [(one.kind, one.name) for one in outcome.merged.changes]
    assert len(outcome.merged.lost) > 0


def test_a_clone_without_bindings_gets_what_is_missing_and_keeps_the_rest(clone: Project) -> None:
    for file in sorted(clone.bindings.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    change(
        clone.wit / "library.wit", "count: func(text: string", "more: func();\n  count: func(words: string"
    )
    outcome = generate_project(clone)
    assert outcome.merged is not None
    assert [(one.kind, one.name) for one in outcome.merged.changes] == [("added", "Counting.more")]
