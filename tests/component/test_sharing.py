"""Instances of one component have its linker and callbacks in common, and nothing else."""

from __future__ import annotations

import asyncio
import gc
import threading
import types
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from calls_fixtures import playground_bytes
from natives import NO_PAD
from playground import Host, LookupError_Missing, LookupErrorRaised, Playground
from resource_guests import user
from small_guest import Probe, Small

from airssys_sdk.component import Component, Err, HostImportFailed, InstanceDead, LinkError, begin
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.engine.profiles import engine
from airssys_sdk.component.running.contexts import STORES

THREADS = 8

Opening = Callable[[], Component]


@pytest.fixture(params=["plain", "metered", pytest.param("public", marks=pytest.mark.fallback)])
def opening(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Opening:
    """Opens the playground anew, with no linker yet: in a profile, or for the engine's public layer."""
    if request.param == "public":
        monkeypatch.setenv("AIRSSYS_PUBLIC_LAYER", "1")
    profile = "metered" if request.param == "metered" else "plain"
    return lambda: Component.open(playground_bytes(), profile=profile)


class Named(Host):
    """A host that answers with its own name and number, or raises an error case with its name."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.clock = types.SimpleNamespace(now=lambda: number, look=self.look, check=lambda: None)  # type: ignore[assignment]
        self.name = f"host {number}"

    def look(self, key: str, pad: object) -> str:
        if key == "refuse":
            raise Err(LookupError_Missing(self.name))
        return f"{self.name}: {key}"


def assert_own(world: Playground, number: int) -> None:
    """Every import of an instance reaches its own host, error cases included."""
    assert world.api.time() == number
    assert world.api.relay("x", NO_PAD) == f"host {number}: x"
    with pytest.raises(LookupErrorRaised) as caught:
        world.api.relay("refuse", NO_PAD)
    assert caught.value.value == LookupError_Missing(f"host {number}")


def run_all(work: Callable[[int], None]) -> None:
    """Run `work` on many threads that begin at once, and raise what one of them raised."""
    start, failures = threading.Barrier(THREADS), list[BaseException]()

    def run(number: int) -> None:
        try:
            start.wait(30)
            work(number)
        except BaseException as error:  # noqa: BLE001  (raised below)
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures, failures


def test_instances_made_at_once_on_threads_call_their_own_hosts(opening: Opening) -> None:
    for _ in range(5):
        component = opening()

        def work(number: int, component: Component = component) -> None:
            for round_ in range(5):
                own = number * 100 + round_
                host = Named(own)
                with Playground.load(component, imports=host) as world:
                    for _ in range(10):
                        assert_own(world, own)
                    world.api.say(host.name)
                assert host.logged == [host.name]

        run_all(work)


def test_instances_live_side_by_side_and_end_one_by_one(opening: Opening) -> None:
    component = opening()
    worlds = {number: Playground.load(component, imports=Named(number)) for number in range(6)}
    # What takes the place of an instance that is gone may get its address in the engine.
    for replaced, added in ((0, 10), (3, 11), (10, 12), (5, 13)):
        worlds.pop(replaced).close()
        worlds[added] = Playground.load(component, imports=Named(added))
        for number, world in worlds.items():
            assert_own(world, number)
    for number in list(worlds):
        assert_own(worlds[number], number)
        worlds.pop(number).close()


def test_what_one_host_raises_ends_its_own_instance_only(opening: Opening) -> None:
    component = opening()
    failing = Named(1)
    failing.clock.now = lambda: 1 // 0
    with (
        Playground.load(component, imports=failing) as first,
        Playground.load(component, imports=Named(2)) as second,
    ):
        with pytest.raises(HostImportFailed) as caught:
            first.api.time()
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert_own(second, 2)
        with pytest.raises(InstanceDead):
            first.version()


def test_an_import_may_make_call_and_close_another_instance_of_its_component(opening: Opening) -> None:
    component = opening()
    outer_host = Named(1)

    def look(key: str, pad: object) -> str:
        with Playground.load(component, imports=Named(2)) as inner:
            return f"outer of {inner.api.relay(key, NO_PAD)}"

    outer_host.clock.look = look
    with Playground.load(component, imports=outer_host) as outer:
        assert outer.api.relay("x", NO_PAD) == "outer of host 2: x"
        assert outer.api.time() == 1


def test_a_host_that_lacks_something_does_not_spoil_the_component_for_others(opening: Opening) -> None:
    component = opening()
    for _ in range(2):
        with pytest.raises(LinkError, match="does not implement"):
            Playground.load(component, imports=types.SimpleNamespace(log=print))
        with Playground.load(component, imports=Named(4)) as world:
            assert_own(world, 4)


def test_hosts_that_suspend_and_hosts_that_do_not_share_a_component() -> None:
    class Prompt:
        def pause(self, ms: int) -> int:
            return ms * 10

    class Patient:
        async def pause(self, ms: int) -> int:
            await asyncio.sleep(0)
            return ms * 100

    for _ in range(2):
        with Small.load(imports=Prompt()) as prompt, Small.load(imports=Patient()) as patient:
            assert [prompt.doze(1), patient.doze(1), prompt.doze(2), patient.doze(2)] == [11, 101, 21, 201]


def test_an_import_that_cannot_suspend_is_refused_each_time_and_a_plain_one_taken() -> None:
    class Patient:
        async def pause(self, ms: int) -> int:
            return ms

    class Prompt:
        def pause(self, ms: int) -> int:
            return ms

    plain = engine("plain")
    for _ in range(2):
        with pytest.raises(LinkError, match="'metered'"):
            Small.load(imports=Patient(), engine=plain)
        with Small.load(imports=Prompt(), engine=plain) as small:
            assert small.doze(1) == 2


def test_parked_calls_of_two_instances_get_their_own_answers() -> None:
    async def scenario() -> list[int]:
        class Desk:
            def __init__(self) -> None:
                self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

            async def pause(self, ms: int) -> int:
                return await self.answer

        desks = [Desk(), Desk()]
        guests = [Small.load(imports=desk) for desk in desks]
        calls = [asyncio.ensure_future(_awaited(begin(guest.doze, 0))) for guest in guests]
        await asyncio.sleep(0)
        desks[1].answer.set_result(20)
        last = await calls[1]
        desks[0].answer.set_result(10)
        first = await calls[0]
        for guest in guests:
            guest.close()
        return [first, last]

    assert asyncio.run(scenario()) == [11, 21]


async def _awaited(call: Any) -> int:
    result: int = await call
    return result


class Thing:
    def __init__(self, owner: Things, number: int) -> None:
        self.owner = owner
        self.number = number

    def value(self) -> int:
        return self.number + self.owner.more

    def __exit__(self, *_: object) -> None:
        self.owner.ended.append(self.number)


class Things:
    """A host with resources of its own; in each instance the engine numbers them from 1."""

    def __init__(self, more: int) -> None:
        self.more = more
        self.ended: list[int] = []
        self.kept: list[Thing] = []

    @property
    def host(self) -> Any:
        def make(number: int) -> Thing:
            return Thing(self, number)

        return types.SimpleNamespace(
            Thing=make, keep=self.kept.append, sum=lambda a, b: a.value() + b.value()
        )


@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_resources_of_two_hosts_do_not_mix(profile: Any) -> None:
    component = Component.open(user(), profile=profile)
    one, two = Things(100), Things(200)
    with component.instantiate(one) as first, component.instantiate(two) as second:
        first.call("store", Thing(one, 1))
        second.call("store", Thing(two, 2))
        assert [first.call("use", 5), second.call("use", 6)] == [105, 206]
        assert [one.ended, two.ended] == [[5], [6]]
        assert [first.call("stored"), second.call("stored")] == [101, 202]
        first.call("give", 7)
        assert ([thing.number for thing in one.kept], two.kept) == ([7], [])
        first.close()
        assert [one.ended, two.ended] == [[5, 1], [6]]
        assert second.call("stored") == 202


@pytest.mark.slow
def test_two_python_guests_sleep_at_once_each_in_its_own_timers(probe_wasm: Path) -> None:
    class Instant:
        def pause(self, ms: int) -> int:
            return ms

    async def scenario() -> list[int]:
        component = Component.open(probe_wasm, profile="metered")
        probes = [Probe.load(component, imports=Instant()) for _ in range(4)]
        naps = [30, 10, 20, 1]
        slept = await asyncio.gather(
            *(_awaited(begin(probe.nap, ms)) for probe, ms in zip(probes, naps, strict=True))
        )
        probes[0].close()
        again = await _awaited(begin(probes[1].nap, 5))
        for probe in probes:
            probe.close()
        return [*slept, again]

    shortest = [ms * 1_000_000 for ms in (30, 10, 20, 1, 5)]
    found = asyncio.run(scenario())
    assert [nanoseconds >= least for nanoseconds, least in zip(found, shortest, strict=True)] == [True] * 5


def test_nothing_is_left_of_many_instances_closed_or_forgotten(opening: Opening) -> None:
    component = opening()
    gc.collect()
    before = len(STORES)
    hosts, stores = list[Any](), list[Any]()
    for number in range(60):
        host = Named(number)
        world = Playground.load(component, imports=host)
        # A host that knows its instance is the hard case: each leads to the other.
        host.log = lambda text, world=world: None  # type: ignore[method-assign]
        assert_own(world, number)
        hosts.append(weakref.ref(host))
        stores.append(weakref.ref(world._live.store))  # pyright: ignore[reportPrivateUsage]
        if number % 2:
            world.close()
        del world, host
    gc.collect()
    assert [reference() for reference in (*hosts, *stores)] == [None] * 120
    assert len(STORES) == before


def test_the_linker_of_a_component_ends_with_its_last_user(opening: Opening) -> None:
    component = opening()
    world = Playground.load(component, imports=Named(1))
    kept = weakref.ref(world._live.store.keep.linker)  # type: ignore[attr-defined]
    gone = weakref.ref(component)
    del component
    gc.collect()
    assert_own(world, 1)
    assert kept() is not None
    world.close()
    del world
    gc.collect()
    assert (gone(), kept()) == (None, None)


def test_without_generated_code_instances_have_their_classes_in_common_and_not_their_hosts() -> None:
    component = Component.open(playground_bytes(), cache=Cache(None))
    found = dict[int, Any]()

    def work(number: int) -> None:
        given = {"clock": Named(number).clock, "log": lambda text: None}
        with component.instantiate(given) as made:
            for _ in range(10):
                assert made.call("api.time") == number
                assert made.call("api.relay", "x", NO_PAD) == f"host {number}: x"
            shape: Any = made.function("api.answer").signature.parameters[0].shape
            found[number] = shape.ok.cls

    run_all(work)
    assert len(found) == THREADS
    assert len(set(found.values())) == 1
