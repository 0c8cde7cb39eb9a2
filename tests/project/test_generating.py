"""Generating in a project: what is written, what is left alone, what `check` says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tally_project import change, write_sample

from airssys_sdk.errors import UsageError, ValidationError
from airssys_sdk.project import Project, generate_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The sample project, with nothing generated yet."""
    return Project.load(write_sample(tmp_path / "tally"))


def test_bindings_and_names_are_written_and_a_second_time_nothing_changes(project: Project) -> None:
    first = generate_project(project)
    assert "names.toml" in first.changed
    assert "bindings/wit_world/exports/counter.py" in first.changed
    assert project.names.is_file()
    assert generate_project(project).changed == ()


def test_an_app_module_that_is_not_there_is_made_with_its_packages(project: Project) -> None:
    shutil.rmtree(project.folder / "src")
    outcome = generate_project(project)
    assert "src/tally/component.py" in outcome.changed
    assert (project.folder / "src" / "tally" / "__init__.py").read_text() == ""
    text = project.app_file.read_text()
    assert "class Counter(" in text
    assert "def add(self, amount: int) -> int:" in text


@pytest.mark.parametrize("app", ["class", "wit_world.component", "json", "poll_loop", "compression.x"])
def test_an_app_module_that_no_guest_could_import_is_refused_and_nothing_is_written(
    app: str, project: Project
) -> None:
    change(project.folder / "Component.toml", "tally.component", app)
    before = sorted(project.folder.rglob("*"))
    with pytest.raises(ValidationError, match=r"is no name|is generated|which yours would hide") as refused:
        generate_project(Project.load(project.folder))
    assert refused.value.where == "Component.toml: build.app"
    assert refused.value.hint
    assert sorted(project.folder.rglob("*")) == before


@pytest.mark.parametrize("app", ["tally.compnent", "counting.guest"])
def test_no_skeleton_is_made_beside_a_module_that_has_the_classes(project: Project, app: str) -> None:
    change(project.folder / "Component.toml", "tally.component", app)
    project = Project.load(project.folder)
    file = f"src/{app.replace('.', '/')}.py"
    with pytest.raises(ValidationError, match=f"no module '{app}' in src") as refused:
        generate_project(project)
    assert refused.value.where == "Component.toml: build.app"
    assert refused.value.hint == (
        f"did you mean 'tally.component', which has its classes? To start anew, make an empty {file} first"
    )
    assert not project.bindings.exists()
    (project.folder / file).parent.mkdir(exist_ok=True)
    (project.folder / file).touch()
    assert file in generate_project(project).changed


def test_a_skeleton_is_made_beside_modules_that_have_other_classes(project: Project) -> None:
    project.app_file.rename(project.app_file.with_name("older.py"))
    older = project.app_file.with_name("older.py")
    older.write_text(older.read_text().replace("class ", "class Older"))
    assert "src/tally/component.py" in generate_project(project).changed


def test_a_build_makes_no_module_beside_the_authors_since_its_name_is_a_mistake(project: Project) -> None:
    change(project.folder / "Component.toml", "tally.component", "tally.compnent")
    with pytest.raises(ValidationError, match=r"no module 'tally\.compnent' in src") as refused:
        generate_project(Project.load(project.folder), forgiving=True)
    assert refused.value.where == "Component.toml: build.app"
    assert str(refused.value.hint).startswith("did you mean 'tally.component', which has its classes?")
    assert not project.bindings.exists()
    assert [file.name for file in (project.folder / "src" / "tally").glob("c*.py")] == ["component.py"]


def test_a_new_function_of_the_wit_gets_a_method_and_the_authors_code_stays(project: Project) -> None:
    generate_project(project)
    before = project.app_file.read_text()
    change(project.folder / "wit" / "tally.wit", "total: func", "reset: func();\n  total: func")
    outcome = generate_project(project)
    assert set(outcome.changed) == {
        "bindings/wit_world/exports/__init__.py",
        "src/tally/component.py",
    }
    after = project.app_file.read_text()
    assert "def reset(self) -> None:" in after
    assert set(before.splitlines()) <= set(after.splitlines())


def test_bindings_of_an_interface_that_is_gone_are_removed(project: Project) -> None:
    wit = project.folder / "wit" / "tally.wit"
    change(
        wit,
        "world library {",
        "interface clock {\n  now: func() -> u64;\n}\n\nworld library {\n  import clock;",
    )
    generate_project(project)
    assert (project.bindings / "wit_world" / "imports" / "clock.py").is_file()
    change(wit, "  import clock;", "")
    assert "bindings/wit_world/imports/clock.py" in generate_project(project).changed
    assert not (project.bindings / "wit_world" / "imports" / "clock.py").exists()


