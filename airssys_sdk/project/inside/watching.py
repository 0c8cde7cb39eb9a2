"""Watches what the author's methods raise, and makes of an `Err` that no caller can take an exception that says so."""

from __future__ import annotations

import contextlib
import importlib
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
                where = f"{export['interface']}#{function['name']}"
                name = function["method"]
                setattr(self, name, _watched(getattr(instance, name), where, _existing(function["errors"])))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instance, name)


def _watched(method: Callable[..., Any], where: str, allowed: tuple[type, ...]) -> Callable[..., Any]:
    err: Any = importlib.import_module("componentize_py_types").Err

    def call(*arguments: object) -> Any:
        try:
            return method(*arguments)
        except err as error:
            if type(error) is err and isinstance(error.value, allowed):
                raise
            shown = f"{type(error).__name__}({error.value!r})"
            raise TypeError(f"{where} cannot return {shown[:200]}") from error

    return call


def _existing(paths: list[str]) -> tuple[type, ...]:
    """The classes of these dotted names, as far as they exist."""
    found: list[type] = []
    for path in paths:
        module, _, name = path.rpartition(".")
        with contextlib.suppress(ImportError, AttributeError):
            found.append(getattr(importlib.import_module(module), name))
    return tuple(found)
