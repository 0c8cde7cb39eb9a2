"""Stands between a reader and a keeper: the same interface on both sides, so two classes of book."""

from __future__ import annotations

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import shelves
from wit_world.imports import shelves as below


class Book(shelves.Book):
    def __init__(self, title: str) -> None:
        try:
            self.inner = below.Book(title.lower())
        except Err as error:
            error.add_note("seen on the way up")
            raise

    @classmethod
    def around(cls, inner: below.Book) -> Book:
        book = cls.__new__(cls)
        book.inner = inner
        return book

    def title(self) -> str:
        return self.inner.title().upper()

    def page(self, number: int) -> str | None:
        return self.inner.page(number)

    @classmethod
    def longer(cls, a: Book, b: Book) -> bool:
        return below.Book.longer(a.inner, b.inner)


class Receipt(shelves.Receipt):
    def __init__(self, inner: below.Receipt) -> None:
        self.inner = inner


class Shelves(exports.Shelves):
    def browse(self, shelf: str) -> list[Book]:
        return [Book.around(inner) for inner in below.browse(shelf.lower())]

    def lend(self, book: Book) -> shelves.Loan:
        loan = below.lend(book.inner)
        return shelves.Loan(Book.around(loan.book), loan.days + 1)

    def look(self, title: str) -> shelves.Found:
        match below.look(title.lower()):
            case below.Found_One(inner):
                return shelves.Found_One(Book.around(inner))
            case _:
                return shelves.Found_Nothing()

    def give_back(self, loan: shelves.Loan) -> Receipt:
        assert isinstance(loan, shelves.Loan)
        assert isinstance(loan.book, Book)
        return Receipt(below.give_back(below.Loan(loan.book.inner, loan.days)))

    def check(self, receipt: Receipt) -> str:
        return f"checked: {below.check(receipt.inner)}"
