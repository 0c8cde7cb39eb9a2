"""Values that lie, change or fail while they are read: a right result or a located error, and never somebody else's memory.

That nothing reads or writes out of bounds shows best with Python's debug allocator: `test_debug_malloc` runs these there.
"""

from __future__ import annotations

import array
import collections
import contextlib
import ctypes
import functools
import itertools
import mmap
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import pytest
from natives import NO_PAD, echo

from airssys_sdk.component import (
    Component,
    Err,
    HostImportFailed,
    Instance,
    InvalidType,
    InvalidValue,
    Ok,
    Some,
)

DECLARATIONS = """
record person { name: string, age: u32, tags: list<string> }
variant shape { circle(f64), named(string), nothing }
enum color { red, green }
flags perms { read, write }
"""
TYPES = {
    "u8": "u8",
    "s64": "s64",
    "f32": "f32",
    "f64": "f64",
    "bool": "bool",
    "char": "char",
    "text": "string",
    "blob": "list<u8>",
    "numbers": "list<s16>",
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
    "colors": "list<color>",
    "perms": "list<perms>",
    "deep": "option<option<u32>>",
    "deeps": "list<option<option<u32>>>",
    "outcomes": "list<result<u32, string>>",
    "map": "map<string, u32>",
    "maps": "list<map<string, list<u8>>>",
}
pytestmark = pytest.mark.debug_malloc

ROWS, COLUMNS = 3, 30
"""Short lists are lowered element by element, long ones field by field."""


def identity(value: Any, pad: object) -> Any:
    return value


@functools.cache
def guest(profile: Any) -> Component:
    return Component.open(echo(DECLARATIONS, TYPES), profile=profile)


def instance_with(give: Callable[[Any, Any], Any], profile: Any = "plain") -> Instance:
    return guest(profile).instantiate(
        {"host": types.SimpleNamespace(**{f"give_{name}": give for name in TYPES})}
    )


@pytest.fixture(params=["plain", "metered"])
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    with instance_with(identity, request.param) as made:
        yield made


@pytest.fixture(autouse=True)
def _usable_afterwards(instance: Instance) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    yield
    assert instance.call("echo-texts", ["grüße"] * 12, NO_PAD) == ["grüße"] * 12
    assert instance.call("via-u8", 7, NO_PAD) == 7


def classes(instance: Instance, name: str) -> Any:
    """The shape of the elements of a list type of the guest."""
    return instance.function(f"echo-{name}").signature.parameters[0].shape.element


def call(instance: Instance, name: str, value: object) -> Any:
    return instance.call(f"echo-{name}", value, NO_PAD)


def assert_refused(instance: Instance, name: str, value: object, path: str) -> None:
    with pytest.raises((InvalidType, InvalidValue)) as caught:
        call(instance, name, value)
    error: Any = caught.value
    assert error.path == path


def pretender(cls: type[Any]) -> Any:
    """An object that says it is of a class, and is not."""

    class Pretender:
        @property
        def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  (pretending is the point)
            return cls

    return Pretender()


class Number(int):
    """An integer that lies about its value, wherever it is asked."""

    def __index__(self) -> int:
        return 1 << 70

    def __int__(self) -> int:
        return 5

    def __eq__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return True

    __le__ = __gt__ = __ge__ = __lt__

    def __hash__(self) -> int:
        return 0


class Changing:
    """Another integer each time it is looked at."""

    def __init__(self, *values: int) -> None:
        self.values = itertools.cycle(values)

    def __index__(self) -> int:
        return next(self.values)


