"""The list of worlds that a target refuses: how long it may be, whose limits stand behind it, and that those still stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from generator_worlds import Source, corpus_packages, corpus_worlds, needs_corpus, world_of

from airssys_generator import Diagnostic, GenerationError, Target, generate

REFUSED: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("refused_worlds.toml").read_text()
)
ENGINE = {"async import", "stream", "future", "error-context", "fixed-length list"}
"""All that keeps a host from a world."""

UPSTREAM: Mapping[str, str] = {
    "issue1642__the_world": "expected `/`, found ';'",
    "map__map_world": "not yet implemented: map",
    "named_fixed_length_list__test": "not yet implemented: fixed-length-list",
    "resources__resources": "failed to merge world export exports",
}
"""What componentize-py itself says of the worlds that guests cannot have: one that it builds must leave the list."""

pytestmark = needs_corpus


def test_only_the_engine_keeps_hosts_from_worlds_and_packages() -> None:
    for table in ("host", "package"):
        assert {construct for constructs in REFUSED[table].values() for construct in constructs} <= ENGINE


def test_guests_cannot_have_four_worlds_of_the_corpus_at_most() -> None:
    assert len(REFUSED["guest"]) <= 4
    assert REFUSED["guest"].keys() == UPSTREAM.keys()


@pytest.mark.parametrize("name", [*REFUSED["host"], *REFUSED["package"]])
def test_every_place_of_a_world_that_hosts_refuse_names_construct_path_and_engine(name: str) -> None:
    source = _source(name)
    found = _diagnostics(source, "host")
    assert {one.construct for one in found} == {*(REFUSED["host"] | REFUSED["package"])[name]}
    for one in found:
        _check_host(one, _text(source))


def test_every_construct_that_the_engine_cannot_do_names_construct_path_and_engine(tmp_path: Path) -> None:
    text = """
    package a:b@1.0.0;
    interface i { f: func(a: list<u8, 4>) -> stream<u8>; g: func() -> future; record r { e: error-context } }
    world w { export i; import later: async func(); import inside: interface { type s = stream<u8>; } }
    """
    resolve, world = world_of(text, tmp_path)
    with pytest.raises(GenerationError) as caught:
        generate(resolve, world, "host")
    assert {(one.where, one.construct) for one in caught.value.diagnostics} == {
        ("a:b/w@1.0.0/inside#s", "stream"),
        ("a:b/i@1.0.0#r.e", "error-context"),
        ("a:b/w@1.0.0#later", "async import"),
        ("a:b/i@1.0.0#f", "fixed-length list"),
        ("a:b/i@1.0.0#f", "stream"),
        ("a:b/i@1.0.0#g", "future"),
    }
    for one in caught.value.diagnostics:
        _check_host(one, text)


@pytest.mark.parametrize("name", REFUSED["guest"])
def test_every_place_of_a_world_that_guests_refuse_names_its_upstream_cause(name: str) -> None:
    found = _diagnostics(_source(name), "guest")
    assert {one.construct for one in found} == {*REFUSED["guest"][name]}
    for one in found:
        assert re.fullmatch(r"[a-z-]+:[a-z-]+/[a-z-]+#\S+", one.where)
        assert "componentize-py" in one.reason
        assert one.hint


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED["guest"])
def test_componentize_py_still_cannot_build_a_world_that_guests_refuse(name: str, tmp_path: Path) -> None:
    source = _source(name)
    assert source.world is not None
    (tmp_path / "app.py").write_text("")
    command = [Path(sys.executable).with_name("componentize-py"), "-q", "--all-features", "-d", source.path]
    command += ["-w", source.world.partition("/")[2].partition("@")[0], "componentize", "app"]
    done = subprocess.run(
        [*command, "-p", tmp_path, "-o", tmp_path / "app.wasm"],
        env={**os.environ, "RUST_BACKTRACE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert UPSTREAM[name] in done.stderr


def _check_host(found: Diagnostic, text: str) -> None:
    assert found.construct in found.reason
    assert "wasmtime, the engine," in found.reason
    assert found.hint
    # The path ends with a name of the WIT, and begins with the package, or with the name that a world gives an interface.
    path = re.sub(r"@[0-9.]+|\[[a-z-]+\]", "", found.where)
    names = re.findall(r"[A-Za-z][A-Za-z0-9-]*", path)
    assert len(names) >= 2
    assert all(re.search(rf"(?<![a-z0-9-])%?{re.escape(name)}(?![a-z0-9-])", text) for name in names), found


def _source(name: str) -> Source:
    return next(one for one in (*corpus_worlds(), *corpus_packages()) if one.name == name)


def _text(source: Source) -> str:
    files = sorted(source.path.rglob("*.wit")) if source.path.is_dir() else [source.path]
    return "\n".join(file.read_text("utf-8") for file in files)


def _diagnostics(source: Source, target: Target) -> tuple[Diagnostic, ...]:
    with pytest.raises(GenerationError) as caught:
        source.generate(target)
    return caught.value.diagnostics
