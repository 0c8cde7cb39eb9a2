"""What a Python guest costs: messages into it, imports that it calls, loading it, instantiating it, compiling codecs.

`python -m benchmarks guests` builds the guest below `guest/` (seconds, once) and measures it in the engine's own layer and in ours.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import inspect
import os
import shutil
import statistics
import sys
import tempfile
import time
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from airssys_generator import generate, write_files
from airssys_sdk.component import Cache, Component, Profile
from airssys_sdk.component.codec.calls import compile_parts
from airssys_sdk.project import Project, build
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.shapes import signature_of

from .floors import floor_loop
from .natives import c_library

ROOT = Path(__file__).parent.parent
GUEST = Path(__file__).parent / "guest"
MANIFEST = """[component]
namespace = "bench"
name = "guest"
version = "0.1.0"
world = "bench:guest/guest"

[build]
app = "app"
source = ["src"]
"""
LIFECYCLE = "airssys:core/component-lifecycle@1.0.0"
ASKED = 1000
ROUNDS = 7


class Counting:
    """The import that the guest calls."""

    def next(self, number: int) -> int:
        return number + 1


def imports(host: ModuleType) -> Any:
    """An object with everything that the guest imports: plain methods, of which it calls one."""
    members: dict[str, Any] = {}
    for name, member in inspect.getmembers_static(
        host.GuestImports, lambda found: isinstance(found, property)
    ):
        protocol: type[Any] = typing.get_type_hints(member.fget)["return"]
        methods: dict[str, Any] = {method: _unused for method in vars(protocol) if not method.startswith("_")}
        members[name] = type(name, (), methods)()
    return type("Imports", (), {**members, "counting": Counting()})()


def _unused(_self: object, *_: object) -> None:
    raise NotImplementedError


def main() -> None:
    """Build and measure."""
    with tempfile.TemporaryDirectory() as folder:
        wasm, host = prepare(Path(folder))
        calls(wasm, host)
        loading(wasm, host, Path(folder, "cache"))


def prepare(folder: Path) -> tuple[Path, ModuleType]:
    """The component, and the generated package that calls it."""
    (folder / "src").mkdir()
    shutil.copy(GUEST / "app.py", folder / "src")
    shutil.copytree(ROOT / "wit" / "airssys-core", folder / "wit" / "deps" / "airssys-core")
    shutil.copy(GUEST / "bench.wit", folder / "wit")
    (folder / "Component.toml").write_text(MANIFEST, encoding="utf-8")
    wasm = build(Project.load(folder)).path
    resolve = read(folder / "wit", world="guest")
    write_files(generate(resolve, find_world(resolve, "guest"), "host"), folder / "bench_guest")
    sys.path.insert(0, str(folder))
    return wasm, importlib.import_module("bench_guest")


def calls(wasm: Path, host: ModuleType) -> None:
    """The table of calls."""
    print(
        f"{'a Python guest, plain profile':40}{'engine us':>11}{'ours us':>10}{'ratio':>9}{'floor us':>10}{'/ floor':>9}  goals"
    )
    types = importlib.import_module(f"{host.__name__}.imports.types")
    with host.Guest.load(Component.open(wasm), imports=imports(host)) as world:
        theirs = _Theirs(Component.open(wasm, bulk=False))
        theirs_handle, floor_of = theirs.function("handle-message", LIFECYCLE), floor_loop()
        for size, often, seldom, goals in ((64, 3000, 300, ">= 19x, <= 1.7"), (1024, 3000, 20, ">= 70x")):
            payload = os.urandom(size)
            own = types.ComponentId("airssys", "host", "0")
            message = types.ComponentMessage(
                own, payload, types.MessageMetadata("bench-1", own, types.Timestamp(1, 2), None)
            )
            record = _record(message)
            assert world.component_lifecycle.handle_message(message) == payload
            engine = _best(functools.partial(theirs_handle, theirs.store, record), seldom)
            ours = _best(functools.partial(world.component_lifecycle.handle_message, message), often)
            floor = None if floor_of is None else floor_of(theirs.store, theirs_handle, [record], often)
            _row(f"handle-message, {size} B", engine, ours, floor, goals)
    with host.Guest.load(Component.open(wasm, bulk=False), imports=imports(host)) as world:
        _imports(world, theirs, wasm)


_NEXT = """
#include <stddef.h>
#include <stdint.h>
void *next(void *data, void *context, void *type, char *arguments, size_t count, char *results, size_t size) {
  results[0] = 6;
  *(uint32_t *)(results + 8) = *(uint32_t *)(arguments + 8) + 1;
  return 0;
}
"""


def _imports(world: Any, theirs: _Theirs, wasm: Path) -> None:
    """What one import costs: a loop in the guest that asks, less the same loop without asking, called in the same way.

    The floor is the same loop with the import's function in C. All three run the same component, without adapters; what the
    guest itself does to ask, half a microsecond, stands in each of them.
    """
    layers = {"engine": _loops(theirs), "ours": (_times(world.ask), _times(world.spin))}
    library = c_library(_NEXT)
    if library is not None:
        layers["floor"] = _loops(_Theirs(Component.open(wasm, bulk=False), library.next))
    least = {name: [float("inf")] * 2 for name in layers}
    for _ in range(4 * ROUNDS):
        # In turns, and the least of each: what else the machine does shall not fall on one of them alone.
        for name, loops in layers.items():
            for number, loop in enumerate(loops):
                begin = time.perf_counter()
                assert loop() == (0 if number else ASKED)
                spent = (time.perf_counter() - begin) / ASKED * 1e6
                least[name][number] = min(least[name][number], spent)
    cost = {name: ask - spin for name, (ask, spin) in least.items()}
    _row("host import u32 -> u32", cost["engine"], cost["ours"], cost.get("floor"), ">= 8x, <= 2.3")
    if library is not None:
        added = [cost[name] - cost["floor"] for name in ("engine", "ours")]
        _row("  what the layer adds to the floor", added[0], added[1])
    print(f"  (an iteration of the guest's loop, {least['ours'][1]:.2f} us, is taken off)")


def _loops(theirs: _Theirs) -> tuple[Callable[[], int], Callable[[], int]]:
    """The guest's loops in the engine's layer: with the import, and without."""
    ask, spin = (functools.partial(theirs.function(name), theirs.store) for name in ("ask", "spin"))
    return _times(ask), _times(spin)


def _times(loop: Callable[[int], int]) -> Callable[[], int]:
    return functools.partial(loop, ASKED)


def loading(wasm: Path, host: ModuleType, folder: Path) -> None:
    """The table of what happens once."""
    size = wasm.stat().st_size / 1e6
    print(f"\n{'what happens once':40}{'ms':>11}{'goal':>10}")
    profiles: tuple[Profile, ...] = ("metered", "plain")
    for profile in profiles:
        cache = Cache(folder)
        Component.open(wasm, profile=profile, cache=cache)
        _once(f"compile, {size:.0f} MB, {profile} profile", cache.counters.seconds * 1e3, "")
    _once(
        f"load from the cache, {size:.0f} MB",
        _best(lambda: Component.open(wasm, cache=Cache(folder)), 1) / 1e3,
        "15",
    )
    plain = Component.open(wasm, bulk=False)
    given = imports(host)
    composed = Component.open(wasm)
    engines, ours, adapted = _in_turns(
        _Theirs(plain).again,
        lambda: _close(host, plain, given),
        lambda: _close(host, composed, given),
    )
    _once("instantiate, the engine's layer", engines / 1e3, "")
    _once(f"  ours without adapters, x{ours / engines:.3f}", ours / 1e3, f"{engines * 1.1 / 1e3:.2f}")
    _once(f"  ours, x{adapted / engines:.3f}", adapted / 1e3, f"{engines * 1.1 / 1e3:.2f}")
    _once("compile a codec (handle-message)", _codec() / 1e3, "2")


def _codec() -> float:
    from airssys_sdk.runtime.components.bindings.exports.component_lifecycle import ComponentLifecycle

    signature = signature_of(ComponentLifecycle.handle_message)
    return _best(lambda: compile_parts(signature), 5)


def _close(host: ModuleType, component: Component, given: object) -> None:
    host.Guest.load(component, imports=given).close()


def _define(instance: Any, function: Any) -> None:
    """Define the import with a C function, below the public surface of the engine's layer."""
    raw: Any = importlib.import_module("wasmtime._ffi")
    callback = ctypes.cast(function, raw.wasmtime_component_func_callback_t)
    none = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()
    error = raw.wasmtime_component_linker_instance_add_func(instance.ptr(), b"next", 4, callback, None, none)
    assert not error


