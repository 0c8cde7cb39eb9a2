"""Finds the data folders (`templates`, `wit`, `cookiecutter`) in a wheel and in an editable install."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .errors import AirssysError

DataFolder = Literal["templates", "wit", "cookiecutter"]

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: DataFolder) -> Path:
    """The folder `name` that came with this installation.

    A wheel carries the data below the package; an editable install leaves it at the root of the checkout.

    Raises:
        AirssysError: the installation is damaged.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise AirssysError(
        f"the data folder '{name}' is missing from this installation", hint="reinstall airssys-sdk"
    )
