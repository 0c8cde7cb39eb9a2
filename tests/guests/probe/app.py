"""A guest that misbehaves on request."""

import os
import sys
import time
from pathlib import Path

import wit_world


class WitWorld(wit_world.WitWorld):
    def say(self, out: str, err: str) -> None:
        print(out, end="")
        print(err, end="", file=sys.stderr)

    def fail(self, text: str) -> None:
        if text.startswith("import "):
            __import__(text.removeprefix("import "))
        find(text)

    def chain(self) -> None:
        try:
            find("first")
        except KeyError as error:
            raise RuntimeError("second") from error

    def spin(self, turns: int) -> int:
        total = 0
        for turn in range(turns):
            total += turn
        return total & 0xFFFF_FFFF

    def nap(self, ms: int) -> int:
        begin = time.monotonic_ns()
        time.sleep(ms / 1000)
        return time.monotonic_ns() - begin

    def hog(self, mib: int) -> int:
        return len([bytearray(1 << 20) for _ in range(mib)])

    def doze(self, ms: int) -> int:
        return wit_world.pause(ms) + 1

    def leave(self, code: int) -> None:
        sys.exit(code)

    def reach_out(self) -> list[str]:
        """What came of each attempt to get at something that the host did not give."""
        attempts = {
            "folder": lambda: list(Path("/").iterdir()),
            "file": Path("/etc/passwd").read_text,
            "written": lambda: Path("/new").write_text("x"),
            "environment": lambda: dict(os.environ),
            "arguments": lambda: sys.argv[1:],
            "input": input,
            "random": lambda: len(os.urandom(8)),
            "time": lambda: time.time() > 1_700_000_000,
        }
        return [f"{name}: {outcome(attempt)}" for name, attempt in attempts.items()]


def outcome(attempt) -> str:
    try:
        return repr(attempt())
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
        return type(error).__name__


def find(text: str) -> None:
    raise KeyError(f"no such item: {text}")
