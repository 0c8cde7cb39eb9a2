"""What breaks in the engine's own Python layer, and what ours does in its place.

Each test has two halves. `theirs` runs a program on `wasmtime.component` in a process of its own, because some of them end
it; the half is there so that one sees whether a later engine closes the hole itself. Then the same is done through this
package. The holes of the values that a component would never give are in `test_codec_values`.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from natives import MEMORY, NO_PAD, build, echo
from resource_guests import maker

from airssys_sdk.component import (
    AsynchronousComponent,
    Component,
    Err,
    HostImportFailed,
    Instance,
    InstanceBusy,
    InstanceDead,
    InvalidType,
    InvalidValue,
    Trap,
    UnsupportedEngine,
    drop,
)
from airssys_sdk.wit.tools import run_wasm_tools

VALUES = {
    "u8": "u8",
    "char": "char",
    "color": "tuple<color, u64>",
    "choice": "tuple<choice, u64>",
    "outcome": "tuple<result<u32, string>, u64>",
}
DECLARATIONS = "enum color { red, green } variant choice { number(u32), truth(bool) }"

KEEPER_WIT = """
package t:t;
interface host { tick: func(x: u32) -> u32; ask: func(x: u32) -> result<u32, u32>; }
world w {
  import host;
  export remember: func(x: u32) -> u32;
  export inquire: func(x: u32) -> result<u32, u32>;
  export crash: func();
}
world eager { import host; export nothing: func(); }
"""
KEEPER = f"""(module
  (import "t:t/host" "tick" (func $tick (param i32) (result i32)))
  (import "t:t/host" "ask" (func $ask (param i32 i32)))
  {MEMORY}
  (global $kept (mut i32) (i32.const 0))
  (func (export "remember") (param i32) (result i32)
    (global.set $kept (local.get 0))
    (drop (call $tick (local.get 0)))
    (global.get $kept))
  (func (export "inquire") (param i32) (result i32) (call $ask (local.get 0) (i32.const 1024)) (i32.const 1024))
  (func (export "crash") (unreachable)))"""
"""A guest that remembers a number while it asks its host."""
EAGER = """(module
  (import "t:t/host" "tick" (func $tick (param i32) (result i32)))
  (func $begin (drop (call $tick (i32.const 1))))
  (func (export "nothing"))
  (start $begin))"""
"""A guest that asks its host while it starts."""
STREAM = """
(component
  (core module $code
    (import "" "new" (func $new (result i64)))
    (func (export "give") (result i32) (i32.wrap_i64 (call $new))))
  (type $bytes (stream u8))
  (core func $new (canon stream.new $bytes))
  (core instance $code (instantiate $code (with "" (instance (export "new" (func $new))))))
  (func (export "give") (result $bytes) (canon lift (core func $code "give"))))
"""

PRELUDE = """
import sys, threading
from pathlib import Path
import wasmtime
from wasmtime import component as layer

config = wasmtime.Config()
config.wasm_component_model_async = True
engine = wasmtime.Engine(config)

def start(name, store, **imports):
    linker = layer.Linker(engine)
    with linker.root() as root, root.add_instance("t:t/host") as host:
        for function, implementation in imports.items():
            host.add_func(function.replace("_", "-"), implementation)
    component = layer.Component(engine, Path(sys.argv[1], name).read_bytes())
    instance = linker.instantiate(store, component)
    def function(name, interface=None):
        inside = instance.get_export_index(store, interface) if interface else None
        return instance.get_func(store, instance.get_export_index(store, name, inside))
    return function

def echoing(name, store, give=lambda store, value, pad: value):
    gives = {f"give_{name}": give for name in ("u8", "char", "color", "choice", "outcome")}
    function = start("values.wasm", store, **gives)(name, "t:t/api")
    return lambda value: function(store, value, (0,) * 16)

def keeping(store, tick=lambda store, x: x, ask=None):
    function = start("keeper.wasm", store, tick=tick, ask=ask)
    return lambda name, *arguments: function(name)(store, *arguments)