class Text(str):
    """A string that lies."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1 << 40

    def __iter__(self) -> Iterator[str]:
        return iter("other")

    def __str__(self) -> str:
        return "other"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("other")

    def __getitem__(self, key: object) -> str:
        return "\ud800"

    def encode(self, *_: object, **__: object) -> bytes:
        return b"\xff" * 3


class Many(list[Any]):
    """A list that lies about its length and has no end when it is asked by index."""

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, key: object) -> Any:
        return self

    def __bool__(self) -> bool:
        return False


class Pair(tuple[Any, ...]):
    """A tuple that lies."""

    __slots__ = ()

    def __len__(self) -> int:
        return 2

    def __getitem__(self, key: object) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter((1, "x"))


class Folding(tuple[Any, ...]):  # noqa: SLOT001  (it needs an attribute)
    """One that has another number of elements each time."""

    def __new__(cls, *sizes: int) -> Self:
        made = super().__new__(cls, (1, "x"))
        made.sizes = itertools.cycle(sizes)
        return made

    sizes: Iterator[int]

    def __iter__(self) -> Iterator[Any]:
        return iter((1, "x")[: next(self.sizes)])


class Bytes(bytes):
    def __len__(self) -> int:
        return 1 << 40

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])

    def __getitem__(self, key: object) -> Any:
        return self


def test_numbers_that_lie_are_taken_as_what_python_makes_of_them_or_refused(instance: Instance) -> None:
    for name in ("u8", "s64", "f32", "f64"):
        assert call(instance, name, Number(3)) == 3
    assert_refused(instance, "u8", Number(300), "value")
    for count in (ROWS, COLUMNS):
        for name in ("numbers", "reals", "blob"):
            assert [*call(instance, name, [Number(3)] * count)] == [3] * count
        assert_refused(instance, "numbers", [1] * count + [Number(1 << 40)], f"value[{count}]")
        assert call(instance, "numbers", [1] * count + [Changing(1, 1 << 40)]) == [1] * (count + 1)
        assert_refused(instance, "numbers", [1] * count + [Changing(1 << 40)], f"value[{count}]")
        # What was wrong has changed before one could say where it stands.
        assert_refused(instance, "numbers", [1] * count + [Changing(1 << 40, 1)], "the arguments")


@pytest.mark.parametrize(
    "cls", [int, bool, float, str, bytes, bytearray, list, tuple, dict, memoryview, Some]
)
def test_what_pretends_to_be_of_a_class_is_refused_where_it_stands(
    instance: Instance, cls: type[Any]
) -> None:
    fake = pretender(cls)
    for name in ("u8", "s64", "f32", "f64", "bool", "char", "text", "blob", "numbers", "pair", "deep", "map"):
        assert_refused(instance, name, fake, "value")
    for name in (
        "numbers",
        "reals",
        "bools",
        "chars",
        "texts",
        "blobs",
        "matrix",
        "pairs",
        "shapes",
        "colors",
    ):
        for count in (ROWS, COLUMNS):
            right = call(instance, name, [])
            assert right in ([], b"")
            assert_refused(instance, name, [fake] * count, "value[0]")
    for name in ("perms", "deeps", "outcomes", "maps", "people"):
        for count in (ROWS, COLUMNS):
            assert_refused(instance, name, [fake] * count, "value[0]")


def test_what_pretends_to_be_of_the_guests_classes_is_refused_where_it_stands(instance: Instance) -> None:
    for name in ("people", "colors", "perms"):
        fake = pretender(classes(instance, name).cls)
        for count in (ROWS, COLUMNS):
            assert_refused(instance, name, [fake] * count, "value[0]")
    for case in classes(instance, "shapes").cases:
        for count in (ROWS, COLUMNS):
            assert_refused(instance, "shapes", [pretender(case.cls)] * count, "value[0]")
    for cls in (Ok, Err):
        for count in (ROWS, COLUMNS):
            assert_refused(instance, "outcomes", [pretender(cls)] * count, "value[0]")


def test_text_is_taken_by_what_it_holds(instance: Instance) -> None:
    assert call(instance, "text", Text("grüße")) == "grüße"
    assert call(instance, "char", Text("ü")) == "ü"
    assert_refused(instance, "text", Text("\ud800"), "value")
    for count in (ROWS, COLUMNS):
        assert call(instance, "texts", [Text("grüße")] * count) == ["grüße"] * count
        assert call(instance, "chars", [Text("ü")] * count) == ["ü"] * count
        assert_refused(instance, "texts", ["x"] * count + [Text("\ud800")], f"value[{count}]")
        assert_refused(instance, "chars", ["x"] * count + [Text("xx")], f"value[{count}]")
    assert call(instance, "map", {Text("key"): 1}) == {"key": 1}


def test_sequences_that_lie_are_taken_by_what_they_give(instance: Instance) -> None:
    for count in (ROWS, COLUMNS):
        assert call(instance, "numbers", Many([1] * count)) == [1] * count
        assert call(instance, "texts", Many(["x"] * count)) == ["x"] * count
        assert call(instance, "matrix", Many([Many([1] * count)] * count)) == [[1] * count] * count
        assert call(instance, "blobs", Many([Bytes(b"abc")] * count)) == [b"abc"] * count
        assert call(instance, "pairs", Many([Pair([5])] * count)) == [(1, "x")] * count
        assert_refused(instance, "pairs", [(1, "x")] * count + [Folding(1)], f"value[{count}]")
        assert_refused(instance, "pairs", [(1, "x")] * count + [Folding(1, 2)], "the arguments")
    assert call(instance, "pair", Pair()) == (1, "x")
    assert call(instance, "blob", Bytes(b"abc")) == b"abc"


class Meddler:
    """An integer, and a string, that does something to the values around it when it is looked at."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self.meddle = meddle

    def __index__(self) -> int:
        self.meddle()
        return 7


