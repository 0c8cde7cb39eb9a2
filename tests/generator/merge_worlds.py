"""Random worlds as small values that render to WIT, and random changes of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Kind: TypeAlias = Literal["function", "method", "static", "constructor"]

SHARED = {
    "item": "record item { id: string, tags: list<string> }",
    "shape": "variant shape { circle(f64), none, boxed(list<u8>) }",
    "color": "enum color { red, dark-blue }",
    "access": "flags access { read, write }",
}
"""The types of the interface `kinds`."""

OWN = {
    "local": "record local { a: u8, b: option<string> }",
    "outcome": "variant outcome { done, failed(string) }",
}
"""The types that an interface declares if its functions name them."""

SCALARS = ("u8", "s32", "u64", "f32", "bool", "char", "string", "list<u8>")
INTERFACES = ("store", "shop-front", "list", "old", "more")
RESOURCES = ("cursor", "book", "open-file")
FUNCTIONS = ("get", "put-all", "drop", "str", "class", "next", "print")
WORLD_FUNCTIONS = ("run", "version", "int", "main-loop")
PARAMETERS = ("id", "near", "from", "type", "value", "count")
VERSIONS = ("1.0.0", "1.1.0", "1.2.3", "2.0.0", None)
DOCS = (None, "One line.", 'Says "more".\n\nOver several lines, with a \\ in them.')
_WORD = re.compile(r"[a-z][a-z0-9-]*")


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """A function; its types as WIT text."""

    parameters: tuple[tuple[str, str], ...] = ()
    result: str | None = None
    kind: Kind = "function"
    is_async: bool = False
    docs: str | None = None

    @property
    def words(self) -> set[str]:
        """Every name in its types."""
        types = [wit_type for _, wit_type in self.parameters] + [self.result or ""]
        return {word for wit_type in types for word in _WORD.findall(wit_type)}


@dataclasses.dataclass(frozen=True, slots=True)
class Interface:
    """An exported interface.

    Attributes:
        resources: for each resource its members.
        both: whether the world imports it as well.
    """

    functions: Mapping[str, Function] = dataclasses.field(default_factory=dict[str, Function])
    resources: Mapping[str, Mapping[str, Function]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, Function]]
    )
    both: bool = False
    docs: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """A world."""

    version: str | None = "1.0.0"
    interfaces: Mapping[str, Interface] = dataclasses.field(default_factory=dict[str, Interface])
    functions: Mapping[str, Function] = dataclasses.field(default_factory=dict[str, Function])

    def to_wit(self) -> str:
        """The text of its package."""
        version = f"@{self.version}" if self.version else ""
        parts = [f"package demo:app{version};", _block("interface kinds", SHARED.values())]
        parts += [_interface(name, interface) for name, interface in self.interfaces.items()]
        used = {word for function in self.functions.values() for word in function.words}
        lines = [line for name, interface in self.interfaces.items() for line in _exported(name, interface)]
        lines += _uses(used)
        for name, function in self.functions.items():
            lines += _docs(function.docs)
            lines.append(f"export {_function(name, function)}")
        return "\n".join([*parts, _block("world app", lines)])


def _exported(name: str, interface: Interface) -> list[str]:
    return [f"import %{name};"] * interface.both + [f"export %{name};"]


def _interface(name: str, interface: Interface) -> str:
    members = [function for functions in interface.resources.values() for function in functions.values()]
    used = {word for function in (*interface.functions.values(), *members) for word in function.words}
    lines = [*_uses(used), *(text for own, text in OWN.items() if own in used)]
    for resource, functions in interface.resources.items():
        if not functions:
            lines.append(f"resource {resource};")
            continue
        lines.append(f"resource {resource} {{")
        for member, function in functions.items():
            lines += [*_docs(function.docs), _function(member, function)]
        lines.append("}")
    for member, function in interface.functions.items():
        lines += [*_docs(function.docs), _function(member, function)]
    return "\n".join([*_docs(interface.docs), _block(f"interface %{name}", lines)])


def _function(name: str, function: Function) -> str:
    parameters = ", ".join(f"%{parameter}: {wit_type}" for parameter, wit_type in function.parameters)
    if function.kind == "constructor":
        return f"constructor({parameters});"
    words = ["static"] * (function.kind == "static") + ["async"] * function.is_async
    result = f" -> {function.result}" if function.result else ""
    return f"%{name}: {' '.join([*words, 'func'])}({parameters}){result};"


def _uses(words: Iterable[str]) -> list[str]:
    shared = sorted(SHARED.keys() & set(words))
    return [f"use kinds.{{{', '.join(shared)}}};"] if shared else []


def _docs(text: str | None) -> list[str]:
    return [f"/// {line}" for line in (text or "").splitlines()]


def _block(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{head} {{", *(f"  {line}" for line in lines), "}"])


# Random worlds


def _types(named: Iterable[str]) -> st.SearchStrategy[str]:
    """A type, of the names that are known at the place."""
    plain = st.sampled_from([*SCALARS, *named])
    return st.one_of(
        plain,
        st.builds("list<{}>".format, plain),
        st.builds("option<{}>".format, plain),
        st.builds("option<option<{}>>".format, plain),
        st.builds("tuple<{}, u8>".format, plain),
        st.builds("result<{}, string>".format, plain),
        st.sampled_from(
            ["result", "result<_, color>", "list<result<u8>>", "stream<u8>", "future<option<u32>>"]
        ),
    )


@st.composite
def functions(
    draw: st.DrawFn, named: Iterable[str], resources: Iterable[str], kind: Kind = "function"
) -> Function:
    """A function of an interface with these types and resources."""
    given = _types(named)
    handles = [handle for name in resources for handle in (f"borrow<{name}>", name, f"list<{name}>")]
    if handles:
        given = st.one_of(given, st.sampled_from(handles))
    names = draw(st.lists(st.sampled_from(PARAMETERS), max_size=3, unique=True))
    owned = [name for name in resources for name in (name, f"option<{name}>")]
    result = st.none() | (st.one_of(_types(named), st.sampled_from(owned)) if owned else _types(named))
    is_constructor = kind == "constructor"
    return Function(
        tuple((name, draw(given)) for name in names),
        None if is_constructor else draw(result),
        kind,
        not is_constructor and draw(st.sampled_from([False, False, False, True])),
        draw(st.sampled_from(DOCS)),
    )


@st.composite
def members(draw: st.DrawFn, resources: Iterable[str]) -> dict[str, Function]:
    """The members of a resource."""
    found: dict[str, Function] = {}
    if draw(st.booleans()):
        found["constructor"] = draw(functions((*SHARED, *OWN), (), "constructor"))
    for name in draw(st.lists(st.sampled_from(FUNCTIONS), max_size=2, unique=True)):
        kind: Kind = draw(st.sampled_from(["method", "method", "static"]))
        found[name] = draw(functions((*SHARED, *OWN), resources, kind))
    return found


@st.composite
def interfaces(draw: st.DrawFn) -> Interface:
    """An interface."""
    resources = draw(st.lists(st.sampled_from(RESOURCES), max_size=2, unique=True))
    made = st.dictionaries(
        st.sampled_from(FUNCTIONS), functions((*SHARED, *OWN), resources), min_size=1, max_size=3
    )
    return Interface(
        draw(made),
        {name: draw(members(resources)) for name in resources},
        draw(st.sampled_from([False, False, True])),
        draw(st.sampled_from(DOCS)),
    )


def worlds() -> st.SearchStrategy[World]:
    """A world."""
    return st.builds(
        World,
        st.sampled_from(VERSIONS),
        st.dictionaries(st.sampled_from(INTERFACES), interfaces(), min_size=1, max_size=2),
        st.dictionaries(st.sampled_from(WORLD_FUNCTIONS), functions(tuple(SHARED), ()), max_size=2),
    )


# Changes


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where functions stand: the world, an interface, or a resource of one."""

    interface: str | None = None
    resource: str | None = None

    def read(self, world: World) -> Mapping[str, Function]:
        if self.interface is None:
            return world.functions
        found = world.interfaces[self.interface]
        return found.functions if self.resource is None else found.resources[self.resource]

    def write(self, world: World, functions: Mapping[str, Function]) -> World:
        if self.interface is None:
            return dataclasses.replace(world, functions=functions)
        found = world.interfaces[self.interface]
        if self.resource is None:
            found = dataclasses.replace(found, functions=functions)
        else:
            found = dataclasses.replace(found, resources={**found.resources, self.resource: functions})
        return _with(world, self.interface, found)


