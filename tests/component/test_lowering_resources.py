"""While a call is given its resources, nobody can take away what it already has: the engine would read freed memory."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest
from resource_guests import maker

from airssys_sdk.component import Component, Instance, InstanceBusy, InvalidType, InvalidValue, begin, drop

pytestmark = pytest.mark.debug_malloc

AWAY: dict[str, Callable[[Instance, Any], object]] = {
    "dropped": lambda instance, thing: drop(thing),
    "handed over": lambda instance, thing: instance.call("take", thing),
    "closed": lambda instance, thing: instance.close(),
}


class Meddling:
    """Passes for a thing, and does something each time it is looked at."""

    def __init__(self, thing: Any, meddle: Callable[[], object]) -> None:
        self.thing = thing
        self.meddle = meddle
        self.refused = 0

    def look(self) -> None:
        try:
            self.meddle()
        except InstanceBusy:
            self.refused += 1

    @property
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  (pretending is the point)
        self.look()
        return self.thing.__class__

    @property
    def _held(self) -> object:
        self.look()
        return self.thing._held


def call_at_once(instance: Instance, name: str, *arguments: object) -> Any:
    return instance.call(name, *arguments)


def call_in_slices(instance: Instance, name: str, *arguments: object) -> Any:
    return begin(instance.function(name), *arguments).result()


WAYS = {"plain": call_at_once, "metered": call_at_once, "in slices": call_in_slices}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("away", AWAY)
def test_what_is_lent_cannot_be_taken_away_by_a_later_argument(way: Any, away: str) -> None:
    profile: Any = "plain" if way == "plain" else "metered"
    with Component.open(maker(), profile=profile).instantiate() as instance:
        make: Any = instance.resource("thing")
        lent, other = make(1), make(2)
        meddling = Meddling(other, lambda: AWAY[away](instance, lent))
        assert WAYS[way](instance, "sum", lent, meddling) == 3
        assert meddling.refused > 0
        assert (lent.value(), other.value()) == (1, 2)
        assert WAYS[way](instance, "both", lent, other) == 3


@pytest.mark.parametrize("way", WAYS)
def test_after_a_refused_argument_everything_is_back(way: Any) -> None:
    profile: Any = "plain" if way == "plain" else "metered"
    with Component.open(maker(), profile=profile).instantiate() as instance:
        make: Any = instance.resource("thing")
        things = [make(1), make(2)]
        meddling = Meddling(types.SimpleNamespace(_held=None), lambda: drop(things[0]))
        with pytest.raises(InvalidType, match=r"things\[2\]: expected Thing, got Meddling"):
            WAYS[way](instance, "total", [*things, meddling])
        with pytest.raises(InvalidType, match="expected Thing, got str"):
            WAYS[way](instance, "total", [*things, "a thing"])
        assert [thing.value() for thing in things] == [1, 2]
        assert WAYS[way](instance, "total", things) == 3


@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_what_only_looks_like_a_thing_is_refused(profile: Any) -> None:
    with Component.open(maker(), profile=profile).instantiate() as instance:
        make: Any = instance.resource("thing")
        thing = make(1)

        class Fake:
            """Has the address of its choice where a thing has its box."""

            def __init__(self) -> None:
                self._held = self
                self.box = 1
                self.store = thing._held.store
                self.gone = None

            __class__ = make  # pyright: ignore[reportIncompatibleMethodOverride]

        with pytest.raises(InvalidValue, match="expected Thing, got one that is not of any instance"):
            instance.call("sum", thing, Fake())
        assert instance.call("sum", thing, thing) == 2
