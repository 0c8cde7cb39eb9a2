"""Merging a skeleton: what the WIT changes comes in, what the author wrote stays as it is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from generator_worlds import put, world_of

from airssys_generator import GenerationError, generate, merge_skeleton, previous_bindings, skeleton

V1 = """
package demo:shop@1.2.0;
interface types { record item { id: string } }
interface store {
  use types.{item};
  /// Get an item.
  get: func(id: string) -> item;
  put: func(item: item) -> result<_, string>;
  drop: func();
}
interface old { f: func(); }
world w { export store; export old; }
"""
V2 = """
package demo:shop@1.2.0;
interface types { record item { id: string } record other { a: u8 } }
interface store {
  use types.{item, other};
  record local { a: u8 }
  /// Get an item.
  get: func(id: string, near: option<local>) -> item;
  put: func(item: item) -> result<_, string>;
  /// New in this version.
  add: func(other: other) -> option<option<u8>>;
}
interface more { x: func(i: list<u8>) -> result<u8>; }
world w { export store; export more; export run: func(); }
"""
MARK = "# airssys-sdk: no longer in the WIT; remove it, or keep it for your own use.\n"


class Versions:
    """The world before and after the change."""

    def __init__(self, folder: Path) -> None:
        for name in ("v1", "v2"):
            (folder / name).mkdir()
        self.resolve1, self.old = world_of(V1, folder / "v1")
        self.resolve2, self.new = world_of(V2, folder / "v2")
        self.previous = dict(generate(self.resolve1, self.old, "guest"))
        self.current = dict(generate(self.resolve2, self.new, "guest"))

    def merge(self, text: str) -> str:
        """Merge the second version into an author's module of the first."""
        return merge_skeleton(text, self.new, previous=self.previous).text


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("versions"))


def test_a_new_function_becomes_a_method_at_the_end_of_its_class(versions: Versions) -> None:
    merged = versions.merge(skeleton(versions.old))
    assert (
        "\n    def add(self, other: types.Other) -> Some[int | None] | None:\n"
        '        """New in this version."""\n'
        '        raise NotImplementedError("demo:shop/store@1.2.0#add")\n'
    ) in merged
    assert "from componentize_py_types import Some\n" in merged


def test_a_changed_signature_is_updated_above_the_authors_body(versions: Versions) -> None:
    text = _filled(skeleton(versions.old), "get", "return self.cache[  id ]  # fast")
    merged = versions.merge(text)
    assert "    def get(self, id: str, near: store.Local | None) -> types.Item:\n" in merged
    assert "        return self.cache[  id ]  # fast\n" in merged
    assert "from wit_world.exports import store\n" in merged


def test_a_function_that_left_the_wit_is_marked_once_and_kept(versions: Versions) -> None:
    merged = versions.merge(_filled(skeleton(versions.old), "drop", "print('kept')"))
    assert f"    {MARK}    def drop(self) -> None:\n        print('kept')\n" in merged
    assert f"{MARK}class Old:\n" in merged
    assert versions.merge(merged) == merged


def test_a_function_that_comes_back_loses_its_mark(versions: Versions) -> None:
    merged = versions.merge(skeleton(versions.old))
    back = merge_skeleton(merged, versions.old, previous=versions.current).text
    assert f"    {MARK}    def drop" not in back
    assert f"{MARK}class Old" not in back
    assert f"    {MARK}    def add" in back


def test_a_new_interface_and_new_functions_of_the_world_become_classes_at_the_end(versions: Versions) -> None:
    merged = versions.merge(skeleton(versions.old))
    names = [node.name for node in ast.parse(merged).body if isinstance(node, ast.ClassDef)]
    assert names == ["Store", "Old", "More", "WitWorld"]
    assert "import wit_world\n" in merged


def test_a_merge_without_a_change_of_the_wit_changes_nothing(versions: Versions) -> None:
    text = skeleton(versions.new) + "\n\ndef helper( x ):\n  return x\n"
    assert merge_skeleton(text, versions.new, previous=versions.current).text == text
    assert merge_skeleton(text, versions.new).text == text


def test_the_authors_own_spelling_of_an_unchanged_signature_stays(versions: Versions) -> None:
    text = (
        "from typing import Optional\n"
        "import wit_world.imports.types as t\n"
        "from wit_world import exports as e\n\n\n"
        "class Store(e.Store):\n"
        "    def get(self, id: 'str',\n"
        "            near: Optional[int] = None) -> 't.Item': return t.Item(id)\n"
        "    def put(self, item: t.Item): pass\n"
        "    def drop(self) -> None: ...\n"
        "    def own(self) -> int: return 1\n"
    )
    merged = merge_skeleton(text, versions.old, previous=versions.previous).text
    assert merged.startswith(text)
    assert f"{MARK}" not in merged


def test_names_that_the_author_took_are_not_taken_again(versions: Versions) -> None:
    text = skeleton(versions.old).replace("from wit_world.imports import types\n", "import types\n")
    text = text.replace("types.Item", "wit_world.imports.types.Item").replace(
        "import types", "import types, wit_world"
    )
    merged = versions.merge(text)
    assert "from wit_world.imports import types as _types\n" in merged
    assert "other: _types.Other" in merged


