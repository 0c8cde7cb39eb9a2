"""What happens when something does not fit or fails, through a generated host package and real components."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from airssys_sdk.component import (
    HostImportFailed,
    InstanceDead,
    InvalidComponent,
    InvalidValue,
    LinkError,
    Trap,
)
from airssys_sdk.errors import ValidationError
from airssys_sdk.wit.tools import run_wasm_tools

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("contract-inventory")]

SOURCE = Path(__file__).resolve().parents[1] / "guests" / "inventory" / "src" / "inventory" / "component.py"


class Clock:
    def now(self) -> int:
        return time.time_ns()


class Host:
    def __init__(self, clock: object) -> None:
        self.clock = clock


@pytest.fixture
def inventory(shop: ModuleType, inventory_wasm: Path) -> Iterator[Any]:
    with shop.Inventory.load(inventory_wasm, imports=Host(Clock())) as loaded:
        yield loaded


def dummy(folder: Path, wit: str) -> Path:
    """A component for a world whose functions all trap."""
    (folder / "world.wit").write_text(wit, "utf-8")
    module = run_wasm_tools(["component", "embed", "--dummy", folder / "world.wit"])
    file = folder / "dummy.wasm"
    file.write_bytes(run_wasm_tools(["component", "new", "-"], stdin=module))
    return file


def line_of(code: str) -> int:
    """The line of the guest's source that has this code."""
    (line,) = [at for at, text in enumerate(SOURCE.read_text("utf-8").splitlines(), start=1) if code in text]
    return line


def test_a_guest_that_raises_is_a_trap_with_its_traceback_in_the_authors_file(inventory: Any) -> None:
    with pytest.raises(Trap) as trapped:
        inventory.store.take_stock()
    told = trapped.value.guest_traceback
    assert told is not None
    place = 'File "src/inventory/component.py", line {}, in {}'
    assert place.format(line_of("return count("), "take_stock") in told
    assert place.format(line_of("raise NotImplementedError"), "count") in told
    assert "NotImplementedError: nobody counts top and bottom" in told
    assert told in str(trapped.value)
    assert "demo:shop/store@1.0.0#take-stock" in str(trapped.value)


def test_after_a_trap_the_instance_is_dead_and_says_why(inventory: Any) -> None:
    with pytest.raises(Trap):
        inventory.store.take_stock()
    for call in (inventory.version, lambda: inventory.store.get("sku-1")):
        with pytest.raises(InstanceDead, match="take-stock"):
            call()


def test_a_closed_instance_says_that_it_is_closed(shop: ModuleType, inventory_wasm: Path) -> None:
    with shop.Inventory.load(inventory_wasm, imports=Host(Clock())) as loaded:
        assert loaded.version() == "1.0.0"
    with pytest.raises(InstanceDead, match="closed"):
        loaded.version()


def test_an_argument_out_of_range_is_named_and_nothing_else_happens(inventory: Any) -> None:
    with pytest.raises(InvalidValue, match=re.escape("by: expected")) as refused:
        inventory.store.restock("sku-1", 128)
    error = refused.value
    assert (error.path, error.got, error.function) == ("by", "128", "demo:shop/store@1.0.0#restock")
    assert "-128" in error.expected
    assert "127" in error.expected
    assert isinstance(error, ValueError)
    assert inventory.store.restock("sku-1", 127) == 130


def test_an_exception_in_the_host_is_passed_on_as_the_cause(shop: ModuleType, inventory_wasm: Path) -> None:
    class Broken:
        def now(self) -> int:
            raise ZeroDivisionError("the clock stands still")

    with shop.Inventory.load(inventory_wasm, imports=Host(Broken())) as loaded:
        with pytest.raises(HostImportFailed, match="clock") as failed:
            loaded.store.get("sku-1")
        assert isinstance(failed.value.__cause__, ZeroDivisionError)
        with pytest.raises(InstanceDead):
            loaded.version()


def test_a_host_that_answers_out_of_range_is_told(shop: ModuleType, inventory_wasm: Path) -> None:
    class Wrong:
        def now(self) -> int:
            return -1

    with (
        shop.Inventory.load(inventory_wasm, imports=Host(Wrong())) as loaded,
        pytest.raises(HostImportFailed, match="now") as failed,
    ):
        loaded.store.get("sku-1")
    assert isinstance(failed.value.__cause__, InvalidValue)


