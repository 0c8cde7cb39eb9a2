"""The compiled module: it is there where it can be, refuses what it does not take, and everything also works without it."""

from __future__ import annotations

import ast
import ctypes
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nested_runs import HERE, run_tests

from airssys_sdk.component.engine import foreign

COMPILED = foreign.COMPILED
PURE = {"AIRSSYS_PURE": "1"}
EVERY_PATH = (
    *(
        "test_ready.py",
        "test_calls.py",
        "test_imports.py",
        "test_codec_values.py",
        "test_adversarial_values.py",
    ),
    *("test_handles.py", "test_lowering_resources.py", "test_slices.py", "test_suspend.py"),
    *("test_limits.py", "test_wasi.py", "test_scalar_imports.py"),
)

needs_module = pytest.mark.skipif(
    COMPILED is None, reason="the compiled module was not built, or is switched off"
)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
@pytest.mark.skipif(os.environ.get("AIRSSYS_PURE") == "1", reason="the compiled module is switched off")
def test_where_there_is_a_compiler_the_module_was_built() -> None:
    assert COMPILED is not None


@pytest.mark.parametrize(("value", "there"), [("", True), ("0", True), ("1", False), ("yes", False)])
@needs_module
def test_a_variable_switches_the_module_off(value: str, there: bool) -> None:
    program = "from airssys_sdk.component.engine.foreign import COMPILED; print(COMPILED is not None)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "AIRSSYS_PURE": value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{there}\n"


@pytest.mark.parametrize("revision", [None, foreign.REVISION - 1, foreign.REVISION + 1])
def test_a_module_that_was_built_of_another_source_is_not_used(revision: int | None) -> None:
    program = f"""
import sys, types
module = types.ModuleType("airssys_sdk.component.engine._native")
if {revision} is not None:
    module.REVISION = {revision}
sys.modules[module.__name__] = module
sys.path.insert(0, {str(HERE)!r})
from small_guest import Small
with Small.load() as small:
    print(small.add(1, 2))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "AIRSSYS_PURE": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "3\n"
    assert "install the package again" in done.stderr


@pytest.mark.slow
def test_calls_of_every_kind_work_without_the_module() -> None:
    run_tests(PURE, "-m", "not soak and not slow", *(HERE / name for name in EVERY_PATH))


@pytest.mark.soak
def test_all_tests_of_components_pass_without_the_module() -> None:
    run_tests(
        PURE, HERE, "-m", "not soak", f"--ignore={__file__}", f"--ignore={HERE / 'test_debug_malloc.py'}"
    )


@needs_module
def test_the_module_has_what_its_types_say_and_nothing_else() -> None:
    stub = ast.parse(Path(foreign.__file__).with_name("_native.pyi").read_text("utf-8"))
    declared = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    declared |= {
        node.target.id
        for node in stub.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assert {name for name in dir(COMPILED) if not name.startswith("__")} == declared


@pytest.fixture
def compare() -> object:
    """C's `memcmp`, as a foreign function that returns a number."""
    address = ctypes.cast(ctypes.CDLL(None).memcmp, ctypes.c_void_p).value
    return COMPILED.function(address, 3)


@needs_module
def test_a_foreign_function_takes_bytes_integers_and_none_and_no_more_than_fit(compare: object) -> None:
    assert callable(compare)
    assert compare(b"abc", b"abc", 3) == 0
    for wrong in (1.5, "abc", [1], bytearray(b"abc"), ctypes.c_int(1)):
        with pytest.raises(TypeError, match="takes bytes, integers and None"):
            compare(wrong, b"abc", 3)
    with pytest.raises(TypeError, match="no more than 9 arguments"):
        compare(*range(10))


@needs_module
def test_a_ready_call_keeps_what_its_parameters_point_to(compare: object) -> None:
    ready = COMPILED.ready(compare, (bytes(bytearray(b"abc")), bytes(bytearray(b"abd")), 3), object())
    assert [ready() == 0 for _ in range(3)] == [False] * 3
    with pytest.raises(TypeError, match="no foreign function"):
        COMPILED.ready(len, (), None)
    with pytest.raises(TypeError, match="takes bytes, integers and None"):
        COMPILED.ready(compare, (1.5,), None)
    with pytest.raises(TypeError, match="no more than 9 arguments"):
        COMPILED.ready(compare, (0,) * 10, None)


