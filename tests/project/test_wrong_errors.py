"""A guest that raises an `Err` which its function does not have is told its line, the value and what the WIT wants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_sdk.component import Component, Err, Instance, Trap
from airssys_sdk.project import Project, build, generate_project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faulty")]

GUEST = Path(__file__).resolve().parents[1] / "guests" / "faulty"
LINES = (GUEST / "component.py").read_text("utf-8").splitlines()


class Ledger:
    def pay(self, amount: int) -> int:
        raise Err("closed")


@pytest.fixture(scope="module")
def wasm(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "src" / "faulty").mkdir(parents=True)
    (folder / "wit").mkdir()
    shutil.copy(GUEST / "faulty.wit", folder / "wit")
    shutil.copy(GUEST / "component.py", folder / "src" / "faulty")
    (folder / "src" / "faulty" / "__init__.py").touch()
    (folder / "Component.toml").write_text(
        '[component]\nnamespace = "test"\nname = "faulty"\nversion = "0.1.0"\nworld = "test:faulty/faulty@0.1.0"\n'
    )
    project = Project.load(folder)
    generate_project(project)
    return build(project, cache=kept / "faulty", precompile=False).path


@pytest.fixture(params=["plain", "metered"])
def faulty(wasm: Path, request: pytest.FixtureRequest) -> Iterator[Instance]:
    with Component.open(wasm, profile=request.param).instantiate({"ledger": Ledger()}) as instance:
        yield instance


@pytest.mark.parametrize(
    ("path", "arguments", "value", "wanted"),
    [
        ("shop.buy", ["milk"], "'milk'", "Problem_SoldOut or Problem_Spoilt"),
        ("shop.count", [], "'many'", "int"),
        ("shop.rename", [], "5", "str"),
        ("shop.[static]box.largest", [], "'none'", "Problem_SoldOut or Problem_Spoilt"),
        ("shop.[constructor]box", [10], "10", "str"),
    ],
)
def test_the_line_the_value_and_what_is_wanted(
    faulty: Instance, path: str, arguments: list[Any], value: str, wanted: str
) -> None:
    with pytest.raises(Trap) as trapped:
        faulty.call(path, *arguments)
    _says(trapped.value, path.removeprefix("shop."), value, wanted)


def test_a_method_of_a_resource(faulty: Instance) -> None:
    box: Any = faulty.resource("box")
    with pytest.raises(Trap) as trapped:
        box(3).open()
    _says(trapped.value, "[method]box.open", "'stuck'", "Problem_SoldOut or Problem_Spoilt")


def _says(error: Trap, mark: str, value: str, wanted: str) -> None:
    (number,) = (number for number, line in enumerate(LINES, 1) if line.endswith(f"  # {mark}"))
    assert (
        f"@0.1.0#{mark} cannot return Err({value}), which was raised at src/faulty/component.py:{number}: "
        f"the WIT wants Err of {wanted}"
    ) in error.message
    assert "hint: raise Err with a value of the type that the WIT gives the function's error" in str(error)
    assert "host function" not in str(error)
    assert "_airssys_entry" not in str(error)


def test_the_author_catches_what_a_method_of_the_resource_raises(faulty: Instance) -> None:
    box: Any = faulty.resource("box")
    with pytest.raises(Err) as caught:
        box(3).peek()
    assert caught.value.value == "peeked: stuck"


def test_what_the_wit_has_comes_back(faulty: Instance) -> None:
    with pytest.raises(Err) as caught:
        faulty.call("shop.buy", "nothing")
    assert type(caught.value.value).__name__ == "Problem_SoldOut"


def test_an_error_of_a_host_function_is_told_as_one(faulty: Instance) -> None:
    (number,) = (number for number, line in enumerate(LINES, 1) if line.endswith("  # pay"))
    with pytest.raises(Trap) as trapped:
        faulty.call("shop.pay", 3)
    told = f"cannot return Err('closed'), which a host function raised at src/faulty/component.py:{number}"
    assert told in trapped.value.message
    assert "hint: catch in the method what host functions raise" in str(trapped.value)
