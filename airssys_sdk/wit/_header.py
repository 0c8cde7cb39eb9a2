"""The package that a folder of WIT declares, read from its own files.

The JSON of wasm-tools does not mark it: it usually comes last, but a package in `deps/` that nothing uses comes after it.
"""

from __future__ import annotations

import re
from pathlib import Path

_COMMENT = re.compile(r"//[^\n]*|/\*")
_BLOCK = re.compile(r"/\*|\*/")
_PACKAGE = re.compile(r"(?<![\w%-])package\s+([^;{]+?)\s*;")


def declared_package(folder: Path) -> str | None:
    """The name in the `package` header of the folder's files, as in `namespace:title@version`; None without one.

    The text is one that wasm-tools accepts, so what looks like a header outside of comments is one.
    """
    for file in sorted(folder.glob("*.wit")):
        found = _PACKAGE.search(_without_comments(file.read_text("utf-8")))
        if found:
            return re.sub(r"[\s%]", "", found[1])
    return None


def _without_comments(text: str) -> str:
    kept: list[str] = []
    at = 0
    while comment := _COMMENT.search(text, at):
        kept.append(text[at : comment.start()])
        at = comment.end()
        depth = int(comment[0] == "/*")
        while depth and (mark := _BLOCK.search(text, at)):
            depth += 1 if mark[0] == "/*" else -1
            at = mark.end()
    return " ".join([*kept, text[at:]])
