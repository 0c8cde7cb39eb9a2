"""A world as it changes: each version generated with the names of those before it, as in a project."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from generator_worlds import Source

from airssys_generator import Merged, NamesFile, Options, generate, merge_skeleton, skeleton
from airssys_sdk.wit.model import Resolve, World


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One version.

    Attributes:
        names: the names file with all names so far.
    """

    resolve: Resolve
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
        return cls._generated(resolve, world, names)

    @classmethod
    def _generated(cls, resolve: Resolve, world: World, names: NamesFile) -> Version:
        options = Options(names=names, emit_names=False)
        bindings = dict(generate(resolve, world, "guest", options))
        return cls(resolve, world, names, bindings, skeleton(world, options))

    def named(self, names: NamesFile) -> Version:
        """The same world with other names."""
        return self._generated(self.resolve, self.world, names)

    def merge(self, text: str, before: Version | None) -> str:
        """An author's module, brought up to this version; without the one before nothing is known of it."""
        return self.merged(text, before).text

    def merged(self, text: str, before: Version | None) -> Merged:
        """The same, with what was done."""
        previous = None if before is None else before.bindings
        return merge_skeleton(text, self.world, Options(names=self.names), previous=previous)


Change: TypeAlias = Callable[..., tuple[Version, ...]]
"""Reads texts of a package, each as the next version of the world `app`; the fixture `change` is one."""
