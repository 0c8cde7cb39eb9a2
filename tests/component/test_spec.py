"""The component model's own tests of values, resources and linking, through our codecs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from spec_scripts import CORPUS, run, scripts

REFUSED: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
    Path(__file__).with_name("spec_refused.toml").read_text("utf-8")
)
SCRIPTS = scripts()

pytestmark = pytest.mark.skipif(not SCRIPTS, reason="the shared corpus is not beside the checkout")


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "as-it-is"])
@pytest.mark.parametrize("profile", ["plain", "metered", "concurrent"])
@pytest.mark.parametrize(
    "script", SCRIPTS, ids=lambda path: path.relative_to(CORPUS).with_suffix("").as_posix()
)
def test_a_script_goes_as_it_says_but_for_what_the_engine_refuses(
    script: Path, profile: Any, bulk: bool
) -> None:
    refused = REFUSED[profile].get(script.stem, {})
    outcomes = list(run(script, profile, bulk=bulk))
    assert any(outcome.command == "assert_return" or outcome.command == "assert_trap" for outcome in outcomes)
    unexpected = [
        outcome
        for outcome in outcomes
        if outcome.problem is not None
        and refused.get(str(outcome.line), "there is no") not in outcome.problem
    ]
    assert unexpected == []
    assert set(refused) <= {str(outcome.line) for outcome in outcomes if outcome.problem is not None}
    # What follows a refused component fails for want of it; without one nothing may.
    assert refused or all(outcome.problem is None for outcome in outcomes)


def test_every_script_of_the_list_is_there() -> None:
    listed = {name for scripts_of in REFUSED.values() for name in scripts_of}
    assert listed <= {script.stem for script in SCRIPTS}
