"""Building: what is made, what is skipped, what is never left behind. Every build here runs componentize-py."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tally_project import change, write_sample

from airssys_sdk.component import Component, Trap
from airssys_sdk.errors import BuildError
from airssys_sdk.project import BuildResult, Project, build
from airssys_sdk.wit.reader import find_world, read

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("project-build")]

Built = tuple[Project, BuildResult]


def test_the_component_works_with_dependencies_helpers_and_one_instance_per_class(
    first_build: Built,
) -> None:
    _, result = first_build
    with Component.open(result.path).instantiate() as tally:
        assert tally.call("counter.add", 2) == 2
        assert tally.call("counter.add", 3) == 5
        assert tally.call("counter.total") == 5  # another function, the same `self`
        assert tally.call("version") == "tally 0.1.0"
        assert tally.call("counter.settings", '{"b": 1, "a": 2}') == ["a", "b"]
        with pytest.raises(Trap) as trapped:
            tally.call("counter.fail", "no such tally")
    told = str(trapped.value.guest_traceback)
    assert 'File "src/tally/component.py", line 18, in fail' in told
    assert "raise LookupError(reason)" in told
    assert "LookupError: no such tally" in told


def test_a_second_build_does_nothing(first_build: Built, user_cache: Path) -> None:
    project, _ = first_build
    before = project.wasm.stat().st_mtime_ns
    again = build(project, cache=user_cache, precompile=False)
    assert (again.fresh, again.built, again.generated) == (True, 0, ())
    assert project.wasm.stat().st_mtime_ns == before


def test_a_file_that_was_only_touched_changes_nothing(first_build: Built, user_cache: Path) -> None:
    project, _ = first_build
    os.utime(project.app_file, (0, 0))
    assert build(project, cache=user_cache, precompile=False).fresh


def test_a_clone_with_the_same_inputs_builds_nothing(
    first_build: Built, clone: Project, user_cache: Path
) -> None:
    _, original = first_build
    result = build(clone, cache=user_cache, precompile=False)
    assert (result.built, result.fresh) == (0, False)
    assert result.path.read_bytes() == original.path.read_bytes()


def test_a_component_that_was_overwritten_is_put_back(clone: Project, user_cache: Path) -> None:
    good = build(clone, cache=user_cache, precompile=False).path.read_bytes()
    clone.wasm.write_bytes(b"something else")
    assert not build(clone, cache=user_cache, precompile=False).fresh
    assert clone.wasm.read_bytes() == good


def test_what_a_killed_build_left_is_removed_by_the_next_one(clone: Project, user_cache: Path) -> None:
    (clone.dist / ".work-killed" / "tmp").mkdir(parents=True)
    build(clone, cache=user_cache, precompile=False)
    assert sorted(file.name for file in clone.dist.iterdir()) == [".lock", ".tally.json", "tally.wasm"]


def test_bindings_that_were_changed_by_hand_are_put_back(clone: Project, user_cache: Path) -> None:
    build(clone, cache=user_cache, precompile=False)
    bindings = clone.bindings / "wit_world" / "__init__.py"
    good = bindings.read_text()
    bindings.write_text("changed")
    result = build(clone, cache=user_cache, precompile=False)
    assert (result.built, result.generated) == (0, ("bindings/wit_world/__init__.py",))
    assert bindings.read_text() == good


def test_of_two_first_builds_at_once_one_builds_even_without_a_usable_cache_and_stubbed_wasi_imports_nothing(
    tmp_path: Path,
) -> None:
    folder = write_sample(tmp_path / "tally")
    change(folder / "Component.toml", 'dependencies = ["wheels"]', 'dependencies = ["wheels"]\nwasi = "stub"')
    (tmp_path / "file").write_text("where the cache folder should be")
    program = textwrap.dedent(
        """
        import json, sys
        from pathlib import Path
        from airssys_sdk.project import Project, build
        result = build(Project.load(sys.argv[1]), cache=Path(sys.argv[2]), precompile=False)
        print(json.dumps([result.built, result.fresh, "names.toml" in result.generated]))
        """
    )
    command = [sys.executable, "-c", program, folder, tmp_path / "file"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = sorted(json.loads(one.communicate()[0]) for one in both)
    assert [one.returncode for one in both] == [0, 0]
    assert told == [[0, True, False], [1, False, True]]
    project = Project.load(folder)
    assert (project.bindings / "wit_world" / "__init__.py").is_file()
    assert sorted(file.name for file in project.dist.iterdir()) == [".lock", ".tally.json", "tally.wasm"]
    assert find_world(read(project.wasm)).imported_interfaces == ()


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child process in /proc")
def test_an_interrupted_build_leaves_nothing_behind(clone: Project, tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from airssys_sdk.project import Project, build
        build(Project.load(sys.argv[1]), cache=Path(sys.argv[2]), precompile=False)
        """
    )
    cache = tmp_path / "empty-cache"
    with subprocess.Popen(
        [sys.executable, "-c", program, clone.folder, cache], stderr=subprocess.PIPE, text=True
    ) as running:
        child = _child_of(running)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate()
    assert running.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in said
    assert [file.name for file in clone.dist.iterdir()] == [".lock"]
    assert not list((cache / "build").glob("*.component"))
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_wrong_method_is_an_error_of_the_build_which_keeps_the_last_good_component(
    clone: Project, user_cache: Path
) -> None:
    good = build(clone, cache=user_cache, precompile=False).path.read_bytes()
    change(clone.app_file, "class WitWorld:", "class Other(Counter):\n    pass\n\n\nclass WitWorld:")
    change(clone.app_file, "def total(self) -> int:", "async def total(self) -> int:")
    with pytest.raises(BuildError) as failed:
        build(clone, cache=user_cache, precompile=False)
    assert failed.value.where == "src/tally/component.py:14"
    assert "Counter.total must be a plain `def`" in failed.value.message
    assert clone.wasm.read_bytes() == good


def test_a_missing_source_folder_is_named_with_its_key(clone: Project, user_cache: Path) -> None:
    shutil.rmtree(clone.folder / "wheels")
    with pytest.raises(BuildError, match=r"build\.dependencies\[0\].*'wheels' does not exist"):
        build(clone, cache=user_cache, precompile=False)


def _child_of(running: subprocess.Popen[str]) -> int:
    """The process id of componentize-py, once the build has started it."""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    while True:
        try:
            running.wait(0.02)
        except subprocess.TimeoutExpired:
            for child in children.read_text().split():
                if "_componentize" in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
        else:
            pytest.fail("the build ended before componentize-py ran")
