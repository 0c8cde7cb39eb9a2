"""Hooks: a caller's own changes to planned modules, and the checks that what comes back is still a module."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, cast

from .errors import Diagnostic, GenerationError
from .plan import Class, Field, Function, Import, Item, Member, Module, Parameter

Hook: TypeAlias = Callable[[Module], Module]
"""Called with every planned module; what it returns is emitted in its place."""


def hooked(modules: Iterable[Module], hook: Hook) -> Iterator[Module]:
    """The modules as a hook wants them.

    Raises:
        GenerationError: the hook moved a module, or gave one name to two things in it, in a class of it or in a function.
        TypeError: the hook returned something else than a module, or put something else than items and imports into one.
        Exception: whatever the hook raises, with a note that names the module it was given.
    """
    for module in modules:
        changed = _called(hook, module)
        if not isinstance(changed, Module):
            raise TypeError(f"the hook returned {changed!r} for {module.path}; it must return a Module")
        if changed.path != module.path:
            reason = f"the hook moved the module to {changed.path}"
            raise _error(Diagnostic(module.path, "path", reason, "leave `path` as it is"))
        _check_parts(changed)
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
    """Make sure that a module that a hook changed is Python, and has what it names.

    Raises:
        GenerationError: it is not, with the line and the text in it; or it uses a name that nothing binds.
    """
    try:
        compile(text, module.path, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = error.lineno or 1
        reason = f"{error.msg}: {text.splitlines()[line - 1].strip()}"
        hint = "what the hook put there is no Python"
        raise _error(Diagnostic(f"{module.path}:{line}", "syntax", reason, hint)) from error
    for name in _unbound(ast.parse(text)):
        reason = f"after the hook {name.id!r} is used and nothing in the module is called so"
        hint = "give the item that you add its imports, and leave those that others need"
        raise _error(Diagnostic(f"{module.path}:{name.lineno}", "name", reason, hint))


def _unbound(tree: ast.Module) -> Iterator[ast.Name]:
    """Names that are read and nowhere bound, in whatever scope."""
    bound = {*dir(builtins), "__file__"}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
            case _:
                pass
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return (node for node in names if node.id not in bound)


def _check_parts(module: Module) -> None:
    """What a caller without type checks may have mixed up."""
    for part, kinds in ((module.items, Item), (module.imports, Import)):
        for one in cast("tuple[object, ...]", part):
            if not isinstance(one, kinds):
                what = "imports" if kinds is Import else "items"
                raise TypeError(f"the hook put {one!r} among the {what} of {module.path}")


def _check_names(module: Module) -> None:
    names = [one.alias or one.name.partition(".")[0] for one in module.imports]
    names = [*dict.fromkeys(names), *(item.name for item in module.items)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        reason = f"after the hook two things are called {', '.join(map(repr, twice))}"
        raise _error(Diagnostic(module.path, "name", reason, "give what you add another name"))
    for item in module.items:
        if isinstance(item, Class):
            _check_once(module, item.name, [*item.fields, *item.members, *item.functions])
        for function in item.functions if isinstance(item, Class) else (item,):
            if isinstance(function, Function):
                place = function.name if function is item else f"{item.name}.{function.name}"
                _check_once(module, place, function.parameters)


def _check_once(module: Module, place: str, parts: Sequence[Field | Member | Function | Parameter]) -> None:
    names = [part.name for part in parts]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        reason = f"after the hook two things in {place} are called {', '.join(map(repr, twice))}"
        raise _error(Diagnostic(module.path, "name", reason, "give what you add another name"))


def _error(found: Diagnostic) -> GenerationError:
    return GenerationError("the hook made a module that cannot be emitted", [found], where=found.where)
