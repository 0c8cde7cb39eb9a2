"""The README's code does what the README says: each block runs as it is written, and the Python is typed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import section

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("readme")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where a reader follows the README, with the virtual environment that `make` has made there."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def written(home: Path) -> str:
    """What the commands of "Write a guest" print."""
    block, _ = section("Write a guest").blocks("sh")
    return shell(block, home)


@pytest.fixture(scope="module")
def called(home: Path) -> str:
    """What the commands of "Call a component from Python" print, up to its Python."""
    part = section("Call a component from Python")
    (new,) = (command for command in part.commands() if command.startswith("airssys-sdk new "))
    (block,) = part.blocks("sh")
    return shell(f". .venv/bin/activate\n{new}\n{block}", home)


def shell(commands: str, folder: Path) -> str:
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(program: str, folder: Path) -> str:
    command = [sys.executable, "-X", "utf8", "-W", "error", "-c", program]
    # -c puts the current folder on the path, as a program that stands there would.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_new_guest_passes_its_tests_and_answers_as_the_readme_says(written: str) -> None:
    block, _ = section("Write a guest").blocks("sh")
    (answer,) = re.findall(r'prints "(.*)"', block)
    lines = written.splitlines()
    assert lines[-1] == answer
    assert any(re.search(r"\b2 passed\b", line) for line in lines)


def test_the_authors_code_stands_where_the_readme_says(written: str, home: Path) -> None:
    (named,) = re.findall(r"The code stands in `([^`]+)`", section("Write a guest").text)
    code = (home / "hello" / named).read_text("utf-8")
    assert "class ComponentLifecycle(exports.ComponentLifecycle):" in code


def test_a_guest_remembers_and_tells_another_one_as_the_readme_says(written: str, home: Path) -> None:
    part = section("Write a guest")
    (code, tests), (_, new), (allowed,) = part.blocks("python"), part.blocks("sh"), part.blocks("toml")
    file, tests_file = re.findall(r"`(diary/[\w/]+\.py)`", part.text)
    test, run, send = (one for one in part.commands() if "diary" in one)
    activate = ". .venv/bin/activate"
    shell(f"{activate}\ncd hello\n{new}", home)
    module = home / file
    imports, _, method = code.partition("\n\n# and in the class, in place of its handle_message:\n\n")
    before, _, rest = module.read_text("utf-8").partition("    def handle_message(")
    after = rest[rest.index("    def handle_callback(") :]
    before = before.replace("\n\n\nclass", f"\n{imports}\n\n\nclass", 1)
    module.write_text(f"{before}{method}\n{after}", "utf-8")
    with (home / "diary" / "Component.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(f"\n{allowed}")
    (home / tests_file).write_text(tests, "utf-8")
    assert "1 passed" in shell(f"{activate}\n{test}", home)
    for number in (1, 2):
        assert shell(f"{activate}\n{run}", home) == f"message {number}\n"
    apart = (
        f"export XDG_RUNTIME_DIR={tempfile.mkdtemp()}\n{activate}"  # nodes of other tests are not found there
    )
    serving = ["sh", "-c", f"{apart}\nexec {run.partition(' --send')[0]}"]
    with subprocess.Popen(serving, cwd=home, stderr=subprocess.PIPE, text=True) as node:
        assert any("running; Ctrl-C stops" in line for line in node.stderr or ())
        assert shell(f"{apart}\n{send}", home) == "message 3\n"
        node.send_signal(signal.SIGINT)
    # Without the other one, what its host raises reaches the author with the line that did not catch it.
    alone = f"{activate}\nairssys-sdk run diary --send diary hi"
    done = subprocess.run(["sh", "-c", alone], cwd=home, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "#handle-message cannot return Err(MessagingError_TargetNotFound(" in done.stderr
    assert "which a host function raised at src/diary/component.py:" in done.stderr
    assert 'File "src/diary/component.py", line ' in done.stderr
    assert "host_messaging.send(ComponentId(" in done.stderr
    assert "hint: catch in the method what host functions raise" in done.stderr
    assert "_airssys_entry" not in done.stderr
    assert "panicked" not in done.stderr


def test_generating_again_leaves_the_authors_code_as_it_is(written: str, home: Path) -> None:
    assert "airssys-sdk generate" in section("Write a guest").commands()
    code = home / "hello" / "src" / "hello" / "component.py"
    before = code.read_bytes()
    shell(". .venv/bin/activate && cd hello && airssys-sdk generate", home)
    assert code.read_bytes() == before


def test_a_generated_host_package_calls_a_library(called: str, home: Path) -> None:
    (program,) = section("Call a component from Python").blocks("python")
    assert python(program, home) == "to 2\nbe 1\nor 1\ndo 1\nno: the text has no words\n"


def test_a_component_is_called_without_generating_anything(called: str, home: Path) -> None:
    (call,) = (one for one in section("Call a component from Python").commands() if " call " in one)
    told = shell(f". .venv/bin/activate\n{call}", home)
    assert told == 'ok([{text: "be", count: 1}, {text: "to", count: 1}])\n'


def test_a_program_runs_a_system_of_components(written: str, home: Path) -> None:
    (program,) = section("Run a system of components").blocks("python")
    assert python(program, home) == "b'hello, hi'\n"


def test_the_python_of_the_readme_passes_both_type_checkers(
    called: str, home: Path, tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    shutil.copytree(home / "shelf_host", tmp_path / "shelf_host")
    for number, heading in enumerate(("Call a component from Python", "Run a system of components")):
        (program,) = section(heading).blocks("python")
        (tmp_path / f"program_{number}.py").write_text(program, "utf-8")
    assert check_types(tmp_path) == {}
