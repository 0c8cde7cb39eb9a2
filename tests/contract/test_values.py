"""Every kind of value, through a Python guest and back: what a host has and what componentize-py gives a guest agree.

The guest passes each value on to the host's function of the same name and returns what that gives, so one call proves
all four ways: argument in, import's argument out, import's result in, result out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from airssys_sdk.component import Err, HostImportFailed, InvalidType, InvalidValue, Ok, Some

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("contract-mirror")]


class Reflecting:
    """Implements the interface `host`: each function gives back what it is given, and remembers it."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        if not name.startswith("give_"):
            raise AttributeError(name)
        return self._given

    def _given(self, value: Any) -> Any:
        self.heard.append(value)
        return value

    def give_scalars(self, *values: Any) -> list[str]:
        return [repr(value) for value in values]

    def nothing(self) -> None:
        self.heard.append("nothing")

    def refuse(self, value: Any) -> int:
        if value is not None:
            raise Err(value)
        return 255

    def refuse_barely(self, value: bool) -> None:
        if value:
            raise Err(None)

    def refuse_words(self, value: str) -> str:
        if value:
            raise Err(f"no {value}")
        return "all is well"


class Host:
    """Implements the imports of the world `mirror`."""

    def __init__(self) -> None:
        self.host = Reflecting()

    def say(self, text: str) -> int:
        if not text:
            raise Err("say something")
        return len(text)


@pytest.fixture(scope="module")
def types(mirror: ModuleType) -> ModuleType:
    """The generated types."""
    found: ModuleType = mirror.imports.kinds
    return found


@pytest.fixture(scope="module")
def host() -> Host:
    return Host()


@pytest.fixture(scope="module")
def guest(mirror: ModuleType, mirror_wasm: Path, host: Host) -> Iterator[Any]:
    """The interface `guest` of one instance that these tests share."""
    with mirror.Mirror.load(mirror_wasm, imports=host) as loaded:
        yield loaded.guest


def values(t: Any) -> dict[str, list[Any]]:
    """For each function of the guest with one parameter, values that it must give back."""
    everything = t.Everything(
        whole=t.Whole(1, -1, 2, -2, 3, -3, 4, -4),
        floats=(0.5, 0.1),
        letter="é",
        text="",
        yes=False,
        points=[t.Point(1.0, math.inf)] * 12,
        shapes=[t.Shape_Circle(0), t.Shape_Polygon([t.Point(0.0, 0.0)]), t.Shape_None_()],
        lone=t.Lone_Only("\0"),
        color=t.Color.NONE,
        access=t.Access.WRITE_ALL,
        months=~t.Months(0),
        raw=b"\x00\xff",
        octets=b"",
        maybe=Some("x"),
        outcomes=[Ok(0), Err("")] * 7,
        bare=(Err(None), Ok(9), Ok(None)),
        awkward=t.Awkward("", [], True, None),
    )
    return {
        "give_yes": [True, False],
        "give_whole": [
            t.Whole(0, 0, 0, 0, 0, 0, 0, 0),
            t.Whole(2**8 - 1, 2**7 - 1, 2**16 - 1, 2**15 - 1, 2**32 - 1, 2**31 - 1, 2**64 - 1, 2**63 - 1),
            t.Whole(0, -(2**7), 0, -(2**15), 0, -(2**31), 0, -(2**63)),
        ],
        "give_single": [
            0.0,
            -0.0,
            0.5,
            math.inf,
            -math.inf,
            math.nan,
            2.0**-149,
            float(2**24 - 1) * 2.0**104,
        ],
        "give_double": [0.0, -0.0, 0.1, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308],
        "give_letter": ["a", "\0", "\x7f", "é", "\ud7ff", "\ue000", "🦀", "\U0010ffff"],
        "give_text": [
            "",
            "a",
            "Grüße, 世界 🦀",
            "zero \0 inside",
            "\r\n\t\x1b[31m",
            "e\u0301",
            "x" * 100_000,
            "é" * 999,
        ],
        "give_numbers": [[], [0], [2**64 - 1] * 3, list(range(5000))],
        "give_words": [[], [""], ["a", "", "ü"], ["w"] * 1000],
        "give_pair": [(0, ""), (255, "ü")],
        "give_one": [(t.Color.RED,), (t.Color.NONE,)],
        "give_point": [t.Point(1.5, -0.1), t.Point(-0.0, math.inf)],
        "give_points": [[], [t.Point(0.0, 1.0)], [t.Point(float(i), -float(i)) for i in range(500)]],
        "give_shape": [
            t.Shape_Circle(2**32 - 1),
            t.Shape_Polygon([]),
            t.Shape_Polygon([t.Point(1.0, 2.0), t.Point(3.0, 4.0)]),
            t.Shape_Labelled(("", None)),
            t.Shape_Labelled(("ü", t.Color.NONE)),
            t.Shape_None_(),
        ],
        "give_lone": [t.Lone_Only("🦀")],
        "give_color": list(t.Color),
        "give_access": [t.Access(0), *t.Access, t.Access.READ | t.Access.NONE, ~t.Access(0)],
        "give_months": [t.Months(0), *t.Months, t.Months.JAN | t.Months.DEC, ~t.Months(0)],
        "give_raw": [b"", b"\0", bytes(range(256)), b"\xff" * 65536],
        "give_octets": [b"", b"\0", bytes(range(256)), b"x" * 3000],
        "give_blobs": [[], [b""], [b"a", b"", bytes(range(256))]],
        "give_option": [None, 0, 2**32 - 1],
        "give_nested": [None, Some(None), Some(""), Some("x")],
        "give_deep": [[], [None, Some(None), Some(Some(None)), Some(Some(True)), Some(Some(False))]],
        "give_outcome": [(Ok(0),), (Err(""),), (Err("ü"),)],
        "give_nested_outcome": [
            [],
            [Ok(Ok(1)), Ok(Err(t.Color.DARK_BLUE)), Err(t.Shape_None_()), Err(t.Shape_Circle(1))],
        ],
        "give_bare": [(Ok(None), Ok(0), Ok(None)), (Err(None), Err(None), Err(t.Color.RED))],
        "give_unsure": [None, Ok(None), Ok(0), Err("no")],
        "give_awkward": [t.Awkward("c", ["l"], True, 0), t.Awkward("", [], False, None)],
        "give_everything": [everything],
    }


