"""The text of an adapter: a component that has the functions of interfaces with lists of numbers as text, or the other way round.

It is given each interface's real functions as an instance, and exports an instance for each with its own, of the same names. All
of them have one memory: an instance of a component has one call at a time, whichever function is called.
"""

from __future__ import annotations

from collections.abc import Sequence

from .corecode import CoreCode
from .forms import form
from .selection import Selected
from .typetext import TypeTexts, quoted


def real_name(number: int) -> str:
    """What an adapter calls the instance that it is given with the real functions of one of its interfaces."""
    return f"real-{number}"


def offered_name(number: int) -> str:
    """What an adapter calls the instance that it gives for one of its interfaces."""
    return f"offered-{number}"


def adapter(identifier: str, interfaces: Sequence[Selected], *, outside: bool) -> str:
    """An adapter component.

    Args:
        identifier: what the text calls it.
        interfaces: the functions, by interface.
        outside: whether it stands before exports: it is called with text, and calls with bytes. Before imports the other way round.
    """
    code = (
        CoreCode(parameters="decode", result="encode")
        if outside
        else CoreCode(parameters="encode", result="decode")
    )
    given, lowered, passed, lifted = list[str](), list[str](), list[str](), list[str]()
    for number, selected in enumerate(interfaces):
        real = TypeTexts(bulk=not outside)
        offered = TypeTexts(bulk=outside, stem=f"$offered-{number}-")
        taken, functions, own = list[str](), list[str](), list[str]()
        for function in selected.functions:
            at, name = len(lowered), quoted(function.name)
            result = None if function.result is None else form(function.result)
            behind = code.add(str(at), [form(p.type) for p in function.parameters], result)
            taken.append(f"(export {name} (func {real.function(function)}))")
            lowered.append(f"(core func $lowered-{at} (canon lower (func $real-{number} {name}) {_MEMORY}))")
            passed.append(f'(export "{at}" (func $lowered-{at}))')
            reset = " (post-return $reset)" if behind else ""
            functions.append(
                f"(func $f{at} {offered.function(function)} "
                f'(canon lift (core func $code "{at}") {_MEMORY}{reset}))'
            )
            own.append(f"(export {name} (func $f{at}))")
        given.append(
            f'(import "{real_name(number)}" (instance $real-{number}\n    {_lines([*real.in_instance_type(), *taken])}))'
        )
        lifted += [
            *offered.defined(),
            *functions,
            f"(instance $offered-{number} {' '.join([*offered.given(), *own])})",
            f'(export "{offered_name(number)}" (instance $offered-{number}))',
        ]
    return f"""(component {identifier}
  {_lines(given)}
  (alias outer $composed $memory (core module $memory))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $memory))
  (alias core export $memory "realloc" (core func $realloc))
  (alias core export $memory "reset" (core func $reset))
  {_lines(lowered)}
  {code.text("$code")}
  (core instance $code (instantiate $code
    (with "memory" (instance $memory))
    (with "real" (instance {" ".join(passed)}))))
  {_lines(lifted)})"""


_MEMORY = "(memory $memory) (realloc $realloc)"


def _lines(parts: list[str]) -> str:
    return "\n    ".join(parts)
