"""How hard tests on random values look: `make test` tries the same few every time, `make soak` many, and others each time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

SOAK = os.environ.get("AIRSSYS_SOAK") == "1"
_TIMES = 20

F = TypeVar("F", bound=Callable[..., Any])


def tried(count: int, **more: Any) -> settings:
    """Settings for a property that is tried so many times by `make test`, and twenty times as often by `make soak`."""
    return settings(
        max_examples=count * _TIMES if SOAK else count,
        derandomize=not SOAK,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        **more,
    )


def times(count: int, **more: Any) -> Callable[[F], F]:
    """Mark a test of a property with these settings."""

    def apply(test: F) -> F:
        return pytest.mark.examples(tried(count, **more)(test))

    return apply
