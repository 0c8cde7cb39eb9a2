"""What is made when a component is instantiated, in the engine's order: which adapters, and which of them others need.

A component counts each time that it is instantiated. Of core modules only imports and exports are read, and code is never looked
at. The format is the component model's Binary.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final, TypeAlias, get_args

from .canonical import LIFT, LOWER, OPTION_FUNCTIONS, OPTION_MEMORY, NamesReader, options, skip_built_in
from .coremodules import MEMORY, CoreModule
from .sections import (
    ALIAS,
    CANON,
    COMPONENT,
    CORE_INSTANCE,
    EXPORT,
    IMPORT,
    INSTANCE,
    MODULE,
    Reader,
    Sort,
    Unreadable,
    sections,
)

_NONE: Final = -1


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """A memory: the number of its core instance, and its own there, or its name if the host gives the module."""

    instance: int
    name: int | str


@dataclasses.dataclass(frozen=True, slots=True)
class Adapter:
    """What carries a function from one component to another.

    Attributes:
        memories: what it copies from and to.
        needs: the number of the last adapter that must be there before it; -1 for none.
    """

    memories: frozenset[Memory]
    needs: int


def adapters(wasm: bytes) -> Iterator[Adapter]:
    """The adapters that the engine makes for a component, in its order.

    Raises:
        Unreadable: the component is written in a way that is not known here.
    """
    try:
        yield from _run(wasm)
    except (IndexError, KeyError):
        raise Unreadable("it refers to something that it does not have") from None


@dataclasses.dataclass(frozen=True, slots=True)
class _Function:
    """A core function: the core instance that exports it, or the adapter that it is; -1 if the host gives it."""

    instance: int = _NONE
    adapter: int = _NONE


@dataclasses.dataclass(frozen=True, slots=True)
class _Side:
    """What an adapter takes from one of both components: the last core instance and the last adapter among what it uses."""

    memory: Memory | None
    instance: int
    adapter: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Component:
    """A component: where it stands, and what is around it."""

    begin: int
    end: int
    outer: _Frame | None


@dataclasses.dataclass(frozen=True, slots=True)
class _Instance:
    """An instance of a component."""

    exports: dict[str, _Item]


@dataclasses.dataclass(frozen=True, slots=True)
class _CoreInstance:
    """An instance of a core module, which the host gives if it is None."""

    number: int
    module: CoreModule | None


_Item: TypeAlias = _Side | _Component | _Instance | CoreModule | None
"""What a component has: a function is one side of its adapters. None is what the host gives, and what does not matter here."""

_CoreItem: TypeAlias = _Function | Memory | None
"""What a core instance has. None is what does not matter here."""


class _Frame:
    """A component that is being instantiated: what it has so far, by index."""

    def __init__(self, component: _Component, arguments: dict[str, _Item]) -> None:
        self.component = component
        self.arguments = arguments
        self.exports = dict[str, _Item]()
        self.functions = list[_Function]()
        self.memories = list[Memory]()
        self.core_instances = list[_CoreInstance | dict[str, _CoreItem]]()
        self.items: dict[Sort, list[_Item]] = {
            sort: [] for sort in ("core module", "func", "component", "instance")
        }

    def item(self, sort: Sort, index: int) -> _Item:
        return self.items[sort][index] if sort in self.items else None

    def add(self, sort: Sort, item: _Item) -> None:
        if sort in self.items:
            self.items[sort].append(item)

    def add_core(self, item: _CoreItem) -> None:
        if isinstance(item, _Function):
            self.functions.append(item)
        elif item is not None:
            self.memories.append(item)

    def core_item(self, kind: int, index: int) -> _CoreItem:
        return self.functions[index] if kind == 0 else self.memories[index] if kind == MEMORY else None


def _run(wasm: bytes) -> Iterator[Adapter]:
    walk, root = _Walk(wasm), _Frame(_Component(0, len(wasm), None), {})
    running = [(root, walk.instantiate(root))]
    while running:
        frame, steps = running[-1]
        step = next(steps, None)
        if isinstance(step, Adapter):
            yield step
        elif step is not None:
            running.append((step, walk.instantiate(step)))
        else:
            running.pop()
            if running:
                running[-1][0].add("instance", _Instance(frame.exports))


class _Walk:
    """A walk through everything that is instantiated."""

    def __init__(self, wasm: bytes) -> None:
        self._wasm = wasm
        self._modules = dict[int, CoreModule]()
        self._adapters = 0
        self._given = list[int]()  # the last adapter that a core instance, or any before it, was given

    def instantiate(self, frame: _Frame) -> Iterator[Adapter | _Frame]:
        """The adapters that a component makes; and each component that it instantiates, which has to be so before going on."""
        component = frame.component
        for section, body, end in sections(self._wasm, component.begin, component.end):
            reader = NamesReader(self._wasm, body)
            if section == MODULE:
                module = self._modules.setdefault(body, CoreModule(self._wasm, body, end))
                frame.add("core module", module)
            elif section == COMPONENT:
                frame.add("component", _Component(body, end, frame))
            elif section == IMPORT:
                for name, sort in reader.imports():
                    frame.add(sort, frame.arguments.get(name))
            elif section == EXPORT:
                for export in reader.exports():
                    item = frame.item(export.sort, export.index)
                    frame.exports[export.name] = item
                    frame.add(export.sort, item)
            elif section in _VECTORS:
                for _ in range(reader.number()):
                    if section == CORE_INSTANCE:
                        frame.core_instances.append(self._core_instance(frame, reader))
                    elif section == INSTANCE:
                        yield from _instance(frame, reader)
                    elif section == ALIAS:
                        _alias(frame, reader)
                    else:
                        yield from self._function(frame, reader)

    def _core_instance(self, frame: _Frame, reader: Reader) -> _CoreInstance | dict[str, _CoreItem]:
        if reader.byte():
            exports = dict[str, _CoreItem]()
            for _ in range(reader.number()):
                name, kind, index = reader.text(), reader.byte(), reader.number()
                exports[name] = frame.core_item(kind, index)
            return exports
        module = frame.item("core module", reader.number())
        if module is not None and not isinstance(module, CoreModule):
            raise Unreadable("it instantiates something that is no module")
        given = [_NONE, *self._given[-1:]]
        for _ in range(reader.number()):
            name, _sort, instance = reader.text(), reader.byte(), frame.core_instances[reader.number()]
            if isinstance(instance, dict):
                given += (
                    item.adapter
                    for each, item in instance.items()
                    if isinstance(item, _Function) and item.adapter != _NONE
                    if module is None or (name, each) in module.imports
                )
        self._given.append(max(given))
        return _CoreInstance(len(self._given) - 1, module)

    def _function(self, frame: _Frame, reader: Reader) -> Iterator[Adapter]:
        """A function that is lifted, lowered, or the component model's own."""
        code = reader.byte()
        if code == LIFT:
            reader.byte()
            function = frame.functions[reader.number()]
            frame.add("func", _side(frame, reader, function))
            reader.number()
            return
        made = _Function()
        if code == LOWER:
            reader.byte()
            lifted = frame.item("func", reader.number())
            lowered = _side(frame, reader, made)
            if isinstance(lifted, _Side):
                made = _Function(adapter=self._adapters)
                self._adapters += 1
                yield self._adapter(lifted, lowered)
        else:
            skip_built_in(reader, code)
        frame.functions.append(made)

    def _adapter(self, lifted: _Side, lowered: _Side) -> Adapter:
        instance = max(lifted.instance, lowered.instance)
        given = _NONE if instance == _NONE else self._given[instance]
        memories = frozenset(side.memory for side in (lifted, lowered) if side.memory is not None)
        return Adapter(memories, max(given, lifted.adapter, lowered.adapter))


