"""Builds the compiled module into the wheel, where there is a C compiler; without one the wheel is pure Python.

`AIRSSYS_PURE=1` in the environment builds the pure wheel whatever the machine has. An editable installation gets the module
beside its source.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "airssys_sdk/component/engine/_native.c"
MODULE = "airssys_sdk.component.engine._native"
OLDEST = (3, 11)
"""The Python whose limited API the module keeps to: one build serves it and all later ones."""


class NativeModule(BuildHookInterface[Any]):
    """The hook of the wheel target."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell the builder of what came out."""
        if os.environ.get("AIRSSYS_PURE", "0") not in ("", "0"):
            return
        self._work = tempfile.mkdtemp(prefix="airssys-native-")
        try:
            built = _compiled(Path(self.root), Path(self._work))
        except Exception as error:  # noqa: BLE001  (whatever a compiler or the lack of one raises)
            self.app.display_warning(
                f"calls will go through ctypes: the compiled module was not built: {error}"
            )
            return
        place = Path(SOURCE).with_name(built.name)
        if version == "editable":
            shutil.copy(built, Path(self.root) / place)
            return
        build_data["force_include"][str(built)] = place.as_posix()
        build_data["pure_python"] = False
        build_data["tag"] = f"cp{OLDEST[0]}{OLDEST[1]}-abi3-{_platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the compiler left."""
        if hasattr(self, "_work"):
            shutil.rmtree(self._work, ignore_errors=True)


def _compiled(root: Path, work: Path) -> Path:
    """The module, below `work`."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    limited = f"0x{OLDEST[0]:02X}{OLDEST[1]:02X}0000"
    extension = Extension(
        MODULE, [str(root / SOURCE)], py_limited_api=True, define_macros=[("Py_LIMITED_API", limited)]
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
