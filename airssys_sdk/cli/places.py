"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def typed(path: Path) -> str:
    """A path as the user would type it here: relative where it lies below the working directory."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here)) if path.is_relative_to(here) else os.fspath(path)
