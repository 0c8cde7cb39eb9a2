"""Both sides at once: a guest from our skeleton, built by componentize-py with our options, called by our host package.

The guest passes every call on to the interface of the same name that it imports, so each value crosses the wall twice
in each direction, under the names that both packages have for it.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import importlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from generator_worlds import GOLDEN, put, world_of

from airssys_generator import Options, componentize_options, generate, skeleton
from airssys_sdk.component import Err, Ok, Some
from airssys_sdk.wit.reader import find_world, read

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("relay")]

WORLD = """
package test:relay;
world relay {
  import example:values/echo@1.0.0;
  export example:values/echo@1.0.0;
  import example:errors/store;
  export example:errors/store;
}
"""


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[tuple[Any, Path]]:
    """The generated host package, imported, and the component."""
    folder = tmp_path_factory.mktemp("relay")
    others = {name: (GOLDEN / name / "world.wit").read_text() for name in ("values", "errors")}
    resolve, world = world_of(WORLD, folder, others)
    put(dict(generate(resolve, world, "host", Options(source="relay"))), folder / "relay_host")
    code = _passing_on(skeleton(world))
    digest = hashlib.sha256(importlib.metadata.version("componentize-py").encode() + code.encode())
    for text in (WORLD, *others.values()):
        digest.update(text.encode())
    wasm = kept / f"relay-{digest.hexdigest()[:16]}.wasm"
    if not wasm.exists():
        (folder / "relay_guest.py").write_text(code)
        command = [
            str(Path(sys.executable).with_name("componentize-py")),
            *("-q", "-d", str(folder / "wit"), "-w", "relay"),
            *componentize_options(world),
            *("componentize", "-p", str(folder), "relay_guest", "-o", str(folder / "relay.wasm")),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        shutil.move(folder / "relay.wasm", wasm)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("relay_host"), wasm
    finally:
        sys.path.remove(str(folder))


class Answering:
    """Implements any imported interface: remembers the arguments, gives (or raises) what it was told to."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.got: tuple[object, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*arguments: object) -> Any:
            self.got = arguments
            answer = self.answers[name]
            if isinstance(answer, Value):
                return answer.answer
            if isinstance(answer, Err):
                raise answer
            return answer

        return call


def test_every_kind_of_value_crosses_to_the_guest_and_back(relay: tuple[Any, Path]) -> None:
    package, wasm = relay
    given, taken = (importlib.import_module(f"relay_host.{side}.echo") for side in ("exports", "imports"))
    calls: list[tuple[str, tuple[Any, ...], Any, Any]] = [
        (
            "scalars",
            (
                True,
                255,
                -128,
                65535,
                -32768,
                2**32 - 1,
                -(2**31),
                2**64 - 1,
                -(2**63),
                0.5,
                1e300,
                "é",
                "a\0b",
            ),
            2**64 - 1,
            2**64 - 1,
        ),
        ("lists", ([1, 2**32 - 1], ["", "x"], b"\0\xff", b"raw", b"oct"), [b"", b"ab"], [b"", b"ab"]),
        (
            "packets",
            (given.Packet(b"raw", b"oct"),),
            [taken.Packet(b"\0", b"\xff")],
            [given.Packet(b"\0", b"\xff")],
        ),
        (
            "tuples",
            ((7, "x"), (given.Color.DARK_BLUE,)),
            (taken.Point(1.5, 2.5), taken.Shape_None_()),
            (given.Point(1.5, 2.5), given.Shape_None_()),
        ),
        (
            "named",
            (
                given.Point(0.0, -1.0),
                given.Shape_Polygon([given.Point(1.0, 2.0)]),
                given.Color.RED,
                given.Access.READ | given.Access.WRITE_ALL,
            ),
            taken.Shape_Circle(5),
            given.Shape_Circle(5),
        ),
        (
            "options",
            (None, Some(None), [None, Some(None), Some(Some(None)), Some(Some(True))]),
            Some(taken.Point(3.0, 4.0)),
            Some(given.Point(3.0, 4.0)),
        ),
        (
            "results",
            (Err("no"), Err(given.Color.RED), Ok(None), [Ok(None), Err(None)]),
            Err(taken.Shape_None_()),
            Err(given.Shape_None_()),
        ),
    ]
    echo, store = Answering(), Answering()
    echo.answers = {name: None for name, *_ in calls}
    with package.Relay.load(wasm, imports=Host(echo, store)) as component:
        for name, arguments, answer, expected in calls:
            echo.answers[name] = Value(answer)
            assert getattr(component.echo, name)(*arguments) == expected
            assert _plain(echo.got) == _plain(arguments), name


