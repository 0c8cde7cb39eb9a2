"""A component of the world `example:values/values@1.0.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

from componentize_py_types import Err, Ok, Some
from wit_world import exports
from wit_world.imports import echo


class Echo(exports.Echo):
    """One function for each kind of value."""

    def scalars(
        self,
        a: bool,
        b: int,
        c: int,
        d: int,
        e: int,
        f: int,
        g: int,
        h: int,
        i: int,
        j: float,
        k: float,
        l: str,
        m: str,
    ) -> int:
        raise NotImplementedError("example:values/echo@1.0.0#scalars")

    def lists(
        self,
        numbers: list[int],
        words: list[str],
        bytes: bytes,
        raw: bytes,
        octets: list[int],
    ) -> list[bytes]:
        """A list of an alias of `u8` is a `list[int]` here, not `bytes`: so componentize-py passes it."""
        raise NotImplementedError("example:values/echo@1.0.0#lists")

    def packets(self, packet: echo.Packet) -> list[echo.Packet]:
        raise NotImplementedError("example:values/echo@1.0.0#packets")

    def tuples(
        self,
        pair: tuple[int, str],
        one: tuple[echo.Color],
    ) -> tuple[echo.Point, echo.Shape]:
        raise NotImplementedError("example:values/echo@1.0.0#tuples")

    def named(
        self,
        point: echo.Point,
        shape: echo.Shape,
        color: echo.Color,
        access: echo.Access,
    ) -> echo.Shape | None:
        raise NotImplementedError("example:values/echo@1.0.0#named")

    def options(
        self,
        a: int | None,
        b: Some[str | None] | None,
        c: list[Some[Some[bool | None] | None] | None],
    ) -> Some[echo.Point | None] | None:
        raise NotImplementedError("example:values/echo@1.0.0#options")

    def results(
        self,
        a: Ok[int] | Err[str],
        b: Ok[None] | Err[echo.Color],
        c: Ok[int | None] | Err[None],
        d: list[Ok[None] | Err[None]],
    ) -> Ok[echo.Point] | Err[echo.Shape] | None:
        raise NotImplementedError("example:values/echo@1.0.0#results")
