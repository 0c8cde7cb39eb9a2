"""Does a component fit its world: every export there, no import that the world and the manifest do not know."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ..errors import ValidationError
from ..wit._keywords import specifier
from ..wit.model import InterfaceItem, Resolve, World
from ..wit.printer import print_package
from ..wit.reader import find_world, read
from ..wit.tools import WasmToolsError, run_wasm_tools
from .same_types import differing

WASI_PACKAGES = frozenset(
    {"wasi:io", "wasi:clocks", "wasi:random", "wasi:cli", "wasi:filesystem", "wasi:sockets"}
)
"""What a guest built for p2 imports for its Python; the runtime links them so that they grant nothing but clocks,
random and captured output."""

_CHECK = "airssys:check"
_WASI_02 = re.compile(r"^(?P<package>wasi:[a-z-]+)/[a-z0-9-]+@0\.2\.\d+$")


class WorldMismatch(ValidationError):
    """A component does not fit the world that it should implement.

    Attributes:
        missing: exports of the world that the component lacks.
        foreign: imports of the component that neither the world nor the manifest knows.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str,
        missing: tuple[str, ...] = (),
        foreign: tuple[str, ...] = (),
        hint: str | None = None,
        details: str | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint, details=details)
        self.missing = missing
        self.foreign = foreign


def check_component(
    wasm: Path,
    resolve: Resolve,
    world: World,
    *,
    wasi: Literal["p2", "stub"] = "p2",
    shown: str | None = None,
) -> None:
    """Check a component against a world.

    Args:
        wasm: the component.
        resolve: the WIT of the world.
        world: what it should implement.
        wasi: "p2" also allows the WASI 0.2 imports of a Python guest; "stub" allows none.
        shown: how errors name the component.

    Raises:
        WorldMismatch: it lacks an export, imports something foreign, or a type differs.
        WasmToolsError: the file is not a component.
    """
    name = shown or str(wasm)
    component = read(wasm)
    found = find_world(component)
    _check_names(found, world, wasi, name)
    wasi_imports = [item for item in found.imported_interfaces if _is_wasi(item) and not _knows(world, item)]
    with tempfile.TemporaryDirectory(prefix="airssys-check-") as folder:
        _write_check(Path(folder), resolve, world, component, wasi_imports)
        try:
            _run_check(Path(folder), wasm)
        except WasmToolsError as error:
            differ = _types_differ(error)
            if _refuses_every_component(Path(folder)):
                different = list(dict.fromkeys(differing(found, world)))
                if not different:
                    return
                differ = f"it has other types in {_list(different)}"
            raise WorldMismatch(
                f"the component does not fit the world {world.path}: {differ}",
                where=name,
                hint="build it again from the WIT of this world",
                details=error.details,
            ) from error


def _run_check(folder: Path, wasm: Path) -> None:
    run_wasm_tools(["component", "targets", folder, "--world", f"{_CHECK}/check", wasm])


def _refuses_every_component(folder: Path) -> bool:
    """Whether the tool takes not even the component that it makes up for the world itself."""
    core, component = folder / "core.wasm", folder / "component.wasm"
    run_wasm_tools(["component", "embed", "--dummy", folder, "--world", f"{_CHECK}/check", "-o", core])
    run_wasm_tools(["component", "new", core, "-o", component])
    core.unlink()
    try:
        _run_check(folder, component)
    except WasmToolsError:
        return True
    return False


def _check_names(found: World, world: World, wasi: str, name: str) -> None:
    exported = {item.wire_name for item in found.exported_interfaces} | set(found.exported_functions)
    wanted = [*(item.wire_name for item in world.exported_interfaces), *world.exported_functions]
    missing = tuple(one for one in wanted if one not in exported)
    allowed = {item.wire_name for item in world.imported_interfaces} | set(world.imported_functions)
    if wasi == "p2":
        allowed |= {item.wire_name for item in found.imported_interfaces if _is_wasi(item)}
    imported = [*(item.wire_name for item in found.imported_interfaces), *found.imported_functions]
    foreign = tuple(one for one in imported if one not in allowed)
    if missing:
        other = sorted(exported - {"exports"})
        raise WorldMismatch(
            f"the component does not export {_list(missing)}, which the world {world.path} requires",
            where=name,
            missing=missing,
            foreign=foreign,
            hint=f"it exports {_list(other)}: it may be built for another world" if other else None,
        )
    if foreign:
        raise WorldMismatch(
            f"the component imports {_list(foreign)}, which the world {world.path} does not offer",
            where=name,
            foreign=foreign,
            hint='build.wasi is "stub", so no WASI import is allowed'
            if wasi == "stub" and all(one.startswith("wasi:") for one in foreign)
            else "a dependency with its own componentize-py.toml may have added it",
        )


def _write_check(
    folder: Path, resolve: Resolve, world: World, component: Resolve, wasi_imports: Iterable[InterfaceItem]
) -> None:
    """A WIT package whose world is the wanted one and the WASI imports that are allowed besides."""
    packages = {package.name: package for package in resolve.packages}
    for package in component.packages:
        if _WASI_02.match(package.member("any")):
            packages.setdefault(package.name, package)
    for at, package in enumerate(packages.values()):
        dependency = folder / "deps" / str(at)
        dependency.mkdir(parents=True)
        (dependency / "package.wit").write_text(print_package(package), "utf-8")
    imports = "".join(f"  import {specifier(item.wire_name)};\n" for item in wasi_imports)
    (folder / "check.wit").write_text(
        f"package {_CHECK};\n\nworld check {{\n  include {specifier(world.path)};\n{imports}}}\n", "utf-8"
    )


def _is_wasi(item: InterfaceItem) -> bool:
    match = _WASI_02.match(item.wire_name)
    return match is not None and match["package"] in WASI_PACKAGES


def _knows(world: World, item: InterfaceItem) -> bool:
    return any(item.wire_name == known.wire_name for known in world.imported_interfaces)


def _types_differ(error: WasmToolsError) -> str:
    causes = re.split(r"\b\d+: ", error.message.partition("Caused by:")[2])
    told = [re.sub(r"\(at offset 0x[0-9a-f]+\)", "", cause).strip() for cause in causes if cause.strip()]
    return "; ".join(told) or error.message


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