@st.composite
def changed(draw: st.DrawFn, world: World, before: Iterable[World]) -> World:
    """The world with one change; `before` are the worlds that it was."""
    kinds: list[Callable[[st.DrawFn, World], World]] = [
        *(_add_function, _remove_function, _rename_function, _change_function, _change_function),
        *(_add_interface, _remove_interface, _add_resource, _remove_resource, _change_kind),
        *(_change_version, _change_directions),
    ]
    kind = draw(st.integers(0, len(kinds)))
    if kind == len(kinds):
        return draw(st.sampled_from([world, *before]))
    return kinds[kind](draw, world)


def _places(world: World) -> list[_Place]:
    found = [_Place()]
    for name, interface in world.interfaces.items():
        found += [_Place(name), *(_Place(name, resource) for resource in interface.resources)]
    return found


def _functions_of(world: World) -> list[tuple[_Place, str]]:
    return [(place, name) for place in _places(world) for name in place.read(world)]


def _new(draw: st.DrawFn, world: World, place: _Place, kind: Kind) -> Function:
    if place.interface is None:
        return draw(functions(tuple(SHARED), ()))
    resources = () if kind == "constructor" else tuple(world.interfaces[place.interface].resources)
    return draw(functions((*SHARED, *OWN), resources, kind))


def _free(draw: st.DrawFn, place: _Place, present: Mapping[str, Function]) -> str | None:
    pool: tuple[str, ...] = WORLD_FUNCTIONS if place.interface is None else FUNCTIONS
    free = [name for name in pool if name not in present]
    return draw(st.sampled_from(free)) if free else None


