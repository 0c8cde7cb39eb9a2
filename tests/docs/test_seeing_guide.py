"""What docs/seeing.md says about metrics and the control channel."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import ROOT

from airssys_sdk.manifest import Manifest
from airssys_sdk.runtime import ComponentSpec, Node
from airssys_sdk.runtime.metrics import prometheus
from airssys_sdk.runtime.nodes.control import Control

TEXT = (ROOT / "docs" / "seeing.md").read_text("utf-8")
(CLIENT,) = (
    one
    for one in re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    if "ControlClient" in one
)
HELLO = Manifest.model_validate(
    {
        "component": {
            "namespace": "example",
            "name": "hello",
            "version": "0.1.0",
            "world": "airssys:core/runtime-host@1.0.0",
        }
    }
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("actor-guest")]


@pytest.fixture(scope="session")
def actor(bare_guest: Callable[[str, Path, str], Path]) -> Path:
    return bare_guest("actor", ROOT / "wit" / "airssys-core", "runtime-host")


def test_the_table_of_metrics_names_what_is_scraped_and_nothing_else(actor: Path) -> None:
    named = {whole for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for whole in _whole(row)}

    async def scraped() -> set[str]:
        async with Node(measure_memory=True) as node:
            collector = prometheus.collector(node)
            await node.start(ComponentSpec(HELLO, actor))
            await node.send("hello", b'[["crash", "x"]]')
            await node.ask("hello", b"hi")
            found = list(collector.collect())
            return {one.name + ("_total" if one.type == "counter" else "") for one in found}

    assert named == asyncio.run(scraped())


def _whole(row: str) -> list[str]:
    """The names in one row; those after the first may say only in what part they are different."""
    first, *rest = re.findall(r"`(\w+)`", row)
    names = [first]
    for name in rest:
        if name.startswith("airssys_"):
            names.append(name)
        elif name.endswith("_"):  # `_failed_` in place of `_handled_`
            names.append(first.replace("_handled_", name))
        else:
            names.append(first.removesuffix("_up") + name)
    return names


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix domain sockets")
def test_the_program_speaks_to_a_node_that_runs(
    actor: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check_types: Callable[[Path], dict[str, str]],
) -> None:
    program = tmp_path / "program.py"
    program.write_text(CLIENT)
    runtime = tempfile.mkdtemp()  # pytest's own folders have paths that are too long for sockets
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)

    async def told() -> str:
        async with Node() as node, Control(node, name="shop"):
            await node.start(ComponentSpec(HELLO, actor))
            pipe = asyncio.subprocess.PIPE
            running = await asyncio.create_subprocess_exec(sys.executable, program, stdout=pipe)
            output, _ = await running.communicate()
            assert node.components() == []
            return output.decode()

    try:
        assert asyncio.run(told()) == "shop ['example/hello/0']\nshutdown\n"
    finally:
        shutil.rmtree(runtime)
    assert check_types(tmp_path) == {}
