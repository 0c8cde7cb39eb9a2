"""Errors as values: they travel between processes and keep what they say."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from airssys_sdk import component as wit
from airssys_sdk.errors import AirssysError

ERRORS = [
    found
    for name in wit.__all__
    if inspect.isclass(found := getattr(wit, name)) and issubclass(found, AirssysError)
]


def example(kind: type[AirssysError]) -> AirssysError:
    if issubclass(kind, (wit.InvalidType, wit.InvalidValue)):
        return kind("ns:pkg/api#f", "items[3].name", "str", "7")
    if issubclass(kind, wit.GuestExited):
        return kind("the guest ended itself", code=3, where="ns:pkg/api#f", hint="look")
    return kind("what happened", where="ns:pkg/api#f", hint="look", details="more")


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_says_the_same_after_a_journey_to_another_process(kind: type[AirssysError]) -> None:
    error = example(kind)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301  (our own bytes)
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)
        assert twin.exit_code == error.exit_code
