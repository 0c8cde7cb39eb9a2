"""The text of an adapter: a component that has the functions of an interface with lists of numbers as text, or the other way round.

It is given the real functions as the instance `real`, and exports its own at its top, with the names of their types: an
instance of it is the other interface.
"""

from __future__ import annotations

from .corecode import CoreCode
from .forms import form
from .selection import Selected
from .typetext import TypeTexts, quoted


def adapter(identifier: str, selected: Selected, *, outside: bool) -> str:
    """An adapter component.

    Args:
        identifier: what the text calls it.
        selected: the functions.
        outside: whether it stands before exports: it is called with text, and calls with bytes. Before imports the other way round.
    """
    real, offered = TypeTexts(bulk=not outside), TypeTexts(bulk=outside)
    code = (
        CoreCode(parameters="decode", result="encode")
        if outside
        else CoreCode(parameters="encode", result="decode")
    )
    given, lowered, passed, lifted = list[str](), list[str](), list[str](), list[str]()
    for number, function in enumerate(selected.functions):
        name = quoted(function.name)
        result = None if function.result is None else form(function.result)
        behind = code.add(str(number), [form(p.type) for p in function.parameters], result)
        given.append(f"(export {name} (func {real.function(function)}))")
        lowered.append(
            f"(core func $lowered-{number} (canon lower (func $real {name}) {_MEMORY}))",
        )
        passed.append(f'(export "{number}" (func $lowered-{number}))')
        reset = " (post-return $reset)" if behind else ""
        lifted.append(
            f"(func $f{number} {offered.function(function)} "
            f'(canon lift (core func $code "{number}") {_MEMORY}{reset})) (export {name} (func $f{number}))'
        )
    return f"""(component {identifier}
  (import "real" (instance $real
    {_lines(real.in_instance_type())}
    {_lines(given)}))
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
  {_lines(offered.exported())}
  {_lines(lifted)})"""


_MEMORY = "(memory $memory) (realloc $realloc)"


def _lines(parts: list[str]) -> str:
    return "\n    ".join(parts)
