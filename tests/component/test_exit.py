"""The end of the process while a thread that nobody waits for goes on with components."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from natives import echo

from airssys_sdk.component.engine.foreign import COMPILED
from airssys_sdk.wit.tools import run_wasm_tools

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
from airssys_sdk.component import Cache, Component

component = Component.open(Path(sys.argv[1]), cache=Cache(None))
begun = threading.Event()


def work():
    with component.instantiate(types.SimpleNamespace(note=lambda turns: turns)) as instance:
        began = time.monotonic()
        assert instance.call("spin-and-note", 10_000_000) == 1
        seconds = time.monotonic() - began
        begun.set()
        instance.call("spin-and-note", int(10_000_000 * 0.4 / seconds))


threading.Thread(target=work, daemon=True).start()
assert begun.wait(60)
# The process waits once more when the interpreter is gone, so that the guest comes to its import before the process ends.
libc = ctypes.CDLL(None)
getattr(libc, "__cxa_atexit")(libc.usleep, 900_000, None)
"""

SPIN_AND_NOTE = """
(component
  (import "note" (func $note (param "count" u32) (result u32)))
  (core func $note-lowered (canon lower (func $note)))
  (core module $code
    (import "host" "note" (func $note (param i32) (result i32)))
    (func (export "spin-and-note") (param i64) (result i32)
      (local i64)
      (loop $again
        (local.set 1 (i64.add (local.get 1) (i64.const 1)))
        (br_if $again (i64.lt_u (local.get 1) (local.get 0))))
      (call $note (i32.const 1))))
  (core instance $code (instantiate $code (with "host" (instance (export "note" (func $note-lowered))))))
  (func (export "spin-and-note") (param "turns" u64) (result u32) (canon lift (core func $code "spin-and-note"))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="uses what libc calls at the end of a process")
@pytest.mark.skipif(COMPILED is None, reason="ctypes lets every thread into an interpreter that is gone")
def test_a_guest_that_calls_its_host_after_the_interpreter_has_ended_waits_for_the_end_of_the_process(
    tmp_path: Path,
) -> None:
    wasm = tmp_path / "spin.wasm"
    wasm.write_bytes(run_wasm_tools(["parse", "-"], stdin=SPIN_AND_NOTE.encode()))
    done = subprocess.run(
        [sys.executable, "-c", LATE, wasm], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
