"""A component for tests: a fresh instance, called with the text that `airssys-sdk call` takes."""

from __future__ import annotations

from typing import cast

from ..component import Err, Ok
from ..component.hosting.dynamic import Function, Instance
from ..wit import wave


class World:
    """An instance of a component.

    Args:
        instance: the instance; whoever made it closes it.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def call(self, text: str) -> str:
        """Call a function with arguments as WAVE text and give its result as WAVE text.

        Args:
            text: such as `counting.count("to be or not to be", frequency)`.

        Returns:
            the result on one line, such as `ok([{text: "to", count: 2}])` or `err("no words")`; empty for a function
            without result.

        Raises:
            WaveError: the text is no call, or its arguments do not fit.
            UsageError: there is no such function, or it takes or gives a resource: see `instance.resource`.
            CallError: the guest did not answer, as after an uncaught exception.
        """
        call = wave.parse_call(text, lambda path: self.instance.function(path).signature_as_text())
        signature = call.signature
        result: object
        try:
            result = self.instance.function(call.path)(*call.arguments)
            result = Ok(result) if signature.raises else result
        except Err as error:  # pyright: ignore[reportUnknownVariableType]  (`except` cannot say of what)
            result = cast("Err[object]", error)
        return "" if signature.result is None else wave.format(result, signature.result)

    def function(self, path: str) -> Function:
        """A function to be called with Python values.

        Args:
            path: such as `counting.count`.

        Raises:
            UsageError: there is no such function.
        """
        return self.instance.function(path)
