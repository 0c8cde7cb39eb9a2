"""`new`, `build` and `test`: from nothing to a component that is tested."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cli_projects
import pytest
from cli_process import Command, read_terminal

from airssys_sdk.component import Cache, CompileEvent, Component

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that was never built."""
    return cli_projects.write(
        tmp_path / "lab", cli_projects.LAB_MANIFEST, cli_projects.LAB, cli_projects.LAB_WIT
    )


SPINNER = r"([⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]) build  dist/lab\.wasm 0:00:0\d"
"""A frame of the spinner before what is being built and how long it has taken."""

CONTROL = r"\x1b\[[?0-9;]*[A-Za-z]"


def files(folder: Path) -> set[str]:
    """The files below a folder, but for the lock that builds take turns with."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_a_new_project_says_what_to_do_next(sdk: Command, tmp_path: Path) -> None:
    made = sdk("new", "hello", "--no-input", folder=tmp_path)
    assert (made.code, made.err) == (0, "")
    assert "  airssys-sdk test\n  airssys-sdk run . --send hello hi\n" in made.out
    assert (tmp_path / "hello" / "Component.toml").is_file()


def test_questions_that_nobody_answers_are_no_internal_error(sdk: Command, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with sdk.start(["new", "hello"], folder=tmp_path, terminal=theirs) as process:
        os.close(theirs)
        os.write(ours, b"\x04" * 4)
        told = read_terminal(ours)
    assert process.returncode == 1
    assert "the input ended before a question was answered" in told
    assert "internal error" not in told
    assert "--no-input" in told
    assert files(tmp_path) == set()


@pytest.mark.slow
def test_a_build_says_that_it_added_to_the_authors_module(sdk: Command, project: Path) -> None:
    code = project / "src" / "lab" / "component.py"
    code.write_text(code.read_text().replace("def spin(", "def spinn("))
    result = sdk("build", project)
    assert result.code == 0, result.err
    assert "note: src/lab/component.py: added Bench.spin; write what it does\n" in result.err
    assert "def spin(" in code.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Hello"], "'Hello' cannot be the name of a component"),
        (["json"], "the module 'json' would hide one"),
        (["taken"], "the folder is not empty"),
        (["hello", "--template", "actor"], "invalid value for '--template'"),
    ],
)
def test_a_project_that_cannot_be_made_leaves_nothing(
    sdk: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("")
    result = sdk("new", *arguments, "--no-input", folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    assert files(tmp_path) == {"taken/file"}


@pytest.mark.slow
def test_a_build_is_done_once(sdk: Command, lab: Path) -> None:
    result = sdk("build", "--json", folder=lab)
    assert result.code == 0
    data = json.loads(result.out)
    assert data["fresh"] is True
    assert Path(data["path"]) == lab / "dist" / "lab.wasm"
    assert data["bytes"] == (lab / "dist" / "lab.wasm").stat().st_size
    assert "build: dist/lab.wasm ... up to date\n" in result.err


@pytest.mark.slow
def test_a_build_compiles_for_the_profiles_that_are_asked_for(
    sdk: Command, lab: Path, tmp_path: Path
) -> None:
    env = {"AIRSSYS_CACHE_DIR": str(tmp_path)}
    usual = sdk("build", lab, env=env)
    assert re.findall(r"\((\w+)\) \.\.\. (?:up to|\d)", usual.err) == ["metered"]
    both = sdk("build", lab, "--profile", "both", env=env)
    assert re.search(r"\(plain\) \.\.\. \d+\.\d s\n.*\(metered\) \.\.\. up to date\n", both.err)
    told: list[CompileEvent] = []
    cache = Cache(tmp_path / "compiled")
    wasm = lab / "dist" / "lab.wasm"
    assert Component.open(wasm, cache=cache, on_compile=told.append).profile == "plain"
    assert Component.open(wasm, profile="metered", cache=cache, on_compile=told.append).metered
    assert (told, cache.counters.hits) == ([], 2)
    assert sdk("build", lab, "--profile", "plain", env=env).err.endswith("(plain) ... up to date\n")


@pytest.mark.slow
def test_inspect_hides_what_the_guest_toolchain_added(sdk: Command, lab: Path) -> None:
    shown = sdk("inspect", lab / "dist" / "lab.wasm").out
    assert "    find: func(name: string, exact: option<bool>) -> result<item, fault>;" in shown
    assert "interface wasi:" not in shown
    assert "by the guest's toolchain: 25 of WASI" in shown
    assert "interface exports" not in shown
    assert "interface exports\n" in sdk("inspect", lab / "dist" / "lab.wasm", "--all").out


def test_an_answer_is_text_and_no_template(sdk: Command, tmp_path: Path) -> None:
    made = sdk("new", "hello", "--no-input", "--description", "{{ 1/0 }} {% x %}", folder=tmp_path)
    assert made.code == 0, made.err
    assert 'description = "{{ 1/0 }} {% x %}"' in (tmp_path / "hello" / "Component.toml").read_text()


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a shell does")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_standard_stream_is_no_internal_error(sdk: Command, tmp_path: Path, closed: str) -> None:
    command = f"{sys.executable} -m airssys_sdk.cli new hello --no-input {closed}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=sdk.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "hello" / "Component.toml").is_file()


@pytest.mark.parametrize("command", ["build", "test", "run", "generate"])
def test_a_folder_without_a_manifest_is_wrong_usage(sdk: Command, tmp_path: Path, command: str) -> None:
    result = sdk(command, folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: no Component.toml here or in a folder above\n")


@pytest.mark.parametrize("command", [("build",), ("generate", "--project")])
def test_a_folder_that_is_not_there_is_not_taken_for_the_one_above(
    sdk: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "Component.toml").write_text(cli_projects.LAB_MANIFEST)
    result = sdk(*command, "typo", folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: there is no such file or folder\n  --> typo\n"


def test_a_misspelt_folder_for_test_is_named_where_no_project_is(sdk: Command, tmp_path: Path) -> None:
    result = sdk("test", "typo", "-x", folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: there is no such file or folder\n  --> typo\n"


def test_build_says_who_takes_a_system(sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "System.toml").write_text("[system]\n")
    result = sdk("build", "System.toml", folder=tmp_path)
    assert result.code == 2
    assert "airssys-sdk run takes a System.toml" in result.err


@pytest.mark.parametrize(
    ("command", "old", "new", "told"),
    [
        *(
            (name, 'app = "lab', 'aap = "lab', ["error: build.aap: unknown key", ":8:1", "key is `build.app`"])
            for name in ("build", "test", "run", "generate")
        ),
        ("build", '"1.0.0"', "1.0", ['error: component.version: expected a version such as "1.2.0", got 1.0', ":4:1"]),
        ("build", '"1.0.0"', '"one"', ['error: component.version: expected a version such as "1.2.0", got "one"']),
        ("build", "[build]", "[build", ["error: not TOML: ", ":7:7"]),
    ],
)  # fmt: skip
def test_a_mistake_in_the_manifest_is_found_before_anything_is_done(
    sdk: Command, project: Path, command: str, old: str, new: str, told: list[str]
) -> None:
    manifest = project / "Component.toml"
    manifest.write_text(manifest.read_text().replace(old, new, 1))
    before = files(project)
    result = sdk(command, folder=project)
    assert (result.code, result.out) == (7, "")
    for text in told:
        assert text in result.err
    assert "Traceback" not in result.err
    assert files(project) == before


def test_a_syntax_error_in_the_projects_wit_has_its_place(sdk: Command, project: Path) -> None:
    wit = project / "wit" / "world.wit"
    wit.write_text(wit.read_text().replace("boom: func", "boom func"))
    before = files(project)
    result = sdk("build", project)
    assert (result.code, result.out) == (7, "")
    assert "world.wit:10:8" in result.err
    assert files(project) == before


def test_a_world_that_the_wit_does_not_have_is_named(sdk: Command, project: Path) -> None:
    manifest = project / "Component.toml"
    manifest.write_text(manifest.read_text().replace("test:lab/lab@", "test:lab/lap@"))
    result = sdk("build", project)
    assert result.code == 7
    assert "there is no world 'test:lab/lap@1.0.0'; it has lab" in result.err


@pytest.mark.slow
def test_a_guest_does_not_see_the_hosts_packages_and_its_own_traceback_says_so(
    sdk: Command, project: Path
) -> None:
    code = project / "src" / "lab" / "component.py"
    code.write_text(f"import click\n{code.read_text()}")  # installed beside this SDK
    result = sdk("build", project)
    assert (result.code, result.out) == (8, "")
    for told in (
        "ModuleNotFoundError: No module named 'click'",
        "  --> src/lab/component.py:1\n",
        'File "src/lab/component.py", line 1, in <module>\n      import click',
        "pip install --target wheels click",
    ):
        assert told in result.err
    assert "airssys_sdk/" not in result.err
    assert "panicked" not in result.err
    assert "stack backtrace" not in result.err.lower()
    assert files(project / "dist") == set()
    assert not list(project.rglob("__pycache__"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "named", "hint"),
    [
        (
            "import wit_world.exports.gone; print(wit_world.exports.gone)",
            "wit_world.exports.gone",
            "does not have it, or no more: take the import out",
        ),
        (
            "from wit_world.exports import gone; print(gone)",
            "wit_world.exports.gone",
            "does not have it, or no more",
        ),
        (
            "import componentize_py_gone",
            "componentize_py_gone",
            "no `componentize_py_gone`: take the import out",
        ),
    ],
)
def test_an_import_of_what_left_the_wit_is_no_package_to_install(
    sdk: Command, project: Path, code: str, named: str, hint: str
) -> None:
    module = project / "src" / "lab" / "component.py"
    module.write_text(f"{code}\n{module.read_text()}")
    result = sdk("build", project)
    assert result.code == 8
    assert "  --> src/lab/component.py:1\n" in result.err
    assert f"`{named}`" in result.err
    assert hint in result.err
    assert "pip install" not in result.err


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupt_ends_a_build_and_leaves_nothing(sdk: Command, project: Path, whole_group: bool) -> None:
    # componentize-py runs the author's module while it builds; this one never ends.
    (project / "src" / "lab" / "component.py").write_text("while True:\n    pass\n")
    sdk("generate", folder=project)
    before = files(project)
    with sdk.start(["build", project]) as process:
        assert process.stderr is not None
        told = ""
        while "build: " not in told:
            told += process.stderr.read(1)
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    assert files(project) == before


@pytest.mark.slow
def test_on_a_terminal_a_build_spins_until_an_interrupt_ends_it(sdk: Command, project: Path) -> None:
    pty = pytest.importorskip("pty")
    (project / "src" / "lab" / "component.py").write_text("while True:\n    pass\n")
    ours, theirs = pty.openpty()
    with sdk.start(["build", project], terminal=theirs) as process:
        os.close(theirs)
        told = b""
        while len(set(re.findall(SPINNER, re.sub(CONTROL, "", told.decode(errors="ignore"))))) < 3:
            told += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        told += read_terminal(ours).encode()
    assert process.returncode == 130
    shown = re.sub(CONTROL, "", told.decode()).replace("\r\n", "\n")
    assert "✓ generate" in shown
    assert shown.endswith("\rinterrupted\n")
    assert (
        told.count(b"\x1b[?25l") == told.count(b"\x1b[?25h") > 0
    )  # the cursor that was hidden is shown again


def test_test_hands_over_to_pytest_and_gives_its_verdict(sdk: Command, project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_it.py").write_text(
        "def test_good() -> None:\n    pass\n\n\ndef test_bad() -> None:\n    raise AssertionError\n"
    )
    failed = sdk("test", "-q", folder=project)
    assert failed.code == 1
    assert "1 failed, 1 passed" in failed.out
    passed = sdk("test", project, "-q", "-k", "good")
    assert passed.code == 0
    assert "1 passed, 1 deselected" in passed.out


def test_an_interrupt_ends_the_tests(sdk: Command, project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_it.py").write_text(
        "import sys\n\n\ndef test_forever() -> None:\n    print('here', file=sys.__stderr__, flush=True)\n    while True:\n        pass\n"
    )
    with sdk.start(["test", project, "-s"]) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "here\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "KeyboardInterrupt" in out
    assert err.endswith("interrupted\n")
