"""`call`: values in and out as WAVE text, limits, and what a guest can do wrong."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from cli_process import Command
from natives import MEMORY, build

from airssys_sdk.wit.tools import run_wasm_tools

ADD = """\
(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add"))))
"""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli")]


@pytest.fixture(scope="session")
def wasm(lab: Path) -> Path:
    return lab / "dist" / "lab.wasm"


@pytest.mark.parametrize(
    ("text", "printed", "code"),
    [
        ("add(1, -2)", "-1", 0),
        ('bench.find("pen", some(true))', 'ok({name: "pen", count: 2})', 0),
        ('test:lab/bench@1.0.0#find("pen")', 'ok({name: "pen", count: 1})', 0),
        ('bench.find("none", none)', 'err(missing("none"))', 1),
        ('bench.double([{name: "a", count: 1}, {name: "é", count: 4}])', '[{name: "a", count: 2}, {name: "é", count: 8}]', 0),
    ],
)  # fmt: skip
def test_a_call_prints_its_result(sdk: Command, wasm: Path, text: str, printed: str, code: int) -> None:
    result = sdk("call", wasm, text)
    assert (result.code, result.out, result.err) == (code, f"{printed}\n", "")


def test_a_result_as_json_holds_the_wave_text(sdk: Command, wasm: Path) -> None:
    assert json.loads(sdk("call", wasm, "add(2, 2)", "--json").out) == {"ok": True, "result": "4"}
    failed = sdk("call", wasm, 'bench.find("none")', "--json")
    assert (failed.code, json.loads(failed.out)) == (1, {"ok": False, "result": 'err(missing("none"))'})


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("add(1, 3000000000)", "expected s32 (-2147483648 to 2147483647), got `3000000000`", 7),
        ('bench.double([{name: "a", count: 256}])', "expected u8 (0 to 255), got `256`", 7),
        ('add(1, "x")', 'expected s32, got `"x"`', 7),
        ("add(1)", "add takes 2 arguments, got 1", 7),
        ("add(1, 2", "expected `)`, got the end", 7),
        ("add", "", 7),
        ("bench.fnd()", "the component exports no function bench#fnd", 2),
    ],
)
def test_a_wrong_call_says_what_was_expected(
    sdk: Command, wasm: Path, text: str, message: str, code: int
) -> None:
    result = sdk("call", wasm, text)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error: {message}")
    assert "Traceback" not in result.err


def test_a_guest_that_raises_shows_its_own_traceback_once(sdk: Command, wasm: Path) -> None:
    result = sdk("call", wasm, 'bench.boom("so \\u{1b}[31m what")')
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("about to fail \\x1b[31m\nerror: ")
    assert result.err.count("Traceback (most recent call last)") == 1
    assert "lab/component.py" in result.err
    assert "in boom" in result.err
    assert "\x1b" not in result.err


def test_a_guest_that_never_returns_is_stopped_by_the_deadline(sdk: Command, wasm: Path) -> None:
    result = sdk("call", wasm, "bench.spin()", "--deadline", "300ms")
    assert result.code == 1
    assert "spinning\n" in result.err
    assert "error: the call was still running after 0.3 s" in result.err


def test_a_guest_that_never_returns_is_stopped_by_its_fuel(sdk: Command, wasm: Path) -> None:
    result = sdk("call", wasm, "bench.spin()", "--fuel", "50000000")
    assert result.code == 1
    assert "error: the call used up its fuel" in result.err


def test_a_guest_that_asks_for_too_much_memory_is_told_apart(sdk: Command, wasm: Path) -> None:
    result = sdk("call", wasm, "bench.hungry()", "--memory", "128MiB")
    assert result.code == 1
    assert "memory" in result.err.partition("error: ")[2].splitlines()[0]


def test_what_the_host_would_have_to_give_is_missing_only_when_it_is_called(sdk: Command, wasm: Path) -> None:
    result = sdk("call", wasm, "ask-clock()")
    assert result.code == 1
    assert "the component called clock.now, which its host must give" in result.err
    assert "hint: `call` gives no imports" in result.err
    assert "Traceback" not in result.err


STORE = "package t:t; interface a { resource warehouse { constructor(name: string); size: func() -> u32; } } world w { export a; }"
STORE_CORE = f"""(module {MEMORY}
  (func (export "t:t/a#[constructor]warehouse") (param i32 i32) (result i32) (unreachable))
  (func (export "t:t/a#[method]warehouse.size") (param i32) (result i32) (i32.const 7)))"""


@pytest.mark.parametrize("call", ['[constructor]warehouse("a")', "[method]warehouse.size(1)"])
def test_a_resource_is_no_text_and_the_hint_says_what_can_use_it(
    sdk: Command, tmp_path: Path, call: str
) -> None:
    (tmp_path / "store.wasm").write_bytes(build(STORE, STORE_CORE, "w"))
    result = sdk("call", "store.wasm", call, folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert "error: the function takes or gives the resource warehouse, which has no text\n" in result.err
    assert f"  --> t:t/a#{call.partition('(')[0]}\n" in result.err
    assert (
        "hint: Python can call it: Component.open(FILE).instantiate() has call() and resource()" in result.err
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--deadline", "5"], "--deadline: '5' needs a unit: us, ms, s, m, h"),
        (["--memory", "lots"], "--memory: 'lots' is not a number with one of the units"),
        (["--fuel", "0"], "invalid value for '--fuel'"),
    ],
)
def test_a_wrong_limit_is_wrong_usage(sdk: Command, wasm: Path, options: list[str], message: str) -> None:
    result = sdk("call", wasm, "add(1, 2)", *options)
    assert result.code == 2
    assert result.err.startswith(f"error: {message}")


def test_an_interrupt_ends_a_call_at_once(sdk: Command, wasm: Path) -> None:
    with sdk.start(["call", wasm, "bench.spin()"]) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "spinning\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "interrupted\n")


def test_an_interrupt_while_compiling_leaves_nothing_in_the_cache(
    sdk: Command, wasm: Path, tmp_path: Path
) -> None:
    with sdk.start(["call", wasm, "add(1, 2)"], env={"XDG_CACHE_HOME": str(tmp_path)}) as process:
        assert process.stderr is not None
        assert process.stderr.read(8) == "compile:"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    left = [file.suffix for file in tmp_path.rglob("*") if file.is_file()]
    assert set(left) <= {".lock"}


def test_a_cache_folder_that_cannot_be_used_costs_time_only(sdk: Command, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    (tmp_path / "add.wasm").write_bytes(run_wasm_tools(["parse", "-"], stdin=ADD.encode()))
    result = sdk("call", tmp_path / "add.wasm", "add(1, 2)", env={"AIRSSYS_CACHE_DIR": str(file)})
    assert (result.code, result.out) == (0, "3\n")
    assert "compiled components are not kept" in result.err
