"""A host import for whose argument the process has no memory left fails like one that raises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from natives import build

WIT = "package t:t; interface host { tell: func(x: string); } world w { import host; export go: func(length: u32); }"
CORE = """(module
  (import "t:t/host" "tell" (func $tell (param i32 i32)))
  (memory (export "memory") 1700)
  (func (export "go") (param i32) (call $tell (i32.const 0) (local.get 0))))
"""
PROGRAM = """
import re, resource, sys, types
from pathlib import Path
from airssys_sdk.component import Cache, Component, HostImportFailed

MIB = 1 << 20
component = Component.open(Path(sys.argv[1]), cache=Cache(None))
told = []


def instance():
    made = component.instantiate({"t:t/host": types.SimpleNamespace(tell=lambda text: told.append(len(text)))})
    made.call("go", 5)
    return made


def attempt(room):
    tried = instance()
    used = int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + room * MIB, -1))
    try:
        tried.call("go", 100 * MIB)
        outcome = "told"
    except HostImportFailed as error:
        outcome = type(error.__cause__).__name__, str(error)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    if outcome != "told":
        assert outcome[0] == "MemoryError", outcome
        assert "tell" in outcome[1] and "raised MemoryError" in outcome[1], outcome
        instance()
    return outcome == "told"


# The engine copies the text twice, and ends the process if it cannot.
assert [attempt(room) for room in (600, 240, 260, 280, 600)] == [True, False, False, False, True]
assert told.count(100 * MIB) == 2, told
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="the program limits and reads its address space as Linux does"
)
def test_a_text_that_does_not_fit_is_told_as_what_it_is(tmp_path: Path) -> None:
    wasm = tmp_path / "tell.wasm"
    wasm.write_bytes(build(WIT, CORE, "w"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, wasm], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
