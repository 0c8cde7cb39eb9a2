"""The quality bar of emitted code, over the golden worlds and every world of the corpus at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from generator_worlds import (
    Source,
    corpus_packages,
    corpus_worlds,
    generated,
    golden_sources,
    hard_worlds,
    needs_corpus,
    put,
    world_of,
)

from airssys_generator import Target, generate, skeleton

pytestmark = [pytest.mark.slow, needs_corpus, pytest.mark.xdist_group("emitted")]


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every world that can be generated, `host/<world>` and `guest/<world>`, and packages without their worlds."""
    folder = tmp_path_factory.mktemp("emitted")
    targets: tuple[Target, ...] = ("host", "guest")
    for target in targets:
        count = 0
        for source, files in generated(target, _all()):
            put(files, folder / target / source.name)
            count += 1
        assert count > 50
    return folder


@pytest.fixture(scope="module")
def together(emitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All guests in one folder, so that a checker runs once: `wit_world` and the module of each have names of their own."""
    folder = tmp_path_factory.mktemp("guests")
    for guest in sorted((emitted / "guest").iterdir()):
        for path in guest.rglob("*.py"):
            name = path.relative_to(guest).as_posix()
            text = path.read_text().replace("wit_world", f"wit_world_{guest.name}")
            moved = name.replace("wit_world", f"wit_world_{guest.name}").replace(
                "component.py", f"{guest.name}.py"
            )
            put({moved: text}, folder)
    return folder


def _all() -> list[Source]:
    return [*golden_sources(), *hard_worlds(), *corpus_worlds(), *corpus_packages()]


def test_the_hard_worlds_are_generated_for_both_sides(emitted: Path) -> None:
    for target in ("host", "guest"):
        assert {source.name for source in hard_worlds()} <= {
            path.name for path in (emitted / target).iterdir()
        }


def test_emitted_code_is_formatted_as_the_formatter_would(emitted: Path) -> None:
    _tool(["ruff", "format", "--isolated", "--no-cache", "--diff", "."], emitted)


def test_emitted_code_passes_the_linter(emitted: Path) -> None:
    _tool(["ruff", "check", "--isolated", "--no-cache", "."], emitted)


def test_emitted_host_code_passes_mypy_in_strict_mode(emitted: Path, mypy_cache: Path) -> None:
    _tool(
        ["mypy", "--strict", "--python-version", "3.11", f"--cache-dir={mypy_cache}", "."], emitted / "host"
    )


def test_emitted_guest_code_passes_mypy_in_strict_mode_with_the_python_of_guests(
    together: Path, mypy_cache: Path
) -> None:
    _tool(["mypy", "--strict", "--python-version", "3.14", f"--cache-dir={mypy_cache}", "."], together)


def test_emitted_host_code_passes_basedpyright_in_strict_mode(emitted: Path) -> None:
    _basedpyright(emitted / "host", "3.11")


def test_emitted_guest_code_passes_basedpyright_in_strict_mode(together: Path) -> None:
    _basedpyright(together, "3.14")


def _basedpyright(folder: Path, python: str) -> None:
    settings = {"typeCheckingMode": "strict", "pythonVersion": python, "include": ["."]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    _tool(["basedpyright", "--project", ".", "--pythonpath", sys.executable], folder)


def test_emitted_host_packages_import(emitted: Path) -> None:
    names = sorted(folder.name for folder in (emitted / "host").iterdir() if folder.is_dir())
    code = f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)"
    _run([sys.executable, "-B", "-W", "error", "-c", code], emitted / "host")


def test_emitted_guest_modules_import_on_the_python_of_hosts(emitted: Path) -> None:
    for folder in sorted((emitted / "guest").iterdir()):
        _run([sys.executable, "-B", "-W", "error", "-c", "import component"], folder)


def _tool(command: list[str], folder: Path) -> None:
    _run([str(Path(sys.executable).with_name(command[0])), *command[1:]], folder)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def test_imports_with_and_without_another_name_are_sorted_together(tmp_path: Path) -> None:
    text = """
    package a:b;
    interface base { resource node; }
    interface kinds { enum e { a } }
    world w {
      import base;
      export base;
      use base.{node};
      use kinds.{e};
      export run: func(n: node) -> e;
      export inline: interface { use base.{node}; use kinds.{e}; go: func(n: node) -> e; }
    }
    """
    resolve, world = world_of(text, tmp_path)
    guest = {**generate(resolve, world, "guest"), "component.py": skeleton(world)}
    put({f"guest/{path}": code for path, code in guest.items()}, tmp_path)
    put({f"host/{path}": code for path, code in generate(resolve, world, "host").items()}, tmp_path)
    assert "import base as _base\nfrom wit_world.imports import kinds\n" in guest["component.py"]
    for command in (["check"], ["format", "--check"]):
        _tool(["ruff", *command, "--isolated", "--no-cache", "guest", "host"], tmp_path)
