"""What slices cost: the same native guest called plain, metered and in slices, and how long a slice is.

`python benchmarks/slices.py` prints a table. The figures are processor time, so that a busy machine disturbs them little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from airssys_sdk.component import Component, Limits, begin
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.engine.profiles import Profile
from airssys_sdk.wit.tools import run_wasm_tools

WAT = b"""
(component
  (core module $code
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "forever") (loop $again (br $again))))
  (core instance $code (instantiate $code))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $code "add")))
  (func (export "forever") (canon lift (core func $code "forever"))))
"""
CALLS = 50_000
ROUNDS = 7


def microseconds(call: Callable[[], object]) -> float:
    """Processor time of a call, the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, time.process_time() - start)
    return best / CALLS * 1e6


def adding(add: Callable[..., Any]) -> Callable[[], object]:
    return lambda: add(1, 2)


def sliced(function: Callable[..., Any]) -> object:
    call = begin(function, 1, 2)
    while not call.advance():
        pass
    return call.result()


def slice_length(component: Component) -> float:
    """Microseconds of one slice of an endless loop."""
    with component.instantiate() as instance:
        call = begin(instance.function("forever"))
        start = time.process_time()
        for _ in range(1_000):
            call.advance()
        took = time.process_time() - start
        call.cancel()
    return took * 1e3


def main() -> None:
    """Print the table."""
    wasm = run_wasm_tools(["parse", "-"], stdin=WAT)

    def open_with(profile: Profile) -> Component:
        return Component.open(wasm, profile=profile, cache=Cache(None))

    plain, metered = open_with("plain"), open_with("metered")
    rows: list[tuple[str, float]] = []
    for name, component, limits in (
        ("plain", plain, Limits()),
        ("metered", metered, Limits()),
        ("metered, deadline", metered, Limits(deadline=60.0)),
        ("metered, fuel", metered, Limits(fuel=1_000_000)),
    ):
        with component.instantiate(limits=limits) as instance:
            add = instance.function("add")
            rows.append((f"add(s32, s32), {name}", microseconds(adding(add))))
    with metered.instantiate() as instance:
        add = instance.function("add")
        rows.append(("add(s32, s32), begin + advance + result", microseconds(lambda: sliced(add))))
    print(f"{'a native guest, best of ' + str(ROUNDS):44}{'us':>8}{'/ plain':>10}")
    for name, took in rows:
        print(f"{name:44}{took:8.2f}{took / rows[0][1]:10.2f}")
    print(f"{'one slice of an endless loop':44}{slice_length(metered):8.1f}")


if __name__ == "__main__":
    main()
