"""`wit docs` names in Python what the generator makes: modules, classes, types, members and functions of every world."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from generator_worlds import Source, corpus_worlds, golden_worlds

from airssys_generator import GenerationError, Target, generate, skeleton
from airssys_sdk.project.reference.build import build_reference
from airssys_sdk.project.reference.pages import Entry, Section
from airssys_sdk.wit.reader import find_world, read

SOURCES = {source.path: source for source in (*golden_worlds(), *corpus_worlds())}
TARGETS: tuple[Target, ...] = ("host", "guest")

APP = "app"
"""The module of a guest's author."""


@dataclasses.dataclass(slots=True)
class Scope:
    """What a module or class defines: names, functions as one calls them (`await get(name)`), and its classes."""

    names: set[str] = dataclasses.field(default_factory=set[str])
    calls: set[str] = dataclasses.field(default_factory=set[str])
    classes: dict[str, Scope] = dataclasses.field(default_factory=dict[str, "Scope"])

    def add(self, other: Scope) -> None:
        self.names |= other.names
        self.calls |= other.calls
        for name, inner in other.classes.items():
            self.classes.setdefault(name, Scope()).add(inner)


Modules = dict[str, Scope]
"""What modules define, by their dotted names."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
def test_every_name_in_the_documentation_is_generated(source: Source, target: Target) -> None:
    resolve = read(source.path, all_features=True)
    made = {world.name: _made(source.path, world.path, target) for world in resolve.main.worlds.values()}
    together: Modules = {}
    for modules in made.values():
        if modules is None:
            return  # a world that cannot be made has the names that it would have: nothing to compare with
        for dotted, scope in modules.items():
            together.setdefault(dotted, Scope()).add(scope)
    for page in build_reference(resolve, "").pages:
        linked = target == "host" and page.name.startswith("wasi:") and "@0.2." in page.name
        for section in page.sections:
            if section.kind == "interface":
                missing = _of_interface(section, target, together, linked=linked)
                assert [*missing] == [], section.name
            elif page.name == resolve.main.name:
                modules = made[section.name]
                assert modules is not None
                assert [*_of_world(section, target, modules)] == [], section.name


def test_what_is_compared_is_much() -> None:
    sections = [section for path in SOURCES for section in _sections(path)]
    assert sum(len(section.types) for section in sections) > 20
    assert sum(len(section.functions) for section in sections) > 40


def _sections(path: Path) -> list[Section]:
    pages = build_reference(read(path, all_features=True), "").pages
    return [section for page in pages for section in page.sections]


# What the documentation says and no module defines where it should


def _of_interface(section: Section, target: Target, modules: Modules, *, linked: bool) -> Iterator[str]:
    names = [name for one, name in section.python if one == target]
    homes = [modules[name] for name in names if name in modules]
    classes: list[Scope] = []
    for name in names:
        module, dot, last = name.rpartition(".")
        if name in modules:
            continue
        module = module if dot else APP  # what the author has alone
        if module in modules and last in modules[module].classes:
            classes.append(modules[module].classes[last])
        else:
            yield name
    if not names:  # no world of the main package has it
        return
    for entry in section.types:
        there = any(entry.python in home.names for home in homes)
        # What the engine links itself is only there as far as it is needed; guests have no aliases.
        if there or not (linked or (entry.kind == "type" and target == "guest")):
            yield from _of_type(entry, homes)
    functions = () if linked else section.functions
    yield from _of_functions(functions, classes if target == "host" else [*classes, *homes])


def _of_world(section: Section, target: Target, modules: Modules) -> Iterator[str]:
    root = modules["" if target == "host" else "wit_world"]
    homes = [root, *([modules["types"]] if "types" in modules else [])]
    yield from (name for one, name in section.python if one == target and name not in root.classes)
    for entry in section.types:
        if not (entry.kind == "type" and target == "guest"):
            yield from _of_type(entry, homes)
    classes = [*root.classes.values()] if target == "host" else [root, root.classes.get("WitWorld", Scope())]
    yield from _of_functions(section.functions, classes)
    for inner in section.inner:
        yield from _of_interface(inner, target, modules, linked=False)


def _of_type(entry: Entry, homes: Iterable[Scope]) -> Iterator[str]:
    homes = list(homes)
    if not any(entry.python in home.names for home in homes):
        yield entry.python
    # What makes an imported resource of a host is a class of its own.
    own = (entry.python, f"{entry.python.rstrip('_')}Class")
    classes = [home.classes[name] for home in homes for name in own if name in home.classes]
    for member in entry.members:
        name = member.python.removeprefix(f"{entry.python}.")
        if not any(name in scope.names for scope in (homes if entry.kind == "variant" else classes)):
            yield f"{entry.python}: {member.python}"
    for function in entry.functions:
        called = function.python.removeprefix("await ").removeprefix(entry.python).removeprefix(".")
        awaited = "await " if function.python.startswith("await ") else ""
        spelled = [f"{name}{called}" for name in ("__init__", "__call__")]
        wanted = spelled if function.kind == "constructor" else [awaited + called]
        if not any(one in scope.calls for scope in classes for one in wanted):
            yield function.python


def _of_functions(functions: Iterable[Entry], scopes: Iterable[Scope]) -> Iterator[str]:
    calls = {call for scope in scopes for call in scope.calls}
    yield from (function.python for function in functions if function.python not in calls)


# What is generated


def _made(path: Path, world: str, target: Target) -> Modules | None:
    """What the modules of a world define; None if the target cannot do it."""
    resolve = read(path, world=world, all_features=True)
    try:
        files = generate(resolve, find_world(resolve, world), target)
    except GenerationError:
        return None
    if target == "guest":
        files = {**files, f"{APP}.py": skeleton(find_world(resolve, world))}
    return {
        name.removesuffix(".py").removesuffix("__init__").rstrip("/").replace("/", "."): _scope(
            ast.parse(text)
        )
        for name, text in files.items()
        if name.endswith(".py")
    }


def _scope(node: ast.Module | ast.ClassDef) -> Scope:
    found = Scope()
    for part in node.body:
        match part:
            case ast.ClassDef():
                found.classes[part.name] = _scope(part)
                found.names.add(part.name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.names.add(part.name)
                found.calls.add(_call(part, in_class=isinstance(node, ast.ClassDef)))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.names.add(name)
            case ast.ImportFrom():
                found.names |= {alias.asname or alias.name for alias in part.names}
            case _:
                pass
    return found


def _call(function: ast.FunctionDef | ast.AsyncFunctionDef, *, in_class: bool) -> str:
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list)
    arguments = [*function.args.posonlyargs, *function.args.args][in_class and not static :]
    awaited = "await " if isinstance(function, ast.AsyncFunctionDef) else ""
    return f"{awaited}{function.name}({', '.join(one.arg for one in arguments)})"
