"""The guest that gives every kind of value to its host and back."""

from collections.abc import Callable
from typing import TypeVar

import wit_world
from componentize_py_types import Err, Ok, Some
from wit_world import exports
from wit_world.imports import host, kinds

T = TypeVar("T")


class Guest(exports.Guest):
    """Passes each value on to the host's function of the same name, and what comes back on to the caller."""

    def __init__(self) -> None:
        self.last = ""

    def passed(self, give: Callable[[T], T], value: T) -> T:
        self.last = repr(value)
        return give(value)

    def give_yes(self, value: bool) -> bool:
        return self.passed(host.give_yes, value)

    def give_whole(self, value: kinds.Whole) -> kinds.Whole:
        return self.passed(host.give_whole, value)

    def give_single(self, value: float) -> float:
        return self.passed(host.give_single, value)

    def give_double(self, value: float) -> float:
        return self.passed(host.give_double, value)

    def give_letter(self, value: str) -> str:
        return self.passed(host.give_letter, value)

    def give_text(self, value: str) -> str:
        return self.passed(host.give_text, value)

    def give_numbers(self, value: list[int]) -> list[int]:
        return self.passed(host.give_numbers, value)

    def give_words(self, value: list[str]) -> list[str]:
        return self.passed(host.give_words, value)

    def give_pair(self, value: tuple[int, str]) -> tuple[int, str]:
        return self.passed(host.give_pair, value)

    def give_one(self, value: tuple[kinds.Color]) -> tuple[kinds.Color]:
        return self.passed(host.give_one, value)

    def give_point(self, value: kinds.Point) -> kinds.Point:
        return self.passed(host.give_point, value)

    def give_points(self, value: list[kinds.Point]) -> list[kinds.Point]:
        return self.passed(host.give_points, value)

    def give_shape(self, value: kinds.Shape) -> kinds.Shape:
        return self.passed(host.give_shape, value)

    def give_lone(self, value: kinds.Lone) -> kinds.Lone:
        return self.passed(host.give_lone, value)

    def give_color(self, value: kinds.Color) -> kinds.Color:
        return self.passed(host.give_color, value)

    def give_access(self, value: kinds.Access) -> kinds.Access:
        return self.passed(host.give_access, value)

    def give_months(self, value: kinds.Months) -> kinds.Months:
        return self.passed(host.give_months, value)

    def give_raw(self, value: bytes) -> bytes:
        return self.passed(host.give_raw, value)

    def give_octets(self, value: list[int]) -> list[int]:
        """A list of an alias of `u8` is a `list[int]` here, not `bytes`: so componentize-py passes it."""
        return self.passed(host.give_octets, value)

    def give_blobs(self, value: list[bytes]) -> list[bytes]:
        return self.passed(host.give_blobs, value)

    def give_option(self, value: int | None) -> int | None:
        return self.passed(host.give_option, value)

    def give_nested(self, value: Some[str | None] | None) -> Some[str | None] | None:
        return self.passed(host.give_nested, value)

    def give_deep(
        self,
        value: list[Some[Some[bool | None] | None] | None],
    ) -> list[Some[Some[bool | None] | None] | None]:
        return self.passed(host.give_deep, value)

    def give_outcome(
        self,
        value: tuple[Ok[int] | Err[str]],
    ) -> tuple[Ok[int] | Err[str]]:
        return self.passed(host.give_outcome, value)

    def give_nested_outcome(
        self,
        value: list[Ok[Ok[int] | Err[kinds.Color]] | Err[kinds.Shape]],
    ) -> list[Ok[Ok[int] | Err[kinds.Color]] | Err[kinds.Shape]]:
        return self.passed(host.give_nested_outcome, value)

    def give_bare(
        self,
        value: tuple[Ok[None] | Err[None], Ok[int] | Err[None], Ok[None] | Err[kinds.Color]],
    ) -> tuple[Ok[None] | Err[None], Ok[int] | Err[None], Ok[None] | Err[kinds.Color]]:
        return self.passed(host.give_bare, value)

    def give_unsure(
        self,
        value: Ok[int | None] | Err[str] | None,
    ) -> Ok[int | None] | Err[str] | None:
        return self.passed(host.give_unsure, value)

    def give_awkward(self, value: kinds.Awkward) -> kinds.Awkward:
        return self.passed(host.give_awkward, value)

    def give_everything(self, value: kinds.Everything) -> kinds.Everything:
        return self.passed(host.give_everything, value)

    def refuse(self, value: kinds.Refusal | None) -> int:
        try:
            return host.refuse(value)
        except Err as error:
            self.last = repr(error.value)
            raise

    def refuse_barely(self, value: bool) -> None:
        host.refuse_barely(value)

    def refuse_words(self, value: str) -> str:
        try:
            return host.refuse_words(value)
        except Err as error:
            raise Err(f"the guest heard: {error.value}") from error

    def give_scalars(
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
        l: str,  # noqa: E741  (the WIT calls it so)
        m: str,
        n: kinds.Color,
        o: kinds.Access,
    ) -> list[str]:
        seen = [repr(value) for value in (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)]
        heard = host.give_scalars(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
        return [*seen, *heard]

    def nothing(self) -> None:
        host.nothing()

    def seen(self) -> str:
        return self.last

    def made(self) -> kinds.Everything:
        return kinds.Everything(
            whole=kinds.Whole(255, -128, 65535, -32768, 2**32 - 1, -(2**31), 2**64 - 1, -(2**63)),
            floats=(0.5, 0.1),
            letter="🦀",
            text="Grüße, 世界\0!",
            yes=True,
            points=[kinds.Point(1.0, -2.5), kinds.Point(0.0, 1e300)],
            shapes=[
                kinds.Shape_Circle(7),
                kinds.Shape_Polygon([]),
                kinds.Shape_Labelled(("a", None)),
                kinds.Shape_Labelled(("b", kinds.Color.NONE)),
                kinds.Shape_None_(),
            ],
            lone=kinds.Lone_Only("x"),
            color=kinds.Color.DARK_BLUE,
            access=kinds.Access.READ | kinds.Access.NONE,
            months=kinds.Months.JAN | kinds.Months.DEC,
            raw=bytes(range(256)),
            octets=[0, 127, 255],
            maybe=Some(None),
            outcomes=[Ok(1), Err("no")],
            bare=(Ok(None), Err(None), Err(kinds.Color.RED)),
            awkward=kinds.Awkward("c", ["l"], False, 9),
        )


class WitWorld(wit_world.WitWorld):
    def describe(self, name: str) -> wit_world.About:
        try:
            return wit_world.About(name, wit_world.say(name))
        except Err as error:
            return wit_world.About(f"{name}: {error.value}", 0)
