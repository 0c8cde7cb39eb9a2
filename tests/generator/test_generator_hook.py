"""A caller's hook: it sees and changes plans, and what it gets wrong is said before anything is emitted."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generator_worlds import golden_worlds, put

from airssys_generator import GenerationError, Hook, Options, Target, generate
from airssys_generator.plan import Alias, Call, Class, Function, Import, Module, Name, Parameter


def _files(target: Target, hook: Hook | None, golden: str = "resources") -> dict[str, str]:
    source = next(one for one in golden_worlds() if one.name.startswith(golden))
    resolve, world = source.read()
    return dict(generate(resolve, world, target, Options(hook=hook)))


def _in(path: str, change: Callable[[Module], Module]) -> Hook:
    return lambda module: change(module) if module.path == path else module


@pytest.mark.parametrize("target", ["host", "guest"])
def test_a_hook_sees_every_module_and_a_hook_that_changes_nothing_changes_nothing(target: Target) -> None:
    seen: list[str] = []

    def look(module: Module) -> Module:
        seen.append(module.path)
        return module

    files = _files(target, look)
    assert files == _files(target, None)
    assert sorted(seen) == sorted(path for path in files if path.endswith(".py"))


def test_what_a_hook_adds_and_changes_is_formatted_as_everything_else(tmp_path: Path) -> None:
    def change(module: Module) -> Module:
        reading = module.item("Reading")
        assert isinstance(reading, Class)
        reading = dataclasses.replace(
            reading, decorators=(*reading.decorators, Call("functools.cache", None))
        )
        module = module.replacing(reading, Import(None, "functools", None))
        hello = Function(
            "say_hello",
            tuple(Parameter(f"a_parameter_with_a_long_name_{n}", Name("builtins.int")) for n in range(4)),
            Name("None"),
            ('print("hello")',),
            docs="Said by a hook.",
        )
        module = module.adding(hello, Import("os.path", "join", "joined"))
        return module.adding(Alias("Again", "typing.TypeAlias", Name("Reading")), Import(None, "zlib", None))

    files = _files("host", _in("exports/reading.py", change))
    put({f"made/{path}": text for path, text in files.items()}, tmp_path)
    assert "def say_hello(\n" in files["exports/reading.py"]
    for command in (["format", "--check"], ["check", "--ignore", "F401"]):
        done = subprocess.run(
            [Path(sys.executable).with_name("ruff"), *command, "--isolated", "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_a_module_says_what_it_has_when_a_hook_asks_for_something_else() -> None:
    with pytest.raises(LookupError, match=r"exports/reading.py has no 'Wrong'; it has .*Reading"):
        _files("host", _in("exports/reading.py", lambda module: module.replacing(Class("Wrong"))))


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        (
            lambda module: module.adding(Class("Reading")),
            "exports/reading.py",
            "after the hook two things are called 'Reading'",
        ),
        (
            lambda module: module.adding(Class("typing")),
            "exports/reading.py",
            "after the hook two things are called 'typing'",
        ),
        (
            lambda module: dataclasses.replace(module, path="../evil.py"),
            "exports/reading.py",
            "the hook moved the module to ../evil.py",
        ),
        (
            lambda module: module.adding(Function("f", (), Name("None"), ("return (",))),
            "exports/reading.py:",
            "'(' was never closed: return (",
        ),
    ],
)
def test_a_module_that_cannot_be_emitted_is_refused_with_its_place(
    change: Callable[[Module], Module], where: str, reason: str
) -> None:
    with pytest.raises(GenerationError, match="the hook made a module that cannot be emitted") as caught:
        _files("host", _in("exports/reading.py", change))
    (found,) = caught.value.diagnostics
    assert found.where.startswith(where)
    assert found.reason == reason
    assert found.hint


def test_a_hook_that_returns_no_module_is_named() -> None:
    nothing: Any = lambda module: None  # noqa: E731
    with pytest.raises(TypeError, match=r"the hook returned None for .*; it must return a Module"):
        _files("host", nothing)


@pytest.mark.parametrize("error", [KeyError("mine"), GenerationError("mine", [])])
def test_what_a_hook_raises_names_the_module_it_was_given(error: Exception) -> None:
    def fails(module: Module) -> Module:
        raise error

    with pytest.raises(type(error), match="mine") as caught:
        _files("host", _in("exports/reading.py", fails))
    assert caught.value is error
    assert error.__notes__ == ["raised by the hook when it was given the module exports/reading.py"]


SELF = Parameter("self", None)


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        (
            lambda module: module.adding(
                Class("New", functions=(Function("f", (SELF,), Name("None"), ("...",)),) * 2)
            ),
            "exports/reading.py",
            "after the hook two things in New are called 'f'",
        ),
        (
            lambda module: module.adding(
                Function("f", (Parameter("a", Name("builtins.int")),) * 2, Name("None"), ("...",))
            ),
            "exports/reading.py",
            "after the hook two things in f are called 'a'",
        ),
        (
            lambda module: module.adding(Function("f", (), Name("None"), ("return await x",))),
            "exports/reading.py:",
            "'await' outside async function: return await x",
        ),
        (
            lambda module: module.adding(Function("f", (), Name("None"), ("return json.dumps(1)",))),
            "exports/reading.py:",
            "after the hook 'json' is used and nothing in the module is called so",
        ),
    ],
)
def test_what_would_not_run_is_refused_with_its_place(
    change: Callable[[Module], Module], where: str, reason: str
) -> None:
    with pytest.raises(GenerationError, match="the hook made a module that cannot be emitted") as caught:
        _files("host", _in("exports/reading.py", change))
    (found,) = caught.value.diagnostics
    assert found.where.startswith(where)
    assert found.reason == reason


def test_imports_that_others_need_stay() -> None:
    with pytest.raises(GenerationError) as caught:
        _files("host", _in("exports/reading.py", lambda module: dataclasses.replace(module, imports=())))
    assert "is used and nothing in the module is called so" in caught.value.diagnostics[0].reason


def test_what_is_no_item_is_named() -> None:
    wrong: Any = lambda module: module.adding(Import(None, "zlib", None))  # noqa: E731
    with pytest.raises(TypeError, match=r"the hook put Import\(.*\) among the items of exports/reading.py"):
        _files("host", _in("exports/reading.py", wrong))
