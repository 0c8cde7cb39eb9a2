"""`generate` with WIT that stands behind feature gates or uses WIT's own words as names: what to do is said."""

from __future__ import annotations

import re
from pathlib import Path

import cli_projects
import pytest
from cli_process import Command, tree

GATED = """\
package demo:gates@1.0.0;
interface stock {
  @unstable(feature = fancy)
  record extra { a: u8 }
  record item { a: u8 }
  get: func() -> item;
}
@unstable(feature = deep)
interface hidden { @unstable(feature = deep) record x { a: u8 } }
world base { import clock: interface { now: func() -> u64; } }
world shop {
  export stock;
  @unstable(feature = timed)
  include base;
}
@unstable(feature = wide)
world whole { export stock; }
"""


def refused(sdk: Command, folder: Path, *arguments: str, target: str = "host", code: int = 7) -> list[str]:
    before = tree(folder)
    result = sdk("generate", target, "some.wit", "--out", "out", *arguments, folder=folder)
    assert (result.code, result.out) == (code, ""), result.err
    assert tree(folder) == before
    return result.err.splitlines()


# Features


@pytest.mark.parametrize("target", ["host", "guest"])
@pytest.mark.parametrize(
    ("feature", "hint"), [("nonsense", "leave it out"), ("fanci", "did you mean 'fancy'?")]
)
def test_a_feature_that_the_wit_does_not_know_is_refused_with_those_that_it_does(
    feature: str, hint: str, target: str, sdk: Command, tmp_path: Path
) -> None:
    (tmp_path / "some.wit").write_text(GATED)
    told = refused(sdk, tmp_path, "--world", "shop", "--features", feature, target=target)
    assert told == [
        f"error: the WIT has no feature '{feature}'; it has deep, fancy, timed, wide",
        "  --> some.wit",
        f"hint: {hint}",
    ]


def test_a_feature_is_refused_where_nothing_is_gated(sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "some.wit").write_text("package a:b; world w { export f: func(); }")
    told = refused(sdk, tmp_path, "--features", "fancy")
    assert told[0] == "error: the WIT has no feature 'fancy'; it marks nothing as @unstable"


@pytest.mark.parametrize("feature", ["deep", "fancy", "timed", "deep,fancy"])
def test_every_feature_that_the_text_names_is_known_even_where_the_model_keeps_no_trace_of_it(
    feature: str, sdk: Command, tmp_path: Path
) -> None:
    (tmp_path / "some.wit").write_text(GATED)
    arguments = ["generate", "host", "some.wit", "--world", "shop", "--out", "out", "--features", feature]
    result = sdk(*arguments, folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "out" / "imports" / "clock.py").exists() == (feature == "timed")


def test_an_unknown_feature_of_a_project_is_told_with_its_key(sdk: Command, tmp_path: Path) -> None:
    manifest = cli_projects.LAB_MANIFEST + 'features = ["fancy"]\n'
    manifest = manifest.replace("[build]\n", "").replace("app =", "[build]\napp =")
    project = cli_projects.write(tmp_path / "lab", manifest, cli_projects.LAB, cli_projects.LAB_WIT)
    result = sdk("generate", folder=project)
    assert (result.code, result.out) == (7, "")
    assert result.err.splitlines()[:2] == [
        "error: the WIT has no feature 'fancy'; it marks nothing as @unstable",
        "  --> Component.toml: build.features",
    ]
    assert not (project / "bindings").exists()


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("interface u { use stock.{extra}; } world w { export u; }", ["fancy"]),
        ("interface u { f: func(a: local); @unstable(feature = near) type local = u8; }", ["near"]),
        ("world w { export hidden; }", ["deep"]),
        ("interface u { use hidden.{x}; }", ["deep"]),
        ("@unstable(feature = far) interface v { record y { a: u8 } }", ["far"]),
    ],
)
def test_a_reference_to_what_a_gate_hides_says_which_feature_shows_it(
    text: str, features: list[str], sdk: Command, tmp_path: Path
) -> None:
    (tmp_path / "some.wit").write_text(GATED.partition("world base")[0] + text)
    told = refused(sdk, tmp_path, "--package")
    assert "excluded due to its feature not being activated" in told[0]
    assert told[1].startswith("  --> some.wit:")
    assert re.findall(r"`--features ([a-z]+)`", told[-1]) == features
    assert f'"{features[0]}" in build.features of Component.toml' in told[-1]
    assert told[-1].endswith("or put what refers to it behind the same gate")


def test_the_feature_that_is_named_shows_it(sdk: Command, tmp_path: Path) -> None:
    text = "interface u { use stock.{extra}; f: func(e: extra); } world w { export u; }"
    (tmp_path / "some.wit").write_text(GATED.partition("@unstable(feature = deep)")[0] + text)
    assert "`--features fancy`" in refused(sdk, tmp_path)[-1]
    arguments = ["generate", "host", "some.wit", "--out", "out", "--features", "fancy"]
    assert sdk(*arguments, folder=tmp_path).code == 0


def test_a_world_behind_a_gate_is_told_with_its_feature(sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "some.wit").write_text(GATED)
    told = refused(sdk, tmp_path, "--world", "whole")
    assert "there is no world 'whole'" in told[0]
    assert "hint: it stands behind a feature gate: show it with `--features wide`" in told[-1]
    (tmp_path / "some.wit").write_text("package a:b; @unstable(feature = wide) world w { export f: func(); }")
    assert refused(sdk, tmp_path)[-1] == "hint: worlds that stand behind a feature gate: w (--features wide)"


# Keywords


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("interface i { record map { a: u8 } }", "map"),
        ("interface i { record r { list: u8 } }", "list"),
        ("interface i { enum e { a, type } }", "type"),
        ("interface i { f: func(from: u8); }", "from"),
        ("interface i { f: func(a: with); }", "with"),
        ("interface i { map: func(); }", "map"),
        ("interface i { resource r { static: func(); } }", "static"),
        ("interface i { record %map { a: u8 } f: func(m: map); }", "map"),
        ("world stream { }", "stream"),
        ("world w { export list: func(); }", "list"),
    ],
)
def test_a_keyword_for_a_name_is_told_with_how_it_is_written(
    text: str, word: str, sdk: Command, tmp_path: Path
) -> None:
    (tmp_path / "some.wit").write_text(f"package a:b;\n{text}\n")
    told = refused(sdk, tmp_path, "--package")
    assert told[1].startswith("  --> some.wit:2:")
    assert told[-1].startswith(f"hint: `{word}` ")
    assert told[-1].endswith(f"is written `%{word}`")


@pytest.mark.parametrize(
    "text",
    ["interface i { f: func() record r { a: u8 } }", "interface i { f: func(); world w { }"],
)
def test_a_keyword_that_is_no_name_is_not_taken_for_one(text: str, sdk: Command, tmp_path: Path) -> None:
    (tmp_path / "some.wit").write_text(f"package a:b;\n{text}\n")
    told = refused(sdk, tmp_path, "--package")
    assert "found keyword" in told[0]
    assert "%" not in "".join(told)
