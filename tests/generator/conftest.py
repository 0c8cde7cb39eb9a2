"""What several tests of the generator use."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from merge_versions import Change, Version


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Reads texts of a package, each as the next version of the world `app`."""
    numbers = itertools.count()

    def make(*texts: str) -> tuple[Version, ...]:
        versions: list[Version] = []
        for text in texts:
            whole = text if text.startswith("package") else f"package demo:app; {text}"
            file = tmp_path / f"{next(numbers)}.wit"
            versions.append(Version.read(whole, file, versions[-1] if versions else None))
        return tuple(versions)

    return make
