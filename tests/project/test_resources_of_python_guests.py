"""Resources between a host and Python guests, through generated packages: those of the guest's, and those of the host's."""

from __future__ import annotations

import asyncio
import gc
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from library_guests import library_project, write_host_package

from airssys_sdk.component import (
    Component,
    Err,
    InstanceDead,
    InvalidType,
    InvalidValue,
    Limits,
    drop,
)
from airssys_sdk.errors import UsageError
from airssys_sdk.manifest import Manifest
from airssys_sdk.project import build
from airssys_sdk.runtime import ComponentSpec, Node

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("resources")]

LIMITS = [None, Limits(deadline=30)]
PROFILES = ["plain", "metered"]
USER = """
from between_host import Between
from between_host.imports import shelves as mine
from keeper_host import Keeper
from keeper_host.exports import shelves


class Book:
    def __init__(self, title: str) -> None:
        self.name = title

    def title(self) -> str:
        return self.name

    def page(self, number: int) -> str | None:
        return None

    @classmethod
    def longer(cls, a: mine.Book, b: mine.Book) -> bool:
        return a.title() > b.title()


class Receipt:
    pass


class Shelves:
    Book = Book

    def browse(self, shelf: str) -> list[mine.Book]:
        return [Book(shelf)]

    def lend(self, book: mine.Book) -> mine.Loan:
        return mine.Loan(book, 3)

    def look(self, title: str) -> mine.Found:
        return mine.Found_One(Book(title))

    def give_back(self, loan: mine.Loan) -> mine.Receipt:
        return Receipt()

    def check(self, receipt: mine.Receipt) -> str:
        return "checked"


class Host:
    shelves = Shelves()


def use(keeper: Keeper, between: Between) -> shelves.Receipt:
    with keeper.shelves.Book("emma") as book, keeper.shelves.Book("ulysses") as other:
        print(book.title(), keeper.shelves.Book.longer(book, other))
    loan = keeper.shelves.lend(keeper.shelves.browse("e")[0])
    return keeper.shelves.give_back(loan)


with Keeper.load("keeper.wasm") as keeper, Between.load("between.wasm", imports=Host()) as between:
    print(keeper.shelves.check(use(keeper, between)))
"""


class HostBook:
    """A book of the host's, which says when the guest is done with it."""

    alive: int = 0

    def __init__(self, title: str) -> None:
        if title == "none":
            raise Err("no such book")
        self.name = title
        HostBook.alive += 1

    def title(self) -> str:
        return f"the {self.name}"

    def page(self, number: int) -> str | None:
        return f"page {number}" if number < 2 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        HostBook.alive -= 1

    @classmethod
    def longer(cls, a: HostBook, b: HostBook) -> bool:
        return len(a.name) > len(b.name)


class HostReceipt:
    def __init__(self, text: str) -> None:
        self.text = text


class HostShelves:
    Book = HostBook

    def __init__(self, package: Any) -> None:
        self.types = package

    def browse(self, shelf: str) -> list[HostBook]:
        return [HostBook(f"{shelf}{number}") for number in range(12)]

    def lend(self, book: HostBook) -> Any:
        return self.types.Loan(book, 3)

    def look(self, title: str) -> Any:
        return self.types.Found_One(HostBook(title))

    def give_back(self, loan: Any) -> HostReceipt:
        return HostReceipt(f"{loan.book.name} after {loan.days}")

    def check(self, receipt: HostReceipt) -> str:
        return receipt.text


class Host:
    def __init__(self, package: Any) -> None:
        self.shelves = HostShelves(package)


@pytest.fixture(scope="module")
def built(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("library")
    names = ("keeper", "between")
    return {
        name: build(library_project(folder / name, name), cache=kept / "library", precompile=False).path
        for name in names
    }


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the path with the generated packages."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("keeper", "between"):
        write_host_package(folder, name)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith(("keeper_host", "between_host"))]:
        del sys.modules[name]