def _add_function(draw: st.DrawFn, world: World) -> World:
    place = draw(st.sampled_from(_places(world)))
    present = place.read(world)
    kind: Kind = "function"
    if place.resource is not None:
        kind = draw(st.sampled_from(["method", "static", "constructor"]))
    name = "constructor" if kind == "constructor" else _free(draw, place, present)
    if name is None or name in present:
        return world
    return place.write(world, _inserted(draw, present, name, _new(draw, world, place, kind)))


def _remove_function(draw: st.DrawFn, world: World) -> World:
    found = _functions_of(world)
    if not found:
        return world
    place, name = draw(st.sampled_from(found))
    return place.write(world, _without(place.read(world), name))


def _rename_function(draw: st.DrawFn, world: World) -> World:
    found = [(place, name) for place, name in _functions_of(world) if name != "constructor"]
    if not found:
        return world
    place, name = draw(st.sampled_from(found))
    present = place.read(world)
    new = _free(draw, place, present)
    if new is None:
        return world
    return place.write(world, {new if key == name else key: value for key, value in present.items()})


def _change_function(draw: st.DrawFn, world: World) -> World:
    """One of a function's parts becomes that of another function."""
    found = _functions_of(world)
    if not found:
        return world
    place, name = draw(st.sampled_from(found))
    function = place.read(world)[name]
    other = _new(draw, world, place, function.kind)
    part = draw(st.sampled_from(["parameters", "result", "is_async", "docs"]))
    value = not function.is_async if part == "is_async" else getattr(other, part)
    if name == "constructor" and part in ("result", "is_async"):
        return world
    changed = dataclasses.replace(function, **{part: value})
    return place.write(world, {**place.read(world), name: changed})


def _change_kind(draw: st.DrawFn, world: World) -> World:
    """A method becomes static, or a static function a method."""
    found = [
        (place, name)
        for place, name in _functions_of(world)
        if place.resource is not None and name != "constructor"
    ]
    if not found:
        return world
    place, name = draw(st.sampled_from(found))
    function = place.read(world)[name]
    kind: Kind = "method" if function.kind == "static" else "static"
    return place.write(world, {**place.read(world), name: dataclasses.replace(function, kind=kind)})


def _add_interface(draw: st.DrawFn, world: World) -> World:
    free = [name for name in INTERFACES if name not in world.interfaces]
    if not free:
        return world
    added = _inserted(draw, world.interfaces, draw(st.sampled_from(free)), draw(interfaces()))
    return dataclasses.replace(world, interfaces=added)


def _remove_interface(draw: st.DrawFn, world: World) -> World:
    if not world.interfaces:
        return world
    name = draw(st.sampled_from(sorted(world.interfaces)))
    return dataclasses.replace(world, interfaces=_without(world.interfaces, name))


def _add_resource(draw: st.DrawFn, world: World) -> World:
    if not world.interfaces:
        return world
    name = draw(st.sampled_from(sorted(world.interfaces)))
    found = world.interfaces[name]
    free = [resource for resource in RESOURCES if resource not in found.resources]
    if not free:
        return world
    resource = draw(st.sampled_from(free))
    resources = {**found.resources, resource: draw(members([*found.resources, resource]))}
    return _with(world, name, dataclasses.replace(found, resources=resources))


def _remove_resource(draw: st.DrawFn, world: World) -> World:
    """A resource leaves, and with it the functions that name it."""
    found = [(name, one) for name, interface in world.interfaces.items() for one in interface.resources]
    if not found:
        return world
    name, resource = draw(st.sampled_from(found))
    interface = world.interfaces[name]

    def others(functions: Mapping[str, Function]) -> dict[str, Function]:
        return {name: one for name, one in functions.items() if resource not in one.words}

    resources = {key: others(value) for key, value in interface.resources.items() if key != resource}
    left = dataclasses.replace(interface, functions=others(interface.functions), resources=resources)
    return _with(world, name, left)


def _change_version(draw: st.DrawFn, world: World) -> World:
    return dataclasses.replace(world, version=draw(st.sampled_from(VERSIONS)))


def _change_directions(draw: st.DrawFn, world: World) -> World:
    """An exported interface is imported as well, or no longer."""
    if not world.interfaces:
        return world
    name = draw(st.sampled_from(sorted(world.interfaces)))
    found = world.interfaces[name]
    return _with(world, name, dataclasses.replace(found, both=not found.both))


def _with(world: World, name: str, interface: Interface) -> World:
    return dataclasses.replace(world, interfaces={**world.interfaces, name: interface})


def _without(items: Mapping[str, T], name: str) -> dict[str, T]:
    return {key: value for key, value in items.items() if key != name}


def _inserted(draw: st.DrawFn, items: Mapping[str, T], name: str, value: T) -> dict[str, T]:
    pairs = list(items.items())
    pairs.insert(draw(st.integers(0, len(pairs))), (name, value))
    return dict(pairs)