def _next(_store: object, number: int) -> int:
    return number + 1


class _Theirs:
    """The same component in the engine's own layer; `next` is the C function that implements the import instead of Python."""

    def __init__(self, component: Component, next: Any = None) -> None:  # noqa: A002  (the import's name)
        import wasmtime
        import wasmtime.component as layer

        self._component = component
        engine = component.engine.raw
        self._linker = layer.Linker(engine)
        self._linker.add_wasip2()
        with self._linker.root() as root:
            for name, interface in component.raw.type.imports(engine).items():
                if name.startswith(("airssys:", "bench:")):
                    with root.add_instance(name) as instance:
                        for function, item in interface.ty.exports(engine).items():
                            if isinstance(item.ty, layer.FuncType) and next and function == "next":
                                _define(instance, next)
                            elif isinstance(item.ty, layer.FuncType):
                                instance.add_func(function, _next)
        self.store = wasmtime.Store(engine)
        self.store.set_wasi(wasmtime.WasiConfig())
        self._instance = self._linker.instantiate(self.store, component.raw)

    def function(self, name: str, interface: str | None = None) -> Any:
        parent = self._instance.get_export_index(self.store, interface) if interface else None
        index = self._instance.get_export_index(self.store, name, parent)
        assert index is not None
        return self._instance.get_func(self.store, index)

    def again(self) -> None:
        import wasmtime

        store = wasmtime.Store(self._component.engine.raw)
        store.set_wasi(wasmtime.WasiConfig())
        self._linker.instantiate(store, self._component.raw)
        store.close()


