"""Running tests of this folder once more, in a process that is set up in another way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run_tests(environment: dict[str, str], *arguments: str | Path) -> None:
    """Run tests of this folder with more in the environment; they must pass."""
    # At their usual size also in `make soak`: there are many of them.
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRSSYS_SOAK", "PYTEST_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *arguments],
        env=ours | environment,
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert " passed" in done.stdout
