"""Scripts of the component model's own test suite: read with wasm-tools, run through our calls."""

from __future__ import annotations

import dataclasses
import json
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plain_shapes import plain_signature

from airssys_sdk.component import CallError, Component, Err, InvalidComponent, LinkError, Ok, Some
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.engine.profiles import Profile
from airssys_sdk.component.hosting.declared import declared
from airssys_sdk.component.hosting.dynamic import Function, Instance
from airssys_sdk.component.hosting.exports import ExportCodec
from airssys_sdk.component.hosting.imports import NO_IMPORTS
from airssys_sdk.component.hosting.live import Live
from airssys_sdk.component.hosting.planning import plan_of
from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.wit.shapes import (
    BytesShape,
    EnumShape,
    FlagsShape,
    ListShape,
    OptionShape,
    RecordShape,
    ResultShape,
    Shape,
    TupleShape,
    VariantShape,
)
from airssys_sdk.wit.tools import WasmToolsError, run_wasm_tools

_FLOATS = {"f32": ("<I", "<f"), "f64": ("<Q", "<d")}
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "spec"


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What one command of a script came to.

    Attributes:
        line: of the script.
        command: what it was: `module`, `assert_return`, `assert_trap`, ...
        problem: why it is not as the script says; None if it is.
    """

    line: int
    command: str
    problem: str | None


def scripts() -> list[Path]:
    """Every script of the corpus."""
    return sorted(CORPUS.rglob("*.wast"))


def run(script: Path, profile: Profile, *, bulk: bool) -> Iterator[Outcome]:
    """Run the commands of a script one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        text = run_wasm_tools(["json-from-wast", "--wasm-dir", folder, "--", script])
        runner = _Runner(Path(folder), profile, bulk=bulk)
        for command in json.loads(text)["commands"]:
            try:
                problem = runner.run(command)
            except AirssysError as error:
                problem = f"{type(error).__name__}: {error.message}" + (
                    f" ({error.details})" if error.details else ""
                )
            yield Outcome(command["line"], command["type"], problem)


class _Runner:
    def __init__(self, folder: Path, profile: Profile, *, bulk: bool) -> None:
        self.folder = folder
        self.profile = profile
        self.bulk = bulk
        self.definitions: dict[str | None, Component] = {}
        self.instances: dict[str | None, Instance | _Plain] = {}
        self.current: Instance | _Plain | None = None

    def run(self, command: dict[str, Any]) -> str | None:
        match command["type"]:
            case "module":
                self.current = None
                self.current = self.instances[command.get("name")] = _instance(self._load(command))
            case "module_definition":
                self.definitions[command.get("name")] = self._load(command)
            case "module_instance":
                self.current = None
                component = self.definitions.get(command.get("module"))
                if component is None:
                    raise UsageError("there is no such component: it was refused")
                self.current = self.instances[command.get("instance")] = _instance(component)
            case "assert_return":
                return self._returns(command)
            case "assert_trap":
                return self._traps(command)
            case "assert_invalid":
                return self._invalid(command)
            case other:
                return f"the command {other} is not known here"
        return None

    def _load(self, command: dict[str, Any]) -> Component:
        wasm = self.folder / command["filename"]
        code = run_wasm_tools(["parse", wasm]) if command["module_type"] == "text" else wasm.read_bytes()
        return Component.open(code, profile=self.profile, cache=Cache(None), bulk=self.bulk)

    def _call(self, action: dict[str, Any]) -> tuple[Shape | None, Any]:
        instance = self.instances[action["module"]] if "module" in action else self.current
        if instance is None:
            raise UsageError("there is no instance: its component was refused")
        function = instance.function(action["field"])
        parameters = function.signature.parameters
        arguments = [
            to_python(parameter.shape, value)
            for parameter, value in zip(parameters, action["args"], strict=True)
        ]
        try:
            return function.signature.result, function(*arguments)
        except Err as error:
            return function.signature.result, error

    def _returns(self, command: dict[str, Any]) -> str | None:
        shape, got = self._call(command["action"])
        if not command["expected"]:
            return None if got is None else f"it returned {got!r}"
        (value,) = command["expected"]
        assert shape is not None
        expected = to_python(shape, value)
        if isinstance(shape, ResultShape) and isinstance(expected, Ok):
            expected = expected.value
        same = expected == got
        if isinstance(got, Err):
            same = isinstance(expected, Err) and expected.value == got.value
        return None if same else f"it returned {got!r}, not {expected!r}"

    def _traps(self, command: dict[str, Any]) -> str | None:
        try:
            _, got = self._call(command["action"])
        except CallError as error:
            wanted = command["text"].removeprefix("wasm trap: ")
            # Between an adapter and a component the engine checks the same, and says it in other words.
            return None if self.bulk or wanted in str(error) else f"it trapped, but with: {error.message}"
        return f"it returned {got!r} and did not trap"

    def _invalid(self, command: dict[str, Any]) -> str | None:
        try:
            self._load(command)
        except (InvalidComponent, LinkError):
            return None
        return "it was loaded"


def _instance(component: Component) -> Instance | _Plain:
    try:
        return component.instantiate()
    except WasmToolsError:  # there is no WIT for a type that the component itself exports
        return _Plain(component)


class _Plain:
    """An instance whose functions have the types that the engine tells, without names."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.live = Live.start(component, lambda loaded: plan_of(loaded, NO_IMPORTS), None)

    def function(self, name: str) -> Function:
        declared_function = declared(self.component).exported_function(name)
        if declared_function is None:
            raise UsageError(f"the component does not export {name}")
        signature = plain_signature(name, declared_function)
        return Function(name, signature, ExportCodec(signature, None).bind(self.live))


def to_python(shape: Shape, value: dict[str, Any]) -> Any:
    """The Python value of a script's value."""
    inner = value.get("value")
    match shape:
        case BytesShape():
            return bytes(int(element["value"]) for element in inner or [])
        case ListShape(element):
            return [to_python(element, one) for one in inner or []]
        case TupleShape(elements):
            return tuple(to_python(one, part) for one, part in zip(elements, inner or [], strict=True))
        case RecordShape():
            given = dict(inner or [])
            return shape.cls(*(to_python(field.shape, given[field.name]) for field in shape.fields))
        case VariantShape():
            assert inner is not None
            (case,) = (case for case in shape.cases if case.name == inner["case"])
            payload = inner.get("payload")
            if case.payload is None or payload is None:
                return case.cls()
            return case.cls(to_python(case.payload, payload))
        case EnumShape():
            return next(member.member for member in shape.members if member.name == inner)
        case FlagsShape():
            names = inner or []
            return shape.cls(sum(m.member.value for m in shape.members if m.name in names))
        case OptionShape():
            if inner is None:
                return None
            found = to_python(shape.payload, inner)
            return Some(found) if shape.wrapped else found
        case ResultShape():
            assert inner is not None
            ((side, payload),) = inner.items()
            of = shape.ok if side == "Ok" else shape.err
            found = None if of is None or payload is None else to_python(of, payload)
            return Ok(found) if side == "Ok" else shape.raised(found)
        case _:
            if value["type"] in ("string", "char", "bool"):
                return inner
            if value["type"] in _FLOATS:  # as bits
                whole, real = _FLOATS[value["type"]]
                return struct.unpack(real, struct.pack(whole, int(inner or 0)))[0]
            return int(inner or 0)