def test_errors_are_raised_as_the_class_of_their_type_on_the_way_out(relay: tuple[Any, Path]) -> None:
    package, wasm = relay
    taken = importlib.import_module("relay_host.imports.problems")
    exports = importlib.import_module("relay_host.exports.store")
    echo, store = Answering(), Answering()
    cases: list[tuple[str, tuple[Any, ...], Err[Any], type[Err[Any]]]] = [
        ("get", ("k",), taken.LookupErrorRaised(taken.LookupError_Missing("k")), taken.LookupErrorRaised),
        ("by_code", ("k",), Err(taken.Code.HIGH), taken.CodeRaised),
        ("by_message", (), Err("m"), taken.MessageRaised),
        ("by_string", (), Err("s"), exports.ByStringRaised),
        ("bare", (), Err(None), exports.BareRaised),
    ]
    with package.Relay.load(wasm, imports=Host(echo, store)) as component:
        for name, arguments, error, raised in cases:
            store.answers[name] = error
            with pytest.raises(raised) as caught:
                getattr(component.store, name)(*arguments)
            assert caught.value == error
        store.answers["get"] = "found"
        assert component.store.get("k") == "found"


def test_a_host_package_made_from_the_component_itself_calls_it_too(
    relay: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, wasm = relay
    path = find_world(read(wasm)).path
    resolve = read(wasm, world=path)
    files = dict(generate(resolve, find_world(resolve, path), "host"))
    assert not [name for name in files if "wasi" in name]
    put(files, tmp_path / "from_component")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("from_component")
    echo, store = Answering(), Answering()
    echo.answers["lists"] = [b"x"]
    with package.Root.load(wasm, imports=Host(echo, store)) as component:
        assert component.echo.lists([1], ["a"], b"b", b"c", b"d") == [b"x"]
        assert echo.got == ([1], ["a"], b"b", b"c", b"d")


@dataclasses.dataclass
class Value:
    """An answer that is given even if it is an error."""

    answer: Any


class Host:
    """What the component imports."""

    def __init__(self, echo: Answering, store: Answering) -> None:
        self.echo = echo
        self.store = store


def _passing_on(text: str) -> str:
    """The skeleton with every body calling the import of the same name."""

    def call(found: re.Match[str]) -> str:
        parameters = ", ".join(re.findall(r"(\w+):", found["parameters"]))
        return f"{found['head']}return {found['interface']}.{found['name']}({parameters})\n"

    pattern = (
        r"(?P<head>    def (?P<name>\w+)\((?P<parameters>[^)]*)\)(?:(?!    def ).)*?)"
        r'raise NotImplementedError\(\s*"[^"]*/(?P<interface>\w+)[@#][^"]*"\s*\)\n'
    )
    filled, count = re.subn(pattern, call, text, flags=re.DOTALL)
    assert count == text.count("raise NotImplementedError")
    return "from wit_world.imports import echo, store\n" + filled


def _plain(value: Any) -> Any:
    """A value without its classes: those of imports and exports are not the same."""
    if isinstance(value, enum.Enum):
        return type(value).__name__, value.name
    if isinstance(value, Err):
        return "Err", _plain(value.value)
    if dataclasses.is_dataclass(value):
        return type(value).__name__, [
            _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        ]
    if isinstance(value, list | tuple):
        return [_plain(element) for element in value]
    return value
