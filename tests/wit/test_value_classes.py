"""`Ok`, `Err` and `Some`: values like any other, and an exception like any other."""

from __future__ import annotations

import contextlib
import copy
import pickle
from collections.abc import Generator

import pytest

from airssys_sdk.wit.values import Err, Ok, Some


class NotFound(Err[str]):
    """As the generator emits one for an error type."""


def test_values_are_equal_when_what_they_hold_is() -> None:
    assert Ok(1) == Ok(1)
    assert Ok(1) != Ok(2)
    assert Some(None) == Some(None)
    assert Some(None) != Some(1)
    assert Err("a") == Err("a")
    assert Err("a") != Err("b")
    assert Err("a") == NotFound("a")
    assert Err(1) != Ok(1)
    assert Err("a") != "a"


def test_an_error_is_caught_by_its_own_class_and_by_the_general_one() -> None:
    for kind in (NotFound, Err):
        with pytest.raises(kind) as caught:
            raise NotFound("sku-1")
        assert caught.value.value == "sku-1"


@pytest.mark.parametrize("error", [Err({"a": [1]}), NotFound("sku-1"), Err(None)], ids=repr)
def test_an_error_takes_notes_and_travels(error: Err[object]) -> None:
    error.add_note("while looking")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301  (our own bytes)
        assert type(twin) is type(error)
        assert twin == error
        assert twin.__notes__ == ["while looking"]


def test_an_error_passes_through_a_context_manager_and_can_be_raised_from_another() -> None:
    @contextlib.contextmanager
    def nothing() -> Generator[None]:
        yield

    def look() -> None:
        with nothing():
            try:
                raise KeyError("x")
            except KeyError as error:
                raise NotFound("x") from error

    with pytest.raises(NotFound) as caught:
        look()
    assert type(caught.value.__cause__) is KeyError


def test_equal_errors_are_one_member_of_a_set() -> None:
    assert len({NotFound("sku-1"), Err("sku-1"), Err("sku-2")}) == 2
