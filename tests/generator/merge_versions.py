"""A world as it changes: each version generated with the names of those before it, as in a project."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from generator_worlds import Source

from airssys_generator import NamesFile, Options, generate, merge_skeleton, skeleton
from airssys_sdk.wit.model import World


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One version.

    Attributes:
        names: the names file with all names so far.
    """

    world: World
    names: NamesFile
    bindings: Mapping[str, str]
    skeleton: str

    @classmethod
    def read(cls, text: str, file: Path, before: Version | None = None) -> Version:
        """The world `app` of a WIT text, which is written to a file."""
        file.write_text(text, "utf-8")
        package = text.split("package ", 1)[1].split(";", 1)[0]
        name, _, version = package.partition("@")
        resolve, world = Source("app", file, f"{name}/app" + f"@{version}" * bool(version)).read()
        names = (before.names if before is not None else NamesFile()).grown(world)
        options = Options(names=names, emit_names=False)
        return cls(world, names, dict(generate(resolve, world, "guest", options)), skeleton(world, options))

    def merge(self, text: str, before: Version | None) -> str:
        """An author's module, brought up to this version; without the one before nothing is known of it."""
        previous = None if before is None else before.bindings
        return merge_skeleton(text, self.world, Options(names=self.names), previous=previous)
