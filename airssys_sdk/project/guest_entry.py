"""Runs inside the guest while it is built: imports the author's module, checks it against the world, hands it over.

The build stages a copy of this file; nothing on the host imports it. It does three things that componentize-py
leaves open: a missing class, method or parameter is an error of the build and not of the first call; all functions of
an interface share one instance of its class, so `self` keeps state between calls; and code carries the author's file
names and source lines, so a traceback reads the same at home and in the guest.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import inspect
import json
import linecache
import os
import re
import sys
import traceback
import types
from collections.abc import Callable, Generator, Mapping
from typing import Any

REPORT = "AIRSSYS-BUILD-REPORT "
"""What stands before the report on stderr; one line of JSON follows."""


def prepare(plan: Mapping[str, Any]) -> dict[str, Callable[[], object]]:
    """Import the author's module and give what componentize-py looks for: a factory per exported interface.

    Args:
        plan: `app`, the module's name; `folders`, the author's folder for each folder of the guest's path;
            `exports`, for each class its `class`, `interface`, `functions` (`name`, `method`, `parameters`, `is_async`,
            `is_static`, `errors`) and, for a resource, `found_as`, the module and the class where componentize-py looks for it;
            `twins`, `constructors`, `resources` and `left_out`, what to mend in its modules; `hidden`, files whose
            frames no traceback shows.
    """
    _show_authors_files(plan["folders"])
    _mend(plan)
    with _without_host():
        return _prepared(plan)


def _prepared(plan: Mapping[str, Any]) -> dict[str, Callable[[], object]]:
    try:
        app = importlib.import_module(plan["app"])
    except BaseException as error:
        _report_raised(error, f"importing {plan['app']}", plan["hidden"])
        raise
    problems = [problem for export in plan["exports"] for problem in _problems(app, export)]
    if problems:
        _report(kind="missing", file=_file(app, plan["folders"]), problems=problems)
        raise SystemExit(1)
    factories: dict[str, Callable[[], object]] = {}
    for export in plan["exports"]:
        if export["found_as"] is not None:
            _offer(getattr(app, export["class"]), *export["found_as"])
            continue
        try:
            instance = getattr(app, export["class"])()
        except BaseException as error:
            _report_raised(error, f"creating {export['class']}()", plan["hidden"])
            raise
        factories[export["class"]] = _always(_Front(instance, export))
    return factories


@contextlib.contextmanager
def _without_host() -> Generator[None, None, None]:
    """While a component is built there is no host: a call to it raises where it stands, instead of a bare trap."""
    runtime: Any = importlib.import_module("componentize_py_runtime")
    call_import = runtime.call_import

    def refuse(*_: object) -> None:
        raise RuntimeError("there is no host while the component is built; call it from a method")

    runtime.call_import = refuse
    try:
        yield
    finally:
        runtime.call_import = call_import


def _mend(plan: Mapping[str, Any]) -> None:
    """Put right what componentize-py's modules get wrong, before the author's module sees them."""
    types_module: Any = importlib.import_module("componentize_py_types")
    for name in ("__setattr__", "__delattr__"):  # a frozen exception can take no notes and no traceback
        if name in vars(types_module.Err):
            delattr(types_module.Err, name)
    for exported, imported in plan["twins"]:
        _share(importlib.import_module(exported), importlib.import_module(imported))
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


def _offer(cls: type, module: str, name: str) -> None:
    """Put the author's class for a resource where componentize-py looks for it: in a module named like the interface."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        found = sys.modules[module] = types.ModuleType(module)
    setattr(found, name, cls)


class _Front:
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


def _always(instance: object) -> Callable[[], object]:
    return lambda: instance