def test_lists_that_change_while_they_are_lowered(instance: Instance) -> None:
    for count in (ROWS, COLUMNS):
        for change in (list.clear, lambda values: values.extend([1] * 1000), lambda values: values.reverse()):
            numbers: list[Any] = [1] * count
            numbers.insert(1, Meddler(lambda values=numbers, change=change: change(values)))
            assert call(instance, "numbers", numbers) == [1, 7] + [1] * (count - 1)

            rows: list[Any] = [[1], [2, 3]] * count
            rows.insert(1, [Meddler(lambda values=rows, change=change: change(values))])
            assert call(instance, "matrix", rows) == [[1], [7], [2, 3], *([[1], [2, 3]] * (count - 1))]

            pairs: list[Any] = [(1, "x")] * count
            pairs.insert(0, (Meddler(lambda values=pairs, change=change: change(values)), "first"))
            assert call(instance, "pairs", pairs) == [(7, "first")] + [(1, "x")] * count


def test_values_that_change_while_others_are_lowered(instance: Instance) -> None:
    person = classes(instance, "people").cls
    for count in (ROWS, COLUMNS):
        people = [person("a" * 100, 1, ["x"] * 5) for _ in range(count)]

        def rename(people: list[Any] = people) -> None:
            for one in people:
                one.name, one.age = "b" * 1_000, 2
                one.tags.clear()

        people[1].age = Meddler(rename)
        for one in call(instance, "people", people):
            assert one.name in {"a" * 100, "b" * 1_000}
            assert one.tags in ([], ["x"] * 5)

        entries: dict[str, Any] = {str(number): 1 for number in range(count)}
        entries["1"] = Meddler(entries.clear)
        expected = {str(number): 1 for number in range(count)} | {"1": 7}
        assert call(instance, "map", entries) == expected


def test_buffers_that_change_their_size_or_are_released_meanwhile(instance: Instance) -> None:
    for count in (ROWS, COLUMNS):
        data = bytearray(b"x" * 50)
        blobs: list[Any] = [data] * count
        blobs.insert(0, [Meddler(lambda data=data: data.extend(b"y" * 1_000))])
        found = call(instance, "blobs", blobs)
        assert found[0] == b"\7"
        assert all(set(blob) <= set(b"xy") for blob in found[1:])

        data = bytearray(b"x" * 50)
        blobs = [data] * count
        blobs.insert(1, [Meddler(lambda data=data: data.clear())])
        assert all(blob in {b"x" * 50, b"", b"\7"} for blob in call(instance, "blobs", blobs))

        view = memoryview(bytearray(b"x" * 50))
        blobs = [b"first", [Meddler(view.release)]] + [view] * count
        assert_refused(instance, "blobs", blobs, "value[2]")