store = wasmtime.Store(engine)
"""

Theirs = Callable[[str], "subprocess.CompletedProcess[str]"]
ABORTED = -6
CRASHED = (-11, ABORTED)


@dataclasses.dataclass(frozen=True)
class Guests:
    """The components, as bytes and as files for other processes."""

    folder: Path
    values: bytes
    keeper: bytes
    eager: bytes
    stream: bytes
    maker: bytes


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Guests:
    made = Guests(
        tmp_path_factory.mktemp("holes"),
        values=echo(DECLARATIONS, VALUES),
        keeper=build(KEEPER_WIT, KEEPER, "w"),
        eager=build(KEEPER_WIT, EAGER, "eager"),
        stream=run_wasm_tools(["parse", "-"], stdin=STREAM.encode()),
        maker=maker(),
    )
    for name in ("values", "keeper", "eager", "stream", "maker"):
        (made.folder / f"{name}.wasm").write_bytes(getattr(made, name))
    return made


@pytest.fixture
def theirs(guests: Guests) -> Theirs:
    """Runs a program on the engine's own layer, after `PRELUDE`."""

    def run(program: str) -> subprocess.CompletedProcess[str]:
        text = PRELUDE + textwrap.dedent(program)
        command = [sys.executable, "-c", text, str(guests.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    return run


@pytest.fixture(params=["plain", "metered"])
def profile(request: pytest.FixtureRequest) -> Any:
    return request.param


def values_of(guests: Guests, profile: Any, give: Callable[[Any, Any], Any] | None = None) -> Instance:
    """The guest that gives values back, itself and through its host."""
    names = [f"give_{name}" for name in VALUES]
    host = types.SimpleNamespace(**dict.fromkeys(names, give or (lambda value, pad: value)))
    return Component.open(guests.values, profile=profile).instantiate({"host": host})


def keeper_of(
    guests: Guests,
    profile: Any,
    tick: Callable[[int], int] = lambda x: x,
    ask: Callable[[int], int] = lambda x: x,
) -> Instance:
    """The guest that remembers a number while it asks its host."""
    host = types.SimpleNamespace(tick=tick, ask=ask)
    return Component.open(guests.keeper, profile=profile).instantiate({"host": host})


def test_an_interrupt_in_a_host_import_crashes_theirs_and_is_raised_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        def give(store, value, pad): raise KeyboardInterrupt
        echoing("via-u8", store, give)(1)
    """)
    assert done.returncode in CRASHED, done.stderr

    def give(value: int, pad: object) -> int:
        raise KeyboardInterrupt

    with values_of(guests, profile, give) as instance:
        with pytest.raises(KeyboardInterrupt):
            instance.call("via-u8", 1, NO_PAD)
        with pytest.raises(InstanceDead, match="ended with KeyboardInterrupt"):
            instance.call("echo-u8", 1, NO_PAD)


@pytest.mark.parametrize("way", ["echo", "via"])
def test_half_a_character_aborts_theirs_and_is_refused_by_ours(
    theirs: Theirs, guests: Guests, profile: Any, way: str
) -> None:
    done = theirs(f"""
        half = lambda store, value, pad: "\\ud800"
        echoing("{way}-char", store, half)("\\ud800" if "{way}" == "echo" else "a")
    """)
    assert done.returncode == ABORTED, done.stderr

    with values_of(guests, profile, lambda value, pad: "\ud800") as instance:
        if way == "echo":
            with pytest.raises(InvalidValue, match=r"the surrogate '\\ud800'"):
                instance.call("echo-char", "\ud800", NO_PAD)
            assert instance.call("echo-char", "a", NO_PAD) == "a"
        else:
            with pytest.raises(HostImportFailed, match="surrogate"):
                instance.call("via-char", "a", NO_PAD)


def test_a_stream_that_a_guest_returns_aborts_theirs_and_is_refused_by_ours(
    theirs: Theirs, guests: Guests
) -> None:
    done = theirs("""start("stream.wasm", store)("give")(store)""")
    assert done.returncode == ABORTED, done.stderr
    assert "not yet implemented" in done.stderr

    for without in ("plain", "metered"):
        with pytest.raises(AsynchronousComponent):
            Component.open(guests.stream, profile=without)  # type: ignore[arg-type]
    with (
        Component.open(guests.stream, profile="concurrent").instantiate() as instance,
        pytest.raises(UnsupportedEngine, match="give: the function takes or returns a stream"),
    ):
        instance.call("give")


def test_a_wrong_case_of_an_enum_ends_their_instance_and_is_refused_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        for case in ("blue", "red"):
            try:
                print(echoing("echo-color", store)((case, 1)))
            except wasmtime.WasmtimeError as error:
                print("lost:", error)
        call = echoing("echo-color", store)
        for case in ("blue", "red"):
            try:
                print(call((case, 1)))
            except wasmtime.WasmtimeError as error:
                print(error)
    """)
    assert done.stdout.endswith("wasm trap: cannot enter component instance\n"), done

    with values_of(guests, profile) as instance:
        with pytest.raises(
            InvalidType, match=r"value\[0\]: expected a member of Color or a label: red, green, got 'blue'"
        ):
            instance.call("echo-color", ("blue", 1), NO_PAD)
        color = _shape(instance, "color").elements[0].cls
        assert instance.call("echo-color", (color.RED, 1), NO_PAD) == (color.RED, 1)


def test_integers_that_are_too_large_are_cut_off_by_theirs_and_refused_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        call = echoing("echo-u8", store)
        print(call(300), call(-1), call(True), echoing("via-u8", store, lambda store, value, pad: 300)(1))
    """)
    assert done.stdout == "44 255 1 44\n", done

    with values_of(guests, profile, lambda value, pad: 300) as instance:
        for wrong, kind in ((300, InvalidValue), (-1, InvalidValue), (True, InvalidType)):
            with pytest.raises(kind):
                instance.call("echo-u8", wrong, NO_PAD)
        with pytest.raises(HostImportFailed, match="u8, 0 to 255, got 300"):
            instance.call("via-u8", 1, NO_PAD)


def test_a_bool_becomes_an_integer_in_their_variants_and_the_case_is_named_in_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""print(echoing("echo-choice", store)((True, 7)))""")
    assert done.stdout == "(1, 7)\n", done

    with values_of(guests, profile) as instance:
        number, truth = (case.cls for case in _shape(instance, "choice").elements[0].cases)
        assert instance.call("echo-choice", (truth(True), 7), NO_PAD) == (truth(True), 7)
        for wrong in (True, number(True), truth(1)):
            with pytest.raises(InvalidType):
                instance.call("echo-choice", (wrong, 7), NO_PAD)