@pytest.mark.parametrize(
    ("clock", "told"), [(None, "clock"), (object(), "now"), (type("Wrong", (), {"now": 5})(), "now")]
)
def test_a_host_that_lacks_an_import_is_refused(
    clock: object, told: str, shop: ModuleType, inventory_wasm: Path
) -> None:
    with pytest.raises(LinkError, match=told):
        shop.Inventory.load(inventory_wasm, imports=Host(clock))


def test_a_component_that_lacks_exports_of_its_world_is_refused_and_all_are_named(
    shop: ModuleType, tmp_path: Path
) -> None:
    wit = """
        package demo:shop@1.0.0;
        interface store { close: func(); take-stock: func() -> u32; }
        world inventory { export store; }
        """
    with pytest.raises(LinkError) as refused:
        shop.Inventory.load(dummy(tmp_path, wit), imports=Host(Clock()))
    told = str(refused.value)
    for missing in ("demo:shop/store@1.0.0#get", "demo:shop/store@1.0.0#restock", "version"):
        assert f"does not export {missing}\n" in f"{told}\n"
    assert "take-stock" not in told
    assert "demo:shop/inventory@1.0.0" in told
    assert str(tmp_path) in told


def test_an_export_that_has_another_type_is_refused_when_it_is_first_used(
    shop: ModuleType, tmp_path: Path
) -> None:
    wit = """
        package demo:shop@1.0.0;
        interface types {
          record item { id: string, price-cents: u32, tags: list<string>, asked: option<u64> }
          variant lookup-error { missing(string), closed }
        }
        interface store {
          use types.{item, lookup-error};
          get: func(sku: string) -> result<item, lookup-error>;
          restock: func(sku: string, by: s8) -> u32;
          close: func();
          take-stock: func() -> u32;
        }
        world inventory { export store; export version: func() -> string; }
        """
    component = dummy(tmp_path, wit)
    with (
        shop.Inventory.load(component, imports=Host(Clock())) as loaded,
        pytest.raises(LinkError, match="price-cents"),
    ):
        loaded.store.get("sku-1")


def test_a_component_of_another_world_is_refused_and_says_what_it_is(
    shop: ModuleType, tmp_path: Path
) -> None:
    other = dummy(tmp_path, "package demo:other; world w { export greet: func() -> string; }")
    with pytest.raises(LinkError) as refused:
        shop.Inventory.load(other, imports=Host(Clock()))
    told = str(refused.value)
    assert "it does not export demo:shop/store@1.0.0" in told
    assert "it exports greet" in told


def test_a_component_that_imports_what_its_world_does_not_offer_is_refused(
    shop: ModuleType, tmp_path: Path
) -> None:
    wit = """
        package demo:shop@1.0.0;
        interface types {
          record item { id: string, price-cents: u64, tags: list<string>, asked: option<u64> }
          variant lookup-error { missing(string), closed }
        }
        interface store {
          use types.{item, lookup-error};
          get: func(sku: string) -> result<item, lookup-error>;
          restock: func(sku: string, by: s8) -> u32;
          close: func();
          take-stock: func() -> u32;
        }
        interface bank { pay: func(cents: u64); }
        world inventory { import bank; export store; export version: func() -> string; }
        """
    with pytest.raises(LinkError, match=r"demo:shop/bank@1\.0\.0"):
        shop.Inventory.load(dummy(tmp_path, wit), imports=Host(Clock()))


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "empty"), (b"hello", "not WebAssembly"), (b"\0asm\1\0\0\0", "core WebAssembly module")],
)
def test_a_file_that_is_no_component_is_refused(
    content: bytes, told: str, shop: ModuleType, tmp_path: Path
) -> None:
    file = tmp_path / "no.wasm"
    file.write_bytes(content)
    with pytest.raises(InvalidComponent, match=told) as refused:
        shop.Inventory.load(file, imports=Host(Clock()))
    assert isinstance(refused.value, ValidationError)
    assert str(file) in str(refused.value)
