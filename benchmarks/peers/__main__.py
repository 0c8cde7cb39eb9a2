"""The table: our calls, jco's on Node and extism's, in one run.

`python -m benchmarks peers`. `ours` is a method of the generated package, validated, in the `plain` profile; jco runs the same
component, transpiled with its defaults. extism knows no components, only plugins that turn bytes into bytes, so it has
fewer rows. Rounds last about a millisecond and all take turns, many times: a process that shares its core with another is
then not interrupted in most of them, where in a long round it would look twice as slow. A time is the median of the
rounds, a ratio that of the ratios within each turn; what only few rounds meet, like collecting garbage, is not in them.
A peer that cannot be had here is left out with a line that says why.
The exit code is 1 if jco is there and ours is not faster on one of the rows in `GOALS`.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from airssys_sdk import component as wit
from airssys_sdk.component.engine.cache import Cache

from ..natives import Given, Row, build, generated, rows
from . import echo, jco
from .common import Unavailable, microseconds

CALLS = ("add", "depth", "echo-text", "echo-bytes")
GOALS = ("add(s32, s32)", "record of 3 scalars", "string, 100 characters", "list<u8>, 16 B")
WARM = 200
TURNS = 601
SHORT = 100
"""A round is so much shorter than where rounds are few."""

Rounds: TypeAlias = dict[str, Callable[[], float]]
"""By name of who is measured, a function that measures one round: microseconds of one call."""
Times: TypeAlias = dict[str, list[float]]
"""By the same names, the microseconds of one call in each turn."""


def main() -> int:
    """Print the table; the exit code says whether ours is faster where it should be."""
    wasm, bench = build(), generated()
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(
            bench.Bench.load(wit.Component.open(wasm, cache=Cache(None)), imports=Given())
        )
        node = _or_say("jco", lambda: stack.enter_context(jco.Jco(wasm)))
        plugin = _or_say("extism", echo.Echo)
        print("a peer's ratio is its time through ours: above 1, ours is faster")
        print(f"{'call':24}{'ours us':>10}{'jco us':>10}{'extism us':>11}{'jco:ours':>10}{'extism:ours':>13}")
        missed: list[str] = []
        for row in rows(sys.modules[f"{bench.__name__}.exports.api"]):
            if row.name not in CALLS:
                continue
            turns = _turns(_rounds(row, getattr(world.api, row.name.replace("-", "_")), node, plugin))
            _line(row.title, turns)
            if row.title in GOALS and "jco" in turns and _ratio(turns, "jco") <= 1:
                missed.append(row.title)
    if plugin:
        print(
            "extism: a plugin of a core module that hands its input back; it has no types, so other rows are not its own"
        )
    if node:
        verdict = f"MISSED on {'; '.join(missed)}" if missed else "ok"
        print(f"faster than jco on {'; '.join(GOALS)}: {verdict}")
    return 1 if missed else 0


def _rounds(row: Row, ours: Callable[..., Any], node: jco.Jco | None, plugin: echo.Echo | None) -> Rounds:
    """Who can do this row, each after it has answered it once, and rightly."""
    expected, times = ours(*row.ours), row.often // SHORT
    found: Rounds = {"ours": functools.partial(microseconds, ours, row.ours, times)}
    if node:
        found["jco"] = node.prepare(row.name, row.ours, expected, times)
    if plugin and plugin.can(row.name):
        found["extism"] = plugin.prepare(row.ours[0], max(1, times // 10))
    return found


def _turns(rounds: Rounds) -> Times:
    times: Times = {name: [] for name in rounds}
    for number in range(WARM + TURNS):
        for name, measure in rounds.items():
            taken = measure()
            if number >= WARM:
                times[name].append(taken)
    return times


def _ratio(turns: Times, peer: str) -> float:
    return statistics.median(theirs / ours for theirs, ours in zip(turns[peer], turns["ours"], strict=True))


def _line(title: str, turns: Times) -> None:
    jcos, extisms = (
        (f"{statistics.median(turns[peer]):.2f}", f"{_ratio(turns, peer):.2f}")
        if peer in turns
        else ("-", "-")
        for peer in ("jco", "extism")
    )
    ours = statistics.median(turns["ours"])
    print(f"{title:24}{ours:10.2f}{jcos[0]:>10}{extisms[0]:>11}{jcos[1]:>10}{extisms[1]:>13}", flush=True)


def _or_say(name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, or None and a line that says why not."""
    try:
        made = make()
    except Unavailable as why:
        print(f"{name} is left out: {why}", flush=True)
        return None
    print(f"{name} is {made.version}", flush=True)
    return made


if __name__ == "__main__":
    sys.exit(main())
