"""Resources of native guests: dropped exactly once, lent for one call, owned by one side; nothing leaks."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path
from typing import Any, Self

import pytest
from effort import SOAK
from resource_guests import maker, user

from airssys_sdk.component import (
    Component,
    HostImportFailed,
    InstanceBusy,
    InstanceDead,
    InvalidType,
    InvalidValue,
    LinkError,
    Trap,
    drop,
)
from airssys_sdk.component.hosting.dynamic import Instance


class Thing:
    """A thing of the host's."""

    alive = 0
    ended: list[int] = []  # noqa: RUF012  (cleared by the fixture)

    def __init__(self, number: int) -> None:
        self.number = number
        Thing.alive += 1

    def value(self) -> int:
        return self.number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        Thing.alive -= 1
        Thing.ended.append(self.number)


class Host:
    """Implements `test:things/host`, and keeps what it is given."""

    Thing = Thing

    def __init__(self) -> None:
        self.host = self
        self.kept: list[Thing] = []
        self.instance: Instance | None = None

    def keep(self, thing: Thing) -> None:
        self.kept.append(thing)

    def sum(self, a: Thing, b: Thing) -> int:
        return a.number + b.number


@pytest.fixture(params=["plain", "metered"])
def profile(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Any:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    Thing.alive, Thing.ended = 0, []
    yield
    assert Thing.alive == 0


def _made(profile: Any = "plain") -> Any:
    return Component.open(maker(), profile=profile).instantiate()


def test_a_resource_is_dropped_exactly_once() -> None:
    with _made() as instance:
        thing = instance.resource("thing")(5)
        assert thing.value() == 5
        assert instance.call("dropped") == 0
        with thing:
            pass
        assert instance.call("dropped") == 1
        drop(thing)
        assert instance.call("dropped") == 1
        with pytest.raises(
            InvalidValue, match="self: expected Thing that is still there, got one that was dropped"
        ):
            thing.value()


def test_in_slices_a_resource_is_given_up_and_ends_with_its_instance() -> None:
    with _made("metered") as instance:
        thing = instance.resource("thing")(5)
        drop(thing)
        with pytest.raises(InvalidValue, match="got one that was dropped"):
            thing.value()
        assert instance.call("dropped") == 0  # the engine has no way to run the destructor


def test_what_is_handed_over_is_the_components(profile: Any) -> None:
    with _made(profile) as instance:
        thing = instance.resource("thing")(7)
        assert instance.call("take", thing) == 7
        assert instance.call("dropped") == 1
        for again in (lambda: instance.call("take", thing), thing.value):
            with pytest.raises(InvalidValue, match="got one that was handed over to the component"):
                again()
        drop(thing)
        assert instance.call("dropped") == 1


def test_a_resource_may_be_lent_twice_but_not_lent_and_given_or_given_twice(profile: Any) -> None:
    with _made(profile) as instance:
        make = instance.resource("thing")
        one, two = make(1), make(2)
        assert instance.call("sum", one, one) == 2
        assert instance.call("both", one, two) == 3
        with pytest.raises(
            InvalidValue, match="given: expected Thing to hand over, got one that the same call lends"
        ):
            instance.call("both", one, one)
        assert one.value() == 1
        with pytest.raises(InvalidValue, match=r"things\[1\]: .* got one that was handed over"):
            instance.call("total", [one, one])
        assert one.value() == 1  # the call did not begin, so nothing was given


@pytest.mark.parametrize("count", [0, 1, 3, 10, 11, 200])
def test_lists_of_resources_are_handed_over(profile: Any, count: int) -> None:
    with _made(profile) as instance:
        make = instance.resource("thing")
        things = [make(number) for number in range(count)]
        assert instance.call("total", things) == sum(range(count))
        assert instance.call("dropped") == count
        for thing in things:
            with pytest.raises(InvalidValue):
                thing.value()
        rest = [make(number) for number in range(count)]
        with pytest.raises(InvalidType, match=rf"things\[{count}\]: expected Thing, got int"):
            instance.call("total", [*rest, 3])
        assert [thing.value() for thing in rest] == [*range(count)]


def test_a_resource_that_nobody_refers_to_is_dropped_before_a_later_call() -> None:
    with _made() as instance:
        make = instance.resource("thing")
        things = [make(number) for number in range(5)]
        assert instance.call("dropped") == 0
        del things
        gc.collect()
        kept = make(9)
        assert kept.value() == 9
        assert instance.call("dropped") == 5


def test_a_resource_that_ends_on_another_thread_is_left_to_the_thread_that_calls() -> None:
    with _made() as instance:
        make = instance.resource("thing")
        things = [make(1)]
        thread = threading.Thread(target=things.clear)
        thread.start()
        thread.join()
        assert make(2).value() == 2
        assert instance.call("dropped") == 1


def test_a_destructor_that_traps_ends_the_instance() -> None:
    with _made() as instance:
        thing = instance.resource("thing")(666)
        with pytest.raises(Trap, match="the drop of a Thing"):
            drop(thing)
        with pytest.raises(InstanceDead):
            instance.call("dropped")


def test_a_host_resource_is_made_used_and_dropped_by_the_guest(profile: Any) -> None:
    with Component.open(user(), profile=profile).instantiate(Host()) as instance:
        assert instance.call("use", 41) == 41
        assert Thing.ended == [41]
        assert instance.call("twice", 4) == 8
        assert Thing.ended == [41, 4]
        assert instance._live.store.handles.objects == {}


def test_an_object_that_the_guest_gives_back_is_the_same_object(profile: Any) -> None:
    host = Host()
    with Component.open(user(), profile=profile).instantiate(host) as instance:
        instance.call("give", 3)
        (thing,) = host.kept
        assert (thing.number, Thing.ended) == (3, [])  # handed over, not dropped
        instance.call("store", thing)
        assert instance.call("stored") == 3
        assert instance.call("back") is thing
        assert instance._live.store.handles.objects == {}
        with pytest.raises(Trap, match="unknown handle"):
            instance.call("stored")  # the guest has it no longer
    thing.__exit__()


def test_an_object_of_the_host_may_be_lent_to_a_call(profile: Any) -> None:
    with Component.open(user(), profile=profile).instantiate(Host()) as instance, Thing(12) as thing:
        assert instance.call("look", thing) == 12
        assert Thing.ended == []
        assert instance._live.store.handles.objects == {}


def test_what_the_guest_owns_is_dropped_when_its_instance_is_closed(profile: Any) -> None:
    instance = Component.open(user(), profile=profile).instantiate(Host())
    instance.call("store", Thing(1))
    assert Thing.ended == []
    instance.close()
    assert Thing.ended == [1]


@pytest.mark.parametrize("wrong", [None, 3, "text", object()])
def test_an_object_that_does_not_fit_is_refused_with_what_it_lacks(profile: Any, wrong: object) -> None:
    with Component.open(user(), profile=profile).instantiate(Host()) as instance:
        with pytest.raises(
            InvalidType, match=r"thing: expected an object that fits Thing, got .*which lacks value"
        ):
            instance.call("store", wrong)
        assert instance.call("use", 1) == 1


def test_an_exception_while_an_object_is_dropped_ends_the_call_with_it(profile: Any) -> None:
    class Sticky(Thing):
        def __exit__(self, *_: object) -> None:
            super().__exit__()
            raise ValueError("it sticks")

    host = Host()
    host.Thing = Sticky  # type: ignore[misc]
    with Component.open(user(), profile=profile).instantiate(host) as instance:
        with pytest.raises(
            HostImportFailed, match=r"#[a-z]+, in its drop, raised ValueError: it sticks"
        ) as caught:
            instance.call("use", 1)
        assert isinstance(caught.value.__cause__, ValueError)


def test_an_exception_while_the_rest_is_dropped_comes_from_close_and_all_are_dropped() -> None:
    class Sticky(Thing):
        def __exit__(self, *_: object) -> None:
            super().__exit__()
            raise ValueError("it sticks")

    instance = Component.open(user()).instantiate(Host())
    handles = instance._live.store.handles
    instance.call("store", Sticky(1))
    handles.objects[1000] = Thing(2)
    with pytest.raises(ValueError, match="it sticks"):
        instance.close()
    assert sorted(Thing.ended) == [1, 2]


def test_nothing_can_be_dropped_while_its_instance_is_in_a_call() -> None:
    class Meddling(Host):
        def keep(self, thing: Thing) -> None:
            super().keep(thing)
            with pytest.raises(InstanceBusy):
                inner.close()

    host = Meddling()
    with Component.open(user()).instantiate(host) as inner:
        inner.call("give", 5)
    host.kept[0].__exit__()


def test_a_host_without_the_class_is_told_so(profile: Any) -> None:
    class Bare:
        host = type("Bare", (), {"keep": print, "sum": print})()

    with pytest.raises(LinkError, match="has no class 'Thing'") as caught:
        Component.open(user(), profile=profile).instantiate(Bare())
    assert "- test:things/host#[constructor]thing" in str(caught.value)


@pytest.mark.slow
@pytest.mark.examples
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the resident memory from /proc")
def test_memory_stays_flat_over_many_resources() -> None:
    with _made() as instance, Component.open(user()).instantiate(Host()) as other:
        make = instance.resource("thing")

        def round_() -> None:
            for number in range(100):
                with make(number) as thing:
                    thing.value()
                instance.call("take", make(number))
                other.call("use", number)
                other.call("look", lent)

        lent = Thing(1)
        for _ in range(5):
            round_()
        gc.collect()
        before = _resident()
        for _ in range(2000 if SOAK else 30):
            round_()
            Thing.ended.clear()
        gc.collect()
        assert _resident() - before < 2 << 20
        assert other._live.store.handles.objects == {}
        lent.__exit__()


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * (4096 if sys.platform == "linux" else 0)
