"""Guests with asynchronous functions: typed, built, and awaited by a host."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_generator import Options, generate, write_files
from airssys_sdk.component import (
    Component,
    InstanceDead,
    InvalidComponent,
    InvalidType,
    Limits,
    Trap,
    UnsupportedEngine,
)
from airssys_sdk.project import BuildResult, Project, build
from airssys_sdk.wit.reader import find_world, read

TESTS = Path(__file__).resolve().parents[1]
WIT = {
    "later": TESTS / "guests" / "later" / "later.wit",
    "relay": TESTS / "golden" / "asynchronous" / "world.wit",
}
WORLDS = {"later": "test:later/later@0.1.0", "relay": "example:relay/carrier@0.1.0"}

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("asynchronous")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> dict[str, tuple[Project, BuildResult]]:
    found: dict[str, tuple[Project, BuildResult]] = {}
    for name, wit in WIT.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "src" / name).mkdir(parents=True)
        (folder / "wit").mkdir()
        shutil.copy(wit, folder / "wit")
        shutil.copy(TESTS / "guests" / name / "component.py", folder / "src" / name)
        (folder / "src" / name / "__init__.py").touch()
        (folder / "Component.toml").write_text(
            f'[component]\nnamespace = "test"\nname = "{name}"\nversion = "0.1.0"\nworld = "{WORLDS[name]}"\n'
        )
        (folder / "mypy.ini").write_text("[mypy]\nmypy_path = bindings\npython_version = 3.14\n")
        project = Project.load(folder)
        found[name] = project, build(project, cache=kept / name)
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated host package for the relay's world."""
    folder = tmp_path_factory.mktemp("packages")
    resolve = read(WIT["relay"], world=WORLDS["relay"])
    write_files(
        generate(resolve, find_world(resolve, WORLDS["relay"]), "host", Options(emit_names=False)),
        folder / "relay_host",
    )
    sys.path.insert(0, str(folder))
    yield importlib.import_module("relay_host")
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("relay_host")]:
        del sys.modules[name]


@pytest.fixture
def relay(built: dict[str, tuple[Project, BuildResult]], package: Any) -> Iterator[Any]:
    with package.Carrier.load(built["relay"][1].path) as world:
        yield world


@pytest.mark.parametrize("name", WIT)
def test_an_asynchronous_guest_is_typed_and_built(
    built: dict[str, tuple[Project, BuildResult]], name: str, mypy_cache: Path
) -> None:
    project, result = built[name]
    world = find_world(read(result.path))
    functions = {
        function.name: function.is_async
        for item in world.exported_interfaces
        for function in item.interface.functions.values()
        if item.wire_name != "exports"
    }
    assert any(functions.values())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, "src"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 2 source files\n")


def test_asynchronous_functions_are_awaited_and_others_called(relay: Any, package: Any) -> None:
    post = importlib.import_module("relay_host.exports.post")

    async def run() -> None:
        assert relay.post.count() == 3
        assert await relay.post.fetch("ada") == post.Letter("ada", "how are you")
        assert await relay.deliver(4) == 8
        with pytest.raises(post.LostRaised) as lost:
            await relay.post.fetch("nobody")
        assert lost.value.value == post.Lost_TooLate()
        with pytest.raises(package.DeliverRaised, match="there are nine rounds"):
            await relay.deliver(10)

    asyncio.run(run())


def test_asynchronous_functions_of_resources(relay: Any) -> None:
    post = importlib.import_module("relay_host.exports.post")

    async def run() -> None:
        office = await relay.post.Office.open("Rome")
        with office:
            await office.send(post.Letter("ada", "hello"))
            with pytest.raises(post.LostRaised) as lost:
                await office.send(post.Letter("", "to whom?"))
        assert lost.value.value == post.Lost_Nobody("to whom?")

    asyncio.run(run())


def test_a_bad_argument_leaves_the_instance_as_it_was(relay: Any) -> None:
    async def run() -> None:
        with pytest.raises(InvalidType, match="deliver: rounds: expected an integer"):
            await relay.deliver("one")
        assert await relay.deliver(1) == 2

    asyncio.run(run())


def test_an_exception_of_the_guest_comes_with_its_traceback(relay: Any) -> None:
    async def run() -> None:
        with pytest.raises(Trap, match="ValueError: the letter is torn") as trapped:
            await relay.post.fetch("clumsy")
        assert "in fetch" in str(trapped.value.guest_traceback)
        with pytest.raises(InstanceDead):
            await relay.deliver(1)

    asyncio.run(run())


def test_one_call_after_the_other_gives_its_own_result(relay: Any) -> None:
    async def run() -> None:
        results = [await relay.deliver(number % 9) for number in range(50)]
        assert results == [2 * (number % 9) for number in range(50)]

    asyncio.run(run())


def test_the_same_without_generated_code(built: dict[str, tuple[Project, BuildResult]]) -> None:
    async def run() -> None:
        with Component.open(built["later"][1].path).instantiate() as instance:
            assert await instance.call("soon") == 7
            assert await instance.call("work.later", 12) == "12"
            with pytest.raises(UnsupportedEngine, match="takes or returns a stream"):
                instance.function("work.pipe")

    asyncio.run(run())


def test_limits_on_time_and_fuel_are_refused_with_the_reason(
    built: dict[str, tuple[Project, BuildResult]], package: Any
) -> None:
    with pytest.raises(InvalidComponent, match="the component has asynchronous functions") as caught:
        package.Carrier.load(built["relay"][1].path, limits=Limits(deadline=1))
    assert "without limits on fuel and time" in (caught.value.hint or "")
    package.Carrier.load(built["relay"][1].path, limits=Limits(memory=1 << 28)).close()


def test_opening_it_again_compiles_nothing(built: dict[str, tuple[Project, BuildResult]]) -> None:
    told: list[object] = []
    component = Component.open(built["relay"][1].path, on_compile=told.append)
    assert (component.profile, told) == ("concurrent", [])


def test_the_command_calls_an_asynchronous_function(built: dict[str, tuple[Project, BuildResult]]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airssys_sdk.cli", "call", str(built["later"][1].path), "work.later(5)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, '"5"\n'), done.stderr