def _changed_signature(project: Project) -> None:
    generate_project(project)
    change(
        project.folder / "wit" / "tally.wit", "add: func(amount: u32)", "add: func(amount: u32, note: string)"
    )


def test_a_changed_signature_is_not_forgotten_while_the_module_cannot_be_parsed(project: Project) -> None:
    _changed_signature(project)
    good = project.app_file.read_text()
    project.app_file.write_text(f"{good}\n\ndef broken(:\n")
    assert generate_project(project, forgiving=True).changed == ()  # as a build does
    project.app_file.write_text(good)
    generate_project(project)
    assert "def add(self, amount: int, note: str) -> int:" in project.app_file.read_text()


def test_a_changed_signature_is_not_forgotten_when_writing_is_cut_short(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _changed_signature(project)
    replace = Path.replace

    def cut_short(self: Path, target: Path) -> Path:
        if target == project.app_file.resolve():
            raise OSError(28, "No space left on device", str(self))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut_short)
        with pytest.raises(OSError, match="No space left on device") as failed:
            generate_project(project)
    assert failed.value.filename == str(project.app_file)
    generate_project(project)
    assert "def add(self, amount: int, note: str) -> int:" in project.app_file.read_text()


def test_the_authors_module_keeps_its_mode_and_its_place_behind_a_link(project: Project) -> None:
    real = project.folder / "elsewhere.py"
    project.app_file.rename(real)
    real.chmod(0o755)
    project.app_file.symlink_to(real)
    _changed_signature(project)
    generate_project(project)
    assert project.app_file.is_symlink()
    assert "note: str" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o755


def test_check_shows_the_difference_and_writes_nothing(project: Project) -> None:
    generate_project(project)
    change(project.folder / "wit" / "tally.wit", "total: func", "reset: func();\n  total: func")
    everything = {file: file.read_bytes() for file in project.folder.rglob("*") if file.is_file()}
    outcome = generate_project(project, check=True)
    assert "src/tally/component.py" in outcome.changed
    assert "+    def reset(self) -> None:" in outcome.diff
    assert {file: file.read_bytes() for file in project.folder.rglob("*") if file.is_file()} == everything
    assert "+++ src/tally/component.py (up to date)" in outcome.diff


def test_in_a_fresh_clone_signatures_that_are_spelled_differently_stay(project: Project) -> None:
    change(
        project.app_file,
        "def settings(self, data: str) -> list[str]:",
        'def settings(self, data: "str") -> "list[str]":',
    )
    before = project.app_file.read_text()
    generate_project(project)
    assert project.app_file.read_text() == before


def test_a_module_that_cannot_be_parsed_is_named_and_nothing_is_written(project: Project) -> None:
    project.app_file.write_text("class Counter(:\n")
    with pytest.raises(ValidationError) as refused:
        generate_project(project)
    assert str(refused.value.where).startswith("src/tally/component.py:1")
    assert not project.bindings.exists()
    assert not project.names.exists()


def test_a_module_that_is_not_utf_8_is_named(project: Project) -> None:
    project.app_file.write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\n")
    with pytest.raises(ValidationError, match="not UTF-8") as refused:
        generate_project(project)
    assert refused.value.where == "src/tally/component.py"


def test_a_wit_error_keeps_its_place_and_nothing_is_written(project: Project) -> None:
    change(project.folder / "wit" / "tally.wit", "total: func() -> u32;", "total: func() -> u33;")
    with pytest.raises(ValidationError) as refused:
        generate_project(project)
    assert "tally.wit:6:" in str(refused.value)
    assert not project.bindings.exists()


def test_an_unknown_world_is_refused_with_the_worlds_that_there_are(project: Project) -> None:
    change(project.manifest_file, "example:tally/library@0.1.0", "example:tally/libary@0.1.0")
    with pytest.raises(ValidationError, match="libary") as refused:
        generate_project(Project.load(project.folder))
    assert "example:tally/library@0.1.0" in str(refused.value)


def test_a_project_is_found_from_any_folder_inside(project: Project) -> None:
    assert Project.find(project.folder / "src" / "tally").folder == project.folder
    assert Project.find(project.manifest_file).folder == project.folder


def test_outside_a_project_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no Component\.toml") as refused:
        Project.find(tmp_path)
    assert "airssys-sdk new" in str(refused.value.hint)
