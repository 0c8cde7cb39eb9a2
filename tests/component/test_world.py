"""Opening a world: what a component must have, and what is said of one that does not fit."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
import typing_extensions
from calls_fixtures import playground_bytes
from natives import MEMORY, build
from playground import WIT, Host, Playground

from airssys_sdk import component as wit
from airssys_sdk.component import Component, InstanceDead, InvalidComponent, LinkError


def test_a_world_opens_from_a_path_bytes_or_a_loaded_component(tmp_path: Path) -> None:
    path = tmp_path / "playground.wasm"
    path.write_bytes(playground_bytes())
    for source in (path, str(path), playground_bytes(), Component.open(path)):
        with Playground.load(source, imports=Host()) as world:
            assert world.version() == 7


def test_leaving_the_with_statement_closes_the_instance() -> None:
    with Playground.load(playground_bytes(), imports=Host()) as world:
        world.version()
    with pytest.raises(InstanceDead):
        world.version()


def test_instances_of_one_component_are_separate() -> None:
    component = Component.open(playground_bytes())
    first, second = Playground.load(component, imports=Host()), Playground.load(component, imports=Host())
    first.close()
    assert second.version() == 7
    second.close()


def test_a_component_that_lacks_an_export_is_refused_with_what_it_has() -> None:
    lesser = build(WIT, '(module (func (export "version") (result i32) (i32.const 1)))', "lesser")
    with pytest.raises(LinkError) as caught:
        Playground.load(lesser, imports=Host())
    text = str(caught.value)
    assert "lacks exports of the world test:calls/playground@1.2.0" in text
    assert "- it does not export test:calls/api@1.2.0" in text
    assert "- it exports version" in text


def test_a_component_of_another_world_is_refused_with_its_unknown_imports() -> None:
    class Versioned(wit.World):
        @wit.function("version")
        def version(self) -> wit.U32:
            raise NotImplementedError

    wit.world("test:calls/lesser@1.2.0")(Versioned)
    core = '(module (import "$root" "stranger" (func)) (func (export "version") (result i32) (i32.const 1)))'
    with pytest.raises(LinkError) as caught:
        Versioned.open_world(build(WIT, core, "other"))
    assert "built for another world" in str(caught.value)
    assert "- stranger" in str(caught.value)


def test_the_first_use_of_a_deprecated_function_warns_where_it_is_used() -> None:
    class Aged(wit.World):
        @wit.function("version")
        @typing_extensions.deprecated("deprecated since test:calls 1.2.0")
        def version(self) -> wit.U32:
            raise NotImplementedError

    wit.world("test:calls/lesser@1.2.0")(Aged)
    core = '(module (func (export "version") (result i32) (i32.const 1)))'
    with Aged.open_world(build(WIT, core, "lesser")) as world:
        with pytest.warns(DeprecationWarning, match="version is deprecated since test:calls 1.2.0") as told:
            assert world.version() == 1
        assert [one.filename for one in told] == [__file__]
        assert world.version() == 1  # a second warning would fail the test


def test_a_function_may_have_any_name_that_the_class_does_not_show() -> None:
    declared = (
        "package t:t; world w { export fitting: func(a: u32) -> u32; export plans: func(a: u32) -> u32; }"
    )
    code = """(module (func (export "fitting") (param i32) (result i32) (local.get 0))
      (func (export "plans") (param i32) (result i32) (local.get 0)))"""

    @wit.world("t:t/w")
    class Named(wit.World):
        @wit.function("fitting")
        def fitting(self, a: wit.U32) -> wit.U32:
            raise NotImplementedError

        @wit.function("plans")
        def plans(self, a: wit.U32) -> wit.U32:
            raise NotImplementedError

    for _ in range(2):
        with Named.open_world(build(declared, code, "w")) as opened:
            assert (opened.fitting(7), opened.plans(8)) == (7, 8)


def test_a_function_with_another_type_is_refused_before_it_is_called() -> None:
    @wit.interface("api")
    class OtherApi(wit.Exports):
        @wit.function("add")
        def add(self, a: wit.S32, b: wit.S32) -> wit.S32:
            raise NotImplementedError

    class Changed(wit.World):
        api: OtherApi

    Changed.__annotations__["api"] = OtherApi
    wit.world("test:calls/changed@1.2.0")(Changed)
    core = f'(module {MEMORY} (func (export "api#add") (param i32 i32 i32) (result i32) (local.get 0)))'
    with (
        Changed.open_world(build(WIT, core, "changed")) as world,
        pytest.raises(LinkError, match="has another type: b is string, not s32"),
    ):
        world.api.add(1, 2)


def test_an_import_with_another_type_is_refused_before_it_is_linked() -> None:
    changed = WIT.replace("now: func() -> u64", "now: func() -> string").replace(
        "time: func() -> u64", "time: func() -> string"
    )
    with pytest.raises(
        LinkError, match="the component was built for another version of it: the result is string, not u64"
    ):
        Playground.load(_with_string_clock(changed), imports=Host())


def _with_string_clock(text: str) -> bytes:
    from playground import CORE

    core = CORE.replace('"now" (func $now (result i64))', '"now" (func $now (param i32))')
    core = core.replace(
        '#time") (result i64) (call $now)',
        '#time") (result i32) (call $now (i32.const 1024)) (i32.const 1024)',
    )
    return build(text, core, "playground")


def test_a_compatible_version_of_an_interface_fits() -> None:
    newer = playground_at("1.3.4")
    with Playground.load(newer, imports=Host()) as world:
        assert world.api.add(1, 2) == 3
        assert world.api.time() == 1_700_000_000
    with pytest.raises(LinkError):
        Playground.load(playground_at("2.0.0"), imports=Host())


def playground_at(version: str) -> bytes:
    from playground import CORE

    return build(WIT.replace("@1.2.0", f"@{version}"), CORE.replace("@1.2.0", f"@{version}"), "playground")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"not wasm at all", "not WebAssembly"),
        (b"\0asm\1\0\0\0", "core WebAssembly module"),
        (playground_bytes()[:300], "cut short"),
    ],
)
def test_what_is_no_component_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.wasm"
    path.write_bytes(content)
    with pytest.raises(InvalidComponent, match=says):
        Playground.load(path, imports=Host())
    with pytest.raises(InvalidComponent, match="no such file"):
        Playground.load(tmp_path / "y.wasm", imports=Host())


@pytest.mark.parametrize("layer", ["plain", "metered", pytest.param("public", marks=pytest.mark.fallback)])
def test_a_forgotten_instance_is_freed(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if layer == "public":
        monkeypatch.setenv("AIRSSYS_PUBLIC_LAYER", "1")
    limits = wit.Limits(fuel=1_000_000_000) if layer == "metered" else None
    world = Playground.load(playground_bytes(), imports=Host(), limits=limits)
    assert world.api.time() == 1_700_000_000
    gone = weakref.ref(world._live.store)  # pyright: ignore[reportPrivateUsage]  (what holds the memory)
    del world
    gc.collect()
    assert gone() is None


def test_first_calls_from_many_threads_agree() -> None:
    component = Component.open(playground_bytes())
    worlds = [Playground.load(component, imports=Host()) for _ in range(8)]
    start, found = threading.Barrier(8), list[int]()

    def call(world: Playground) -> None:
        start.wait(30)
        found.append(world.api.add(1, 2))

    threads = [threading.Thread(target=call, args=(world,)) for world in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [3] * 8
    for world in worlds:
        world.close()


def test_importing_the_package_brings_no_engine() -> None:
    program = """
import sys
from airssys_sdk import component
component.World, component.Exports, component.Source, component.Limits, component.Wasi, component.Engine
component.Cache, component.CompileEvent, component.OnCompile, component.Profile
heavy = {"wasmtime", "pydantic", "rich", "jinja2", "asyncio", "componentize_py"} & set(sys.modules)
print(sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_public_name_can_be_had() -> None:
    for name in wit.__all__:
        assert getattr(wit, name) is not None
    with pytest.raises(AttributeError):
        wit.nothing_like_this  # noqa: B018  (the attribute access is the test)