@needs_module
def test_texts_are_read_and_written_in_place() -> None:
    values = ["", "abc", "grüße", "🐍" * 3, "a\0b"]
    block = ctypes.create_string_buffer(24 * len(values))
    at = ctypes.addressof(block)
    COMPILED.put_texts(at, 24, values)
    assert COMPILED.texts(at, len(values), 24) == values
    size, data = (int.from_bytes(block[begin : begin + 8], "little") for begin in (48, 56))
    assert COMPILED.text(data, size) == "grüße"
    with pytest.raises(UnicodeEncodeError):
        COMPILED.put_texts(at, 24, ["\ud800"])
    for wrong in (b"abc", 1, None):
        with pytest.raises(TypeError, match="no string"):
            COMPILED.put_texts(at, 24, ["a", wrong])
    for call in (COMPILED.put_texts, COMPILED.text, COMPILED.texts):
        with pytest.raises(TypeError, match="arguments"):
            call()


STOP = 0x5A


class Echo:
    """A direct call that gives its first argument; it fails if `fails` and that begins with `STOP`: C's `memccpy` looks for it."""

    def __init__(self, codes: str, *, most: int = 4096, fails: bool = False) -> None:
        self.given, self.copied = bytearray(64), bytearray(64)
        self.error, self.cell = bytearray(8), bytearray(b"\1" * 8)
        source = self.at(self.given)
        address = ctypes.cast(ctypes.CDLL(None).memccpy, ctypes.c_void_p).value
        parameters = self.at(self.copied), source, STOP, int(fails)
        copy = COMPILED.ready(COMPILED.function(address, 1), parameters, self)
        address = ctypes.cast(ctypes.CDLL(None).memset, ctypes.c_void_p).value
        self.release = COMPILED.ready(COMPILED.function(address, 0), (self.at(self.cell), 7, 8), self)
        places = (*(source + 16 * number for number in range(len(codes) - 1)), source)
        self.call = COMPILED.direct(copy, codes, places, self.at(self.error), self.release, most)

    @staticmethod
    def at(memory: bytearray) -> int:
        return ctypes.addressof(ctypes.c_char.from_buffer(memory))


@needs_module
@pytest.mark.parametrize("code", "bBhHiIqQ")
def test_a_direct_call_takes_and_gives_the_integers_of_a_format(code: str) -> None:
    bits = 8 * struct.calcsize(code)
    least, greatest = (0, (1 << bits) - 1) if code.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)
    echo = Echo(code * 2)
    for value in (least, greatest, 0, 1, True):
        assert echo.call(value) == value
        assert echo.given == struct.pack(code, value).ljust(64, b"\0")
    for wrong in (least - 1, greatest + 1, -(1 << 64), 1 << 64):
        with pytest.raises(OverflowError):
            echo.call(wrong)
    for none in (1.0, "1", None, b"1"):
        with pytest.raises(TypeError, match="no integer"):
            echo.call(none)


@needs_module
def test_a_direct_call_takes_and_gives_floats_texts_and_truth_values() -> None:
    for value in (0.5, -1.0, float("inf"), 5e-324):
        assert Echo("dd").call(value) == value
    with pytest.raises(TypeError, match="no float"):
        Echo("dd").call(1)
    assert Echo("If").call(struct.unpack("<I", struct.pack("<f", 0.75))[0]) == 0.75
    assert [Echo("B?").call(value) for value in (0, 1)] == [False, True]
    for text in ("", "grüße", "🐍", "a\0b"):
        assert Echo("ss").call(text) == text
    with pytest.raises(UnicodeEncodeError):
        Echo("ss").call("\ud800")
    with pytest.raises(TypeError, match="no string"):
        Echo("ss").call(b"abc")
    assert Echo("x").call() is None
    several = Echo("qsdBq")
    assert several.call(-7, "abc", 0.25, 3) == -7
    assert struct.unpack_from("<q8xQ8xd8xB", several.given) == (-7, 3, 0.25, 3)


