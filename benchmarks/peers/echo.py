"""extism, with a plugin that hands its input back.

The plugin names its input as its output, and copies nothing into its own memory: less than any real plugin does.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

from airssys_sdk.wit.tools import run_wasm_tools

from .common import Unavailable, microseconds

WAT = """(module
  (import "extism:host/env" "input_offset" (func $offset (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (func (export "echo") (result i32)
    (call $output (call $offset) (call $length))
    (i32.const 0)))"""


class Echo:
    """The plugin.

    Raises:
        Unavailable: extism is not installed, or does not work here.
    """

    def __init__(self) -> None:
        try:
            extism: Any = importlib.import_module("extism")
        except ImportError:
            raise Unavailable(
                "it is not installed; `python -m pip install --group bench` does that, or says why not"
            ) from None
        except OSError as error:
            raise Unavailable(f"its library does not load: {error}") from None
        self.version = importlib.metadata.version("extism")
        self._plugin: Any = extism.Plugin(run_wasm_tools(["parse", "-"], stdin=WAT.encode()))

    def can(self, name: str) -> bool:
        """Whether it can do what the function of that WIT name does."""
        return name in ("echo-text", "echo-bytes")

    def prepare(self, data: str | bytes, times: int) -> Callable[[], float]:
        """A function that measures one round."""
        call = functools.partial(self._plugin.call, "echo")
        if isinstance(data, str):
            call = functools.partial(call, parse=_text)
        assert call(data) == data
        return functools.partial(microseconds, call, (data,), times)


def _text(data: Any) -> str:
    return str(data, "utf-8")
