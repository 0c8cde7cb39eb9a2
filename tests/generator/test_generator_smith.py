"""Random worlds of `wasm-tools wit-smith`: none crashes the generator, none gives code that fails to compile."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from effort import SOAK

from airssys_generator import GenerationError, Options, Target, generate, skeleton
from airssys_sdk.wit.reader import find_world, read
from airssys_sdk.wit.tools import WasmToolsError, run_wasm_tools

SEEDS = range(2000) if SOAK else range(50)
KINDS = ("--async", "--futures", "--streams", "--error-context", "--fixed-length-lists", "--world-include")
REFUSED: dict[Target, set[str]] = {
    "host": {"async import", "stream", "future", "error-context", "fixed-length list", "name"},
    "guest": {"interface imported twice", "fixed-length list", "name"},
}
"""What a world may be refused for."""


@pytest.mark.examples
def test_random_worlds_give_code_that_compiles_or_are_refused_for_what_cannot_be_done(tmp_path: Path) -> None:
    made: Counter[Target] = Counter()
    for seed in SEEDS:
        try:
            for path, source in _worlds(seed, tmp_path):
                for target in REFUSED:
                    made[target] += _compiles(path, source, target)
        except BaseException as error:
            error.add_note(f"with seed {seed}")
            raise
    assert min(made["host"], made["guest"]) > len(SEEDS)


def _worlds(seed: int, folder: Path) -> list[tuple[str, Path]]:
    """The worlds that the tool makes of a seed, every second time with all kinds of types."""
    chance = random.Random(seed)  # noqa: S311  (the same worlds every time)
    given, made = folder / "seed.bin", folder / "made.wasm"
    given.write_bytes(chance.randbytes(chance.randint(50, 4000)))
    try:
        run_wasm_tools(["wit-smith", given, "-o", made, *(KINDS if seed % 2 else ())])
    except WasmToolsError as error:
        if "not of the correct format to construct this type" in str(error):
            return []  # too few bytes for anything
        raise
    return [(world.path, made) for package in read(made).packages for world in package.worlds.values()]


def _compiles(path: str, source: Path, target: Target) -> bool:
    resolve = read(source, world=path)
    world = find_world(resolve, path)
    try:
        files = dict(generate(resolve, world, target, Options()))
        if target == "guest":
            files["component.py"] = skeleton(world)
    except GenerationError as error:
        if {found.construct for found in error.diagnostics} <= REFUSED[target]:
            return False
        raise
    for name, text in files.items():
        if name.endswith(".py"):
            compile(text, name, "exec", dont_inherit=True)
    return True
