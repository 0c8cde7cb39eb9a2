"""Keeps books: a resource that this guest implements."""

from __future__ import annotations

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import shelves

PAGES = {"emma": ["a house", "a match"], "ulysses": ["a tower", "a school", "a bath"]}


class Book(shelves.Book):
    def __init__(self, title: str) -> None:
        if title not in PAGES:
            raise Err(f"no book is called {title}")
        self.name = title

    def title(self) -> str:
        return self.name

    def page(self, number: int) -> str | None:
        pages = PAGES[self.name]
        return pages[number] if number < len(pages) else None

    @classmethod
    def longer(cls, a: Book, b: Book) -> bool:
        return len(PAGES[a.name]) > len(PAGES[b.name])


class Receipt(shelves.Receipt):
    text = ""


class Shelves(exports.Shelves):
    def browse(self, shelf: str) -> list[Book]:
        return [Book(title) for title in sorted(PAGES) if title.startswith(shelf)]

    def lend(self, book: Book) -> shelves.Loan:
        return shelves.Loan(book, len(book.name))

    def look(self, title: str) -> shelves.Found:
        return shelves.Found_One(Book(title)) if title in PAGES else shelves.Found_Nothing()

    def give_back(self, loan: shelves.Loan) -> Receipt:
        receipt = Receipt()
        receipt.text = f"{loan.book.title()} after {loan.days} days"
        return receipt

    def check(self, receipt: Receipt) -> str:
        return receipt.text
