"""The end of the process while a thread that nobody waits for goes on with components."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from natives import MEMORY, build, echo

from airssys_sdk.component.engine.foreign import COMPILED

PROGRAM = """
import sys, threading, time, types
from pathlib import Path
from airssys_sdk.component import Cache, Component

component = Component.open(Path(sys.argv[1]), cache=Cache(None))
host = {"host": types.SimpleNamespace(give_text=lambda value, pad: value)}
begun = threading.Event()


def instantiating():
    while True:
        with component.instantiate(host) as instance:
            assert instance.call("via-text", "x", (0,) * 16) == "x"
        begun.set()


def calling():
    with component.instantiate(host) as instance:
        while True:
            assert instance.call("via-text", "x", (0,) * 16) == "x"
            begun.set()


threading.Thread(target=globals()[sys.argv[2]], daemon=True).start()
assert begun.wait(60)
time.sleep(float(sys.argv[3]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("work", ["instantiating", "calling"])
def test_the_process_ends_in_order_whatever_the_thread_is_at(work: str, tmp_path: Path) -> None:
    wasm = tmp_path / "echo.wasm"
    wasm.write_bytes(echo("", {"text": "string"}))
    for number in range(12):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, wasm, work, f"{0.01 * number}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


LATE = """
import ctypes, sys, threading, time, types
from pathlib import Path
from airssys_sdk.component import Cache, Component, Limits

what, profile = sys.argv[2:]
component = Component.open(Path(sys.argv[1]), cache=Cache(None), profile=profile)
begun = threading.Event()


class Thing:
    def __exit__(self, *_):
        pass


async def suspend():
    pass


def work():
    note = suspend if what == "suspend" else lambda: None
    host = {"host": types.SimpleNamespace(note=note, Thing=Thing)}
    # One slice for all: between two of them the thread would be held in Python.
    with component.instantiate(host, limits=Limits(slice_fuel=1 << 62)) as instance:
        began = time.monotonic()
        instance.call("spin", 10_000_000)
        turns = int(10_000_000 * 0.4 / (time.monotonic() - began))
        name, more = {"drop": ("spin-and-drop", [Thing()]), "print": ("spin-and-print", [])}.get(
            what, ("spin-and-note", [])
        )
        instance.call(name, 1, *more)
        begun.set()
        instance.call(name, turns, *([Thing()] if more else []))


threading.Thread(target=work, daemon=True).start()
assert begun.wait(60)
# The process waits once more when the interpreter is gone, so that the guest comes to its host before the process ends.
libc = ctypes.CDLL(None)
getattr(libc, "__cxa_atexit")(libc.usleep, 900_000, None)
"""

SPINNING_WIT = """
package t:t;
interface host { resource thing; note: func(); }
world w {
  import host;
  import wasi:cli/stdout@0.2.0;
  use host.{thing};
  export spin: func(turns: u64);
  export spin-and-note: func(turns: u64);
  export spin-and-drop: func(turns: u64, thing: thing);
  export spin-and-print: func(turns: u64);
}
package wasi:io@0.2.0 {
  interface error { resource error; }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}
package wasi:cli@0.2.0 {
  interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
}
"""
SPINNING = f"""(module
  (import "t:t/host" "note" (func $note))
  (import "t:t/host" "[resource-drop]thing" (func $drop (param i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  {MEMORY}
  (data (i32.const 16) "done")
  (func $spin (export "spin") (param i64) (local i64)
    (loop $again
      (local.set 1 (i64.add (local.get 1) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get 1) (local.get 0)))))
  (func (export "spin-and-note") (param i64) (call $spin (local.get 0)) (call $note))
  (func (export "spin-and-drop") (param i64 i32) (call $spin (local.get 0)) (call $drop (local.get 1)))
  (func (export "spin-and-print") (param i64)
    (call $spin (local.get 0))
    (call $write (call $stdout) (i32.const 16) (i32.const 4) (i32.const 32))))"""


@pytest.mark.skipif(sys.platform == "win32", reason="uses what libc calls at the end of a process")
@pytest.mark.skipif(COMPILED is None, reason="ctypes lets every thread into an interpreter that is gone")
@pytest.mark.parametrize(
    ("what", "profile"),
    [
        ("note", "plain"),
        ("note", "metered"),
        ("suspend", "metered"),
        ("drop", "plain"),
        ("drop", "metered"),
        ("print", "plain"),
        ("print", "metered"),
    ],
)
def test_a_guest_that_comes_to_its_host_after_the_interpreter_has_ended_waits_for_the_end_of_the_process(
    what: str, profile: str, tmp_path: Path
) -> None:
    wasm = tmp_path / "spin.wasm"
    wasm.write_bytes(build(SPINNING_WIT, SPINNING, "w"))
    done = subprocess.run(
        [sys.executable, "-c", LATE, wasm, what, profile],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


FORKED = """
import os, sys, threading, types
from pathlib import Path
from airssys_sdk.component import Cache, Component

component = Component.open(Path(sys.argv[1]), cache=Cache(None), profile=sys.argv[2])
host = {"host": types.SimpleNamespace(note=lambda: None, Thing=type("Thing", (), {}))}
begun, over = threading.Event(), threading.Event()


def calling():
    with component.instantiate(host) as own:
        while not over.is_set():
            own.call("spin-and-note", 100_000)
            begun.set()


thread = threading.Thread(target=calling)
thread.start()
assert begun.wait(60)
instance = component.instantiate(host)
instance.call("spin-and-note", 10)
child = os.fork()
if not child:
    instance.call("spin-and-note", 10)
    instance.close()
    with component.instantiate(host) as another:
        another.call("spin-and-note", 10)
        another.call("spin-and-print", 10)
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
over.set()
thread.join()
instance.call("spin-and-note", 10)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_a_forked_process_goes_on_with_what_it_inherited(profile: str, tmp_path: Path) -> None:
    wasm = tmp_path / "spin.wasm"
    wasm.write_bytes(build(SPINNING_WIT, SPINNING, "w"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED, wasm, profile],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