def test_buffers_that_cannot_be_read_are_refused_where_they_stand(instance: Instance) -> None:
    view = memoryview(b"abc")
    view.release()
    with mmap.mmap(-1, 10) as closed:
        closed[:3] = b"abc"
        assert call(instance, "blob", closed) == b"abc" + bytes(7)
    for gone in (view, closed):
        assert_refused(instance, "blob", gone, "value")
        assert_refused(instance, "numbers", gone, "value")
        for count in (ROWS, COLUMNS):
            assert_refused(instance, "blobs", [b"x"] * count + [gone], f"value[{count}]")
            assert_refused(instance, "matrix", [[1]] * count + [gone], f"value[{count}]")

    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int)]

    for odd in ((Point * 3)(), memoryview((Point * 3)()), memoryview(bytes(8)).cast("B", (2, 4))):
        assert_refused(instance, "numbers", odd, "value")
    assert call(instance, "numbers", array.array("h", [1, -2])) == [1, -2]
    assert call(instance, "numbers", memoryview(array.array("h", [1, 2, 3]))[::2]) == [1, 3]


class Odd(dict[Any, Any]):
    """A dict whose entries are whatever it was given."""

    def __init__(self, entries: Any) -> None:
        self.entries = entries

    def items(self) -> Any:
        return self.entries


class Endless(Mapping[str, int]):
    """A mapping that lies about its length and looks up what it does not list."""

    def __len__(self) -> int:
        return 1 << 40

    def __iter__(self) -> Iterator[str]:
        return iter(["a", "b"])

    def __getitem__(self, key: str) -> int:
        return ord(key)


def test_mappings_that_lie_are_taken_by_the_entries_that_they_give(instance: Instance) -> None:
    assert call(instance, "map", Endless()) == {"a": 97, "b": 98}
    assert call(instance, "map", Odd([("a", 1), ("b", 2)])) == {"a": 1, "b": 2}
    assert call(instance, "map", collections.OrderedDict(a=1)) == {"a": 1}
    for entries in ([()], [("a",)], [("a", 1, 2)], ["ab"], [5], [["a", 1]]):
        assert_refused(instance, "map", Odd(entries), "value")
        for count in (ROWS, COLUMNS):
            assert_refused(instance, "maps", [{"x": b"y"}] * count + [Odd(entries)], f"value[{count}]")
    assert_refused(instance, "map", Odd([("a", 1)] * 3 + [("b", -1)]), "value['b']")


def test_flags_and_enums_with_other_insides(instance: Instance) -> None:
    perms, colors = classes(instance, "perms").cls, classes(instance, "colors").cls

    class Bits:
        """Is equal to whatever it is compared with, and passes for any bits."""

        def __hash__(self) -> int:
            return 3

        def __eq__(self, other: object) -> bool:
            return True

        def __and__(self, other: object) -> int:
            return 0

        __rand__ = __and__

    stray = object.__new__(perms)
    stray._value_ = Bits()
    bare = object.__new__(perms)
    member = object.__new__(colors)
    for count in (ROWS, COLUMNS):
        assert_refused(instance, "perms", [perms(0)] * count + [bare], f"value[{count}]")
        assert_refused(instance, "colors", [colors.RED] * count + [member], f"value[{count}]")
        with contextlib.suppress(InvalidValue):
            call(instance, "perms", [stray] * count)
        # Whatever became of it, it has not taken the place of others.
        both = [perms.READ | perms.WRITE] * count
        assert call(instance, "perms", both) == both


def test_classes_that_say_they_are_equal_to_a_case(instance: Instance) -> None:
    circle, named, nothing = (case.cls for case in classes(instance, "shapes").cases)

    class Meta(type):
        def __hash__(cls) -> int:
            return hash(nothing)

        def __eq__(cls, other: object) -> bool:
            return True

    class Like(metaclass=Meta):
        value = 1.5

    for count in (ROWS, COLUMNS):
        right = [circle(1.0), named("x"), nothing()] * count
        assert_refused(instance, "shapes", [Like(), *right], "value[0]")
        assert_refused(instance, "shapes", [*right, Like()], f"value[{len(right)}]")
        assert call(instance, "shapes", right) == right


