"""Watches what the author's methods raise, and makes of an `Err` that no caller can take an exception that says so."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any


class Front:
    """What componentize-py calls in place of the author's object: its methods, with a watch on what they raise.

    An `Err` that another function's host or guest raised, and that this one cannot return, would end in a panic without a
    traceback; here it becomes an exception that has one.
    """

    def __init__(self, instance: object, export: Mapping[str, Any]) -> None:
        self._instance = instance
        for function in export["functions"]:
            if function["errors"] is not None:
                name = function["method"]
                setattr(self, name, _watched(getattr(instance, name), export, function))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instance, name)


_KINDS: tuple[Any, ...] = (staticmethod, classmethod)


def watch_resource(cls: Any, export: Mapping[str, Any]) -> None:
    """Watch what the methods of the author's class for a resource raise, when the host calls them and not the author."""
    for function in export["functions"]:
        if function["errors"] is None:
            continue
        name = function["method"]
        found: Any = inspect.getattr_static(cls, name)
        kind: Any = next((one for one in _KINDS if isinstance(found, one)), None)
        inner: Any = found.__func__ if kind else found
        watched = functools.wraps(inner)(_watched(inner, export, function, only_host=True))
        setattr(cls, name, kind(watched) if kind else watched)


def _watched(
    method: Callable[..., Any],
    export: Mapping[str, Any],
    function: Mapping[str, Any],
    *,
    only_host: bool = False,
) -> Callable[..., Any]:
    err: Any = importlib.import_module("componentize_py_types").Err
    # Of a resource this is its path, and its functions are named after it.
    where = f"{export['interface'].partition('#')[0]}#{function['name']}"
    allowed = _existing(function["errors"])

    def call(*arguments: object) -> Any:
        try:
            return method(*arguments)
        except err as error:
            # What the host calls has no Python below it; the author's own code may catch whatever it likes.
            frame = inspect.currentframe()
            inside = only_host and frame is not None and frame.f_back is not None
            if inside or (type(error) is err and isinstance(error.value, allowed)):
                raise
            raise TypeError(f"{where} {_refusal(error, allowed)}") from error

    return call


def _refusal(error: Any, allowed: tuple[type, ...]) -> str:
    """What was raised and where, and what could have been; errors of the host say that they are."""
    shown = f"{type(error).__name__}({error.value!r})"
    text = f"cannot return {shown[:200]}"
    place, of_host = _raised(error.__traceback__)
    if place is not None:
        text += f", which {'a host function raised' if of_host else 'was raised'} at {place}"
    if not of_host and allowed:
        names = ["None" if cls is type(None) else cls.__name__ for cls in allowed]
        more = " or ..." if len(set(names)) > 4 else ""
        text += f": the WIT wants Err of {' or '.join(list(dict.fromkeys(names))[:4])}{more}"
    return text


def _raised(traceback: types.TracebackType | None) -> tuple[str | None, bool]:
    """The author's line, which is in a file with a relative name, and whether it called a host function there."""
    place, of_host = None, False
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(("/", "<")):
            place, of_host = f"{code.co_filename}:{traceback.tb_lineno}", False
        elif traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "wit_world":
            of_host = True
        traceback = traceback.tb_next
    return place, of_host


def _existing(paths: list[str]) -> tuple[type, ...]:
    """The classes of these dotted names, as far as they exist."""
    found: list[type] = []
    for path in paths:
        module, _, name = path.rpartition(".")
        with contextlib.suppress(ImportError, AttributeError):
            found.append(getattr(importlib.import_module(module), name))
    return tuple(found)
