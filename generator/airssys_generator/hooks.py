"""Hooks: a caller's own changes to planned modules, and the checks that what comes back is still a module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, cast

from .errors import Diagnostic, GenerationError
from .plan import Module

Hook: TypeAlias = Callable[[Module], Module]
"""Called with every planned module; what it returns is emitted in its place."""


def hooked(modules: Iterable[Module], hook: Hook) -> Iterator[Module]:
    """The modules as a hook wants them.

    Raises:
        GenerationError: the hook moved a module, or gave one name to two things in it.
        TypeError: the hook returned something else than a module.
        Exception: whatever the hook raises, with a note that names the module it was given.
    """
    for module in modules:
        changed = _called(hook, module)
        if not isinstance(changed, Module):
            raise TypeError(f"the hook returned {changed!r} for {module.path}; it must return a Module")
        if changed.path != module.path:
            reason = f"the hook moved the module to {changed.path}"
            raise _error(Diagnostic(module.path, "path", reason, "leave `path` as it is"))
        _check_names(changed)
        yield changed


def _called(hook: Hook, module: Module) -> object:
    """What the hook returns: whatever a caller without type checks makes of it."""
    try:
        return cast("object", hook(module))
    except Exception as error:
        error.add_note(f"raised by the hook when it was given the module {module.path}")
        raise


def check_text(module: Module, text: str) -> None:
    """Make sure that a module that a hook changed is Python.

    Raises:
        GenerationError: it is not; with the line and the text in it.
    """
    try:
        ast.parse(text)
    except SyntaxError as error:
        line = error.lineno or 1
        reason = f"{error.msg}: {text.splitlines()[line - 1].strip()}"
        hint = "what the hook put there is no Python"
        raise _error(Diagnostic(f"{module.path}:{line}", "syntax", reason, hint)) from error


def _check_names(module: Module) -> None:
    names = [one.alias or one.name.partition(".")[0] for one in module.imports]
    names = [*dict.fromkeys(names), *(item.name for item in module.items)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        reason = f"after the hook two things are called {', '.join(map(repr, twice))}"
        raise _error(Diagnostic(module.path, "name", reason, "give what you add another name"))


def _error(found: Diagnostic) -> GenerationError:
    return GenerationError("the hook made a module that cannot be emitted", [found], where=found.where)
