"""Imports the author's module, checks it against the world, hands it over.

It does three things that componentize-py leaves open: a missing class, method or parameter is an error of the build and not of the first call; all functions of
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
import sys
import traceback
import types
from collections.abc import Callable, Generator, Mapping
from typing import Any

from .mending import mend, offer
from .watching import Front, watch_resource

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
    mend(plan)
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
            watch_resource(getattr(app, export["class"]), export)
            offer(getattr(app, export["class"]), *export["found_as"])
            continue
        try:
            instance = getattr(app, export["class"])()
        except BaseException as error:
            _report_raised(error, f"creating {export['class']}()", plan["hidden"])
            raise
        factories[export["class"]] = _always(Front(instance, export))
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
        lacking=_lacking(error),
        traceback="".join(shown.format()),
    )


def _lacking(error: BaseException) -> tuple[str, str] | None:
    """The module and the name that `from module import name` did not find there."""
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        name: str | None = getattr(error, "name_from", None)  # newer than the Python that checks the types
        if error.name and name:
            return error.name, name
    return None


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