@pytest.fixture(params=LIMITS, ids=PROFILES)
def keeper(built: dict[str, Path], packages: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    package = importlib.import_module("keeper_host")
    with package.Keeper.load(built["keeper"], limits=request.param) as world:
        yield world


@pytest.fixture(params=LIMITS, ids=PROFILES)
def between(built: dict[str, Path], packages: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    package = importlib.import_module("between_host")
    types = importlib.import_module("between_host.imports.shelves")
    HostBook.alive = 0
    with package.Between.load(built["between"], imports=Host(types), limits=request.param) as world:
        yield world


def test_a_resource_of_the_guest_is_made_called_and_dropped(keeper: Any) -> None:
    with keeper.shelves.Book("emma") as book:
        assert book.title() == "emma"
        assert [book.page(number) for number in (0, 1, 2)] == ["a house", "a match", None]
        assert isinstance(book, keeper.shelves.Book)
    assert repr(book) == "<Book that was dropped>"
    drop(book)  # again, which is harmless
    with pytest.raises(
        InvalidValue, match=r"title: self: expected Book that is still there, got one that was"
    ):
        book.title()
    assert keeper.shelves.Book("ulysses").title() == "ulysses"


def test_what_functions_give_is_of_the_same_class(keeper: Any) -> None:
    books = keeper.shelves.browse("")
    assert [book.title() for book in books] == ["emma", "ulysses"]
    assert {type(book) for book in books} == {keeper.shelves.Book}
    assert keeper.shelves.Book.longer(books[1], books[0]) is True
    assert keeper.shelves.Book.longer(books[0], books[0]) is False


def test_a_constructor_may_fail(keeper: Any) -> None:
    module = importlib.import_module("keeper_host.exports.shelves")
    with pytest.raises(module.BookConstructorRaised) as caught:
        keeper.shelves.Book("nothing")
    assert caught.value.value == "no book is called nothing"
    assert keeper.shelves.Book("emma").title() == "emma"


def test_what_is_handed_over_is_gone_and_comes_back_inside_other_values(keeper: Any) -> None:
    book = keeper.shelves.Book("emma")
    loan = keeper.shelves.lend(book)
    assert (loan.days, loan.book.title()) == (4, "emma")
    with pytest.raises(InvalidValue, match="got one that was handed over to the component"):
        book.title()
    with pytest.raises(InvalidValue, match="handed over"):
        keeper.shelves.lend(book)
    receipt = keeper.shelves.give_back(loan)
    assert keeper.shelves.check(receipt) == "emma after 4 days"
    with pytest.raises(InvalidValue, match=r"loan\.book"):
        keeper.shelves.give_back(loan)
    drop(receipt)


def test_a_bad_argument_gives_nothing_away(keeper: Any) -> None:
    module = importlib.import_module("keeper_host.exports.shelves")
    book = keeper.shelves.Book("emma")
    with pytest.raises(InvalidValue, match=r"loan\.days"):
        keeper.shelves.give_back(module.Loan(book, -1))
    assert book.title() == "emma"
    for wrong in (None, "emma", 3, module.Loan(book, 1)):
        with pytest.raises(InvalidType, match=r"book: expected Book, got"):
            keeper.shelves.lend(wrong)
    receipt = keeper.shelves.give_back(module.Loan(book, 2))
    assert keeper.shelves.check(receipt) == "emma after 2 days"


def test_a_resource_of_another_instance_is_refused(keeper: Any, built: dict[str, Path]) -> None:
    with type(keeper).load(built["keeper"]) as other:
        stranger = other.shelves.Book("emma")
        with pytest.raises(InvalidValue, match="expected Book of this instance, got one of another instance"):
            keeper.shelves.lend(stranger)
        with pytest.raises(InvalidValue, match="another instance"):
            keeper.shelves.Book.longer(stranger, stranger)
        assert stranger.title() == "emma"


def test_the_class_in_the_module_is_a_type_and_makes_nothing(keeper: Any) -> None:
    module = importlib.import_module("keeper_host.exports.shelves")
    assert issubclass(keeper.shelves.Book, module.Book)
    with pytest.raises(TypeError, match="Book is a type; take the class from the interface of an instance"):
        module.Book("emma")
    with pytest.raises(TypeError, match="a function of the component gives it"):
        keeper.shelves.Receipt()
    with pytest.raises(UsageError, match="a str cannot be dropped"):
        drop("emma")  # type: ignore[arg-type]


def test_resources_end_with_their_instance(built: dict[str, Path], packages: Path) -> None:
    package = importlib.import_module("keeper_host")
    world = package.Keeper.load(built["keeper"])
    book = world.shelves.Book("emma")
    world.close()
    drop(book)
    with pytest.raises(InstanceDead):
        book.title()


def test_a_resource_keeps_its_instance(built: dict[str, Path], packages: Path) -> None:
    package = importlib.import_module("keeper_host")
    book = package.Keeper.load(built["keeper"]).shelves.Book("emma")
    gc.collect()
    assert book.title() == "emma"


def test_resources_of_the_host_are_made_called_lent_and_dropped_by_the_guest(between: Any) -> None:
    with between.shelves.Book("Emma") as book:
        assert book.title() == "THE EMMA"
        assert book.page(1) == "page 1"
        assert HostBook.alive == 1
    # componentize-py frees no resource that its guest implements, so the guest keeps its book, and with it the host's.
    assert HostBook.alive == 1
    between.close()
    assert HostBook.alive == 0


def test_many_resources_of_the_host_in_lists_records_and_variants(between: Any) -> None:
    books = between.shelves.browse("A")
    assert [book.title() for book in books] == [f"THE A{number}" for number in range(12)]
    assert HostBook.alive == 12
    loan = between.shelves.lend(books[3])
    assert (loan.days, loan.book.title()) == (4, "THE A3")
    assert between.shelves.check(between.shelves.give_back(loan)) == "checked: a3 after 4"
    assert between.shelves.look("x").value.title() == "THE X"
    assert between.shelves.Book.longer(books[10], books[1]) is True


def test_an_error_of_the_hosts_constructor_passes_through(between: Any) -> None:
    with pytest.raises(Err) as caught:
        between.shelves.Book("NONE")
    assert caught.value.value == "no such book"
    assert between.shelves.Book("Emma").title() == "THE EMMA"


def test_the_program_of_the_guide_runs_and_is_typed(
    built: dict[str, Path], tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "deploying.md").read_text("utf-8")
    (program,) = (
        block
        for block in re.findall(r"^```python\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
        if "keeper_host" in block
    )
    (command,) = (
        line for line in guide.splitlines() if line.startswith("airssys-sdk generate host keeper/wit")
    )
    shutil.copytree(built["keeper"].parents[1], tmp_path / "keeper")
    arguments = command.split()[1:]
    subprocess.run(
        [sys.executable, "-m", "airssys_sdk.cli", *arguments], cwd=tmp_path, check=True, timeout=120
    )
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.splitlines() == ["emma a match", "False"]
    shutil.rmtree(tmp_path / "keeper")
    assert check_types(tmp_path) == {}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_supervised(built: dict[str, Path], packages: Path, profile: str) -> None:
    def spec(name: str) -> ComponentSpec:
        component = {
            "namespace": "test",
            "name": name,
            "version": "0.1.0",
            "world": f"test:lib/{name}@0.1.0",
        }
        manifest = Manifest.model_validate({"component": component, "runtime": {"profile": profile}})
        return ComponentSpec(manifest, built[name])

    async def scenario() -> None:
        of_keeper = importlib.import_module("keeper_host.actors")
        of_between = importlib.import_module("between_host.actors")
        types = importlib.import_module("between_host.imports.shelves")
        async with Node() as node:
            keeper = await node.start_world(spec("keeper"), of_keeper.supervised())
            async with await keeper.shelves.Book("emma") as book:
                assert [await book.page(number) for number in (0, 1, 2)] == ["a house", "a match", None]
                loan = await keeper.shelves.lend(book)
            assert (loan.days, await loan.book.title()) == (4, "emma")
            receipt = await keeper.shelves.give_back(loan)
            assert await keeper.shelves.check(receipt) == "emma after 4 days"
            books = await keeper.shelves.browse("")
            assert [await one.title() for one in books] == ["emma", "ulysses"]
            assert await keeper.shelves.Book.longer(books[1], b=books[0]) is True
            assert await (await keeper.shelves.look("emma")).value.title() == "emma"
            between = await node.start_world(spec("between"), of_between.supervised(Host(types)))
            assert await (await between.shelves.Book("Emma")).title() == "THE EMMA"
            assert node.counters().restarts == 0

    asyncio.run(scenario())


def test_the_same_without_generated_code(built: dict[str, Path]) -> None:
    with Component.open(built["keeper"]).instantiate() as instance:
        book_class = instance.resource("shelves.book")
        with book_class("emma") as book:
            assert book.title() == "emma"
            assert instance.call("shelves.[method]book.page", book, 0) == "a house"
        other = instance.call("shelves.[constructor]book", "ulysses")
        assert isinstance(other, book_class)
        loan = instance.call("shelves.lend", other)
        assert loan.book.title() == "ulysses"
        with pytest.raises(UsageError, match=r"exports no resource shelves\.pamphlet"):
            instance.resource("shelves.pamphlet")
    types: Any = type("Types", (), {"Loan": _Loan, "Found_One": None})
    HostBook.alive = 0
    with Component.open(built["between"]).instantiate(Host(types)) as instance:
        with instance.resource("book")("Emma") as book:
            assert book.title() == "THE EMMA"
        assert len(instance.call("shelves.browse", "b")) == 12
    assert HostBook.alive == 0


def test_a_host_that_lacks_something_of_a_resource_is_told_before_anything_runs(
    built: dict[str, Path], packages: Path
) -> None:
    package = importlib.import_module("between_host")

    class Half:
        browse = lend = look = give_back = check = print

    with pytest.raises(Exception, match="has no class 'Book'") as caught:
        package.Between.load(built["between"], imports=type("Host", (), {"shelves": Half()})())
    assert "test:lib/shelves@0.1.0#[constructor]book" in str(caught.value)


def test_an_object_that_does_not_fit_is_named_with_what_it_lacks(
    built: dict[str, Path], packages: Path
) -> None:
    package = importlib.import_module("between_host")
    types = importlib.import_module("between_host.imports.shelves")
    host = Host(types)
    host.shelves.browse = lambda shelf: [HostBook(shelf), "a text"]  # type: ignore[method-assign,list-item,return-value]
    with package.Between.load(built["between"], imports=host) as world:
        with pytest.raises(Exception, match=r"result\[1\]: expected an object that fits Book") as caught:
            world.shelves.browse("x")
        assert "str, which lacks page" in str(caught.value)


def test_a_program_with_resources_passes_both_type_checkers(
    packages: Path, tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    for name in ("keeper", "between"):
        write_host_package(tmp_path, name)
    (tmp_path / "program.py").write_text(USER)
    assert check_types(tmp_path) == {}


def test_the_programs_of_the_documentation_run_as_they_are_written_and_are_typed(
    built: dict[str, Path], tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "calling.md").read_text("utf-8")
    programs = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    write_host_package(tmp_path, "keeper")
    shutil.copy(built["keeper"], tmp_path / "keeper.wasm")
    said: list[list[str]] = []
    for number, program in enumerate(programs):
        file = tmp_path / f"program{number}.py"
        file.write_text(program)
        done = subprocess.run(
            [sys.executable, "-W", "error", file], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        said.append(done.stdout.splitlines())
    limited, resources, compiling = said
    assert limited == ["['emma']"]
    assert resources == [
        "emma a match",
        "one that was handed over to the component",
        "no book is called nothing",
    ]
    assert [line.split()[0] for line in compiling] == ["compiling", "compiled", "ulysses"]
    assert check_types(tmp_path) == {}


class _Loan:
    def __init__(self, book: object, days: int) -> None:
        self.book = book
        self.days = days
