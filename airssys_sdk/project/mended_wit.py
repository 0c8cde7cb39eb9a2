"""The WIT as componentize-py gets it: without what its code generator stumbles over, and the same world still."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..wit.tools import run_wasm_tools

_EMPTY_RESOURCE = re.compile(r"^(\s*)(resource %?[A-Za-z0-9-]+;)$", re.MULTILINE)


def mended_wit(
    source: Path, folder: Path, *, features: Sequence[str] = (), all_features: bool = False
) -> Path:
    """Write a WIT package and its dependencies as componentize-py can take them.

    Documentation goes: it would be pasted into modules as it is, quotes and all. A resource without members gets some:
    its class would have no body.

    Args:
        source: the WIT, a file or a folder.
        folder: where to write; it need not exist.
        features: the `@unstable` features to keep.
        all_features: keep all of them.

    Returns:
        the folder.

    Raises:
        WasmToolsError: the source cannot be read.
    """
    gates = ["--all-features"] if all_features else [f"--features={','.join(features)}"] if features else []
    run_wasm_tools(["component", "wit", "--no-docs", *gates, "--out-dir", folder, "--", source])
    for file in folder.rglob("*.wit"):
        text = file.read_text("utf-8")
        mended = _EMPTY_RESOURCE.sub(r"\1/// A resource without members.\n\1\2", text)
        if mended != text:
            file.write_text(mended, "utf-8")
    return folder
