"""Host imports: what the user's object returns and raises, and what becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from calls_fixtures import Open, open_playground, playground_bytes
from natives import MEMORY, NO_PAD, build
from playground import Host, LookupError_Bad, LookupError_Missing, LookupErrorRaised, Playground

from airssys_sdk.component import (
    Component,
    Err,
    HostImportFailed,
    InstanceBusy,
    InstanceDead,
    InvalidType,
    InvalidValue,
    LinkError,
    Trap,
)

__all__ = ["open_playground"]


def host(**methods: Callable[..., Any]) -> Host:
    """A host whose clock has these methods instead of its own."""
    made = Host()
    for name, method in methods.items():
        setattr(made.clock, name, method)
    return made


def test_values_reach_the_host_and_come_back(open_playground: Open) -> None:
    given = Host()
    world = open_playground(given)
    assert world.api.time() == 1_700_000_000
    assert world.api.relay("straße", NO_PAD) == "STRASSE"
    world.api.say("grüße\0")
    assert given.logged == ["grüße\0"]


@pytest.mark.parametrize(
    ("value", "told"), [(5, "result: expected None, got 5"), (Err(5), "error: expected None, got 5")]
)
def test_a_result_that_holds_nothing_takes_no_value(open_playground: Open, value: object, told: str) -> None:
    def check() -> Any:
        if isinstance(value, Err):
            raise value
        return value

    with pytest.raises(HostImportFailed) as caught:
        open_playground(host(check=check)).api.check()
    assert type(caught.value.__cause__) is InvalidType
    assert f"the host import test:calls/clock@1.2.0#check raised InvalidType: {told}" in caught.value.message


def test_a_raised_err_is_the_guests_error_case(open_playground: Open) -> None:
    def look(key: str, pad: object) -> str:
        raise Err(LookupError_Missing(key))

    def check() -> None:
        raise Err(None)

    world = open_playground(host(look=look, check=check))
    with pytest.raises(LookupErrorRaised) as caught:
        world.api.relay("x", NO_PAD)
    assert caught.value.value == LookupError_Missing("x")
    assert world.api.check() is False
    assert world.version() == 7


def test_an_error_case_with_a_value_that_does_not_fit_fails_the_import(open_playground: Open) -> None:
    def look(key: str, pad: object) -> str:
        raise LookupErrorRaised(LookupError_Bad(256))

    with pytest.raises(HostImportFailed) as caught:
        open_playground(host(look=look)).api.relay("x", NO_PAD)
    cause = caught.value.__cause__
    assert isinstance(cause, InvalidValue)
    assert (cause.function, cause.path) == ("test:calls/clock@1.2.0#look", "error.value")


@pytest.mark.parametrize(
    "raised", [ValueError("no clock"), LookupErrorRaised(LookupError_Bad(1)), KeyError(3)]
)
def test_any_other_exception_fails_the_call_and_is_its_cause(
    open_playground: Open, raised: Exception
) -> None:
    def now() -> int:
        raise raised

    world = open_playground(host(now=now))
    with pytest.raises(HostImportFailed) as caught:
        world.api.time()
    assert caught.value.__cause__ is raised
    assert caught.value.message.startswith(
        f"the host import test:calls/clock@1.2.0#now raised {type(raised).__name__}"
    )
    assert caught.value.where == "test:calls/api@1.2.0#time"
    with pytest.raises(InstanceDead):
        world.version()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes_through_and_ends_the_instance(
    open_playground: Open, kind: type[BaseException]
) -> None:
    def now() -> int:
        raise kind

    world = open_playground(host(now=now))
    with pytest.raises(kind):
        world.api.time()
    with pytest.raises(InstanceDead):
        world.version()


@pytest.mark.parametrize(
    ("value", "kind"), [(-1, InvalidValue), ("now", InvalidType), (None, InvalidType), (True, InvalidType)]
)
def test_a_returned_value_that_does_not_fit_fails_the_call(
    open_playground: Open, value: object, kind: type[Exception]
) -> None:
    with pytest.raises(HostImportFailed) as caught:
        open_playground(host(now=lambda: value)).api.time()
    assert type(caught.value.__cause__) is kind
    assert str(caught.value.__cause__).startswith("test:calls/clock@1.2.0#now: result: expected")
    assert (
        f"the host import test:calls/clock@1.2.0#now raised {kind.__name__}: result: exp"
        in caught.value.message
    )


def test_an_err_that_escapes_from_another_component_is_no_answer(open_playground: Open) -> None:
    def refuse(key: str, pad: object) -> str:
        raise Err(LookupError_Missing(key))

    inner = open_playground(host(look=refuse))
    outer = open_playground(host(look=lambda key, pad: inner.api.relay(key, pad)))
    with pytest.raises(HostImportFailed) as caught:
        outer.api.relay("x", NO_PAD)
    assert caught.value.__cause__ == Err(LookupError_Missing("x"))
    assert inner.version() == 7


def test_an_err_from_another_component_may_be_passed_on_by_raising_it_anew(open_playground: Open) -> None:
    def refuse(key: str, pad: object) -> str:
        raise Err(LookupError_Missing(key))

    inner = open_playground(host(look=refuse))

    def look(key: str, pad: tuple[int, ...]) -> str:
        try:
            return inner.api.relay(key, pad)
        except LookupErrorRaised as error:
            raise Err(error.value) from error

    with pytest.raises(LookupErrorRaised):
        open_playground(host(look=look)).api.relay("x", NO_PAD)


def test_calling_back_into_the_calling_instance_is_refused(open_playground: Open) -> None:
    calls: list[BaseException] = []

    class Curious(Host):
        def log(self, text: str) -> None:
            try:
                world.version()
            except InstanceBusy as error:
                calls.append(error)

    world = open_playground(Curious())
    world.api.say("hello")
    assert len(calls) == 1
    assert world.version() == 7


def test_the_refusal_of_calling_back_says_that_it_is_one(open_playground: Open) -> None:
    class Curious(Host):
        def log(self, text: str) -> None:
            world.version()

    world = open_playground(Curious())
    with pytest.raises(HostImportFailed, match="the call that led here") as caught:
        world.api.say("hello")
    assert type(caught.value.__cause__) is InstanceBusy


def test_what_became_of_another_components_call_is_not_taken_for_the_callers(open_playground: Open) -> None:
    inner = open_playground()
    outer = open_playground(host(look=lambda key, pad: inner.api.crash()))
    with pytest.raises(HostImportFailed, match=r"raised Trap: test:calls/api@1.2.0#crash: ") as caught:
        outer.api.relay("x", NO_PAD)
    assert caught.value.where == "test:calls/api@1.2.0#relay"
    assert type(caught.value.__cause__) is Trap


def test_instances_may_call_each_other_deeply(open_playground: Open) -> None:
    world = open_playground()
    for _ in range(20):
        before = world
        world = open_playground(host(look=lambda key, pad, before=before: before.api.relay(key, pad)))
    assert world.api.relay("deep", NO_PAD) == "DEEP"


def test_what_is_missing_is_named_by_interface_and_function() -> None:
    class HalfAClock:
        def now(self) -> int:
            return 1

        look = 5

    class HalfAHost:
        clock = HalfAClock()

    with pytest.raises(LinkError) as caught:
        Playground.load(playground_bytes(), imports=HalfAHost())
    text = str(caught.value).replace(f"{HalfAHost.__qualname__.rpartition('.')[0]}.", "")
    assert (
        "test:calls/clock@1.2.0#look: 'look' of its 'clock' (an object of class HalfAClock) cannot be called"
        in text
    )
    assert (
        "test:calls/clock@1.2.0#check: its 'clock' (an object of class HalfAClock) has no method 'check'"
        in text
    )
    assert "log: the host object (an object of class HalfAHost) has no method 'log'" in text
    assert "now" not in text
    with pytest.raises(LinkError, match="None has no attribute 'clock'"):
        Playground.load(playground_bytes(), imports=None)


def test_an_import_that_the_component_does_not_use_is_not_asked_for(open_playground: Open) -> None:
    assert not hasattr(Host(), "unused")
    assert open_playground().version() == 7


def test_each_instance_asks_its_host_once_for_what_implements_an_interface() -> None:
    class Answer:
        def __init__(self, answer: int) -> None:
            self.answer = answer

        def __call__(self) -> int:
            return self.answer

    class Fresh:
        """Gives another clock each time, with functions of several kinds."""

        def __init__(self) -> None:
            self.clocks = 0

        @property
        def clock(self) -> object:
            self.clocks += 1
            return types.SimpleNamespace(now=Answer(self.clocks), look=str.upper, check=print)

        log = staticmethod(len)

    fresh: Any = Fresh()
    component = Component.open(playground_bytes())
    for number in (1, 2, 3):
        with Playground.load(component, imports=fresh) as world:
            assert (world.api.time(), fresh.clocks) == (number, number)
            assert (world.api.time(), fresh.clocks) == (number, number)


def test_an_async_implementation_needs_the_metered_profile() -> None:
    async def now() -> int:
        return 5

    with pytest.raises(LinkError, match="metered"):
        Playground.load(playground_bytes(), imports=host(now=now))


def test_recursion_without_end_is_an_ordinary_error() -> None:
    with Playground.load(playground_bytes(), imports=Host()) as world:

        def deeper() -> None:
            world.api.time()
            deeper()

        for _ in range(2):
            with pytest.raises(RecursionError):
                deeper()
        assert world.version() == 7


BUSY_WIT = """
package t:t;
interface host { tick: func(x: u32) -> u32; tock: func() -> string; }
world w { import host; export spin: func(n: u32) -> u32; export spin-without-arguments: func(n: u32) -> u32; }
"""
BUSY_LOOP = """
  (func (export "{}") (param $n i32) (result i32) (local $i i32) (local $j i32)
    (loop $outer
      (local.set $j (i32.const 100000))
      (loop $inner (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
      {}
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i))"""
BUSY_CORE = f"""(module
  (import "t:t/host" "tick" (func $tick (param i32) (result i32)))
  (import "t:t/host" "tock" (func $tock (param i32)))
  {MEMORY}
  {BUSY_LOOP.format("spin", "(drop (call $tick (local.get $i)))")}
  {BUSY_LOOP.format("spin-without-arguments", "(call $tock (i32.const 1024))")})"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself signals")
@pytest.mark.parametrize("function", ["spin", "spin-without-arguments"])
@pytest.mark.parametrize("way", ["plain", "metered", "suspending"])
def test_ctrl_c_while_the_guest_runs_is_raised_by_the_call(way: str, function: str) -> None:
    """The signal is handled when the guest next calls its host: at the very entry of the import."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    component = Component.open(
        build(BUSY_WIT, BUSY_CORE, "w"), profile="plain" if way == "plain" else "metered"
    )
    for _ in range(5):
        entered = (
            threading.Event()
        )  # one of its own: a tick that was given up may still run in the next round
        with component.instantiate({"host": _ticking(entered, way)}) as instance:
            sender = threading.Thread(target=_interrupt, args=(entered,))
            sender.start()
            with pytest.raises(KeyboardInterrupt):
                instance.call(function, 0xFFFFFFFF)
            with pytest.raises(InstanceDead):
                instance.call(function, 1)
            sender.join(30)


def _interrupt(entered: threading.Event) -> None:
    assert entered.wait(30)
    os.kill(os.getpid(), signal.SIGINT)


def _ticking(entered: threading.Event, way: str) -> object:
    class Ticking:
        def tick(self, x: int) -> int:
            entered.set()
            return x

        def tock(self) -> str:
            entered.set()
            return ""

    class Suspending:
        async def tick(self, x: int) -> int:
            entered.set()
            return x

        async def tock(self) -> str:
            entered.set()
            return ""

    return Suspending() if way == "suspending" else Ticking()


@pytest.mark.slow
def test_an_interpreter_may_end_with_live_instances_and_a_thread_inside(tmp_path: Path) -> None:
    program = f"""
        import sys, threading
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from playground import Host, Playground, playground
        wasm = playground()
        entered, never = threading.Event(), threading.Event()
        class Stuck(Host):
            def log(self, text):
                entered.set()
                never.wait()
        idle, stuck = Playground.load(wasm, imports=Host()), Playground.load(wasm, imports=Stuck())
        threading.Thread(target=stuck.api.say, args=("x",), daemon=True).start()
        assert entered.wait(30)
        print(idle.version())
    """
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")