def test_an_exception_of_another_thread_surfaces_in_theirs_and_not_in_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        def tick(store, x): raise LookupError("of the first")
        def first():
            try:
                start("eager.wasm", wasmtime.Store(engine), tick=tick, ask=None)
            except Exception as error:
                print(type(error).__name__)
        thread = threading.Thread(target=first)
        thread.start()
        thread.join()
        try:
            keeping(store)("crash")
        except Exception as error:
            print(repr(error))
    """)
    assert done.stdout == "WasmtimeError\nLookupError('of the first')\n", done

    def tick(x: int) -> int:
        raise LookupError("of the first")

    found = list[BaseException]()

    def first() -> None:
        try:
            host = types.SimpleNamespace(tick=tick)
            Component.open(guests.eager, profile=profile).instantiate({"host": host})
        except HostImportFailed as error:
            found.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    thread.join()
    with keeper_of(guests, profile) as instance, pytest.raises(Trap, match="unreachable"):
        instance.call("crash")
    assert [repr(error.__cause__) for error in found] == ["LookupError('of the first')"]


def test_a_second_thread_changes_their_results_and_is_refused_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        inside, leave = threading.Event(), threading.Event()
        def tick(store, x):
            if x == 1:
                inside.set()
                leave.wait()
            return x
        call = keeping(store, tick)
        thread = threading.Thread(target=lambda: print("first:", call("remember", 1)))
        thread.start()
        inside.wait()
        print("second:", call("remember", 2))
        leave.set()
        thread.join()
    """)
    assert done.stdout == "second: 2\nfirst: 2\n", done

    inside, leave = threading.Event(), threading.Event()

    def tick(x: int) -> int:
        inside.set()
        assert leave.wait(30)
        return x

    with keeper_of(guests, profile, tick) as instance:
        found = list[int]()
        thread = threading.Thread(target=lambda: found.append(instance.call("remember", 1)))
        thread.start()
        try:
            assert inside.wait(30)
            with pytest.raises(InstanceBusy):
                instance.call("remember", 2)
        finally:
            leave.set()
            thread.join(30)
        assert found == [1]


def test_after_a_trap_theirs_says_nothing_of_it_and_ours_says_which(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        call = keeping(store)
        for name, arguments in (("crash", ()), ("remember", (1,))):
            try:
                call(name, *arguments)
            except wasmtime.WasmtimeError as error:
                said = str(error)
        print(said)
    """)
    assert done.stdout == "wasm trap: cannot enter component instance\n", done

    with keeper_of(guests, profile) as instance:
        with pytest.raises(Trap):
            instance.call("crash")
        for _ in range(2):
            with pytest.raises(InstanceDead, match="the instance is dead: crash ended with Trap") as caught:
                instance.call("remember", 1)
            assert caught.value.hint == "make a new instance and call that"


def test_a_call_during_a_call_changes_their_result_and_is_refused_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        def tick(store, x):
            if x == 1:
                call("remember", 2)
            return x
        call = keeping(store, tick)
        print(call("remember", 1))
    """)
    assert done.stdout == "2\n", done

    refused = list[InstanceBusy]()

    def tick(x: int) -> int:
        with pytest.raises(InstanceBusy) as caught:
            instance.call("remember", 2)
        refused.append(caught.value)
        return x

    with keeper_of(guests, profile, tick) as instance:
        assert instance.call("remember", 1) == 1
        assert "the call that led here" in refused[0].message