FUNCTIONS = [
    "give_yes",
    "give_whole",
    "give_single",
    "give_double",
    "give_letter",
    "give_text",
    "give_numbers",
    "give_words",
    "give_pair",
    "give_one",
    "give_point",
    "give_points",
    "give_shape",
    "give_lone",
    "give_color",
    "give_access",
    "give_months",
    "give_raw",
    "give_octets",
    "give_blobs",
    "give_option",
    "give_nested",
    "give_deep",
    "give_outcome",
    "give_nested_outcome",
    "give_bare",
    "give_unsure",
    "give_awkward",
    "give_everything",
]


def test_every_function_of_the_guest_is_tried(types: ModuleType, mirror: ModuleType) -> None:
    declared: type[Any] = mirror.exports.guest.Guest
    known = {name for name in vars(declared) if name.startswith("give_")}
    assert set(values(types)) == set(FUNCTIONS) == known - {"give_scalars"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_value_comes_back_as_it_went_and_reads_the_same_everywhere(
    function: str, guest: Any, host: Host, types: ModuleType
) -> None:
    for value in values(types)[function]:
        host.host.heard.clear()
        back = getattr(guest, function)(value)
        (heard,) = host.host.heard
        assert (repr(back), repr(heard)) == (repr(value), repr(value))  # repr, so that nan and -0.0 count
        assert type(back) is type(heard) is type(value)
        assert back == value or function in {"give_single", "give_double"}
        assert guest.seen() == _in_guest(function, value)


def _in_guest(function: str, value: Any) -> str:
    """How a value reads in the guest: as on the host, but for a habit of componentize-py."""
    if function == "give_octets":
        return repr(list(value))  # the element is an alias of u8
    text = repr(value)
    return text.replace("octets=b''", "octets=[]") if function == "give_everything" else text


def test_values_that_the_guest_makes_are_what_the_host_would_make(guest: Any, types: Any) -> None:
    t = types
    assert guest.made() == t.Everything(
        whole=t.Whole(255, -128, 65535, -32768, 2**32 - 1, -(2**31), 2**64 - 1, -(2**63)),
        floats=(0.5, 0.1),
        letter="🦀",
        text="Grüße, 世界\0!",
        yes=True,
        points=[t.Point(1.0, -2.5), t.Point(0.0, 1e300)],
        shapes=[
            t.Shape_Circle(7),
            t.Shape_Polygon([]),
            t.Shape_Labelled(("a", None)),
            t.Shape_Labelled(("b", t.Color.NONE)),
            t.Shape_None_(),
        ],
        lone=t.Lone_Only("x"),
        color=t.Color.DARK_BLUE,
        access=t.Access.READ | t.Access.NONE,
        months=t.Months.JAN | t.Months.DEC,
        raw=bytes(range(256)),
        octets=b"\0\x7f\xff",
        maybe=Some(None),
        outcomes=[Ok(1), Err("no")],
        bare=(Ok(None), Err(None), Err(t.Color.RED)),
        awkward=t.Awkward("c", ["l"], False, 9),
    )


def test_many_parameters_arrive_in_their_order(guest: Any, types: ModuleType) -> None:
    given = (
        True, 255, -128, 65535, -32768, 2**32 - 1, -(2**31), 2**64 - 1, -(2**63), -0.0, 0.1, "🦀", "ü",
        types.Color.DARK_BLUE, types.Access.READ,
    )  # fmt: skip
    texts = [repr(value) for value in given]
    assert guest.give_scalars(*given) == [*texts, *texts]
    assert guest.give_scalars(**dict(zip("abcdefghijklmno", given, strict=True))) == [*texts, *texts]


def test_a_function_without_parameters_and_result_reaches_the_host(guest: Any, host: Host) -> None:
    host.host.heard.clear()
    assert guest.nothing() is None
    assert host.host.heard == ["nothing"]


def test_a_refusal_by_the_host_passes_through_the_guest_as_a_typed_exception(
    guest: Any, types: ModuleType
) -> None:
    assert guest.refuse(None) == 255
    for refusal in (types.Refusal_Because("ü"), types.Refusal_Flatly()):
        with pytest.raises(types.RefusalRaised) as refused:
            guest.refuse(refusal)
        assert refused.value.value == refusal
        assert guest.seen() == repr(refusal)


def test_a_refusal_without_a_reason_or_in_words_has_a_class_of_its_own(
    guest: Any, mirror: ModuleType
) -> None:
    raised = mirror.exports.guest
    assert guest.refuse_barely(False) is None
    with pytest.raises(raised.RefuseBarelyRaised) as barely:
        guest.refuse_barely(True)
    assert barely.value.value is None
    assert guest.refuse_words("") == "all is well"
    with pytest.raises(raised.RefuseWordsRaised) as words:
        guest.refuse_words("way")
    assert words.value.value == "the guest heard: no way"


def test_functions_and_types_of_the_world_itself_work_both_ways(
    mirror: ModuleType, mirror_wasm: Path
) -> None:
    with mirror.Mirror.load(mirror_wasm, imports=Host()) as loaded:
        assert loaded.describe("four") == mirror.About("four", 4)
        assert loaded.describe("") == mirror.About(": say something", 0)


def test_what_python_takes_for_the_same_value_is_taken(guest: Any, types: ModuleType) -> None:
    assert guest.give_raw(bytearray(b"ab")) == b"ab"
    assert guest.give_raw(memoryview(b"abcd")[::2]) == b"ac"
    assert guest.give_octets([1, 2, 3]) == b"\1\2\3"
    assert guest.give_numbers((1, 2)) == [1, 2]
    assert guest.give_double(3) == 3.0
    assert guest.give_point(types.Point(1, 2)) == types.Point(1.0, 2.0)


MISFITS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("give_whole", lambda t: t.Whole(256, 0, 0, 0, 0, 0, 0, 0), "value.byte"),
    ("give_whole", lambda t: t.Whole(0, 0, 0, 0, 0, 0, 2**64, 0), "value.big"),
    ("give_letter", lambda _: "\ud800", "value"),
    ("give_letter", lambda _: "ab", "value"),
    ("give_text", lambda _: "a\udc00", "value"),
    ("give_numbers", lambda _: [0] * 99 + [-1], "value[99]"),
    ("give_points", lambda t: [t.Point(0.0, 0.0), t.Point("x", 0.0)], "value[1].x"),
    ("give_shape", lambda t: t.Shape_Circle(-1), "value.value"),
    ("give_shape", lambda _: 7, "value"),
    ("give_color", lambda t: t.Access.READ, "value"),
    ("give_pair", lambda _: (1,), "value"),
    ("give_octets", lambda _: [0, 256], "value[1]"),
    ("give_nested", lambda _: "x", "value"),
    ("give_awkward", lambda t: t.Awkward("", [1], True, None), "value.list[0]"),
    ("give_yes", lambda _: 1, "value"),
]