def _problems(app: types.ModuleType, export: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the author's module lacks for one exported interface."""
    found = getattr(app, export["class"], None)
    about = {"class": export["class"], "interface": export["interface"]}
    if not isinstance(found, type):
        present = [name for name, value in vars(app).items() if isinstance(value, type)]
        return [{**about, "what": "class", "present": sorted(present)}]
    problems: list[dict[str, Any]] = []
    for function in export["functions"]:
        method = inspect.getattr_static(found, function["method"], None)
        line = getattr(getattr(method, "__code__", None), "co_firstlineno", None)
        one = {**about, "function": function["name"], "method": function["method"], "line": line}
        one["parameters"] = function["parameters"]
        if method is None or getattr(method, "__isabstractmethod__", False):
            problems.append({**one, "what": "method", "present": sorted(vars(found))})
            continue
        callable_ = getattr(found, function["method"])
        if not callable(callable_):
            problems.append({**one, "what": "callable"})
        elif inspect.iscoroutinefunction(callable_) != function["is_async"]:
            problems.append({**one, "what": "async" if function["is_async"] else "sync"})
        elif function["is_static"] != isinstance(method, (staticmethod, classmethod)):
            problems.append({**one, "what": "static" if function["is_static"] else "method of objects"})
        elif not _fits(
            callable_, len(function["parameters"]), bound=isinstance(method, (staticmethod, classmethod))
        ):
            problems.append({**one, "what": "parameters", "signature": str(inspect.signature(callable_))})
    return problems


def _fits(function: Callable[..., object], count: int, *, bound: bool) -> bool:
    """Whether a method can be called with `count` arguments in order, besides `self`."""
    try:
        inspect.signature(function).bind(*range(count if bound else count + 1))
    except TypeError:
        return False
    return True


def _show_authors_files(folders: Mapping[str, str]) -> None:
    """Compile every module below `folders` under its author's file name, and keep its lines for tracebacks."""

    class Loader(importlib.machinery.SourceFileLoader):
        def get_code(self, fullname: str) -> types.CodeType:
            path = self.get_filename(fullname)
            shown, data = _authors(path, folders), self.get_data(path)
            lines = data.decode("utf-8", "replace").splitlines(keepends=True)
            linecache.cache[shown] = (len(data), None, lines, shown)
            return compile(data, shown, "exec", dont_inherit=True)

    find = importlib.machinery.FileFinder.path_hook(
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (Loader, importlib.machinery.SOURCE_SUFFIXES),
        (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
    )

    def hook(path: str) -> Any:
        if _authors(path, folders) == path:
            raise ImportError(f"{path} is no folder of the author's")
        return find(path)

    sys.path_hooks.insert(0, hook)
    for path in [path for path in sys.path_importer_cache if _authors(path, folders) != path]:
        del sys.path_importer_cache[path]


def _authors(path: str, folders: Mapping[str, str]) -> str:
    for staged, shown in folders.items():
        if path == staged or path.startswith(f"{staged}/"):
            return f"{shown}{path[len(staged) :]}".removeprefix("./")
    return path


def _file(app: types.ModuleType, folders: Mapping[str, str]) -> str:
    return _authors(app.__file__ or app.__name__, folders)


def _report_raised(error: BaseException, doing: str, hidden: list[str]) -> None:
    """Report an exception with its traceback, less the frames of the machinery."""
    shown = traceback.TracebackException.from_exception(error)
    _hide(shown, hidden)
    file, line = _place(error, shown.stack)
    _report(
        kind="raised",
        doing=doing,
        type=type(error).__name__,
        message=str(error),
        file=file,
        line=line,
        missing=error.name if isinstance(error, ModuleNotFoundError) else None,
        traceback="".join(shown.format()),
    )


def _place(error: BaseException, frames: traceback.StackSummary) -> tuple[str | None, int | None]:
    """The last place in the author's files, which are those with relative names."""
    if isinstance(error, SyntaxError):
        return error.filename, error.lineno
    for frame in [
        *(frame for frame in reversed(frames) if not frame.filename.startswith(("/", "<"))),
        *frames[-1:],
    ]:
        return frame.filename, frame.lineno
    return None, None


def _hide(shown: traceback.TracebackException, hidden: list[str]) -> None:
    kept = [frame for frame in shown.stack if not frame.filename.startswith(("<frozen ", *hidden))]
    shown.stack = traceback.StackSummary.from_list(kept)
    for other in (shown.__cause__, shown.__context__):
        if other is not None:
            _hide(other, hidden)


def _report(**report: object) -> None:
    print(f"\n{REPORT}{json.dumps(report)}", file=sys.stderr, flush=True)
