"""docs/calling.md: what it shows of calls without generated code is typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from readme import ROOT

TEXT = (ROOT / "docs" / "calling.md").read_text("utf-8")


@pytest.mark.slow
def test_calls_without_generated_code_pass_the_type_checkers(
    tmp_path: Path, check_types: Callable[[Path], dict[str, str]]
) -> None:
    _, _, part = TEXT.partition("## Without generated code\n")
    shown = re.findall(r"`([^`]+)`", part.partition("\n## ")[0])
    (opened,) = (code for code in shown if code.startswith("Component.open("))
    calls = [code for code in shown if code.startswith("instance.") and code.endswith(")")]
    assert len(calls) >= 4
    program = [
        "from airssys_sdk.component import Component",
        f"instance = {opened}",
        *(f"print({call})" for call in calls),
    ]
    (tmp_path / "program.py").write_text("\n".join(program) + "\n")
    assert check_types(tmp_path) == {}