def test_a_method_that_the_author_moved_to_a_base_class_is_not_added_again(versions: Versions) -> None:
    text = skeleton(versions.old).replace("class Store(exports.Store)", "class Store(Base, exports.Store)")
    start = text.index("    def put")
    text = text[:start] + text[text.index("    def drop") :]
    assert "def put" not in versions.merge(text)


def test_a_class_that_the_author_imports_is_left_alone(versions: Versions) -> None:
    text = "from .store import Store\nfrom .old import Old\n"
    merged = versions.merge(text)
    names = [node.name for node in ast.parse(merged).body if isinstance(node, ast.ClassDef)]
    assert names == ["More", "WitWorld"]


def test_comments_inside_a_changed_signature_move_above_it(versions: Versions) -> None:
    text = skeleton(versions.old).replace(
        "def get(self, id: str) -> types.Item:",
        "def get(\n        self,\n        id: str,  # the key\n    ) -> types.Item:",
    )
    assert "    # the key\n    def get(self, id: str, near" in versions.merge(text)


def test_windows_line_ends_and_tabs_survive(versions: Versions) -> None:
    text = skeleton(versions.old).replace("    ", "\t").replace("\n", "\r\n")
    merged = versions.merge(text)
    assert "\n" not in merged.replace("\r\n", "")
    assert '\t\traise NotImplementedError("demo:shop/store@1.2.0#put")\r\n' in merged
    ast.parse(merged)


def test_a_module_with_a_syntax_error_is_refused_with_its_place(versions: Versions) -> None:
    with pytest.raises(GenerationError) as caught:
        merge_skeleton("import os\n\ndef x(:\n    pass\n", versions.new, where="src/app.py")
    assert caught.value.diagnostics[0].where == "src/app.py:3:7"
    assert "src/app.py:3:7" in str(caught.value)


def test_an_empty_module_gets_the_whole_skeleton(versions: Versions) -> None:
    merged = merge_skeleton("", versions.new).text
    names = [node.name for node in ast.parse(merged).body if isinstance(node, ast.ClassDef)]
    assert names == ["Store", "More", "WitWorld"]


def test_previous_bindings_are_read_from_the_folder_that_they_were_written_to(
    versions: Versions, tmp_path: Path
) -> None:
    assert previous_bindings(tmp_path) == {}
    put(versions.previous, tmp_path)
    merged = merge_skeleton(skeleton(versions.old), versions.new, previous=previous_bindings(tmp_path)).text
    assert merged == versions.merge(skeleton(versions.old))


def test_damaged_bindings_of_before_are_as_good_as_none(versions: Versions, tmp_path: Path) -> None:
    put(versions.previous, tmp_path)
    (tmp_path / "wit_world" / "exports" / "__init__.py").write_bytes(b"class Store(\xff\x00")
    text = skeleton(versions.old)
    merged = merge_skeleton(text, versions.new, previous=previous_bindings(tmp_path)).text
    assert merged == merge_skeleton(text, versions.new).text


@pytest.mark.slow
def test_a_merged_module_passes_the_checks_that_a_new_one_passes(
    versions: Versions, tmp_path: Path, mypy_cache: Path
) -> None:
    put({**versions.current, "component.py": versions.merge(skeleton(versions.old))}, tmp_path)
    text = (tmp_path / "component.py").read_text()
    # What left the WIT has no Protocol any more; the author removes it.
    start = text.index(MARK + "class Old")
    (tmp_path / "component.py").write_text(text[:start] + text[text.index("class More") :])
    for command in (
        ["ruff", "check", "--isolated", "--no-cache", "component.py"],
        ["ruff", "format", "--isolated", "--no-cache", "--check", "component.py"],
        ["mypy", "--strict", "--python-version", "3.14", f"--cache-dir={mypy_cache}", "component.py"],
    ):
        program = str(Path(sys.executable).with_name(command[0]))
        done = subprocess.run(
            [program, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _filled(text: str, name: str, body: str) -> str:
    """The skeleton with a body for one function."""
    end = f'#{name}")\n'
    stop = text.index(end) + len(end)
    start = text.rindex("        raise NotImplementedError(", 0, stop)
    return f"{text[:start]}        {body}\n{text[stop:]}"


def test_a_class_of_the_authors_with_a_name_that_the_wit_needs_now_is_refused_with_its_line(
    versions: Versions,
) -> None:
    own = "\n\nclass More(dict[str, int]):\n    def x(self, key: str) -> int:\n        return self[key]\n"
    text = skeleton(versions.old) + own
    with pytest.raises(
        GenerationError, match="names in your module are names that the WIT needs now"
    ) as caught:
        versions.merge(text)
    (found,) = caught.value.diagnostics
    line = text[: text.index("class More")].count("\n") + 1
    assert found.where == f"component.py:{line}"
    assert found.reason.startswith("the class 'More' would have to implement what the WIT says")
    meant = text.replace("class More(dict[str, int])", "class More(exports.More)")
    assert "def x(self, i: bytes) -> int:" in versions.merge(meant)
