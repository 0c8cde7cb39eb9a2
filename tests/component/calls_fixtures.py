"""The ways in which a component can be called, for tests that must pass in all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import pytest
from playground import Host, Playground, playground

from airssys_sdk import component as wit

Open = Callable[..., Playground]


@functools.cache
def playground_bytes() -> bytes:
    """The component's bytes, built once."""
    return playground()


@pytest.fixture(params=["plain", "metered", pytest.param("public", marks=pytest.mark.fallback)])
def open_playground(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the playground: in the plain or the metered profile, or through the engine's public layer."""
    if request.param == "public":
        monkeypatch.setenv("AIRSSYS_PUBLIC_LAYER", "1")
    limits = wit.Limits(fuel=1_000_000_000) if request.param == "metered" else None
    opened: list[Playground] = []

    def open_(host: object = None) -> Playground:
        opened.append(Playground.load(playground_bytes(), imports=host or Host(), limits=limits))
        return opened[-1]

    yield open_
    for world in opened:
        world.close()