def _instance(frame: _Frame, reader: Reader) -> Iterator[_Frame]:
    """An instance: of exports that are there, or of a component."""
    if reader.byte():
        exports = dict[str, _Item]()
        for _ in range(reader.number()):
            name, sort, index = reader.name(), reader.sort(), reader.number()
            exports[name] = frame.item(sort, index)
        frame.add("instance", _Instance(exports))
        return
    component = frame.item("component", reader.number())
    if not isinstance(component, _Component):
        raise Unreadable("it instantiates something that is no component")
    arguments = dict[str, _Item]()
    for _ in range(reader.number()):
        name, sort, index = reader.text(), reader.sort(), reader.number()
        arguments[name] = frame.item(sort, index)
    yield _Frame(component, arguments)


def _alias(frame: _Frame, reader: Reader) -> None:
    number = reader.byte()
    kind = reader.byte() if number == 0 else _NONE  # of the core's
    target = reader.byte()
    if target == _OF_CORE_INSTANCE:
        frame.add_core(_core_export(frame.core_instances[reader.number()], reader.text(), kind))
        return
    sort = _SORTS[number]
    if target == _OF_INSTANCE:
        instance, name = frame.item("instance", reader.number()), reader.text()
        frame.add(sort, instance.exports[name] if isinstance(instance, _Instance) else None)
        return
    outward, index = reader.number(), reader.number()
    if kind not in {_NONE, _CORE_MODULE}:
        return
    source: _Frame | None = frame
    for _ in range(outward):
        source = None if source is None else source.component.outer
    if source is None:
        raise Unreadable("it has an alias of something outside of it")
    frame.add(sort, source.item(sort, index))


def _core_export(instance: _CoreInstance | dict[str, _CoreItem], name: str, kind: int) -> _CoreItem:
    if isinstance(instance, dict):
        return instance[name]
    if kind == MEMORY:
        module = instance.module
        return Memory(instance.number, name if module is None else module.memories[name])
    return _Function(instance=instance.number) if kind == 0 else None


def _side(frame: _Frame, reader: Reader, function: _Function) -> _Side:
    """What the options of a lifted or lowered function say."""
    memory, functions = None, [function]
    for option, index in options(reader):
        if option == OPTION_MEMORY:
            memory = frame.memories[index]
        elif option in OPTION_FUNCTIONS:
            functions.append(frame.functions[index])
    instances = [each.instance for each in functions]
    if memory is not None:
        instances.append(memory.instance)
    return _Side(memory, max(instances), max(each.adapter for each in functions))


_SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
_VECTORS: Final = {CORE_INSTANCE, INSTANCE, ALIAS, CANON}
_OF_INSTANCE, _OF_CORE_INSTANCE = 0, 1
_CORE_MODULE: Final = 0x11
