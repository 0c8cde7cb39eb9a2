"""The tests of components under Python's debug allocator, which ends the process at the first byte that is written out of bounds.

It also fills memory that was freed, so that whoever still reads it gets nonsense. Each test is several times as slow.
"""

from __future__ import annotations

import pytest
from nested_runs import HERE, run_tests

DEBUG = {"PYTHONMALLOC": "debug"}


def test_values_stay_in_bounds() -> None:
    run_tests(DEBUG, HERE, "-m", "debug_malloc")


@pytest.mark.soak
def test_all_tests_of_components_stay_in_bounds() -> None:
    run_tests(DEBUG, HERE, "-m", "not soak", f"--ignore={__file__}")
