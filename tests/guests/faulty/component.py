"""Raises errors that its functions do not have, in every place where a guest can."""

from __future__ import annotations

from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import shop
from wit_world.imports import ledger


class Box(shop.Box):
    def __init__(self, size: int) -> None:
        if size > 9:
            raise Err(size)  # [constructor]box

    def open(self) -> int:
        raise Err("stuck")  # [method]box.open

    def peek(self) -> int:
        try:
            return self.open()
        except Err as error:
            raise Err(f"peeked: {error.value}") from error

    @classmethod
    def largest(cls) -> int:
        error: Any = "none"
        raise Err(error)  # [static]box.largest


class Shop(exports.Shop):
    def buy(self, what: str) -> int:
        if what == "nothing":
            raise Err(shop.Problem_SoldOut())
        raise Err(what)  # buy

    def count(self) -> int:
        raise Err("many")  # count

    def rename(self) -> None:
        raise Err(5)  # rename

    def pay(self, amount: int) -> int:
        return ledger.pay(amount)  # pay
