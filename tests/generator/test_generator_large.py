"""A WIT of ten thousand types is generated like any other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from generator_worlds import world_of

from airssys_generator import generate

COUNT = 10_000


@pytest.mark.slow
def test_ten_thousand_types_are_generated_for_both_sides(tmp_path: Path) -> None:
    records = "".join(
        f"  record r{number} {{ a: u32, b: option<{'string' if number % 50 == 0 else f'r{number - 1}'}> }}\n"
        for number in range(COUNT)
    )
    text = (
        f"package a:b;\ninterface i {{\n{records}  f: func(x: r{COUNT - 1});\n}}\nworld w {{ import i; }}\n"
    )
    resolve, world = world_of(text, tmp_path)
    for target, path in (("host", "imports/i.py"), ("guest", "wit_world/imports/i.py")):
        module = ast.parse(generate(resolve, world, "host" if target == "host" else "guest")[path])
        classes = [node.name for node in module.body if isinstance(node, ast.ClassDef)]
        assert {f"R{number}" for number in range(COUNT)} <= set(classes)
