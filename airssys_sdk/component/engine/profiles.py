"""Engines: one per profile and process, made when first asked for.

- `plain` compiles without instrumentation: the fastest calls, and nothing can stop one.
- `metered` counts fuel and yields: calls run in slices, with fuel budgets and deadlines.
- `concurrent` runs asynchronous functions of the component model: their calls are awaited, and nothing else can stop one.

Compiled code belongs to one profile, so the profile is part of every cache key.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import importlib.metadata
import platform
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from ...errors import UsageError
from .raw import ffi, package

if TYPE_CHECKING:
    import wasmtime

Profile: TypeAlias = Literal["plain", "metered", "concurrent"]

REVISION: Final = 2
"""Counts changes of the engines' settings here, so that code compiled under other settings is not found again."""

_STACK: Final = 4 << 20
# A sliced call runs on a stack of its own, and so does the Python code of host imports that it calls.


class Engine:
    """A wasmtime engine with one of the profiles. `engine` gives the one that the process shares.

    Code of one engine does not run in another: a component that is opened for two is loaded twice.

    Attributes:
        profile: `plain`, `metered` or `concurrent`.
        raw: the engine of the `wasmtime` package.

    Raises:
        UsageError: there is no such profile.
    """

    __slots__ = ("profile", "raw")

    def __init__(self, profile: Profile) -> None:
        if profile not in get_args(Profile):
            raise UsageError(
                f"there is no engine profile {profile!r}", hint=f"use one of {', '.join(get_args(Profile))}"
            )
        self.profile: Profile = profile
        self.raw: wasmtime.Engine = _configure(profile)
        close_at_exit(self.raw)

    @property
    def metered(self) -> bool:
        """Whether calls run in slices, with fuel and deadlines."""
        return self.profile == "metered"

    def __repr__(self) -> str:
        return f"Engine({self.profile!r})"


def engine(profile: Profile = "plain") -> Engine:
    """The process's engine with this profile; the first call makes it, from whatever thread.

    Raises:
        UsageError: there is no such profile.
    """
    with _LOCK:
        return _make(profile)


@functools.cache
def version() -> str:
    """The version of the installed engine."""
    return importlib.metadata.version("wasmtime")


@functools.cache
def target() -> str:
    """What compiled code runs on: the machine's architecture and operating system."""
    return f"{platform.machine().lower() or 'unknown'}-{sys.platform}"


_LOCK = threading.Lock()
# Two threads that ask first would otherwise make two engines, and code of one cannot run in the other.


@functools.cache
def _make(profile: Profile) -> Engine:
    return Engine(profile)


def close_at_exit(raw: Any) -> None:
    """Free an object of the `wasmtime` package before the interpreter clears its modules: its functions are gone then."""
    _OPEN.add(raw)
    _register()


def keep_for_ever(kept: object) -> None:
    """Give an object a reference that nothing takes away, so that not even the end of the interpreter frees it."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))


def leave_open_at_exit(raw: Any) -> None:
    """Do not free it after all: a thread that nobody waits for works with it until the process is gone."""
    _OPEN.discard(raw)


_OPEN: weakref.WeakSet[Any] = weakref.WeakSet()


@functools.cache
def _register() -> None:
    atexit.register(_close_all)


def _close_all() -> None:
    if threading.active_count() > 1:
        # Only threads that nobody waits for are left. They may be inside the engine, or come back to it before the process is gone,
        # and what they use must not be freed under them.
        for raw in list(_OPEN):
            keep_for_ever(raw)
        return
    for raw in list(_OPEN):
        raw.close()


def _configure(profile: Profile) -> wasmtime.Engine:
    config = package().Config()
    config.wasm_component_model_map = True
    # Support for the component model's own async costs every call half as much again (50.0.1), and in a metered engine it
    # fails each call after one that yielded for fuel. It also ends a call of the host with two borrowed resources.
    ffi().wasmtime_config_concurrency_support_set(config.ptr(), profile == "concurrent")
    for feature in ("async", "async_stackful", "more_async_builtins"):
        enable = getattr(ffi(), f"wasmtime_config_wasm_component_model_{feature}_set")
        enable(config.ptr(), profile == "concurrent")
    ffi().wasmtime_config_wasm_component_model_implements_set(config.ptr(), True)
    if profile == "metered":
        config.consume_fuel = True
        ffi().wasmtime_config_async_stack_size_set(config.ptr(), _STACK)
    made: wasmtime.Engine = package().Engine(config)
    return made
