"""What each type accepts on the way in, what it refuses, and that odd objects cannot break in."""

from __future__ import annotations

import array
import collections
import decimal
import enum
import fractions
import math
import struct
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from effort import times
from hypothesis import given
from hypothesis import strategies as st
from natives import NO_PAD, echo
from strategies import values

from airssys_sdk.component import Component, Err, Instance, InvalidType, InvalidValue, Ok, Some, Trap
from airssys_sdk.wit.shapes import ShapeError

DECLARATIONS = """
record person { name: string, age: u32, tags: list<string> }
record empty-ish { nothing: tuple<u8> }
variant shape { circle(f64), square(u32), nothing }
enum color { red, green }
flags perms { read, write }
"""
TYPES = {
    **{name: name for name in ("bool", "u8", "s8", "u16", "u32", "s32", "u64", "s64", "f32", "f64", "char")},
    "text": "string",
    "blob": "list<u8>",
    "numbers": "list<s16>",
    "longs": "list<u64>",
    "reals": "list<f32>",
    "bools": "list<bool>",
    "chars": "list<char>",
    "texts": "list<string>",
    "blobs": "list<list<u8>>",
    "matrix": "list<list<u32>>",
    "pair": "tuple<u8, string>",
    "pairs": "list<tuple<u8, string>>",
    "person": "person",
    "people": "list<person>",
    "shape": "shape",
    "shapes": "list<shape>",
    "color": "tuple<color, u64>",
    "colors": "list<color>",
    "perms": "tuple<perms, u64>",
    "perm-list": "list<perms>",
    "maybe": "option<u32>",
    "maybes": "list<option<string>>",
    "deep": "option<option<u32>>",
    "deeps": "list<option<option<u32>>>",
    "outcome": "result<u32, string>",
    "outcomes": "list<result<u32, string>>",
    "bare": "tuple<result, u64>",
    "bares": "list<result>",
    "map": "map<string, u32>",
    "maps": "list<map<u8, list<string>>>",
}


BARE = sorted(name for name in TYPES if name != "outcome")
"""Whose functions give values back as they came; a function that has a `result` returns the ok case or raises."""


class Color(enum.Enum):
    """Called like the enum of the component, and another one."""

    RED = "red"


class Perms(enum.Flag):
    """Called like the flags of the component, and others."""

    READ = 1


class GiveBack:
    """Implements every import by returning its argument."""

    def __getattr__(self, name: str) -> Any:
        return lambda value, pad: value


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    with Component.open(echo(DECLARATIONS, TYPES)).instantiate(
        types.SimpleNamespace(host=GiveBack())
    ) as made:
        yield made


Check = Callable[[str, object], Any]


@pytest.fixture
def send(instance: Instance) -> Check:
    """Sends a value through an export and through an import; both must give the same."""

    def through(name: str, value: object) -> Any:
        direct = instance.call(f"echo-{name}", value, NO_PAD)
        assert instance.call(f"via-{name}", value, NO_PAD) == direct
        return direct

    return through


def classes(instance: Instance, name: str) -> Any:
    """The shape of a type, for its classes."""
    return instance.function(f"echo-{name}").signature.parameters[0].shape


def title(value: object) -> str:
    """A short name of a test's parameter."""
    plain = type(value) is str and value.isascii() and value.isprintable()
    return str(value) if plain else type(value).__name__


class Index:
    """An integer of its own kind."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class FloatLike:
    def __float__(self) -> float:
        return 2.5


class Text(str):
    """A string that lies about itself wherever it can."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1 << 40

    def encode(self, *_: object, **__: object) -> bytes:
        return b"\xff" * 3

    def __str__(self) -> str:
        return "other"

    def __iter__(self) -> Iterator[str]:
        return iter("other")


class Blob(bytes):
    def __len__(self) -> int:
        return 1 << 40

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])


class Many(list[Any]):
    """A list that claims to be longer than what it gives."""

    def __len__(self) -> int:
        return 1 << 40


class Growing(Sequence[Any]):
    """A sequence that is longer each time it is read."""

    def __init__(self) -> None:
        self.reads = 3

    def __len__(self) -> int:
        self.reads += 5
        return self.reads

    def __getitem__(self, index: Any) -> Any:
        if index >= self.reads:
            raise IndexError
        return index


