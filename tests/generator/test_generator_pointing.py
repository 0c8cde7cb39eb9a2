"""The names file in messages: the entry that a clash goes back to, and entries that look misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest
from generator_worlds import golden_worlds, world_of

from airssys_generator import GenerationError, NamesFile, Options, Target, generate, misspelt, skeleton

WIT = """
package a:b@1.0.0;
interface store { resource shelf { constructor(); } get: func() -> u8; }
interface counter { f: func(); }
interface door { open: func(); }
world w { import door; export store; export counter; export run: func(); export load: func(); }
"""
ENTRIES = '[exports] "a:b/store@1.0.0" = "a_1", [exports] "a:b/counter@1.0.0" = "a1"'
LOAD = '[functions]\n"load" = "load_it"\n'


def _clash(text: str, target: Target, folder: Path) -> list[tuple[str, str]]:
    path = folder / "names.toml"
    path.write_text(text)
    resolve, world = world_of(WIT, folder)
    names = NamesFile.read(path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, target, Options(names=names))
    if target == "guest":
        with pytest.raises(GenerationError) as again:
            skeleton(world, Options(names=names))
        assert again.value.diagnostics == caught.value.diagnostics
    return [(found.where, found.hint) for found in caught.value.diagnostics]


def test_a_clash_that_an_entry_causes_names_file_table_key_and_value(tmp_path: Path) -> None:
    where = tmp_path / "names.toml"
    assert _clash(f'[exports]\n"a:b/store@1.0.0" = "run"\n{LOAD}', "host", tmp_path) == [
        (
            "a:b/w@1.0.0#run",
            f'give this another name in {where}: [exports] "a:b/store@1.0.0" = "run"',
        )
    ]
    assert _clash('[functions]\n"load" = "counter"\n', "host", tmp_path) == [
        (
            "a:b/w@1.0.0#load",
            f'give this another name in {where}: [functions] "load" = "counter"',
        )
    ]
    assert _clash(
        '[exports]\n"a:b/store@1.0.0" = "a_1"\n"a:b/counter@1.0.0" = "a1"\n', "guest", tmp_path
    ) == [
        (
            "a:b/counter@1.0.0",
            f"give one of these another name in {where}: {ENTRIES}",
        )
    ]
    ((place, hint),) = _clash('[resources]\n"a:b/store@1.0.0#shelf" = "WitWorld"\n', "guest", tmp_path)
    assert hint == f'give this another name in {where}: [resources] "a:b/store@1.0.0#shelf" = "WitWorld"'
    assert "shelf" in place or "the class of the world" in place


def test_the_name_that_is_asked_for_in_the_hint_is_the_way_out(tmp_path: Path) -> None:
    resolve, world = world_of(WIT, tmp_path)
    names = NamesFile.parse(f'[exports]\n"a:b/store@1.0.0" = "shop"\n{LOAD}', "names.toml")
    assert "exports/shop.py" in generate(resolve, world, "host", Options(names=names))


def test_a_clash_that_the_wit_alone_causes_points_to_no_names_file(tmp_path: Path) -> None:
    text = "package a:b; world w { record wit-world { a: u8 } export f: func() -> wit-world; }"
    resolve, world = world_of(text, tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "guest")
    assert "names.toml" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        (
            '[exports]\n"a:b/stor@1.0.0" = "x"\n',
            "exports.'a:b/stor@1.0.0'",
            "did you mean 'a:b/store@1.0.0'?",
        ),
        ('[exports]\n"a:b/store" = "x"\n', None, None),  # another version of it, whose name it gets
        ('[imports]\n"a:b/doors@1.0.0" = "x"\n', "imports.'a:b/doors@1.0.0'", "did you mean 'a:b/door@1.0.0'?"),
        ('[imports]\n"a:b/store@1.0.0" = "x"\n', "imports.'a:b/store@1.0.0'", "move it to [exports]"),
        ('[exports]\n"a:b/door@1.0.0" = "x"\n', "exports.'a:b/door@1.0.0'", "move it to [imports]"),
        ('[functions]\n"lod" = "x"\n', "functions.'lod'", "did you mean 'load'?"),
        (
            '[resources]\n"a:b/store@1.0.0#shelv" = "X"\n',
            "resources.'a:b/store@1.0.0#shelv'",
            "did you mean 'a:b/store@1.0.0#shelf'?",
        ),
        ('[exports]\n"a:b/stor@1.0.0" = "x"\n"a:b/store@1.0.0" = "y"\n', None, None),
        ('[exports]\n"a:b/gone@1.0.0" = "x"\n', None, None),
        ('[exports]\n"other:place/thing" = "x"\n', None, None),
    ],
)  # fmt: skip
def test_an_entry_that_looks_misspelt_is_told_and_one_that_waits_is_not(
    text: str, where: str | None, hint: str | None, tmp_path: Path
) -> None:
    resolve, world = world_of(WIT, tmp_path)
    names = NamesFile.parse(text, "here/names.toml")
    found = misspelt(names, world)
    expected = [] if where is None else [(f"here/names.toml: {where}", hint)]
    assert [(one.where, one.hint) for one in found] == expected
    with_load = NamesFile(names.imports, names.exports, {"load": "load_it"}, names.resources)
    assert generate(resolve, world, "host", Options(names=with_load))


def test_an_interface_that_another_one_replaces_is_not_taken_for_misspelt(tmp_path: Path) -> None:
    text = "package a:b; interface store-v{0} {{ f: func(); }} world w {{ export store-v{0}; }}"
    _, old = world_of(text.format(1), tmp_path / "old")
    _, new = world_of(text.format(2), tmp_path / "new")
    assert misspelt(NamesFile().grown(old), new) == []


@pytest.mark.parametrize(
    ("table", "key", "meant"),
    [
        ("classes", "export a:b/stroe@1.0.0", "export a:b/store@1.0.0"),
        ("classes", "import a:b/dor@1.0.0", "import a:b/door@1.0.0"),
        ("errors", "export a:b/store@1.0.0#gett", "export a:b/store@1.0.0#get"),
        ("types", "export a:b/store@1.0.0#shlef", "export a:b/store@1.0.0#shelf"),
    ],
)
def test_an_entry_of_a_hosts_table_that_looks_misspelt_is_told(
    tmp_path: Path, table: str, key: str, meant: str
) -> None:
    _, world = world_of(WIT, tmp_path)
    names = NamesFile.parse(f'[{table}]\n"{key}" = "Lager"\n', "names.toml")
    (found,) = misspelt(names, world)
    assert found.where == f"names.toml: {table}.{key!r}"
    assert found.hint == f"did you mean {meant!r}?"


def test_no_name_that_was_generated_looks_misspelt() -> None:
    count = 0
    for golden in golden_worlds("host"):
        resolve, world = golden.read()
        names = generate(resolve, world, "host")["names.toml"]
        assert misspelt(NamesFile.parse(names, "names.toml"), world) == []
        count += names.count("[errors]")
    assert count > 2
