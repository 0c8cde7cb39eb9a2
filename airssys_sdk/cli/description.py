"""What a component is, as `inspect` shows it: its world without what its toolchain added, its parts and its makers."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from airssys_sdk.errors import AirssysError, UsageError, ValidationError
from airssys_sdk.wit.model import Function, InterfaceItem, World
from airssys_sdk.wit.printer import print_function, print_interface
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import run_wasm_tools

_PLUMBING = re.compile(r"wasi:(io|clocks|random|cli|filesystem|sockets)/[a-z0-9-]+@0\.2\.\d+")
"""What the standard libraries of guest languages import for themselves."""


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """One thing that a component imports or exports.

    Attributes:
        name: full name of an interface, or the name of a function.
        kind: which of the two.
        wit: the text of the interface's types and functions, or the function's signature.
        toolchain: whether the guest's toolchain added it, not its author.
    """

    name: str
    kind: Literal["interface", "function"]
    wit: str
    toolchain: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A module or component inside; sizes in bytes."""

    name: str | None
    kind: str
    size: int


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """A component, described.

    Attributes:
        path: the file.
        size: its bytes.
        actor: whether `run` can run it: it exports AirsSys's lifecycle.
        producers: roles such as `processed-by` to names and versions.
    """

    path: Path
    size: int
    world: str
    actor: bool
    imports: tuple[Port, ...]
    exports: tuple[Port, ...]
    parts: tuple[Part, ...]
    producers: Mapping[str, Mapping[str, str]]


def describe(path: Path) -> Description:
    """Describe a component.

    Raises:
        UsageError: there is no such file.
        ValidationError: it is no component.
        ToolMissingError: wasm-tools is not installed.
    """
    require_component(path)
    resolve = read(path)
    world = find_world(resolve)
    tree = json.loads(run_wasm_tools(["metadata", "show", "--json", path.absolute()]))
    root = tree["component"]
    producers: dict[str, dict[str, str]] = {}
    _collect(root, producers)
    return Description(
        path=path,
        size=path.stat().st_size,
        world=world.path,
        actor=_is_actor(world),
        imports=tuple(_ports(world.imported_interfaces, world.imported_functions)),
        exports=tuple(_ports(world.exported_interfaces, world.exported_functions)),
        parts=tuple(_parts(root["children"])),
        producers=producers,
    )


def require_component(path: Path) -> None:
    """Look at the first bytes of a file, so that what is no component is called by its name.

    Raises:
        UsageError: there is no such file.
        ValidationError: it is a folder, a core module, or no WebAssembly at all.
        AirssysError: it cannot be read.
    """
    hint = "give the .wasm file of a component, such as a project's dist/NAME.wasm"
    if path.is_dir():
        raise ValidationError("this is a folder, not a component", where=str(path), hint=hint)
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise UsageError("there is no such file", where=str(path), hint=hint) from None
    except OSError as error:
        raise AirssysError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    if head[:4] != b"\0asm":
        raise ValidationError("this is not WebAssembly", where=str(path), hint=hint)
    if head[4:8] == b"\1\0\0\0":
        raise ValidationError(
            "this is a core WebAssembly module, not a component",
            where=str(path),
            hint="`airssys-sdk build` makes a component of Python; `wasm-tools component new` of a core module",
        )


def _is_actor(world: World) -> bool:
    return any(
        item.wire_name.startswith("airssys:core/component-lifecycle@") for item in world.exported_interfaces
    )


def _ports(interfaces: Iterable[InterfaceItem], functions: Mapping[str, Function]) -> Iterator[Port]:
    for item in interfaces:
        yield Port(item.wire_name, "interface", print_interface(item.interface), _by_toolchain(item))
    for name, function in functions.items():
        yield Port(name, "function", print_function(function), False)


def _by_toolchain(item: InterfaceItem) -> bool:
    # componentize-py exports an interface called `exports`, through which it sets its guest up.
    initializer = item.name == "exports" and "init" in item.interface.functions
    return initializer or _PLUMBING.fullmatch(item.wire_name) is not None


def _parts(children: Iterable[Mapping[str, Any]]) -> Iterator[Part]:
    for child in children:
        for kind, inner in child.items():
            metadata = inner.get("metadata", inner)  # a module has no level of its own for it
            span = metadata["range"]
            yield Part(metadata["name"], kind, span["end"] - span["start"])


def _collect(node: Mapping[str, Any], producers: dict[str, dict[str, str]]) -> None:
    for role, makers in node.get("metadata", node)["producers"] or ():
        producers.setdefault(role, {}).update(makers)
    for child in node.get("children", ()):
        for inner in child.values():
            _collect(inner, producers)