@pytest.mark.parametrize(
    ("name", "given_value", "back"),
    [
        ("u8", Index(255), 255),
        ("s64", Index(-5), -5),
        ("f64", 3, 3.0),
        ("f64", Index(3), 3.0),
        ("f64", FloatLike(), 2.5),
        ("f64", decimal.Decimal("0.5"), 0.5),
        ("f32", fractions.Fraction(1, 2), 0.5),
        ("f64", math.inf, math.inf),
        ("f32", -math.inf, -math.inf),
        ("char", Text("x"), "x"),
        ("text", Text("grüße"), "grüße"),
        ("text", "", ""),
        ("text", "\0" * 3, "\0\0\0"),
        ("blob", bytearray(b"abc"), b"abc"),
        ("blob", memoryview(b"abcdef")[::2], b"ace"),
        ("blob", Blob(b"abc"), b"abc"),
        ("blob", array.array("B", [1, 2]), b"\1\2"),
        ("blob", array.array("I", [1, 2]), b"\1\2"),
        ("blob", [1, Index(2), 255], b"\1\2\xff"),
        ("blob", range(3), b"\0\1\2"),
        ("blob", (), b""),
        ("numbers", range(-3, 30), list(range(-3, 30))),
        ("numbers", (1, 2), [1, 2]),
        ("numbers", collections.deque([1, 2]), [1, 2]),
        ("numbers", array.array("h", [1, -2]), [1, -2]),
        ("longs", [Index(1 << 63)] * 12, [1 << 63] * 12),
        ("reals", [1, 2.5, Index(3)] * 5, [1.0, 2.5, 3.0] * 5),
        ("texts", [Text("ä"), "b"] * 10, ["ä", "b"] * 10),
        ("texts", [Text("ä")], ["ä"]),
        ("blobs", [b"", bytearray(b"a"), [1]] * 5, [b"", b"a", b"\1"] * 5),
        ("matrix", ((), (1,), range(20)) * 4, [[], [1], list(range(20))] * 4),
        ("pair", collections.namedtuple("Pair", "a b")(1, "x"), (1, "x")),  # noqa: PYI024  (an untyped one is meant)
        ("deep", Some(None), Some(None)),
        ("deep", None, None),
        ("deeps", [None, Some(None), Some(3)] * 6, [None, Some(None), Some(3)] * 6),
        ("outcomes", [Ok(1), Err("x")] * 8, [Ok(1), Err("x")] * 8),
        ("bares", [Ok(None), Err(None)] * 8, [Ok(None), Err(None)] * 8),
        ("map", {"a": 1, "ä": 2}, {"a": 1, "ä": 2}),
        ("map", types.MappingProxyType({"a": 1}), {"a": 1}),
        ("map", {}, {}),
        ("maps", [{}, {1: ["x"], 2: []}] * 6, [{}, {1: ["x"], 2: []}] * 6),
    ],
    ids=title,
)
def test_what_is_accepted(send: Check, name: str, given_value: object, back: object) -> None:
    assert send(name, given_value) == back


