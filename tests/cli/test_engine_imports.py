"""Commands that run no component load no engine, and only a build that is stale loads the guest toolchain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import Command

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli")]

PROGRAM = """
import sys
from airssys_sdk.cli import main
code = main(sys.argv[1:])
print("engine:", [name for name in ("wasmtime", "componentize_py") if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["new", "hello", "--no-input"],
        ["generate", "host", "TRIAL/wit", "--world", "runtime-host", "--out", "host"],
        ["generate", "guest", "TRIAL/wit", "--world", "runtime-host", "--out", "guest"],
        ["build", "TRIAL"],
        ["inspect", "TRIAL/dist/trial.wasm"],
        ["cache", "show"],
        ["doctor"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_command_that_runs_nothing_loads_no_engine(
    sdk: Command, trial: Path, tmp_path: Path, arguments: list[str]
) -> None:
    given = [argument.replace("TRIAL", str(trial)) for argument in arguments]
    command = [sys.executable, "-c", PROGRAM, *given]
    done = subprocess.run(
        command, cwd=tmp_path, env=sdk.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("engine: []\n")
