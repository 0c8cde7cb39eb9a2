"""What a compiled component belongs to: code of another version of the engine is never found."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from small_guest import small_wasm

from airssys_sdk.component.engine.profiles import version

PROGRAM = """
    import sys
    from pathlib import Path
    from airssys_sdk.component import Component
    from airssys_sdk.component.engine.cache import Cache
    cache = Cache(Path(sys.argv[1]))
    Component.open(sys.argv[2], cache=cache)
    print(cache.counters.hits, cache.counters.compiled)
"""


def hits_and_compiled(cache: Path, wasm: Path, packages: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), cache, wasm],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(packages)},
    ).stdout.strip()


def test_code_of_another_version_of_the_engine_is_not_found(tmp_path: Path) -> None:
    wasm = tmp_path / "small.wasm"
    wasm.write_bytes(small_wasm())
    # An installation that says of itself to be the engine's next version; the code in it stays the same.
    other = tmp_path / "packages" / "wasmtime-9999.0.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: wasmtime\nVersion: 9999.0.0\n")
    assert version() != "9999.0.0"
    nothing, found = tmp_path / "nothing", other.parent
    runs = [
        hits_and_compiled(tmp_path / "cache", wasm, at) for at in (nothing, nothing, found, found, nothing)
    ]
    assert runs == ["0 1", "1 0", "0 1", "1 0", "1 0"]
