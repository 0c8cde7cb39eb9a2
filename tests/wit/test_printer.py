"""Printing: what is printed reads back to the same model, over the corpus and our own packages."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from airssys_sdk.resources import data_folder
from airssys_sdk.wit._docs import doc_comment
from airssys_sdk.wit.model import Record, Resolve
from airssys_sdk.wit.printer import print_package, print_resolve
from airssys_sdk.wit.reader import read
from airssys_sdk.wit.tools import run_wasm_tools

from .dump import picture, picture_without_order
from .sources import EVERYTHING

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "wit"
INPUTS = sorted(CORPUS.iterdir()) if CORPUS.is_dir() else []
needs_corpus = pytest.mark.skipif(not INPUTS, reason="the shared WIT corpus is not beside this checkout")


def source_of(path: Path) -> Path:
    return path / "wit" if path.is_dir() else path


def printed_and_read(resolve: Resolve, folder: Path) -> Resolve:
    for name, text in print_resolve(resolve).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return read(folder, all_features=True)


@needs_corpus
def test_the_corpus_is_complete() -> None:
    assert len(INPUTS) == 101


@needs_corpus
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_a_corpus_input_printed_and_read_again_is_the_same_model(path: Path, tmp_path: Path) -> None:
    first = read(source_of(path), all_features=True)
    assert picture(printed_and_read(first, tmp_path)) == picture(first)


@pytest.mark.parametrize("package", [p.name for p in sorted(data_folder("wit").iterdir())])
def test_our_packages_printed_and_read_again_are_the_same_model(package: str, tmp_path: Path) -> None:
    first = read(data_folder("wit") / package)
    assert picture(printed_and_read(first, tmp_path)) == picture(first)


def test_every_construct_printed_and_read_again_is_the_same_model(tmp_path: Path) -> None:
    source = tmp_path / "everything.wit"
    source.write_text(EVERYTHING, encoding="utf-8")
    first = read(source, all_features=True)
    assert picture(printed_and_read(first, tmp_path / "printed")) == picture(first)


@pytest.mark.parametrize("seed", range(40))
def test_random_packages_printed_and_read_again_are_the_same_model(seed: int, tmp_path: Path) -> None:
    bits, encoded = tmp_path / "bits", tmp_path / "package.wasm"
    bits.write_bytes(random.Random(seed).randbytes(4096))  # noqa: S311  (a reproducible choice)
    run_wasm_tools(["wit-smith", bits, "-o", encoded])
    first = read(encoded, all_features=True)
    assert picture(printed_and_read(first, tmp_path / "printed")) == picture(first)


def test_a_component_prints_as_a_world_of_its_own_and_the_packages_it_uses(tmp_path: Path) -> None:
    core, component = tmp_path / "core.wasm", tmp_path / "component.wasm"
    source = data_folder("wit") / "airssys-core"
    run_wasm_tools(["component", "embed", "--dummy", "--world", "runtime-host", source, "-o", core])
    run_wasm_tools(["component", "new", core, "-o", component])
    first = read(component)
    assert list(print_resolve(first)) == ["component.wit", "deps/airssys-core-1.0.0.wit"]
    second = printed_and_read(first, tmp_path / "printed")
    assert picture_without_order(second) == picture_without_order(first)
    assert picture(printed_and_read(second, tmp_path / "again")) == picture(second)


def test_the_text_is_laid_out_for_people(tmp_path: Path) -> None:
    source = tmp_path / "source.wit"
    source.write_text(
        "/// Docs.\npackage a:b@1.0.0; interface i { f: func(%type: list<u8>); /// T\n type t=u8; resource r; "
        "variant v { a, b(t) } use j.{x}; use j.{y as %use}; } "
        "interface j { type x = u8; type y = u8; }\n"
        "world w { export i; import g: func() -> result<_, u8>; }",
        encoding="utf-8",
    )
    assert (
        print_package(read(source).main)
        == """\
/// Docs.
package a:b@1.0.0;

interface j {
  type x = u8;

  type y = u8;
}

interface i {
  use j.{x, y as %use};

  /// T
  type t = u8;

  resource r;

  variant v {
    a,
    b(t),
  }

  f: func(%type: list<u8>);
}

world w {
  import j;

  import g: func() -> result<_, u8>;

  export i;
}
"""
    )


@pytest.mark.parametrize(
    "docs",
    [
        *("one line", "two\nlines", "a\n\nparagraph", "", "\nafter an empty line", "first\n\n  and\n  more"),
        *(
            "first\n  second deeper",
            "\ttab",
            "slash / and //",
            "/ begins",
            "a */ b",
            "/* c",
            "é ☃ \U0001f468\u200d\U0001f4bb",
        ),
        *("\n   deep\n  less deep", "trailing \nspace"),
    ],
)
@pytest.mark.parametrize("place", ["package", "field"])
def test_documentation_of_any_form_reads_back(docs: str, place: str, tmp_path: Path) -> None:
    comment = "\n".join(doc_comment(docs))
    above, inside = (comment, "") if place == "package" else ("", comment)
    file = tmp_path / "docs.wit"
    file.write_text(
        f"{above}\npackage a:b;\ninterface i {{ record r {{\n{inside}\nf: u8 }} }}", encoding="utf-8"
    )
    main = read(file).main
    record = main.interfaces["i"].types["r"].declaration
    assert isinstance(record, Record)
    found = main.docs if place == "package" else record.fields[0].docs
    assert found == docs