def _record(value: Any) -> Any:
    """A value of generated code as the engine's layer wants it."""
    import dataclasses

    from wasmtime.component import Record

    if not dataclasses.is_dataclass(value):
        return value
    made = Record()
    for field in dataclasses.fields(value):
        made.__dict__[field.name.replace("_", "-")] = _record(getattr(value, field.name))
    return made


def _best(call: Callable[[], object], number: int) -> float:
    """Median microseconds of one call over several rounds, after one that warms up."""
    call()
    return statistics.median(_rounds(call, number))


def _rounds(call: Callable[[], object], number: int) -> Iterator[float]:
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(number):
            call()
        yield (time.perf_counter() - begin) / number * 1e6


def _in_turns(*calls: Callable[[], object]) -> list[float]:
    """Median microseconds of this thread's processor time for one call of each, in turns of twenty.

    Instances come and go with memory, and what else the machine does shall not fall on one of them alone.
    """
    spent: list[list[float]] = [[] for _ in calls]
    for number in range(100):
        for place, call in enumerate(calls):
            begin = time.thread_time()
            for _ in range(20):
                call()
            if number:  # the first warms up
                spent[place].append((time.thread_time() - begin) / 20 * 1e6)
    return [statistics.median(times) for times in spent]


def _row(title: str, engine: float, ours: float, floor: float | None = None, goals: str = "") -> None:
    least = f"{floor:10.2f}{ours / floor:9.2f}" if floor else ""
    print(
        f"{title:40}{engine:11.2f}{ours:10.2f}{engine / ours:8.1f}x{least:19}  {goals}".rstrip(), flush=True
    )


def _once(title: str, milliseconds: float, goal: str) -> None:
    print(f"{title:40}{milliseconds:11.2f}{goal:>10}", flush=True)


if __name__ == "__main__":
    main()
