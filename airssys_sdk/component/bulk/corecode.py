"""The core code of an adapter: each function takes what its caller gives, changes the bytes in it, and calls the real one.

A list of numbers and a string are both a pointer and a count, so nothing moves but the bytes themselves: digits become bytes
where they lie (`decode`), bytes become digits in a block of their own (`encode`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from .forms import (
    MOST_PARAMETERS,
    MOST_RESULTS,
    Core,
    Form,
    Items,
    Product,
    Sum,
    case_load,
    has_numbers,
    offsets,
    payload_offset,
    registers,
    size_of,
)

Change: TypeAlias = Literal["decode", "encode"]
"""What becomes of the bytes: digits into bytes, or bytes into digits."""

Slot: TypeAlias = tuple[str, Core]
"""A local and its type."""


class CoreCode:
    """The core module of one adapter.

    Args:
        parameters: what becomes of the bytes in parameters.
        result: what becomes of those in results.
    """

    def __init__(self, *, parameters: Change, result: Change) -> None:
        self._parameters: Change = parameters
        self._result: Change = result
        self._imports: list[str] = []
        self._functions: list[str] = []
        self._loops: dict[tuple[Form, Change], str] = {}

    def add(self, name: str, parameters: Sequence[Form], result: Form | None) -> bool:
        """Add a function.

        Args:
            name: its name among the imports and the exports of the module.
            parameters: what it takes.
            result: what it gives.

        Returns:
            Whether the caller must call `reset` when it has read the result.
        """
        flat: list[Core] = [core for part in parameters for core in registers(part)]
        steps = list[str]()
        if len(flat) > MOST_PARAMETERS:
            flat = ["i32"]
            steps += self._in_memory(Product(tuple(parameters)), self._parameters, "(local.get $p0)", 0)
        else:
            slots: list[Slot] = [(f"$p{number}", core) for number, core in enumerate(flat)]
            steps += self._in_registers(Product(tuple(parameters)), self._parameters, slots)
        results = registers(result)
        behind = result is not None and len(results) > MOST_RESULTS
        declared = "".join(f" (param $p{number} {core})" for number, core in enumerate(flat))
        given = "".join(f" (local.get $p{number})" for number in range(len(flat)))
        types = "".join(f" {core}" for core in flat)
        gives = f" (result {results[0]})" if results and not behind else ""
        if behind and result is not None:
            self._imports.append(f'(import "real" "{name}" (func $real-{name} (param{types} i32)))')
            steps += [
                f"(local.set $result (call $alloc (i32.const {size_of(result)})))",
                f"(call $real-{name}{given} (local.get $result))",
                *self._in_memory(result, self._result, "(local.get $result)", 0),
                "(local.get $result)",
            ]
            gives = " (result i32)"
        else:
            self._imports.append(f'(import "real" "{name}" (func $real-{name} (param{types}){gives}))')
            steps += [f"(call $real-{name}{given})", "(call $reset (i32.const 0))"]
        body = "\n    ".join(steps)
        self._functions.append(
            f'(func $airssys-bulk-{name} (export "{name}"){declared}{gives} (local $result i32)\n    {body})'
        )
        return behind

    def text(self, identifier: str) -> str:
        """The module, which imports its memory as `memory` and the real functions as `real`."""
        functions = "\n  ".join([*self._imports, *self._functions])
        return f"""(core module {identifier}
  (import "memory" "memory" (memory 0))
  (import "memory" "alloc" (func $alloc (param i32) (result i32)))
  (import "memory" "reset" (func $reset (param i32)))
  (import "memory" "decode" (func $decode (param i32 i32) (result i32)))
  (import "memory" "encode" (func $encode (param i32 i32) (result i32)))
  {functions})"""

    def _in_registers(self, of: Form, change: Change, slots: Sequence[Slot]) -> list[str]:
        """What changes the bytes in a value whose registers are these locals."""
        if not has_numbers(of):
            return []
        match of:
            case Items(width=int(width)):
                at, count = map(_get, slots)
                if change == "decode":
                    return [_set(slots[1], _decoded(at, count, width))]
                return [
                    _set(slots[0], f"(call $encode {at} {_times(count, width)})"),
                    _set(slots[1], _times(count, 2 * width)),
                ]
            case Items(element) if element is not None:
                at, count = map(_get, slots)
                return [f"(call {self._loop(element, change)} {at} {count})"]
            case Product(parts):
                steps, used = list[str](), 0
                for part in parts:
                    width = len(registers(part))
                    steps += self._in_registers(part, change, slots[used : used + width])
                    used += width
                return steps
            case Sum(cases):
                return [
                    _when(
                        _get(slots[0]),
                        number,
                        self._in_registers(case, change, slots[1 : 1 + len(registers(case))]),
                    )
                    for number, case in enumerate(cases)
                    if case is not None and has_numbers(case)
                ]
            case _:
                return []

    def _in_memory(self, of: Form, change: Change, at: str, offset: int) -> list[str]:
        """What changes the bytes in a value that lies at an address."""
        if not has_numbers(of):
            return []
        pointer, count = f"(i32.load offset={offset} {at})", f"(i32.load offset={offset + 4} {at})"
        match of:
            case Items(width=int(width)):
                if change == "decode":
                    return [f"(i32.store offset={offset + 4} {at} {_decoded(pointer, count, width)})"]
                return [
                    f"(i32.store offset={offset} {at} (call $encode {pointer} {_times(count, width)}))",
                    f"(i32.store offset={offset + 4} {at} {_times(count, 2 * width)})",
                ]
            case Items(element) if element is not None:
                return [f"(call {self._loop(element, change)} {pointer} {count})"]
            case Product(parts):
                return [
                    step
                    for begin, part in offsets(parts)
                    for step in self._in_memory(part, change, at, offset + begin)
                ]
            case Sum(cases):
                begin = offset + payload_offset(of)
                return [
                    _when(
                        f"({case_load(of)} offset={offset} {at})",
                        number,
                        self._in_memory(case, change, at, begin),
                    )
                    for number, case in enumerate(cases)
                    if case is not None and has_numbers(case)
                ]
            case _:
                return []

    def _loop(self, element: Form, change: Change) -> str:
        """The function that changes the bytes in all elements of a list."""
        name = self._loops.get((element, change))
        if name is None:
            name = self._loops[element, change] = f"$airssys-bulk-each-{len(self._loops)}"
            steps = "\n      ".join(self._in_memory(element, change, "(local.get $at)", 0))
            self._functions.append(f"""(func {name} (param $at i32) (param $count i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      {steps}
      (local.set $at (i32.add (local.get $at) (i32.const {size_of(element)})))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))))""")
        return name


def _get(slot: Slot) -> str:
    name, core = slot
    return f"(i32.wrap_i64 (local.get {name}))" if core == "i64" else f"(local.get {name})"


def _set(slot: Slot, value: str) -> str:
    name, core = slot
    return f"(local.set {name} {f'(i64.extend_i32_u {value})' if core == 'i64' else value})"


def _decoded(at: str, count: str, width: int) -> str:
    """Turns so many digits into numbers; gives how many these are."""
    shift = width.bit_length() - 1
    found = f"(call $decode {at} {count})"
    return f"(i32.shr_u {found} (i32.const {shift}))" if shift else found


def _times(count: str, factor: int) -> str:
    shift = factor.bit_length() - 1
    return f"(i32.shl {count} (i32.const {shift}))" if shift else count


def _when(case: str, number: int, steps: Sequence[str]) -> str:
    return f"(if (i32.eq {case} (i32.const {number})) (then {' '.join(steps)}))"
