"""docs/manifest.md shows every key of a manifest, with values that are read, and the defaults where it says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from readme import ROOT

from airssys_sdk.manifest import Manifest, load_manifest

TEXT = (ROOT / "docs" / "manifest.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SHOWN_WITH_OTHER_VALUES = {"permissions", "fuel", "app", "config", "component", "health"}


def test_the_example_is_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "Component.toml").write_text(EXAMPLE)
    manifest = load_manifest(tmp_path / "Component.toml")
    assert manifest.component.name == "counter"
    defaults = Manifest.model_validate({"component": manifest.component.model_dump()})
    for section in ("build", "limits", "runtime", "supervision"):
        shown, default = getattr(manifest, section).model_dump(), getattr(defaults, section).model_dump()
        for key in shown.keys() - SHOWN_WITH_OTHER_VALUES:
            assert shown[key] == default[key], f"{section}.{key}"


def test_every_key_is_there() -> None:
    missing = [key for key in _keys(Manifest) if not re.search(rf"\b{key}\b", TEXT)]
    assert missing == []


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name not in ("action", "retries"):  # written as one text: "retry:3"
            yield name
        for inner in (field.annotation, *get_args(field.annotation)):
            found: Any = inner
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield from _keys(found)
