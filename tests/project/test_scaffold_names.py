from __future__ import annotations

from pathlib import Path

import pytest

from airssys_sdk.errors import UsageError
from airssys_sdk.project import scaffold


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Hello", "cannot be the name"),
        ("hello world", "cannot be the name"),
        ("../hello", "cannot be the name"),
        ("-hello", "cannot be the name"),
        ("2fast", "cannot be the name"),
        ("too--many", "cannot be the name"),
        ("v-2", "cannot be the name"),
        ("", "cannot be the name"),
        ("class", "keyword"),
        ("json", "would hide"),
        ("compression", "would hide"),
        ("wit-world", "would hide"),
        ("airssys-sdk", "would hide"),
    ],
)
def test_a_name_that_cannot_work_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason) as refused:
        scaffold("component", name, tmp_path / "project")
    assert refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_namespace_that_cannot_work_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be a namespace"):
        scaffold("component", "hello", tmp_path / "project", values={"namespace": "My Company"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        scaffold("component", "hello", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_with_the_projects_name_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "hello"
    taken.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        scaffold("component", "hello", taken)
    assert taken.read_text() == "mine"
