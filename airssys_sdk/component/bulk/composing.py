"""Composing: one component of a component and the adapters around it, which has everything that it has and more.

The outer component declares the same imports, passes them on, and exports everything under the same names. In addition it
exports an interface for each one with lists of numbers, in which these are text; and it imports one for each interface of the
host's with such lists, and gives the component what it expects. There is one adapter for all that the component imports and one
for all that it exports: every adapter makes each instance slower to start. Both in one are not possible, as one needs what the
other is needed for. They are siblings of the component: of two of which one contains the other, neither may call the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ...wit import model
from ...wit.reader import find_world
from ...wit.tools import WasmToolsError, run_wasm_tools
from .adapter import adapter, offered_name, real_name
from .memories import TooManyMemories, checked
from .names import interface_name, is_added
from .sections import COMPONENT, Item, Outline, Unreadable, outline, replace_first
from .selection import Selected, exported, imported
from .typetext import TypeTexts, quoted


class NothingToCompose(Exception):
    """A component that is called without adapters; the text says why."""


def compose(wasm: bytes, types: Callable[[bytes], model.Resolve]) -> bytes:
    """Compose a component with its adapters.

    Args:
        wasm: the component.
        types: reads the types of a component.

    Raises:
        NothingToCompose: it has no function that goes through an adapter, or is written in a way that is not known here.
        ToolMissingError: wasm-tools is not installed.
    """
    try:
        found = outline(wasm)
        if any(is_added(item.name) for item in (*found.imports, *found.exports)):
            raise NothingToCompose("it has names that composing would add")
        # What wasm-tools says of an interface that is imported and exported is what either of them has, so imports are read alone.
        inward = imported(find_world(types(found.declarations)))
        outward = exported(find_world(types(wasm)))
        if not inward and not outward:
            raise NothingToCompose("it has no function with a list of numbers that goes through an adapter")
        declarations = run_wasm_tools(["print", "-"], stdin=found.declarations).decode()
        text = _text(declarations, found, inward, outward)
        outer = run_wasm_tools(["parse", "-"], stdin=text.encode())
        return checked(replace_first(outer, COMPONENT, wasm))
    except TooManyMemories as problem:
        raise NothingToCompose(f"composed with its adapters, {problem}") from None
    except Unreadable as problem:
        raise NothingToCompose(str(problem)) from None
    except WasmToolsError as error:
        raise NothingToCompose(f"wasm-tools refused it: {error}") from None


def _text(declarations: str, found: Outline, inward: list[Selected], outward: list[Selected]) -> str:
    """The outer component, with an empty component in place of the one that is composed."""
    parts = [_inside(declarations)]
    for number, selected in enumerate(inward):
        parts.append(_bulk_import(number, selected))
    parts += [
        "(component $guest)",
        _MEMORY.read_text(encoding="utf-8").replace("(module", "(core module $memory", 1),
    ]
    if inward:
        parts += _instantiated("$inward", inward, [f"$bulk-{n}" for n in range(len(inward))], outside=False)
    arguments = _arguments(found.imports, inward)
    parts.append(f"(instance $guest (instantiate $guest\n{_lines(arguments.values())}))")
    for number, selected in enumerate(outward):
        parts += _real(number, selected)
    if outward:
        parts += _instantiated("$outward", outward, [f"$real-{n}" for n in range(len(outward))], outside=True)
    parts += [f"(export {quoted(e.name)} ({e.sort} $guest {quoted(e.name)}))" for e in found.exports]
    parts += [
        f"(export {quoted(interface_name(selected.name))} (instance $outward {quoted(offered_name(number))}))"
        for number, selected in enumerate(outward)
    ]
    return f"(component $composed\n{_lines(parts)})"


def _bulk_import(number: int, selected: Selected) -> str:
    """The import of what the host gives with lists of numbers as text."""
    types = TypeTexts(bulk=True)
    functions = [f"(export {quoted(f.name)} (func {types.function(f)}))" for f in selected.functions]
    declared = _lines([*types.in_instance_type(), *functions])
    return f"(import {quoted(interface_name(selected.name))} (instance $bulk-{number}\n{declared}))"


def _arguments(imports: tuple[Item, ...], inward: list[Selected]) -> Mapping[str, str]:
    """What the component is given for each of its imports."""
    given = {item.name: f"(with {quoted(item.name)} ({item.sort} {item.index}))" for item in imports}
    for number, selected in enumerate(inward):
        instance = f"$inward {quoted(offered_name(number))}"
        own = {f.name: f"(func {instance} {quoted(f.name)})" for f in selected.functions}
        if selected.name is None:
            given |= {name: f"(with {quoted(name)} {function})" for name, function in own.items()}
            continue
        index = next(item.index for item in imports if item.name == selected.name)
        own |= {name: f"(func {index} {quoted(name)})" for name in selected.others}
        # Types first: a method may stand only after its resource.
        own = {name: f"(type {index} {quoted(name)})" for name in selected.types} | own
        exports = " ".join(f"(export {quoted(name)} {item})" for name, item in own.items())
        given[selected.name] = f"(with {quoted(selected.name)} (instance {exports}))"
    return given


def _real(number: int, selected: Selected) -> list[str]:
    """The functions of the component's that an adapter is given, in an instance with the names of their types."""
    types = TypeTexts(bulk=False, stem=f"$outward-{number}-")
    for function in selected.functions:
        types.function(function)
    interface = "" if selected.name is None else f" {quoted(selected.name)}"
    functions = [
        f"(export {quoted(f.name)} (func $guest{interface} {quoted(f.name)}))" for f in selected.functions
    ]
    return [*types.defined(), f"(instance $real-{number} {' '.join([*types.given(), *functions])})"]


def _instantiated(
    identifier: str, interfaces: list[Selected], real: list[str], *, outside: bool
) -> list[str]:
    """An adapter, and its instance of the same identifier, which is given instances of the real functions."""
    given = " ".join(f'(with "{real_name(number)}" (instance {name}))' for number, name in enumerate(real))
    return [
        adapter(identifier, interfaces, outside=outside),
        f"(instance {identifier} (instantiate {identifier} {given}))",
    ]


def _inside(component: str) -> str:
    """What stands between the parentheses of a printed component."""
    begin, end = component.index("(component") + len("(component"), component.rindex(")")
    return component[begin:end]


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)


_MEMORY = Path(__file__).with_name("memory.wat")
