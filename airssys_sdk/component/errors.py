"""What can go wrong when a component is opened, linked and called.

Two families. A `ValidationError` says that an input is wrong: a value, a component, an object that implements imports;
nothing has happened yet and the instance stays usable. A `CallError` says that a call did not come back: after most of
them the instance is dead, because the engine allows no further entry into a guest that trapped.
"""

from __future__ import annotations

import functools

from ..errors import AirssysError, ValidationError


class CallError(AirssysError):
    """A call into a component ended without an answer.

    Attributes:
        guest_traceback: what a Python guest printed about its uncaught exception, or the engine's backtrace of a native
            guest; None when there is neither. It is made safe for a terminal and is part of the message.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        details: str | None = None,
        guest_traceback: str | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint, details=details or guest_traceback)
        self.guest_traceback = guest_traceback


class Trap(CallError):
    """The guest trapped: an uncaught exception, an `unreachable`, a memory access out of bounds. The instance is dead."""


class GuestExited(Trap):
    """The guest ended itself through WASI's `exit`. The instance is dead.

    Attributes:
        code: the exit code that the guest gave.
    """

    def __init__(self, message: str, *, code: int, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return functools.partial(type(self), code=self.code), self.args, self.__dict__


class FuelExhausted(CallError):
    """The call used up its fuel. The instance is dead."""


class DeadlineExceeded(CallError):
    """The call did not end before its deadline. The instance is dead."""


class MemoryExhausted(CallError):
    """The guest asked for more memory than its limit and died of it. The instance is dead.

    The engine only refuses to grow the memory; that the guest died of it is a diagnosis from what it left behind.
    """


class HostImportFailed(CallError):
    """The host's implementation of an import failed. The instance is dead.

    It raised something other than its declared error, or returned a value of the wrong type. The original exception
    is the `__cause__`.
    """


class InstanceDead(CallError):
    """The instance cannot be called: an earlier call trapped, or it was closed. Make a new one."""


class InstanceBusy(CallError):
    """The instance is in the middle of another call, which is not affected.

    That call runs in another thread, or further up in this one: a host import that calls back into the component
    that called it.
    """


class UnsupportedEngine(AirssysError):
    """The installed engine, or this Python, lacks what was asked for."""


class LinkError(ValidationError):
    """A component does not fit its world, or the host's object does not implement what the component imports."""


class InvalidComponent(ValidationError):
    """The bytes are no component that the engine accepts."""


class AsynchronousComponent(InvalidComponent):
    """The component has asynchronous functions, and was opened for an engine profile without them."""


class InvalidValue(ValidationError, ValueError):
    """A value has the right Python type but no place in its WIT type: out of range, a surrogate, a wrong length.

    Attributes:
        function: the WIT name of the function.
        path: the way to the value from the parameter on, such as `items[3].name`.
        expected: what the WIT type takes.
        got: the value, shortened.
    """

    def __init__(self, function: str, path: str, expected: str, got: str) -> None:
        super().__init__(f"{path}: expected {expected}, got {got}", where=printable(function))
        self.function = function
        self.path = path
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.function, self.path, self.expected, self.got)


class InvalidType(ValidationError, TypeError):
    """A value has a Python type that its WIT type does not take, or a call has a wrong number of arguments.

    Attributes:
        function: the WIT name of the function.
        path: the way to the value from the parameter on, such as `items[3].name`.
        expected: what the WIT type takes.
        got: the value or its type, shortened.
    """

    def __init__(self, function: str, path: str, expected: str, got: str) -> None:
        super().__init__(f"{path}: expected {expected}, got {got}", where=printable(function))
        self.function = function
        self.path = path
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.function, self.path, self.expected, self.got)


def printable(text: str) -> str:
    """`text` with everything that could steer a terminal written as an escape; line breaks and tabs stay."""
    return "".join(
        letter
        if letter.isprintable() or letter in "\n\t"
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