@needs_module
def test_a_direct_call_that_fails_gives_what_nothing_else_gives_and_the_address_of_the_error() -> None:
    echo = Echo("BB", fails=True)
    assert echo.call(STOP) is NotImplemented
    assert int.from_bytes(echo.error, "little") == echo.at(echo.copied) + 1
    assert echo.call(STOP + 1) == STOP + 1


@needs_module
def test_a_direct_call_frees_long_texts_at_once() -> None:
    echo = Echo("ss", most=3)
    assert echo.call("abc") == "abc"
    assert echo.cell == b"\1" * 8
    assert echo.call("abcd") == "abcd"
    assert echo.cell == b"\0" + b"\7" * 7  # and says that nothing is there any more
    numbers = Echo("QQ", most=3)
    assert numbers.call(1 << 40) == 1 << 40
    assert numbers.cell == b"\1" * 8


@needs_module
def test_a_direct_call_runs_no_code_of_what_it_is_given() -> None:
    def never(*_: object) -> Any:
        raise AssertionError("this was called")

    class Whole(int):
        __index__ = __int__ = __eq__ = __lt__ = __hash__ = never

    class Real(float):
        __float__ = __index__ = never

    class Text(str):
        __slots__ = ()
        __len__ = encode = __str__ = never

    assert Echo("qq").call(Whole(5)) == 5
    assert Echo("QQ").call(Whole(5)) == 5
    assert Echo("dd").call(Real(0.5)) == 0.5
    assert Echo("ss").call(Text("abc")) == "abc"

    class Like:
        __index__ = __int__ = __float__ = never

    for code in "qQds":
        with pytest.raises(TypeError):
            Echo(code * 2).call(Like())


@needs_module
def test_a_direct_call_is_made_of_what_fits_together() -> None:
    echo = Echo("qq")
    with pytest.raises(TypeError, match="takes 1 arguments, not 2"):
        echo.call(1, 2)
    call = echo.release
    for codes, places in (
        ("", ()),
        ("q", ()),
        ("q", (1, 2)),
        ("q" * 11, (1,) * 11),
        ("e", (1,)),
        ("?q", (1, 2)),
    ):
        with pytest.raises(TypeError, match="a code and a place"):
            COMPILED.direct(call, codes, places, 1, call, 0)
    with pytest.raises(TypeError, match="no foreign function"):
        COMPILED.direct(len, "x", (1,), 1, call, 0)
    with pytest.raises(TypeError, match="no foreign function"):
        COMPILED.direct(call, "x", (1,), 1, len, 0)
    with pytest.raises(TypeError):
        COMPILED.direct(call, "x", ("1",), 1, call, 0)


@needs_module
@pytest.mark.parametrize("size", [0, 3, 8, 511, 512, 513, 519, 520, 1024, 4099])
def test_the_sum_of_words_is_that_of_python(size: int) -> None:
    data = bytes(255 - number * number % 251 for number in range(size))
    words = [int.from_bytes(data[at : at + 8].ljust(8, b"\0"), sys.byteorder) for at in range(0, size, 8)]
    whole = sum((2 * (place // 64) + 1) * word for place, word in enumerate(words))
    assert COMPILED.word_sum(data) == COMPILED.word_sum(memoryview(data)) == whole % (1 << 64)
    with pytest.raises(TypeError):
        COMPILED.word_sum("abc")


@needs_module
@pytest.mark.parametrize("order", [("0", "1"), ("1", "0")], ids=["compiled-first", "pure-first"])
def test_code_that_was_kept_with_the_module_is_found_without_it_and_the_other_way_round(
    order: tuple[str, str], tmp_path: Path
) -> None:
    program = """
import sys
from pathlib import Path
from airssys_sdk.component import Cache, Component
cache = Cache(Path(sys.argv[2]))
Component.open(Path(sys.argv[1]), cache=cache)
print(cache.counters.compiled)
"""
    (tmp_path / "empty.wasm").write_bytes(b"\0asm\x0d\0\1\0")
    compiled = [
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / "empty.wasm", tmp_path / "cache"],
            env={**os.environ, "AIRSSYS_PURE": pure},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for pure in order
    ]
    assert compiled == ["1\n", "0\n"]
