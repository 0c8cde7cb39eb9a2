"""The end of the process while a thread that nobody waits for goes on with components."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from natives import echo

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
