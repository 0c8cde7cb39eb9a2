"""A component of the world `example:library/reading-room@1.0.0`.

airssys-sdk wrote the classes below from the WIT; the code in them is yours. When the WIT changes, generating again
adds and updates what it must and leaves your code as it is.
"""

from __future__ import annotations

from wit_world import exports
from wit_world.exports import reading
from wit_world.imports import shelves


class Bookmark(reading.Bookmark):
    """A reader's place in a book."""

    def __init__(self, of: shelves.Book) -> None:
        """Opens the book, which stays where it is.

        Raises:
            componentize_py_types.Err: with `reading.Trouble`, for the error case.
        """
        raise NotImplementedError("example:library/reading@1.0.0#[constructor]bookmark")

    def turn(self, by: int) -> int:
        raise NotImplementedError("example:library/reading@1.0.0#[method]bookmark.turn")

    @classmethod
    def compare(cls, a: Bookmark, b: Bookmark) -> bool:
        raise NotImplementedError(
            "example:library/reading@1.0.0#[static]bookmark.compare"
        )

    async def later(self) -> str:
        raise NotImplementedError(
            "example:library/reading@1.0.0#[method]bookmark.later"
        )


class Reading(exports.Reading):
    def borrow_one(self, loans: list[reading.Loan]) -> Bookmark:
        """Raises `componentize_py_types.Err` with `reading.Trouble` for the error case."""
        raise NotImplementedError("example:library/reading@1.0.0#borrow-one")
