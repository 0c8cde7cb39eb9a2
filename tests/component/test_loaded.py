from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from small_guest import WAT, Small, assemble, small_wasm

from airssys_sdk.component import AsynchronousComponent, Component, Engine, InvalidComponent
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.engine.profiles import engine
from airssys_sdk.wit.reader import find_world

CORE = b"\0asm\1\0\0\0"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"hello, world", "not WebAssembly"),
        (b"(component)", "not WebAssembly"),
        (CORE, "core WebAssembly module"),
        (b"\0asm", "cut short"),
        (b"\0asm\x09\0\1\0", "version that is not known"),
        (b"\x7fELF" + bytes(100), "native code"),
        (b"\0asm\x0d\0\1\0" + b"\xff" * 20, "does not accept"),
    ],
)
def test_what_is_no_component_is_refused_with_what_it_is(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "x.wasm"
    file.write_bytes(content)
    with pytest.raises(InvalidComponent, match=said) as caught:
        Component.open(file, cache=Cache(None))
    assert caught.value.where == str(file)
    assert caught.value.hint
    with pytest.raises(InvalidComponent, match=said):
        Component.open(content, cache=Cache(None))


def test_a_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    wasm = small_wasm()
    for length in (9, len(wasm) // 3, len(wasm) // 2, len(wasm) - 1):
        with pytest.raises(InvalidComponent, match="cut short"):
            Component.open(wasm[:length], cache=Cache(tmp_path / "cache"))
    assert list((tmp_path / "cache").glob("*.code")) == []


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidComponent, match="no such file") as caught:
        Component.open(tmp_path / "gone\x1b.wasm")
    assert "\x1b" not in str(caught.value)
    with pytest.raises(InvalidComponent, match="folder"):
        Component.open(str(tmp_path))


def test_a_loaded_component_knows_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "small.wasm"
    file.write_bytes(small_wasm())
    component = Component.open(file)
    assert component.digest == hashlib.sha256(small_wasm()).hexdigest()
    assert component.path == file
    assert component.size == len(small_wasm())
    assert component.profile == "plain"
    assert not component.metered
    assert component.import_names == ("pause",)
    assert component.read() == small_wasm()
    assert "small.wasm" in repr(component)


def test_the_types_of_a_component_are_read_from_what_was_loaded(tmp_path: Path) -> None:
    component = Component.open(small_wasm())
    assert {"add", "spin", "echo"} <= set(find_world(component.resolve).exported_functions)
    assert component.resolve is component.resolve


def test_opening_a_component_again_shares_its_code(tmp_path: Path) -> None:
    first = Component.open(small_wasm())
    assert Component.open(first) is first
    assert Component.open(small_wasm()).raw is first.raw
    metered = Component.open(first, profile="metered")
    assert metered.metered
    assert metered.raw is not first.raw
    assert Component.open(metered, engine=engine("metered")) is metered
    assert Component.open(bytearray(small_wasm())).raw is first.raw  # type: ignore[arg-type]  # any buffer will do


def test_engines_of_one_profile_have_code_of_their_own() -> None:
    shared = Component.open(small_wasm())
    for own in (Engine("plain"), Engine("metered")):
        component = Component.open(small_wasm(), engine=own)
        assert component.engine is own
        assert component.raw is not shared.raw
        with component.instantiate(_Host()) as instance:
            assert instance.call("add", 1, 2) == 3


def test_what_belongs_to_the_engine_is_freed_before_the_interpreter_takes_its_modules_apart(
    tmp_path: Path,
) -> None:
    program = f"""
        import atexit, sys
        atexit.register(lambda: print([freed(x) for x in (kept, other, own.raw)]))  # runs after all that come later
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from small_guest import small_wasm
        from airssys_sdk.component import Component, Engine
        from airssys_sdk.component.engine.cache import Cache
        def freed(raw):
            try:
                return not raw.ptr()
            except ValueError:
                return True
        own = Engine("plain")
        kept = Component.open(small_wasm()).raw
        other = Component.open(small_wasm(), cache=Cache(None)).raw
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[True, True, True]\n", "")


def test_a_file_that_changed_since_it_was_loaded_is_noticed_when_it_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "small.wasm"
    file.write_bytes(small_wasm())
    component = Component.open(file)
    file.write_bytes(assemble("(component)"))
    with pytest.raises(InvalidComponent, match="changed"):
        Component.open(component, profile="metered")
    file.unlink()
    with pytest.raises(InvalidComponent, match="no such file"):
        component.read()
    with Small.load(component, engine=component.engine, imports=_Host()) as small:
        assert small.add(1, 2) == 3, "the code that was loaded stays good"


def test_a_component_for_newer_features_is_refused_with_the_engines_reason() -> None:
    newer = '(component\n  (type $t (func (param "e" error-context))) (import "later" (func (type $t)))\n'
    wasm = assemble(WAT.replace("(component\n", newer, 1))
    with pytest.raises(InvalidComponent, match="error-context") as caught:
        Component.open(wasm, cache=Cache(None))
    assert "the engine does not accept the component" in str(caught.value)


@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_a_component_with_asynchronous_functions_is_refused_by_profiles_without_them(profile: Any) -> None:
    wasm = assemble(WAT.replace("(component\n", '(component\n  (import "later" (func async))\n', 1))
    with pytest.raises(AsynchronousComponent, match="has asynchronous functions") as caught:
        Component.open(wasm, profile=profile, cache=Cache(None))
    assert caught.value.hint == "open it with profile='concurrent', without limits on fuel and time"
    assert Component.open(wasm, cache=Cache(None)).profile == "concurrent"


class _Host:
    def pause(self, ms: int) -> int:
        return ms
