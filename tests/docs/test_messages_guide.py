"""What docs/messages.md shows runs, and is typed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from readme import ROOT

from airssys_sdk.manifest import parse_manifest

TEXT = (ROOT / "docs" / "messages.md").read_text("utf-8")
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(SECTION,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_program_runs_and_has_the_types_that_it_should(
    tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert done.stdout == "small a.png\n1\n"
    # The ref of a pool knows what its workers take: an int is an error, or mypy would find nothing to ignore.
    wrong = "await resizers.ask(1)  # type: ignore[arg-type]"
    checked = PROGRAM.replace('print(await resizers.ask("a.png"))', wrong)
    assert checked != PROGRAM
    program.write_text(checked)
    assert check_types(tmp_path) == {}


def test_the_section_of_the_manifest_is_one() -> None:
    component = '[component]\nnamespace = "example"\nname = "a"\nversion = "1.0.0"\nworld = "runtime-host"\n'
    assert parse_manifest(component + SECTION).subscriptions.topics == ("orders.*", "#.error")
