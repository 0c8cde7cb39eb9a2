"""What `generate host` and `generate guest` do: read, generate, compare or write. Nothing is written before all is known."""

from __future__ import annotations

import dataclasses
import keyword
import re
import shlex
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from airssys_generator import (
    Merged,
    NamesFile,
    Options,
    Outcome,
    check_output,
    generate,
    merge_skeleton,
    misspelt,
    module_text,
    previous_bindings,
    skeleton,
    write_files,
)
from airssys_sdk.errors import AirssysError, UsageError
from airssys_sdk.project.app_modules import refusal
from airssys_sdk.project.portable import located, portable, text_of
from airssys_sdk.wit.model import Package, Resolve, World
from airssys_sdk.wit.reader import UnknownWorldError, check_features, find_world, gated_worlds, read

NAMES = "names.toml"
WORLD_MODULE = "wit_world"
_PACKAGE = "give a folder whose name can stand in an import: letters, digits and underscores, no digit first"
_WORLD_OF_A_COMPONENT = "root:component/root"


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for.

    Attributes:
        target: host package or guest skeleton.
        source: a `.wit` file, a folder of them, or a component.
        world: name of the world; None for the only one.
        out: the folder to write.
        features: the `@unstable` features to show.
        all_features: show all of them.
        app: for a guest, the module with the author's code.
        package: instead of a world, every interface of the package.
        actors: for a host, also what runs components of the world supervised.
    """

    target: Literal["host", "guest"]
    source: Path
    world: str | None
    out: Path
    features: Sequence[str] = ()
    all_features: bool = False
    app: str = "app"
    package: bool = False
    actors: bool = False

    @property
    def app_file(self) -> str:
        """The author's file, in the output folder."""
        return f"{self.app.replace('.', '/')}.py"

    @property
    def base(self) -> Path:
        """The folder from which the heads of files see their paths: for a guest the output folder, else the one that holds it."""
        out = located(self.out)
        return out if self.target == "guest" else out.parent

    @property
    def seen_from(self) -> str:
        """What tells that folder on every machine."""
        return f"the folder that holds {WORLD_MODULE if self.target == 'guest' else self.package_name}"

    @property
    def package_name(self) -> str:
        """The name of the output folder, which a host package is imported by."""
        return text_of(located(self.out).name)

    @property
    def command(self) -> str:
        """The command that does the same again, for the head of each file."""
        words = ["airssys-sdk", "generate", self.target, portable(self.source, self.base)]
        words += ["--world", self.world] if self.world else []
        words += ["--package"] if self.package else []
        words += ["--actors"] if self.actors else []
        words += ["--out", portable(self.out, self.base)]
        words += [word for feature in self.features for word in ("--features", feature)]
        words += ["--all-features"] if self.all_features else []
        words += ["--app", text_of(self.app)] if self.target == "guest" and self.app != "app" else []
        return shlex.join(words)


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """What the output folder shall hold.

    Attributes:
        files: the text of each file, by its path in the folder.
        merged: what is done to the author's module; None if it is made, or if there is none.
        misspelt: what in the names file looks misspelt.
    """

    files: Mapping[str, str]
    merged: Merged | None = None
    misspelt: Sequence[str] = ()


def prepare(order: Order) -> Prepared:
    """Read and generate; nothing is written.

    Raises:
        ValidationError: the WIT, the names file or the author's code is wrong, or the target cannot do something in it.
        UsageError: there is nothing at the source, the output folder can be none, or the app module has no possible name.
    """
    check_output(order.out)
    if order.target == "host":
        _check_package(order)
    _check_app(order.app)
    resolve, world = _read(order)
    names = NamesFile.read(order.out / NAMES)
    options = Options(
        names=names,
        source=portable(order.source, order.base),
        command=order.command,
        seen_from=order.seen_from,
        world_class=_world_class(order, world),
        actors=order.actors,
    )
    files = dict(generate(resolve, world, order.target, options))
    if isinstance(world, World) and order.target == "guest":
        merged = _merged(order, world, options)
        files[order.app_file] = skeleton(world, options) if merged is None else merged.text
    else:
        merged = None
    doubtful = misspelt(names, world) if isinstance(world, World) else ()
    return Prepared(files, merged, [f"{one.where}: {one.reason}; {one.hint}" for one in doubtful])


def apply(order: Order, files: Mapping[str, str], *, check: bool) -> Outcome:
    """Compare the output folder with the files and, unless `check`, make it the same.

    Raises:
        UsageError: the folder holds files of others, or cannot be written.
    """
    authored = (order.app_file,) if order.target == "guest" else ()
    return write_files(files, order.out, check=check, authored=authored)


def _world_class(order: Order, world: World | Package) -> str | None:
    """The class for a component's world, whose name it does not keep: named like the folder that it is written to."""
    if not isinstance(world, World) or world.path != _WORLD_OF_A_COMPONENT:
        return None
    words = re.findall(r"[A-Za-z][A-Za-z0-9]*", order.package_name)
    return "".join(word[0].upper() + word[1:] for word in words) or None


def _check_package(order: Order) -> None:
    """Refuse a folder that Python could not import as a package."""
    name = order.package_name
    if keyword.iskeyword(name):
        reason = f"{name!r} is a keyword of Python, and no package can be imported by it"
        raise UsageError(reason, where="--out", hint=f"give another folder, such as {name}_host")
    if not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
        words = "_".join(re.findall(r"[A-Za-z0-9]+", name)).lower()
        fitting = words if words.isidentifier() and not keyword.iskeyword(words) else None
        reason = f"{name!r} is no name of a package that Python can import"
        raise UsageError(
            reason, where="--out", hint=f"{_PACKAGE}, such as {fitting}" if fitting else _PACKAGE
        )


def _check_app(app: str) -> None:
    """Refuse a module that Python could not import, or that would lie among the generated ones."""
    refused = refusal(app)
    if refused is not None:
        raise UsageError(refused[0], where="--app", hint=refused[1])


def _read(order: Order) -> tuple[Resolve, World | Package]:
    features, everything = order.features, order.all_features
    check_features(order.source, features)
    if order.package:
        resolve = read(order.source, features=features, all_features=everything)
        return resolve, resolve.main
    name = order.world
    if name is None:
        name = _only_world(order).path
    resolve = read(order.source, world=name, features=features, all_features=everything)
    return resolve, find_world(resolve, name)


def _only_world(order: Order) -> World:
    resolve = read(order.source, features=order.features, all_features=order.all_features)
    try:
        return find_world(resolve)
    except UnknownWorldError as error:
        if resolve.main.worlds:
            error.hint = "say which one is meant with --world"
        elif hidden := gated_worlds(order.source):
            worlds = ", ".join(f"{world} (--features {feature})" for world, feature in hidden.items())
            error.hint = f"worlds that stand behind a feature gate: {worlds}"
        elif order.target == "host" and resolve.main.interfaces:
            error.hint = "generate the types and Protocols of its interfaces with --package"
        raise


def _merged(order: Order, world: World, options: Options) -> Merged | None:
    """The author's module, brought up to the WIT; None if there is none."""
    file = order.out / order.app_file
    try:
        existing = module_text(file.read_bytes(), str(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AirssysError(f"the module cannot be read: {error.strerror}", where=str(file)) from error
    return merge_skeleton(existing, world, options, where=str(file), previous=previous_bindings(order.out))
