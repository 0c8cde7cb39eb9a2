"""Puts right what componentize-py's modules get wrong or leave out, before the author's module sees them."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any


def mend(plan: Mapping[str, Any]) -> None:
    """Put right what componentize-py's modules get wrong, before the author's module sees them."""
    types_module: Any = importlib.import_module("componentize_py_types")
    for name in ("__setattr__", "__delattr__"):  # a frozen exception can take no notes and no traceback
        if name in vars(types_module.Err):
            delattr(types_module.Err, name)
    for exported, imported in plan["twins"]:
        module = _existing(exported)
        if module is not None:  # an interface of types alone has a module on one side only
            _share(module, importlib.import_module(imported))
    for module, name in plan["constructors"]:
        _may_fail(getattr(importlib.import_module(module), name), types_module)
    for name in plan["resources"]:
        setattr(
            importlib.import_module("wit_world"), name, type(name, (_Imported,), {"__module__": "wit_world"})
        )
    if plan["left_out"]:
        _add(plan["left_out"], types_module)


def _share(exported: types.ModuleType, imported: types.ModuleType) -> None:
    """Let a class that stands in both modules be one: values that the guest is given have that of the import."""
    for name, cls in list(vars(exported).items()):
        twin = vars(imported).get(name)
        own = isinstance(cls, type) and cls.__module__ == exported.__name__
        if own and isinstance(twin, type) and not getattr(cls, "_is_protocol", False):
            setattr(exported, name, twin)


def _may_fail(cls: Any, types_module: Any) -> None:
    """Let the constructor of an imported resource raise its error case: componentize-py takes that for the resource."""
    (index,) = _numbers(inspect.getsource(cls.__init__))
    made = {"unwraps": True, "is_async": False}
    cls.__init__ = _constructor(_caller(index, made, types_module))


def _constructor(call: Callable[..., Any]) -> Callable[..., None]:
    """What takes the resource over that a call gives."""
    weakref: Any = importlib.import_module("weakref")

    def __init__(self: Any, *arguments: object) -> None:  # noqa: N807
        made = call(*arguments)
        _, drop, (of, handle), _ = made.finalizer.detach()
        self.handle = made.handle
        self.finalizer = weakref.finalize(self, drop, of, handle)

    return __init__


class _Imported:
    """Base of the classes of resources that the world itself declares: componentize-py looks for them and makes none."""

    handle: Any
    finalizer: Any

    def __init__(self) -> None:
        raise TypeError(f"{type(self).__name__} has no constructor; the host gives its objects")

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        _, drop, arguments, _ = self.finalizer.detach()
        self.handle = None
        drop(*arguments)


def _add(left_out: list[Mapping[str, Any]], types_module: Any) -> None:
    """Make the functions that componentize-py leaves out.

    Imports are numbered in the order in which these functions are given; the numbers that nothing uses are theirs.
    """
    used: set[int] = set()
    package: Any = importlib.import_module("wit_world")
    for path in package.__path__:
        for folder, _, files in os.walk(path):
            for name in files:
                if name.endswith(".py"):
                    used |= _numbers(open(f"{folder}/{name}", encoding="utf-8").read())  # noqa: SIM115, PTH123
    free = sorted(set(range(len(used) + len(left_out))) - used)
    if len(free) != len(left_out):
        raise SystemExit(
            "the imports that the world itself names cannot be told apart; please report this world"
        )
    for number, function in zip(free, left_out, strict=True):
        call = _caller(number, function, types_module)
        module = _module(function["module"])
        if function["resource"] is None:
            setattr(module, function["name"], call)
        else:
            _add_member(getattr(module, function["resource"]), function, call)


def _add_member(cls: Any, function: Mapping[str, Any], call: Callable[..., Any]) -> None:
    if function["kind"] == "constructor":
        cls.__init__ = _constructor(call)
    elif function["kind"] == "static":
        setattr(cls, function["name"], staticmethod(call))
    else:
        setattr(cls, function["name"], call)


def _numbers(source: str) -> set[int]:
    """The numbers of the imports that some source of componentize-py calls."""
    return {int(number) for number in re.findall(r"\bcall_import\((\d+), ", source)}


def _module(name: str) -> types.ModuleType:
    """A module of the bindings; one that is not there is made."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        parent, _, last = name.rpartition(".")
        package = _module(parent) if "." in parent else importlib.import_module(parent)
        made = sys.modules[name] = types.ModuleType(name)
        if name.count(".") == 1:
            made.__path__ = []
        setattr(package, last, made)
        return made


def _caller(number: int, function: Mapping[str, Any], types_module: Any) -> Callable[..., Any]:
    runtime: Any = importlib.import_module("componentize_py_runtime")

    def given(result: Any) -> Any:
        if not function["unwraps"]:
            return result
        if isinstance(result, types_module.Err):
            raise result
        return result.value

    if function["is_async"]:
        support: Any = importlib.import_module("componentize_py_async_support")

        async def call_later(*arguments: object) -> Any:
            return given(await support.await_result(runtime.call_import(number, list(arguments))))

        return call_later

    def call(*arguments: object) -> Any:
        return given(runtime.call_import(number, list(arguments)))

    return call


def offer(cls: type, module: str, name: str) -> None:
    """Put the author's class for a resource where componentize-py looks for it: in a module named like the interface."""
    found = _existing(module)
    if found is None:
        found = sys.modules[module] = types.ModuleType(module)
    elif vars(found).get(name, cls) is not cls:
        # A module of Python's own goes on with what it has: `logging` with its `Logger`.
        found = sys.modules[module] = _Veil(found)
    vars(found)[name] = cls


class _Veil(types.ModuleType):
    """Stands in the place of a module, and differs from it in what is put into its `__dict__`."""

    def __init__(self, module: types.ModuleType) -> None:
        super().__init__(module.__name__)
        vars(self)["_veiled"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_veiled"], name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(vars(self)["_veiled"], name, value)


def _existing(name: str) -> types.ModuleType | None:
    """A module; None if there is none of this name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