@pytest.mark.parametrize(
    ("name", "bad", "kind", "path"),
    [
        *[(name, True, InvalidType, "value") for name in ("u8", "s64", "f32", "f64", "maybe")],
        *[
            (name, value, InvalidType, "value")
            for name in ("u8", "u32")
            for value in (1.0, "1", None, b"1", [1])
        ],
        *[
            (name, value, InvalidType, "value")
            for name in ("f32", "f64")
            for value in ("1.5", None, b"1", 1j)
        ],
        *[("bool", value, InvalidType, "value") for value in (0, 1, None, "true", Index(1))],
        ("u8", 256, InvalidValue, "value"),
        ("u8", -1, InvalidValue, "value"),
        ("u8", Index(256), InvalidValue, "value"),
        ("s8", 128, InvalidValue, "value"),
        ("u64", 1 << 64, InvalidValue, "value"),
        ("s64", -(1 << 63) - 1, InvalidValue, "value"),
        ("u32", 10**5000, InvalidValue, "value"),
        ("f32", 1e300, InvalidValue, "value"),
        ("f32", 10**400, InvalidValue, "value"),
        ("f64", 10**400, InvalidValue, "value"),
        ("char", "", InvalidValue, "value"),
        ("char", "ab", InvalidValue, "value"),
        ("char", "\ud800", InvalidValue, "value"),
        ("char", b"a", InvalidType, "value"),
        ("char", bytearray(b"a"), InvalidType, "value"),
        ("text", b"abc", InvalidType, "value"),
        ("text", "ok\udfff", InvalidValue, "value"),
        ("text", Text("\ud800"), InvalidValue, "value"),
        ("blob", 5, InvalidType, "value"),
        ("blob", "abc", InvalidType, "value"),
        ("blob", [1, 256], InvalidValue, "value[1]"),
        ("blob", [1, True], InvalidType, "value[1]"),
        ("blob", [1, "2"], InvalidType, "value[1]"),
        ("blob", array.array("I", [256]), InvalidValue, "value[0]"),
        ("blob", {1, 2}, InvalidType, "value"),
        ("numbers", b"abc", InvalidType, "value"),
        ("numbers", "abc", InvalidType, "value"),
        ("numbers", {1: 2}, InvalidType, "value"),
        ("numbers", iter([1]), InvalidType, "value"),
        ("numbers", [1, 2, 40000], InvalidValue, "value[2]"),
        ("numbers", [1] * 20 + [True], InvalidType, "value[20]"),
        ("longs", [1.5], InvalidType, "value[0]"),
        ("reals", [1.0] * 30 + [1e300], InvalidValue, "value[30]"),
        ("bools", [True, 1], InvalidType, "value[1]"),
        ("bools", [True] * 20 + [1], InvalidType, "value[20]"),
        ("chars", ["a"] * 20 + ["ab"], InvalidValue, "value[20]"),
        ("chars", ["ab", ""], InvalidValue, "value[0]"),
        ("chars", ["ab", ""] * 10, InvalidValue, "value[0]"),
        ("chars", ["a"] * 20 + ["\ud800"], InvalidValue, "value[20]"),
        ("texts", ["a", 5], InvalidType, "value[1]"),
        ("texts", ["a"] * 20 + [b"b"], InvalidType, "value[20]"),
        ("texts", ["a"] * 20 + ["\udc80"], InvalidValue, "value[20]"),
        ("texts", ["\ud83d", "\udc00"] * 20, InvalidValue, "value[0]"),
        ("blobs", [b"a"] * 20 + ["b"], InvalidType, "value[20]"),
        ("blobs", [5], InvalidType, "value[0]"),
        ("matrix", [[1]] * 20 + ["1"], InvalidType, "value[20]"),
        ("matrix", [[1]] * 20 + [[1, -1]], InvalidValue, "value[20][1]"),
        ("pair", [1, "x"], InvalidType, "value"),
        ("pair", (1,), InvalidValue, "value"),
        ("pair", (1, "x", 2), InvalidValue, "value"),
        ("pair", (1, 2), InvalidType, "value[1]"),
        ("pairs", [(1, "x")] * 20 + [(1, "x", 3)], InvalidValue, "value[20]"),
        ("pairs", [(1, "x")] * 20 + [[1, "x"]], InvalidType, "value[20]"),
        ("person", {"name": "x"}, InvalidType, "value"),
        ("people", [None] * 20, InvalidType, "value[0]"),
        ("shape", 5.0, InvalidType, "value"),
        ("shapes", [None] * 20, InvalidType, "value[0]"),
        ("color", ("RED", 1), InvalidType, "value[0]"),
        ("color", (0, 1), InvalidType, "value[0]"),
        ("colors", [0] * 20, InvalidType, "value[0]"),
        ("perms", (3, 1), InvalidType, "value[0]"),
        ("perm-list", [1] * 20, InvalidType, "value[0]"),
        ("maybe", "x", InvalidType, "value"),
        ("maybes", [None] * 20 + [5], InvalidType, "value[20]"),
        ("deep", 3, InvalidType, "value"),
        ("deep", Some("x"), InvalidType, "value.value"),
        ("deeps", [None, 3] * 10, InvalidType, "value[1]"),
        ("outcome", 5, InvalidType, "value"),
        ("outcome", Ok("x"), InvalidType, "value.value"),
        ("outcome", Err(5), InvalidType, "value.value"),
        ("outcomes", [Ok(1)] * 20 + [Err(None)], InvalidType, "value[20].value"),
        ("bare", (Ok(1), 1), InvalidType, "value[0].value"),
        ("bares", [Ok(None)] * 20 + [Err("x")], InvalidType, "value[20].value"),
        ("map", [("a", 1)], InvalidType, "value"),
        ("map", {"a": -1}, InvalidValue, "value['a']"),
        ("map", {1: 1}, InvalidType, "key 1 of value"),
    ],
    ids=title,
)
def test_what_is_refused_and_where(
    instance: Instance, name: str, bad: object, kind: type[InvalidType | InvalidValue], path: str
) -> None:
    with pytest.raises(kind) as caught:
        instance.call(f"echo-{name}", bad, NO_PAD)
    error: Any = caught.value
    assert error.path == path
    assert "\n" not in error.message
    assert len(error.message) < 200
    assert instance.call("echo-u8", 1, NO_PAD) == 1