def test_values_that_were_made_without_being_initialized(instance: Instance) -> None:
    circle = classes(instance, "shapes").cases[0].cls
    person = classes(instance, "people").cls
    for name, cls in (("shapes", circle), ("people", person), ("deeps", Some), ("outcomes", Ok)):
        for count in (1, ROWS, COLUMNS):
            assert_refused(instance, name, [object.__new__(cls)] * count, "value[0]")


class Refusal(Exception):
    """What the values below raise."""


def test_an_exception_of_a_values_own_code_is_raised_as_it_is(instance: Instance) -> None:
    """It says more than we could: the traceback leads into the value's class."""
    person = classes(instance, "people").cls

    def fail(*_: object) -> Any:
        raise Refusal

    class Failing(person):  # type: ignore[misc]
        __slots__ = ()
        age = property(fail, lambda self, value: None)

    class Sequence_(Sequence[Any]):
        __len__ = __getitem__ = __iter__ = fail

    class Mapping_(Mapping[Any, Any]):
        __len__ = __getitem__ = __iter__ = items = fail

    class Attribute:
        __class__ = property(fail)
        __index__ = __float__ = fail

    failing = Failing("x", 1, [])
    for count in (0, ROWS, COLUMNS):
        before = [person("x", 1, [])] * count
        for name, value in (
            ("person", failing),
            ("people", [*before, failing]),
            ("numbers", Sequence_()),
            ("matrix", [[1]] * count + [Sequence_()]),
            ("map", Mapping_()),
            ("maps", [{"x": b"y"}] * count + [Mapping_()]),
            ("u8", Attribute()),
            ("numbers", [1] * count + [Attribute()]),
            ("reals", [1.0] * count + [Attribute()]),
        ):
            with pytest.raises(Refusal):
                call(instance, name, value)


def test_a_missing_attribute_is_named_with_its_place(instance: Instance) -> None:
    person = classes(instance, "people").cls

    class Forgetful(person):  # type: ignore[misc]
        __slots__ = ()

        @property
        def age(self) -> int:
            raise AttributeError("age")

        @age.setter
        def age(self, value: int) -> None:
            pass

    for count in (0, ROWS, COLUMNS):
        with pytest.raises(InvalidValue, match="a value in its field age") as caught:
            call(instance, "people", [person("x", 1, [])] * count + [Forgetful("x", 1, [])])
        assert caught.value.path == f"value[{count}]"


def test_calls_of_the_same_instance_from_inside_a_value(instance: Instance) -> None:
    """Until all values are lowered, the instance is free."""
    for count in (ROWS, COLUMNS):
        found = list[Any]()
        inner = Meddler(lambda found=found: found.append(call(instance, "texts", ["inner"] * 20)))
        assert call(instance, "numbers", [1] * count + [inner]) == [1] * count + [7]
        assert found[0] == ["inner"] * 20


def test_the_results_of_a_host_are_read_with_the_same_care() -> None:
    results: dict[str, Any] = {
        "numbers": [1, Number(1 << 40)],
        "text": Text("\ud800"),
        "blob": pretender(bytes),
        "map": Odd([()]),
        "pair": Folding(1),
        "deep": pretender(Some),
    }
    good = {"numbers": [1], "text": "x", "blob": b"x", "map": {"a": 1}, "pair": (1, "x"), "deep": None}
    for name, value in results.items():
        with (
            instance_with(lambda given, pad, value=value: value) as made,
            pytest.raises(HostImportFailed, match=rf"give-{name} raised \w+: result") as caught,
        ):
            made.call(f"via-{name}", good[name], NO_PAD)
        assert isinstance(caught.value.__cause__, InvalidType | InvalidValue)
    lies: dict[str, tuple[Any, Any]] = {
        "numbers": (Many([1, 2]), [1, 2]),
        "text": (Text("grüße"), "grüße"),
        "blob": (Bytes(b"abc"), b"abc"),
        "map": (Endless(), {"a": 97, "b": 98}),
        "pair": (Pair(), (1, "x")),
    }
    for name, (value, right) in lies.items():
        with instance_with(lambda given, pad, value=value: value) as made:
            assert made.call(f"via-{name}", good[name], NO_PAD) == right
