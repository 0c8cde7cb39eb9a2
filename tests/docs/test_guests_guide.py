"""docs/guests.md: its guest is built, does what it says, and is typed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from readme import ROOT

from airssys_sdk.component import Component, Err
from airssys_sdk.project import Project, build, generate_project

TEXT = (ROOT / "docs" / "guests.md").read_text("utf-8")
(WIT,) = re.findall(r"^```wit\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
(CODE,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("guests-guide")]


def test_the_guest_does_what_it_says_and_is_typed(kept: Path, tmp_path: Path, mypy_cache: Path) -> None:
    folder = tmp_path / "depot"
    (folder / "src" / "depot").mkdir(parents=True)
    (folder / "wit").mkdir()
    (folder / "wit" / "depot.wit").write_text(WIT)
    (folder / "src" / "depot" / "__init__.py").touch()
    module = folder / "src" / "depot" / "component.py"
    module.write_text(CODE)
    (folder / "Component.toml").write_text(
        '[component]\nnamespace = "example"\nname = "depot"\nversion = "0.1.0"\nworld = "example:depot/depot@0.1.0"\n'
    )
    project = Project.load(folder)
    generate_project(project)
    assert module.read_text() == CODE  # it has everything that the skeleton would have
    wasm = build(project, cache=kept / "guests-guide", precompile=False).path
    with Component.open(wasm).instantiate() as depot:
        basket: Any = depot.resource("basket")
        size: Any = depot.function("goods.[method]basket.put").signature.parameters[2].shape
        small, custom = (case.cls for case in size.cases)
        made = depot.call("open", "ada")
        assert made.put("pen", small()) == 1
        assert made.put("desk", custom(90)) == 91
        for what, volume, told in (("unicorn", 1, "Problem_Unknown"), ("desk", 90, "Problem_SoldOut")):
            with pytest.raises(Err) as caught:
                made.put(what, custom(volume))
            assert type(caught.value.value).__name__ == told
        assert basket.total([made, basket("bob")]) == 91
    (folder / "mypy.ini").write_text("[mypy]\nmypy_path = bindings\npython_version = 3.14\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, "src"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
