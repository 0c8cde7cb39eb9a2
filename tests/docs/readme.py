"""The README as its tests read it: sections, their code blocks, and the commands inside their sentences."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading."""

    text: str

    def blocks(self, language: str) -> list[str]:
        """The fenced code blocks in a language, in order."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def commands(self) -> list[str]:
        """The commands in backquotes, in order, that begin with `airssys-sdk`."""
        prose = re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)
        return [code for code in re.findall(r"`([^`]+)`", prose) if code.startswith("airssys-sdk ")]


def section(heading: str) -> Section:
    """What stands under a heading of the README."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise LookupError(f"the README has no section {heading!r}")
    return Section(found[1])
