"""Any value of any type comes back as it went in, whichever way it takes."""

from __future__ import annotations

import random
import types
from collections.abc import Iterator
from typing import Any

import pytest
from effort import SOAK
from natives import NO_PAD, echo
from random_values import RandomTypes, random_value

from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.hosting.dynamic import Function
from airssys_sdk.component.signatures.check import plain
from airssys_sdk.wit import wave

BATCHES, VALUES = (2500, 60) if SOAK else (32, 12)
TYPES = 7


class GiveBack:
    """Implements every import by returning its argument."""

    def __getattr__(self, name: str) -> Any:
        return lambda value, pad: value


@pytest.mark.examples
@pytest.mark.parametrize("profile", ["plain", "metered"])
def test_values_of_all_types_survive_exports_imports_and_text(profile: Any) -> None:
    first = random.SystemRandom().getrandbits(32) if SOAK else 1 if profile == "plain" else 10_001
    print(f"seeds {first} to {first + BATCHES - 1}")
    distinct = set[str]()
    pairs = 0
    for seed in range(first, first + BATCHES):
        rng = random.Random(seed)  # noqa: S311  (nothing secret)
        for written, direct, via in _functions(rng, profile):
            shape = direct.signature.parameters[0].shape
            distinct.add(repr(plain(shape)))
            for _ in range(VALUES):
                value = random_value(shape, rng)
                told = f"seed {seed}: {written}"
                assert direct(value, NO_PAD) == value, told
                assert via(value, NO_PAD) == value, told
                assert wave.parse(wave.format(value, shape), shape) == value, told
                pairs += 1
    print(f"{profile}: {len(distinct)} distinct types, {pairs} pairs of a type and a value")
    # Of 17,500 drawn ones 57.6 to 58.9 % are distinct, since small types come again.
    assert len(distinct) > (0.55 if SOAK else 0.9) * BATCHES * TYPES
    assert pairs == BATCHES * TYPES * VALUES


def _functions(rng: random.Random, profile: Any) -> Iterator[tuple[str, Function, Function]]:
    """For some types, as they are written: the function that gives a value back, and the one that asks the host for it."""
    made = RandomTypes(rng)
    drawn = [made.make(rng.randint(2, 5)) for _ in range(TYPES)]
    # Each stands beside a number, so that no type is small enough to be returned in a register.
    named = {f"t{number}": f"tuple<{drawn_type}, u64>" for number, drawn_type in enumerate(drawn)}
    text = "\n".join(made.declarations)
    component = Component.open(echo(text, named), profile=profile, cache=Cache(None))
    with component.instantiate(types.SimpleNamespace(host=GiveBack())) as instance:
        for name, wit in named.items():
            written = f"{wit} where {text}"
            yield written, instance.function(f"api.echo-{name}"), instance.function(f"api.via-{name}")
