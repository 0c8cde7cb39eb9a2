"""A package without a world: types and Protocols of its interfaces, and of those that they use."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from generator_worlds import GOLDEN, put

from airssys_generator import Files, GenerationError, generate
from airssys_sdk.wit.reader import read

USING = """
package a:using;
interface here {
  use b:base/shapes@2.1.0.{shape as form};
  draw: func(form: form) -> result<_, form>;
}
interface empty {}
"""
BASE = """
package b:base@2.1.0;
interface shapes {
  use numbers.{count};
  record shape { corners: count }
  area: func(shape: shape) -> f64;
}
interface numbers { type count = u16; }
interface unrelated { f: func(); }
"""
USER = """
from ledger import accounts, audit, money


class Account:
    def balance(self) -> money.Amount:
        return 3

    def transfer(self, to: accounts.Account, amount: money.Amount) -> None:
        raise accounts.ProblemRaised(accounts.Problem(accounts.Reason.NOT_ENOUGH, "a"))

    @classmethod
    def open(cls, name: str) -> "Account":
        return cls()


class Accounts:
    Account = Account


class Audit:
    def notify(self, events: list[audit.Event]) -> None: ...

    async def next(self) -> audit.Event | None:
        return audit.Event_Moved(("a", "b", 3))


book: accounts.Accounts = Accounts()
told: audit.Audit = Audit()
"""


def test_every_interface_is_there_and_of_others_those_whose_types_are_used(tmp_path: Path) -> None:
    files = _generated({"a.wit": USING, "deps/base/base.wit": BASE}, tmp_path)
    assert set(files) == {"__init__.py", "here.py", "names.toml", "numbers.py", "py.typed", "shapes.py"}
    assert "def draw(self, form: shapes.Shape) -> None:" in files["here.py"]
    assert "class ShapeRaised(wit.Err[Shape]):" in files["shapes.py"]
    assert "corners: numbers.Count" in files["shapes.py"]
    assert [type(node) for node in ast.parse(files["__init__.py"]).body] == [ast.Expr]  # its docstring


def test_a_package_of_wasi_has_its_protocols_though_the_engine_links_it_in_a_world(tmp_path: Path) -> None:
    text = "package wasi:clocks@0.2.0; interface monotonic-clock { now: func() -> u64; }"
    files = _generated({"clocks.wit": text}, tmp_path)
    assert "class MonotonicClock(typing.Protocol):" in files["monotonic_clock.py"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package a:b; world w {}", "the package has no interface\n"),
        ("package a:b; interface i { f: func(s: stream<u8>); }", "because of one place"),
        ("package a:b; interface i { record r { f: list<u8, 4> } }", "because of one place"),
    ],
)
def test_what_is_no_package_of_types_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(GenerationError) as caught:
        _generated({"a.wit": text}, tmp_path)
    assert message in str(caught.value)


def test_a_guest_needs_a_world() -> None:
    resolve = read(GOLDEN / "package" / "ledger.wit")
    with pytest.raises(GenerationError, match="guests are not generated for a package"):
        generate(resolve, resolve.main, "guest")


@pytest.mark.slow
def test_classes_that_implement_the_protocols_pass_both_type_checkers(
    tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    resolve = read(GOLDEN / "package" / "ledger.wit")
    files = generate(resolve, resolve.main, "host")
    put({**{f"ledger/{name}": text for name, text in files.items()}, "user.py": USER}, tmp_path)
    assert check_types(tmp_path) == {}


def _generated(files: dict[str, str], folder: Path) -> Files:
    put(files, folder)
    resolve = read(folder)
    return generate(resolve, resolve.main, "host")
