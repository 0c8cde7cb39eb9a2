"""What componentize-py must be told so that its modules have our names."""

from __future__ import annotations

from airssys_sdk.wit.model import World

from ..namesfile import NamesFile

WORLD_MODULE = "wit_world"
"""The package of the bindings, as componentize-py calls it by default."""

WORLD_CLASS = "WitWorld"
"""The class of the world's own exported functions."""


def componentize_options(world: World, names: NamesFile | None = None) -> list[str]:
    """The options of `componentize-py` (before its command) that make a guest's modules agree with ours.

    Args:
        world: the world that is built.
        names: the project's names file.
    """
    grown = (names or NamesFile()).grown(world)
    options = ["--world-module", WORLD_MODULE]
    for side, items, table in (
        ("import", world.imported_interfaces, grown.imports),
        ("export", world.exported_interfaces, grown.exports),
    ):
        for item in items:
            options += [f"--{side}-interface-name", f"{item.wire_name}={table[item.wire_name]}"]
    return options
