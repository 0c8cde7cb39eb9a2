"""The compiled form of a component: composed where that helps, and kept in the compile cache under a digest of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import ToolMissingError
from ..engine.cache import Cache, OnCompile
from ..engine.profiles import Engine, Profile
from ..engine.raw import package
from ..errors import printable
from .memories import checked
from .names import digest as composed_digest

if TYPE_CHECKING:
    from ...wit.model import Resolve

_LOG = logging.getLogger(__name__)


def load(
    wasm: Callable[[], bytes],
    digest: str,
    engine: Engine,
    cache: Cache,
    on_compile: OnCompile | None,
    types: Callable[[bytes], Resolve] | None,
) -> tuple[Any, bool]:
    """The compiled component, composed with its adapters if it has any use for them.

    Args:
        wasm: gives the component, if it has to be compiled now.
        digest: its SHA-256, in hex.
        engine: whose code it shall be.
        cache: where it is kept; also that a component is not composed.
        on_compile: told when compiling begins and ends.
        types: reads the types of a component, if this one has to be composed now; None never composes it.

    Returns:
        The `wasmtime.component.Component`, and whether it is composed.

    Raises:
        wasmtime.WasmtimeError: the engine does not accept the component.
        TooManyMemories: the engine would end the process if it had to compile the component.
    """
    composed, remember = composed_digest(digest), False
    if types is not None and _may_be_composed(engine.profile) and not cache.noted(composed):
        from .composing import NothingToCompose, compose

        try:
            # Before the cache locks the entry, as mostly there is none.
            outer = None if cache.contains(composed, engine.profile) else compose(wasm(), types)
            made = cache.load(
                wasm, composed, engine, on_compile, compose=lambda given: outer or compose(given, types)
            )
            return made, True
        except NothingToCompose as reason:
            _LOG.debug("a component is called without adapters: %s", reason)
            remember = True
        except ToolMissingError as error:
            _LOG.info("a component is called without adapters: %s", error)
        except package().WasmtimeError as error:
            # If it is the component's own fault, the engine says so again below.
            _LOG.info("the engine refuses the composed component: %s", printable(str(error)))
            remember = True
    raw = cache.load(wasm, digest, engine, on_compile, compose=checked)
    if remember:
        cache.note(composed)
    return raw, False


def is_kept(digest: str, profile: Profile, cache: Cache, *, bulk: bool = True) -> bool:
    """Whether what `load`, or without `bulk` the cache, would give lies in a cache, without checking it or loading the engine."""
    composed = composed_digest(digest)
    if bulk and _may_be_composed(profile) and not cache.noted(composed):
        return cache.contains(composed, profile)
    return cache.contains(digest, profile)


def _may_be_composed(profile: Profile) -> bool:
    # What runs in `concurrent` has asynchronous functions, whose adapters would have to wait for them.
    return profile != "concurrent"
