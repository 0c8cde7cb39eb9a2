"""Builds the compiled module into the wheel, where there is a C compiler; without one the wheel is pure Python.

`AIRSSYS_PURE=1` in the environment builds the pure wheel whatever the machine has. An editable installation gets the module
beside its source, in the place of one that was built before.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "airssys_sdk/component/engine/native/module.c"
MODULE = "airssys_sdk.component.engine._native"
PLACE = MODULE.replace(".", "/")
OLDEST = (3, 11)
"""The Python whose limited API the module keeps to: one build serves it and all later ones."""


class NativeModule(BuildHookInterface[Any]):
    """The hook of the wheel target."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell the builder of what came out."""
        if version == "editable":
            _remove(Path(self.root))
        if os.environ.get("AIRSSYS_PURE", "0") not in ("", "0") or not _has_limited_api():
            return
        self._work = tempfile.mkdtemp(prefix="airssys-native-")
        try:
            built = _compiled(Path(self.root), Path(self._work))
        except Exception as error:  # noqa: BLE001  (whatever a compiler or the lack of one raises)
            self.app.display_warning(
                f"calls will go through ctypes: the compiled module was not built: {error}"
            )
            return
        place = Path(PLACE).with_name(built.name)
        if version == "editable":
            _put(built, Path(self.root) / place)
            return
        build_data["force_include"][str(built)] = place.as_posix()
        build_data["pure_python"] = False
        build_data["tag"] = f"cp{OLDEST[0]}{OLDEST[1]}-abi3-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the compiler left."""
        if hasattr(self, "_work"):
            shutil.rmtree(self._work, ignore_errors=True)


def _has_limited_api() -> bool:
    """Whether this Python loads modules of the limited API: others have none, or tag their wheels in another way."""
    return sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")


def _remove(root: Path) -> None:
    """Remove a module that was built before: it may be of an older source, and nothing may come in its place."""
    place = root / PLACE
    for module in place.parent.glob(f"{place.name}.*"):
        if module.suffix in (".so", ".pyd"):
            module.unlink()


def _put(built: Path, place: Path) -> None:
    """Copy a module to its place in one step: a process may be loading it from there."""
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.copy(built, unfinished)
    unfinished.replace(place)


def _compiled(root: Path, work: Path) -> Path:
    """The module, below `work`."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    limited = f"0x{OLDEST[0]:02X}{OLDEST[1]:02X}0000"
    extension = Extension(
        MODULE,
        [str(root / SOURCE)],
        py_limited_api=True,
        define_macros=[("Py_LIMITED_API", limited)],
        # Debug information says in which folder this was built: no two wheels would be the same.
        extra_compile_args=[] if os.name == "nt" else ["-g0"],
    )
    command = build_ext(Distribution({"name": "airssys-sdk", "ext_modules": [extension]}))
    command.build_lib = command.build_temp = str(work)
    command.ensure_finalized()
    command.run()
    return work / command.get_ext_filename(MODULE)


def _platform() -> str:
    """The platform of a wheel that was built here and checked against no list of what every Linux has."""
    from packaging.tags import sys_tags

    return next(tag.platform for tag in sys_tags() if not tag.platform.startswith(("manylinux", "musllinux")))


if sys.version_info < OLDEST:
    raise RuntimeError("AirsSys SDK needs Python 3.11 or later")
