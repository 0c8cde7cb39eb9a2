"""The tests of components under Python's debug allocator, which ends the process at the first byte that is written out of bounds.

It also fills memory that was freed, so that whoever still reads it gets nonsense.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run_tests(*arguments: str | Path) -> None:
    """Run tests of this folder in a process that has the debug allocator."""
    # At their usual size also in `make soak`: there are many of them, and each is several times as slow.
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRSSYS_SOAK", "PYTEST_"))
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *arguments]
    done = subprocess.run(
        command,
        env=ours | {"PYTHONMALLOC": "debug"},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert " passed" in done.stdout


def test_values_stay_in_bounds() -> None:
    run_tests(HERE, "-m", "debug_malloc")


@pytest.mark.soak
def test_all_tests_of_components_stay_in_bounds() -> None:
    run_tests(HERE, "-m", "not soak", f"--ignore={__file__}")