def test_members_of_other_classes_are_refused(instance: Instance) -> None:
    color = classes(instance, "color").elements[0]
    perms = classes(instance, "perms").elements[0]
    person = classes(instance, "person").cls
    assert instance.call("echo-color", (color.cls.RED, 1), NO_PAD) == (color.cls.RED, 1)
    both = perms.cls.READ | perms.cls.WRITE
    for value in (perms.cls(0), perms.cls.READ, both):
        assert instance.call("echo-perms", (value, 1), NO_PAD) == (value, 1)
        assert instance.call("echo-perm-list", [value] * 20, NO_PAD) == [value] * 20

    class Employee(person):  # type: ignore[misc]
        pass

    grown = Employee("a", 1, [])
    assert instance.call("echo-person", grown, NO_PAD) == person("a", 1, [])
    assert instance.call("echo-people", [grown] * 20, NO_PAD) == [person("a", 1, [])] * 20
    alike = types.SimpleNamespace(name="a", age=1, tags=[])
    for name, value in (("person", alike), ("people", [alike] * 20)):
        with pytest.raises(InvalidType, match="expected Person"):
            instance.call(f"echo-{name}", value, NO_PAD)
    for name, stray in (
        ("color", (Color.RED, 1)),
        ("colors", [Color.RED] * 20),
        ("perms", (Perms.READ, 1)),
        ("perm-list", [Perms.READ] * 20),
    ):
        with pytest.raises(InvalidType):
            instance.call(f"echo-{name}", stray, NO_PAD)
    without = object.__new__(person)
    with pytest.raises(InvalidValue, match="its field name"):
        instance.call("echo-person", without, NO_PAD)


def test_nan_stays_nan(instance: Instance) -> None:
    for name in ("f32", "f64"):
        assert math.isnan(instance.call(f"echo-{name}", math.nan, NO_PAD))
        assert math.isnan(instance.call(f"via-{name}", math.nan, NO_PAD))


def test_objects_that_lie_about_their_length_are_read_by_what_they_hold(instance: Instance) -> None:
    for count in (2, 30):
        assert instance.call("echo-numbers", Many([1] * count), NO_PAD) == [1] * count
        assert instance.call("echo-texts", Many(["x"] * count), NO_PAD) == ["x"] * count
        assert instance.call("echo-matrix", [Many([1])] * count, NO_PAD) == [[1]] * count
        assert instance.call("echo-texts", [Text("xy")] * count, NO_PAD) == ["xy"] * count
        assert instance.call("echo-chars", [Text("x")] * count, NO_PAD) == ["x"] * count
    with pytest.raises((InvalidValue, InvalidType)):
        instance.call("echo-char", Text("xy"), NO_PAD)
    found = instance.call("echo-numbers", Growing(), NO_PAD)
    assert found == list(range(len(found)))


def test_lists_that_change_while_they_are_read_cannot_break_out(instance: Instance) -> None:
    class Clearing:
        """An integer that empties the list it stands in, when it is looked at."""

        def __init__(self, target: list[Any]) -> None:
            self.target = target

        def __index__(self) -> int:
            self.target.clear()
            return 7

    for count in (3, 40):
        numbers: list[Any] = []
        numbers += [Clearing(numbers)] + [1] * count
        assert instance.call("echo-numbers", numbers, NO_PAD) == [7] + [1] * count
        rows: list[Any] = []
        inner: list[Any] = [1, 2, 3]
        rows += [[Clearing(inner)], inner] * count
        assert all(len(row) <= 3 for row in instance.call("echo-matrix", rows, NO_PAD))


def test_exceptions_of_an_arguments_own_methods_come_through(instance: Instance) -> None:
    class Angry:
        def __index__(self) -> int:
            raise LookupError("not today")

    for name, value in (("u8", Angry()), ("numbers", [Angry()]), ("numbers", [1] * 20 + [Angry()])):
        with pytest.raises(LookupError, match="not today"):
            instance.call(f"echo-{name}", value, NO_PAD)
    assert instance.call("echo-u8", 1, NO_PAD) == 1


def test_an_interrupt_while_lowering_comes_through(instance: Instance) -> None:
    class Interrupting:
        def __index__(self) -> int:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        instance.call("echo-u8", Interrupting(), NO_PAD)
    assert instance.call("echo-u8", 1, NO_PAD) == 1


