"""Any edits of an author and any changes of the WIT: what was written stays, and the module fits the world that there is.

Stories are told at random: a world, its skeleton, edits of the author, a change of the world, a merge, edits, and so on.
What an author wrote has unique marks, so a line that is lost, changed, doubled or moved is found. Signatures are compared
by a reader of their own; in the end a type checker reads all modules, with what merges have marked and without.
"""

from __future__ import annotations

import ast
import dataclasses
import itertools
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from effort import SOAK, tried
from generator_worlds import put
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from merge_edits import Author, Edit, edits
from merge_modules import MARK, TOKEN, Method, Module, Signatures, bases, signatures, without_marked
from merge_versions import Version
from merge_worlds import World, changed, worlds

from airssys_generator import GenerationError

IMPORT_ALL = """
import importlib, pathlib
failed = []
for file in sorted(pathlib.Path().glob("component_*.py")):
    try:
        importlib.import_module(file.stem)
    except Exception as error:
        failed.append(f"{file}: {error!r}")
if failed:
    raise SystemExit("\\n".join(failed))
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Chapter:
    """A world, and what follows.

    Attributes:
        edits: what the author does to the module then.
        known: whether the bindings of before are there when the module is merged.
    """

    world: World
    edits: Sequence[Edit]
    known: bool = True


class Workshop:
    """Makes versions, and keeps what came out."""

    def __init__(self, folder: Path) -> None:
        self.kept = folder / "kept"
        self._folder = folder
        self._numbers = itertools.count()

    def version(self, world: World, before: Version | None = None) -> Version:
        """The world, read and generated."""
        return Version.read(world.to_wit(), self._folder / f"{next(self._numbers)}.wit", before)

    def keep(self, text: str, bindings: Mapping[str, str]) -> None:
        """Put a module beside its bindings, under names of their own."""
        number = next(self._numbers)
        files = {f"component_{number}.py": text, **bindings}
        put({_numbered(name, number): _numbered(one, number) for name, one in files.items()}, self.kept)


def _numbered(text: str, number: int) -> str:
    return text.replace("wit_world", f"wit_world_{number}")


@st.composite
def stories(draw: st.DrawFn) -> list[Chapter]:
    """A world and one to four that it becomes."""
    told = [Chapter(draw(worlds()), draw(edits()))]
    for _ in range(draw(st.sampled_from([1, 1, 2, 2, 3, 4]))):
        world = told[-1].world
        for _ in range(draw(st.integers(1, 6))):
            world = draw(changed(world, [chapter.world for chapter in told]))
        told.append(Chapter(world, draw(edits()), draw(st.sampled_from([True] * 5 + [False]))))
    return told


@pytest.mark.examples
def test_what_an_author_wrote_survives_every_change_of_the_wit_and_fits_what_the_wit_is_then(
    tmp_path: Path, mypy_cache: Path
) -> None:
    shop = Workshop(tmp_path)
    stories_told = tried(20).max_examples
    # One run a story: within a run, Hypothesis tries variations of one more often than another.
    for number in range(stories_told):

        @seed(random.getrandbits(64) if SOAK else number)
        @settings(tried(2), max_examples=2, derandomize=False, database=None)
        @given(story=stories())
        def tell(story: Sequence[Chapter]) -> None:
            _tell(shop, story)

        tell()
    assert len([*shop.kept.glob("component_*.py")]) > stories_told
    _run(["python", "-B", "-W", "error", "-c", IMPORT_ALL], shop.kept)
    _run(["mypy", "--strict", "--python-version", "3.14", f"--cache-dir={mypy_cache}", "."], shop.kept)


def _tell(shop: Workshop, story: Sequence[Chapter]) -> None:
    author, first, left_unmarked = Author(), story[0], False
    version = shop.version(first.world)
    text = author.edit(version.skeleton, first.edits)
    for chapter in story[1:]:
        following = shop.version(chapter.world, version)
        if left_unmarked and _is_refused(text, following, version if chapter.known else None):
            return  # what left without a mark is the author's own, and comes back with other parameters
        merged = following.merge(text, version if chapter.known else None)
        with _telling(WIT=chapter.world.to_wit(), BEFORE=text, MERGED=merged):
            _check(text, merged, version, following, known=chapter.known)
            assert following.merge(merged, version if chapter.known else None) == merged
        left_unmarked |= not chapter.known and not _asked(version) <= _asked(following)
        text, version = author.edit(merged, chapter.edits), following
        if _fits(text, version):
            assert version.merge(text, version) == text
    text = version.merge(text, version)
    # Imports under an `if` or `try`, and marks that were never set, are left out.
    if not left_unmarked and not _gone_imports(Module(text), version.bindings):
        shop.keep(text, version.bindings)
        if MARK in text:
            shop.keep(version.merge(without_marked(text), version), version.bindings)


def _is_refused(text: str, following: Version, before: Version | None) -> bool:
    try:
        following.merge(text, before)
    except GenerationError as error:
        return {found.construct for found in error.diagnostics} == {"name"}
    return False


# What a merge may change, and what it must


def _check(before: str, after: str, old: Version, new: Version, *, known: bool) -> None:
    compile(after, "component.py", "exec", dont_inherit=True)
    was, wanted = signatures(old.skeleton) if known else {}, signatures(new.skeleton)
    a = Module(before if after == before or before.endswith("\n") else before + Module(before).eol)
    b = Module(after)
    _check_what_is_there(a, b, was, wanted)
    written_anew = {
        *_changed_classes(a, b, new.bindings),
        *_changed_methods(a, b, was, wanted, new.bindings),
        *_changed_imports(a, new.bindings),
    }
    _check_lines(a, b, written_anew)
    assert _line_ends(after) <= _line_ends(before)


def _check_what_is_there(a: Module, b: Module, was: Signatures, wanted: Signatures) -> None:
    """The classes and methods are those of before and those that are asked for; what left is marked."""
    had, got = signatures(a.text), signatures(b.text)
    assert got.keys() == had.keys() | wanted.keys()
    for name in wanted:
        assert got[name].keys() == had.get(name, {}).keys() | wanted[name].keys()
        for method in got[name].keys() & wanted[name].keys():
            assert got[name][method] == wanted[name][method]
    assert _marked(b) == (_marked(a) | _there(was) & _there(had)) - _there(wanted)


def _marked(module: Module) -> set[tuple[str, str]]:
    owners = {method: cls.name for cls, method in module.methods}
    return {
        (owners[node], node.name) if isinstance(node, Method) else (node.name, "") for node in module.marked()
    }


def _changed_classes(a: Module, b: Module, bindings: Mapping[str, str]) -> Iterator[int]:
    """The lines of heads of marked classes that lose bases which are gone, and of those that get them back."""
    there = {cls.name: cls for cls in b.classes}
    marked = _marked(b)
    for cls in a.classes:
        had, got = bases(cls, a), bases(there[cls.name], b)
        if had == got:
            continue
        if (cls.name, "") in marked:
            assert got == [base for base in had if not _lacks(bindings, base)]
        else:
            assert (cls.name, "") in _marked(a)
            assert got[: len(had)] == had
            assert got[len(had) :] == [base for base in got if base.startswith("wit_world")]
        yield from range(cls.lineno - 1, a.head(cls)[1] + 1)


def _lacks(bindings: Mapping[str, str], path: str) -> bool:
    """Whether nothing is at a dotted path of bindings."""
    root, *parts = path.split(".")
    if root != "wit_world":
        return root == "componentize_py_async_support" and f"{root}/__init__.py" not in bindings
    file = (
        f"{root}/{parts[0]}/{parts[1]}.py" if len(parts) > 2 else "/".join([root, *parts[:-1], "__init__.py"])
    )
    return not re.search(rf"^(class )?{parts[-1]}\b", bindings.get(file, ""), re.MULTILINE)


def _or_any(name: str, module: Module, bindings: Mapping[str, str]) -> str:
    """What a name of a signature becomes when its method is marked: `typing.Any` if nothing is there."""
    is_class = name[0].isupper() and "." not in name and name not in ("None", "Any")
    gone = _lacks(bindings, name) or (is_class and name not in {cls.name for cls in module.classes})
    return "typing.Any" if gone else name


def _changed_methods(
    a: Module, b: Module, was: Signatures, wanted: Signatures, bindings: Mapping[str, str]
) -> Iterator[int]:
    """The lines of signatures that the WIT changed; bodies and other signatures are as they were."""
    kept = {(cls.name, node.name): node for cls, node in b.methods}
    had, got = signatures(a.text), signatures(b.text)
    marked = _marked(b)
    for cls, node in a.methods:
        twin = kept[cls.name, node.name]
        assert b.body(twin) == a.body(node)
        asked = wanted.get(cls.name, {}).get(node.name)
        said = had[cls.name][node.name]
        hiding = wanted.get(cls.name, {}).keys() - had[cls.name].keys()
        hidden = hiding & {*re.findall(r"\w+", a.signature(node))}  # by a new method of the class
        gone = re.sub(r"[A-Za-z_][\w.]*", lambda found: _or_any(found[0], b, bindings), said)
        if asked is None and gone != said and marked & {(cls.name, ""), (cls.name, node.name)}:
            assert got[cls.name][node.name] == gone
            first, last, _ = a.head(node)
            yield from range(first, last + 1)
        elif asked is None or (asked in (said, was.get(cls.name, {}).get(node.name)) and not hidden):
            assert b.signature(twin) == a.signature(node)
        else:
            first, last, _ = a.head(node)
            yield from range(first, last + 1)
            if asked.startswith("static") != said.startswith("static"):
                yield from (one.lineno - 1 for one in node.decorator_list if "method" in ast.unparse(one))
    members = {cls.name: len(cls.body) for cls in b.classes}
    for cls in a.classes:
        if cls.body[0].lineno == cls.lineno and members[cls.name] > len(cls.body):  # no longer on one line
            yield cls.lineno - 1


def _changed_imports(a: Module, bindings: Mapping[str, str]) -> Iterator[int]:
    """The lines of imports that lead nowhere, and of those that another name may join."""
    for node in a.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            has_comment = TOKEN.search("".join(a.lines_of(node)))
            if not has_comment or node in _gone_imports(a, bindings):
                yield from range(node.lineno - 1, node.end_lineno or 0)


def _check_lines(a: Module, b: Module, written_anew: set[int]) -> None:
    """Every other line is there, in its order; what an edit wrote is there as often as before."""
    kept = [line for at, line in enumerate(a.lines) if at not in written_anew]
    tokens = {token for line in kept for token in TOKEN.findall(line)}
    assert [line for line in b.lines if tokens & {*TOKEN.findall(line)}] == [
        line for line in kept if TOKEN.search(line)
    ]
    for token in TOKEN.findall(a.text):
        assert b.text.count(token) == a.text.count(token), token
    imports = [node.end_lineno or 0 for node in a.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    below = max(imports, default=0) + 2
    rest = iter(b.lines)
    for at, line in enumerate(a.lines):
        if at not in written_anew and line.strip() != MARK and (line.strip() or at > below):
            assert line in rest, line


def _line_ends(text: str) -> set[str]:
    ends = {"\r\n": "\r\n" in text, "\n": "\n" in text.replace("\r\n", "")}
    return {end for end, found in ends.items() if found}


def _asked(version: Version) -> set[tuple[str, str]]:
    """The classes and methods that a skeleton has; a class counts as a method without name."""
    return _there(signatures(version.skeleton))


def _there(found: Signatures) -> set[tuple[str, str]]:
    return {(name, method) for name, methods in found.items() for method in ("", *methods)}


def _fits(text: str, version: Version) -> bool:
    """Whether the author deleted nothing that is asked for or named by what is marked, moved no mark, and uses all imports."""
    module = Module(text)
    asked = _asked(version)
    gone = _gone_imports(module, version.bindings)
    marked, found = _marked(module), signatures(text)
    named = [
        name
        for cls, method in _there(found)
        if method and marked & {(cls, ""), (cls, method)}
        for name in re.findall(r"[A-Za-z_][\w.]*", found[cls][method])
    ]
    whole = all(_or_any(name, module, version.bindings) == name for name in named)
    return asked <= _there(found) and not asked & marked and not gone and whole


def _gone_imports(module: Module, bindings: Mapping[str, str]) -> list[ast.stmt]:
    return [node for node in module.imports if any(_is_gone(path, bindings) for path in _paths(node))]


def _paths(node: ast.Import | ast.ImportFrom) -> list[str]:
    before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    return [before + one.name for one in node.names]


def _is_gone(path: str, bindings: Mapping[str, str]) -> bool:
    first, *parts = path.split(".")
    if first == "componentize_py_async_support":
        return f"{first}/__init__.py" not in bindings
    file = "/".join([first, *parts])
    return first == "wit_world" and not {f"{file}.py", f"{file}/__init__.py"} & bindings.keys()


class _telling:
    """Adds texts to what is raised inside."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            error.add_note("\n".join(f"\n{name}\n{text}" for name, text in self.texts.items()))


def _run(command: list[str], folder: Path) -> None:
    program = str(Path(sys.executable).with_name(command[0]))
    done = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
