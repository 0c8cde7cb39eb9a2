"""Names: what the guest toolchain itself makes of WIT names is what we make of them."""

from __future__ import annotations

import ast
import keyword
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import pytest
from effort import times
from hypothesis import given
from hypothesis import strategies as st

from airssys_sdk.wit import names

COMPONENTIZE = shutil.which("componentize-py", path=sysconfig.get_path("scripts"))

SOFT_KEYWORDS = ("match", "case", "type")
TRICKY = (
    *("HTTP-request", "request-HTTP", "get-HTTP2-URL", "SHA256-of", "NONE-at-all", "x-CLASS", "E2E", "V"),
    *("a1-b2", "x-2", "v2-0-1", "sha256", "a", "e2e-t3st", "x509-cert"),
    *("list", "int", "str", "float", "print", "self", "err", "ok", "some", "result", "enum"),
)
ALL_NAMES = (*(word.lower() for word in keyword.kwlist), *SOFT_KEYWORDS, *TRICKY)


def guest_names(wit_names: list[str], folder: Path) -> tuple[list[str], list[str], list[str]]:
    """What componentize-py calls these names as record fields, variant cases and enum cases."""
    assert COMPONENTIZE is not None
    listed = ", ".join(f"%{n}" for n in wit_names)
    fields = ", ".join(f"%{n}: u8" for n in wit_names)
    (folder / "names.wit").write_text(
        f"package test:names;\ninterface here {{ record rec {{ {fields} }} variant var {{ {listed} }} enum enu {{ {listed} }} }}\n"
        "world w { import here; }\n"
    )
    subprocess.run(
        [COMPONENTIZE, "-d", str(folder / "names.wit"), "-w", "w", "bindings", str(folder / "out")],
        check=True,
    )
    tree = ast.parse((folder / "out/wit_world/imports/here.py").read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    fields_found = [
        n.target.id
        for n in classes["Rec"].body
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    ]
    cases = [name.removeprefix("Var_") for name in classes if name.startswith("Var_")]
    members = [
        n.targets[0].id
        for n in classes["Enu"].body
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    ]
    return fields_found, cases, members


def our_names(wit_names: list[str]) -> tuple[list[str], list[str], list[str]]:
    return (
        [names.escape(names.snake(n)) for n in wit_names],
        [names.escape(names.camel(n)) for n in wit_names],
        [names.shouty(n) for n in wit_names],
    )


def test_keywords_builtins_acronyms_and_digits_are_named_as_in_a_guest(tmp_path: Path) -> None:
    assert our_names(list(ALL_NAMES)) == guest_names(list(ALL_NAMES), tmp_path)


WORD = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True) | st.from_regex(
    r"[A-Z][A-Z0-9]{0,6}", fullmatch=True
)
LATER_WORD = WORD | st.from_regex(r"[0-9]{1,3}", fullmatch=True)
WIT_NAME = st.tuples(WORD, st.lists(LATER_WORD, max_size=3)).map(
    lambda words: "-".join([words[0], *words[1]])
)


@times(20)
@given(st.lists(WIT_NAME, min_size=1, max_size=40, unique_by=lambda n: (names.camel(n).lower(), n.lower())))
def test_any_wit_name_is_named_as_in_a_guest(wit_names: list[str]) -> None:
    unique = list({names.camel(n).lower(): n for n in wit_names}.values())
    with tempfile.TemporaryDirectory() as folder:
        assert our_names(unique) == guest_names(unique, Path(folder))


@pytest.mark.parametrize("word", keyword.kwlist)
def test_every_keyword_is_escaped(word: str) -> None:
    assert names.escape(word) == f"{word}_"


@pytest.mark.parametrize("word", [*SOFT_KEYWORDS, "_", "list", "int", "Err", "self"])
def test_soft_keywords_and_builtins_are_not_escaped(word: str) -> None:
    assert names.escape(word) == word


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HTTPServer2Go", ["HTTP", "Server2", "Go"]),
        ("wasi:io/poll@0.2.0", ["wasi", "io", "poll", "0", "2", "0"]),
        ("snake_case", ["snake", "case"]),
        ("--", []),
        ("aB", ["a", "B"]),
        ("ABc", ["A", "Bc"]),
    ],
)
def test_names_are_cut_at_separators_and_where_the_case_changes(name: str, expected: list[str]) -> None:
    assert names.words(name) == expected
