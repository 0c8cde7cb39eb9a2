"""The guest behind the sample of the contract of generated code: a small shop."""

from componentize_py_types import Err
from wit_world import WitWorld as World
from wit_world import exports
from wit_world.imports import clock
from wit_world.imports.types import Item, LookupError_Closed, LookupError_Missing


class Store(exports.Store):
    def __init__(self) -> None:
        self.stock = {"sku-1": 3}
        self.closed = False

    def get(self, sku: str) -> Item:
        """Look a thing up."""
        if self.closed:
            raise Err(LookupError_Closed())
        if sku not in self.stock:
            raise Err(LookupError_Missing(sku))
        return Item(sku, 1995, ["new", "größer"], clock.now())

    def restock(self, sku: str, by: int) -> int:
        """Change how many there are; gives how many there are then."""
        self.stock[sku] = max(0, self.stock.get(sku, 0) + by)
        return self.stock[sku]

    def close(self) -> None:
        """Close for good: nothing can be looked up any more."""
        self.closed = True

    def take_stock(self) -> int:
        """Count what is on the shelf, which this shop never learned."""
        return count(["top", "bottom"])


class WitWorld(World):
    def version(self) -> str:
        return "1.0.0"


def count(shelves: list[str]) -> int:
    raise NotImplementedError(f"nobody counts {' and '.join(shelves)}")