def test_another_components_error_is_taken_for_their_callers_and_told_apart_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        inner = keeping(store)
        kept = []
        def tick(store, x):
            try:
                return inner("crash")
            except wasmtime.WasmtimeError as error:
                kept.append(error)
                raise
        try:
            keeping(wasmtime.Store(engine), tick)("remember", 1)
        except wasmtime.WasmtimeError as error:
            print("ended with:", "unreachable" in str(error))
        try:
            print(kept[0])
        except ValueError as error:
            print(error)
    """)
    # As if the caller's own guest had crashed; and the error that the host kept cannot be read any more.
    assert done.stdout == "ended with: True\nalready closed\n", done

    def ask(x: int) -> int:
        raise Err(x)

    with keeper_of(guests, profile, ask=ask) as inner:
        with pytest.raises(Err):
            inner.call("inquire", 5)
        # The outer function has the same error type; still it is no answer of the outer's own host.
        with (
            keeper_of(guests, profile, ask=lambda x: inner.call("inquire", x)) as outer,
            pytest.raises(HostImportFailed) as caught,
        ):
            outer.call("inquire", 5)
        assert isinstance(caught.value.__cause__, Err)
        with (
            keeper_of(guests, profile, tick=lambda x: inner.call("crash")) as outer,
            pytest.raises(HostImportFailed, match="raised Trap: crash") as trapped,
        ):
            outer.call("remember", 1)
        assert trapped.value.where == "remember"


def test_a_function_of_a_store_that_is_gone_aborts_theirs_and_is_refused_by_ours(
    theirs: Theirs, guests: Guests, profile: Any
) -> None:
    done = theirs("""
        function = start("keeper.wasm", store, tick=lambda store, x: x, ask=None)("remember")
        store.close()
        function(wasmtime.Store(engine), 1)
    """)
    assert done.returncode == ABORTED, done.stderr

    first = Component.open(guests.maker, profile=profile).instantiate()
    make: Any = first.resource("thing")
    take, thing = first.function("take"), make(5)
    with Component.open(guests.maker, profile=profile).instantiate() as second:
        with pytest.raises(InvalidType, match="got one of another instance"):
            second.call("take", thing)
        first.close()
        for use in (lambda: take(thing), lambda: make(7), lambda: thing.value()):
            with pytest.raises(InstanceDead, match="was closed"):
                use()
        with pytest.raises(InvalidType, match="got one of another instance"):
            second.call("take", thing)
        drop(thing)  # harmless
        assert second.call("dropped") == 0


EXIT = """
    import sys, time, types
    from pathlib import Path
    import wasmtime
    from wasmtime import component as layer
    from airssys_sdk.component import Component

    class Last:
        def __del__(self, sleep=time.sleep):
            sleep(0.5)  # gives the engine's threads the time to come in while the interpreter ends

    def pause(*arguments): return arguments[-1]

    component = Component.open(Path(sys.argv[1]))
    kept, last = [], Last()
    for _ in range(120):
"""
THEIR_INSTANCE = """
        store = wasmtime.Store(component.engine.raw)
        output = wasmtime.WasiConfig()
        output.stdout_custom = output.stderr_custom = lambda data: len(data)
        store.set_wasi(output)
        linker = layer.Linker(component.engine.raw)
        linker.add_wasip2()
        with linker.root() as root:
            root.add_func("pause", pause)
        instance = linker.instantiate(store, component.raw)
        say = instance.get_func(store, instance.get_export_index(store, "say"))
        say(store, "out", "err" * 1000)
        kept.append([store, instance, say, linker])
    for store, instance, say, linker in kept:
        say(store, "out" * 2000, "err" * 2000)
"""
OUR_INSTANCE = """
        instance = component.instantiate(types.SimpleNamespace(pause=pause))
        instance.call("say", "out", "err" * 1000)
        kept.append(instance)
    for instance in kept:
        instance.call("say", "out" * 2000, "err" * 2000)
"""


@pytest.mark.slow
def test_an_interpreter_that_ends_with_live_stores_panics_in_theirs_and_ends_in_ours(
    probe_wasm: Path,
) -> None:
    def run(body: str) -> subprocess.CompletedProcess[str]:
        program = textwrap.dedent(EXIT + body)
        command = [sys.executable, "-c", program, str(probe_wasm)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    # It depends on how far the engine's threads are: not every time, but soon.
    assert any("panic in a function that cannot unwind" in run(THEIR_INSTANCE).stderr for _ in range(10))
    done = run(OUR_INSTANCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def _shape(instance: Instance, name: str) -> Any:
    return instance.function(f"echo-{name}").signature.parameters[0].shape
