"""How fast calls into components are: a generated package against the engine's own Python layer, in one run.

`python -m benchmarks calls` prints a table. `engine` is `wasmtime.component.Func.__call__` with its own values; `ours` a
method of the generated package, validated, in the `plain` profile; `floor` the same C function called in a C loop with
prepared arguments, where a C compiler is there. The guest is native, so that the calls themselves are what is measured.
The last column has the goals: at least so many times faster than the engine's layer, at most so many times the floor. The exit
code is 1 if `add` is less than 12 times faster.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable, Sequence
from typing import Any

from airssys_sdk import component as wit
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.engine.foreign import COMPILED

from .floors import floor_loop
from .natives import Given, build, generated, rows

GOALS: dict[str, tuple[float, float | None]] = {
    "add(s32, s32)": (12, 3.0),
    "record of 3 scalars": (22, 3.2),
    "string, 100 characters": (9, 3.6),
    "list<u8>, 16 B": (14, None),
    "list<u8>, 1 KiB": (200, None),
    "list<u8>, 64 KiB": (400, None),
    "list<u32> x 10,000": (20, 1.7),
    "list<person> x 100": (22, 2.4),
    "list<person> x 1": (18, 4.2),
}
ROUNDS = 7


def main() -> int:
    """Print the table; the exit code says whether `add` reaches its goal."""
    wasm, bench, floor_of = build(), generated(), floor_loop()
    ratio = 0.0
    print(
        f"{'call of a native guest':26}{'engine us':>11}{'ours us':>10}{'floor us':>10}{'ratio':>9}{'/ floor':>9}  goals"
    )
    component = wit.Component.open(wasm, cache=Cache(None))
    # The engine's layer and the floor are measured without the adapters that ours has.
    theirs = _Theirs(wit.Component.open(wasm, cache=Cache(None), bulk=False))
    with bench.Bench.load(component, imports=Given()) as world:
        for row in rows(sys.modules[f"{bench.__name__}.exports.api"]):
            method = getattr(world.api, row.name.replace("-", "_"))
            function = theirs.function(row.name)
            engine = _best(function, (theirs.store, *row.engines), row.seldom)
            ours = _best(method, row.ours, row.often)
            # An import answers in Python there too, so a loop in C would not be its floor.
            floor = None
            if floor_of is not None and row.name != "ask":
                floor = floor_of(theirs.store, function, row.engines, row.often)
            print(
                f"{row.title:26}{engine:11.2f}{ours:10.2f}{f'{floor:.2f}' if floor else '-':>10}"
                f"{engine / ours:8.1f}x{f'{ours / floor:.2f}' if floor else '-':>9}"
                f"  {_verdict(GOALS.get(row.title), engine / ours, ours / floor if floor else None)}",
                flush=True,
            )
            if row.name == "add":
                ratio = engine / ours
    print(f"calls go through {'the compiled module' if COMPILED else 'ctypes'}")
    return 0 if ratio >= GOALS["add(s32, s32)"][0] else 1


def _verdict(goals: tuple[float, float | None] | None, ratio: float, floors: float | None) -> str:
    if goals is None:
        return ""
    faster, most = goals
    parts = [f">= {faster:g}x {'ok' if ratio >= faster else 'MISSED'}"]
    if most is not None and floors is not None:
        parts.append(f"<= {most:g} {'ok' if floors <= most else 'MISSED'}")
    return ", ".join(parts)


class _Theirs:
    """The same component in the engine's own layer."""

    def __init__(self, component: wit.Component) -> None:
        import wasmtime
        import wasmtime.component as layer

        engine = component.engine.raw
        self.store = wasmtime.Store(engine)
        linker = layer.Linker(engine)
        with linker.root() as root, root.add_instance("bench:calls/host") as host:
            host.add_func("next", _next)
        self._instance = linker.instantiate(self.store, component.raw)
        self._api = self._instance.get_export_index(self.store, "bench:calls/api")

    def function(self, name: str) -> Any:
        index = self._instance.get_export_index(self.store, name, self._api)
        assert index is not None
        return self._instance.get_func(self.store, index)


def _next(_store: object, x: int) -> int:
    return x + 1


def _best(call: Callable[..., object], arguments: Sequence[object], number: int) -> float:
    """Microseconds of one call, written as a caller writes it: the best of several rounds."""
    call(*arguments)
    names = {f"argument{number}": value for number, value in enumerate(arguments)}
    timer = timeit.Timer(f"call({', '.join(names)})", globals={"call": call, **names})
    return min(timer.repeat(number=number, repeat=ROUNDS)) / number * 1e6


if __name__ == "__main__":
    sys.exit(main())