@pytest.mark.parametrize(
    ("function", "value", "path"), MISFITS, ids=[f"{one[0]}-{one[2]}" for one in MISFITS]
)
def test_a_value_that_does_not_fit_is_named_and_the_instance_stays_usable(
    function: str, value: Callable[[Any], Any], path: str, guest: Any, types: ModuleType
) -> None:
    wit_name = f"test:mirror/guest@1.0.0#{function.replace('_', '-')}"
    with pytest.raises((InvalidValue, InvalidType)) as refused:
        getattr(guest, function)(value(types))
    error = refused.value
    assert isinstance(error, InvalidValue | InvalidType)
    assert (error.path, error.function) == (path, wit_name)
    assert guest.give_option(1) == 1


def test_a_host_that_answers_with_a_wrong_value_is_told_which(mirror: ModuleType, mirror_wasm: Path) -> None:
    class Liar(Reflecting):
        def give_words(self, value: list[str]) -> list[object]:
            return [*value, 7]

    host = Host()
    host.host = Liar()
    with mirror.Mirror.load(mirror_wasm, imports=host) as loaded:
        with pytest.raises(HostImportFailed) as failed:
            loaded.guest.give_words(["a"])
        cause = failed.value.__cause__
        assert isinstance(cause, InvalidType)
        assert "[1]" in cause.path
