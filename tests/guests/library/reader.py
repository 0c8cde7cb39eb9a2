"""Reads books that somebody else keeps: a resource that this guest is given."""

from componentize_py_types import Err
from wit_world import WitWorld as World
from wit_world.imports import notes, shelves


class WitWorld(World):
    def run(self, what: str) -> str:
        match what.split():
            case ["note", text]:
                return f"{notes.note(text)} of {notes.count()}"
            case ["open", title]:
                with shelves.Book(title) as book:
                    return f"{book.title()}: {book.page(0)}, {book.page(9)}"
            case ["dropped", title]:
                with shelves.Book(title) as book:
                    pass
                return book.title()
            case ["browse", shelf]:
                return ", ".join(book.title() for book in shelves.browse(shelf))
            case ["longer", a, b]:
                return str(shelves.Book.longer(shelves.Book(a), shelves.Book(b)))
            case ["lend", title]:
                loan = shelves.lend(shelves.Book(title))
                assert isinstance(loan, shelves.Loan)
                receipt = shelves.give_back(loan)
                return shelves.check(receipt)
            case ["look", title]:
                match shelves.look(title):
                    case shelves.Found_One(book):
                        return book.title()
                    case shelves.Found_Nothing():
                        return "nothing"
            case _:
                raise Err(f"what is {what}?")
