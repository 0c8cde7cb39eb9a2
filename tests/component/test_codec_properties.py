"""Any value of any type comes back as it went in, whichever way it takes."""

from __future__ import annotations

import types
from typing import Any

import pytest
from effort import times
from hypothesis import given
from hypothesis import strategies as st
from natives import NO_PAD, echo
from strategies import Types, values, wit_types

from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.wit import wave


class GiveBack:
    """Implements every import by returning its argument."""

    def __getattr__(self, name: str) -> Any:
        return lambda value, pad: value


@pytest.mark.parametrize("profile", ["plain", "metered"])
@times(15)
@given(data=st.data(), drawn=wit_types())
def test_values_of_all_types_survive_exports_imports_and_text(
    profile: Any, data: st.DataObject, drawn: Types
) -> None:
    # Each stands beside a number, so that no type is small enough to be returned in a register.
    named = {f"t{number}": f"tuple<{drawn_type}, u64>" for number, drawn_type in enumerate(drawn.types)}
    component = Component.open(echo("\n".join(drawn.declarations), named), profile=profile, cache=Cache(None))
    with component.instantiate(types.SimpleNamespace(host=GiveBack())) as instance:
        for name in named:
            direct, via = instance.function(f"api.echo-{name}"), instance.function(f"api.via-{name}")
            shape = direct.signature.parameters[0].shape
            value = data.draw(values(shape), label=name)
            assert direct(value, NO_PAD) == value
            assert via(value, NO_PAD) == value
            assert wave.parse(wave.format(value, shape), shape) == value
