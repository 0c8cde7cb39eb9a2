"""Names that a source does not know, or does not show: features, worlds behind gates, text that is no name at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_sdk.errors import UsageError
from airssys_sdk.wit.reader import (
    UnknownFeatureError,
    UnknownWorldError,
    check_features,
    find_world,
    gated_worlds,
    read,
)
from airssys_sdk.wit.tools import run_wasm_tools

TEXT = """\
package a:b;
interface i { @unstable(feature = fancy) type t = u8; f: func(); }
world w { export i; }
@unstable(feature = wide)
world whole { export i; }
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "some.wit").write_text(TEXT)
    return tmp_path / "some.wit"


def test_features_that_the_source_knows_are_fine_and_others_are_refused(source: Path) -> None:
    check_features(source, ["fancy", "wide"])
    check_features(source.parent, [])
    with pytest.raises(
        UnknownFeatureError, match="no feature 'wid'; it has fancy, wide\nhint: did you mean 'wide'"
    ):
        check_features(source, ["fancy", "wid"])
    with pytest.raises(UsageError, match="no such file or folder"):
        check_features(source.with_name("none.wit"), ["fancy"])


def test_an_encoded_package_keeps_its_features(source: Path) -> None:
    encoded = source.with_name("some.wasm")
    encoded.write_bytes(run_wasm_tools(["component", "wit", "--wasm", "--all-features", source]))
    check_features(encoded, ["fancy", "wide"])
    with pytest.raises(UnknownFeatureError, match="it has fancy, wide"):
        check_features(encoded, ["other"])


def test_worlds_behind_gates_are_known_and_told_where_one_is_asked_for(source: Path) -> None:
    assert gated_worlds(source) == {"whole": "wide"}
    for name in ("whole", "a:b/whole"):
        with pytest.raises(UnknownWorldError, match=r"behind a feature gate: .*--features wide"):
            read(source, world=name)
        assert find_world(read(source, world=name, features=["wide"]), name).name == "whole"
    with pytest.raises(UnknownWorldError) as caught:
        read(source, world="hole")
    assert "gate" not in str(caught.value)


@pytest.mark.parametrize("name", ["w\0", "w\n", "--all", "\u202e"])
def test_a_world_of_a_name_that_no_wit_has_is_unknown_and_shown_safely(name: str, source: Path) -> None:
    with pytest.raises(UnknownWorldError) as caught:
        read(source, world=name)
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("feature", ["fancy\0", "\x1b[31m", "--x"])
def test_a_feature_of_a_name_that_no_wit_has_is_unknown_and_shown_safely(feature: str, source: Path) -> None:
    with pytest.raises(UnknownFeatureError) as caught:
        check_features(source, [feature])
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_feature_with_a_nul_character_is_wrong_usage_where_nobody_looked_for_it_before(
    source: Path,
) -> None:
    with pytest.raises(UsageError, match="holds a NUL character"):
        read(source, features=["fancy\0"])
