"""docs/components.md: its component asks another one, hears of every end of a request, and is typed."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import ROOT

from airssys_sdk.manifest import load_manifest
from airssys_sdk.project import build, scaffold
from airssys_sdk.runtime import ComponentFailed, ComponentSpec, Node

TEXT = (ROOT / "docs" / "components.md").read_text("utf-8")
(CODE,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(SECTION,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]


def test_the_component_does_what_it_says_and_is_typed(
    bare_guest: Callable[[str, Path, str], Path], kept: Path, tmp_path: Path, mypy_cache: Path
) -> None:
    project = scaffold("component", "shop", tmp_path / "shop")
    module = project.folder / "src" / "shop" / "component.py"
    written = module.read_text("utf-8")
    module.write_text(CODE + "\n" + written[written.index("    def metadata(") :], "utf-8")
    with (project.folder / "Component.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n" + SECTION)
    wasm = build(project, cache=kept / "components-guide", precompile=False).path
    store = bare_guest("actor", ROOT / "wit" / "airssys-core", "runtime-host")
    asyncio.run(asyncio.wait_for(_sell(project.folder, wasm, store), 240))
    (project.folder / "mypy.ini").write_text("[mypy]\nmypy_path = bindings\npython_version = 3.14\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, "src"]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


async def _sell(folder: Path, wasm: Path, store: Path) -> None:
    manifest = load_manifest(folder)
    component = manifest.component.model_copy(update={"name": "store"})
    async with Node() as node:
        await node.start(ComponentSpec(manifest, wasm))
        assert await node.ask("shop", b"pen") == (
            b"not asked: MessagingError_TargetNotFound("
            b"value=ComponentId(namespace='example', name='store', instance='0'))"
        )
        await node.start(ComponentSpec(manifest.model_copy(update={"component": component}), store))
        with pytest.raises(ComponentFailed, match="of what"):
            await node.ask("shop", b"")
        # The store echoes what is no script.
        crash, slow, later = '[["crash", "x"]]', '[["sleep", 1100]]', '[["sleep", 10]]'
        for what in ("pen", crash, slow):
            assert await node.ask("shop", what.encode()) is None
        prices: dict[str, str] = {}
        while len(prices) < 3:
            await asyncio.sleep(0.01)
            prices = json.loads(await node.ask("shop", b"prices") or b"")
        assert prices == {"pen": "pen", crash: "unknown", slow: "unknown"}
        await node.ask("shop", later.encode())
        assert node.open_requests("shop") == 1
        await node.ask("shop", b"never mind")
        assert node.open_requests("shop") == 0
        assert await node.ask("store", b"behind it") == b"behind it"
        assert later not in json.loads(await node.ask("shop", b"prices") or b"")
        assert node.counters().restarts == 1