def test_results_do_not_share_memory_with_later_calls(instance: Instance) -> None:
    first = instance.call("echo-blob", b"first" * 100, NO_PAD)
    second = instance.call("echo-blob", b"other" * 100, NO_PAD)
    assert (first, second) == (b"first" * 100, b"other" * 100)


def test_long_values_survive(send: Check) -> None:
    assert send("text", "ä€🐍" * 50_000) == "ä€🐍" * 50_000
    data = bytes(range(256)) * 200
    assert send("blob", data) == data
    numbers = [*range(-32768, 32768, 7)]
    assert send("numbers", numbers) == numbers
    assert send("texts", ["ä" * (i % 50) for i in range(5_000)]) == ["ä" * (i % 50) for i in range(5_000)]


JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=3),
        st.binary(max_size=3),
        st.sampled_from(
            [object(), Ok(1), Err("x"), Some(None), Index(300), Text("a"), range(3), (), {}, set()]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=14)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=20,
)


@times(80)
@given(name=st.sampled_from(BARE), junk=JUNK)
def test_junk_is_refused_with_a_path_or_arrives_in_order(instance: Instance, name: str, junk: object) -> None:
    refused: InvalidType | InvalidValue | None = None
    back = None
    try:
        back = instance.call(f"echo-{name}", junk, NO_PAD)
    except (InvalidType, InvalidValue) as error:
        refused = error
    if refused is not None:
        assert refused.path.startswith(("value", "key "))
    else:
        again = instance.call(f"via-{name}", back, NO_PAD)
        assert repr(again) == repr(back)  # unlike ==, good for NaN
    assert instance.call("echo-u8", 1, NO_PAD) == 1


@times(40)
@given(data=st.data(), name=st.sampled_from(BARE))
def test_maps_and_everything_else_survive(instance: Instance, data: st.DataObject, name: str) -> None:
    value = data.draw(values(classes(instance, name), most=40))
    assert instance.call(f"echo-{name}", value, NO_PAD) == value
    assert instance.call(f"via-{name}", value, NO_PAD) == value


def test_more_bytes_than_the_engine_copies_are_a_trap_that_says_how_many_fit() -> None:
    host = types.SimpleNamespace(host=GiveBack())
    component = Component.open(echo(DECLARATIONS, {"blob": "list<u8>"}), bulk=False)
    with component.instantiate(host) as small:
        assert small.call("echo-blob", b"x" * 2_700_000, NO_PAD) == b"x" * 2_700_000
        with pytest.raises(Trap, match="more data than the engine copies at once") as caught:
            small.call("echo-blob", b"x" * 2_800_000, NO_PAD)
        assert "2.7 MB without bulk" in (caught.value.hint or "")


def test_a_flag_value_from_another_numbering_is_refused(instance: Instance) -> None:
    perms = classes(instance, "perms").elements[0].cls
    stray = object.__new__(perms)
    stray._value_ = 1 << 40
    stray._name_ = None
    with pytest.raises(InvalidValue, match="known flags"):
        instance.call("echo-perms", (stray, 1), NO_PAD)
    assert struct.calcsize("P") == 8


@pytest.mark.parametrize("depth", [3, 12, 30])
@pytest.mark.parametrize("form", ["list<{}>", "option<{}>", "result<{}>", "tuple<{}, u8>"])
def test_types_may_nest_deeply(form: str, depth: int) -> None:
    wrap: dict[str, Callable[[Any], Any]] = {
        "list<{}>": lambda inner: [inner],
        "option<{}>": Some,
        "result<{}>": Ok,
        "tuple<{}, u8>": lambda inner: (inner, 1),
    }
    nested, value = "string", "x"
    for level in range(depth):
        nested = form.format(nested)
        # A present option is bare unless it holds another one.
        value = value if form == "option<{}>" and not level else wrap[form](value)
    deep = Component.open(echo("", {"deep": f"tuple<{nested}, u64>"}))
    with deep.instantiate(types.SimpleNamespace(host=GiveBack())) as instance:
        assert instance.call("echo-deep", (value, 1), NO_PAD) == (value, 1)
        assert instance.call("via-deep", (value, 1), NO_PAD) == (value, 1)


def test_types_that_nest_beyond_pythons_limits_are_refused() -> None:
    nested = "list<" * 90 + "string" + ">" * 90
    deep = Component.open(echo("", {"deep": f"tuple<{nested}, u64>"}))
    with pytest.raises(ShapeError, match="nest too deeply"):
        deep.instantiate(types.SimpleNamespace(host=GiveBack()))
