"""Feature gates: what is hidden stays away, and what is deprecated says so to readers and to type checkers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from generator_worlds import GOLDEN

from airssys_generator import Target, generate
from airssys_sdk.wit.reader import find_world, read

GATES = GOLDEN / "gates"
HOST_USER = """
from host import Reporter
from host.exports import stations


def use(reporter: Reporter) -> None:
    reporter.sky.measure()
    reporter.sky.look()
    station = reporter.stations.Station("north")
    station.temperature()
    stations.Station.nearest(1.0, 2.0)
    reporter.report()


"""
GUEST_USER = """
from wit_world.imports import sky, stations


def use() -> None:
    sky.measure()
    sky.look()
    with stations.Station("north") as station:
        station.temperature()
    stations.Station.nearest(1.0, 2.0)
"""


@pytest.mark.parametrize("target", ["host", "guest"])
@pytest.mark.parametrize(
    ("features", "everything", "shown"),
    [((), False, False), (("forecast",), False, True), (("other",), False, False), ((), True, True)],
)
def test_an_unstable_function_shows_only_with_its_feature(
    target: Target, features: tuple[str, ...], everything: bool, shown: bool
) -> None:
    resolve = read(GATES / "world.wit", world="reporter", features=features, all_features=everything)
    files = generate(resolve, find_world(resolve, "reporter"), target)
    text = "\n".join(files.values())
    assert ("def guess(" in text) is shown
    assert ("Unstable: behind the feature gate `forecast`." in text) is shown
    assert "def measure(" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "user", "expected"),
    [("host", HOST_USER, [8, 9, 10, 11, 12]), ("guest", GUEST_USER, [7, 8, 9, 10])],
    ids=["host", "guest"],
)
def test_a_type_checker_reports_the_use_of_what_is_deprecated_and_of_nothing_else(
    target: Target, user: str, expected: list[int], tmp_path: Path
) -> None:
    shutil.copytree(
        GATES / target, tmp_path / "host" if target == "host" else tmp_path, dirs_exist_ok=target == "guest"
    )
    (tmp_path / "user.py").write_text(user)
    python = "3.11" if target == "host" else "3.14"
    settings = {"typeCheckingMode": "strict", "pythonVersion": python, "include": ["."]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("basedpyright"),
            "--project",
            ".",
            "--outputjson",
            "--pythonpath",
            sys.executable,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert {Path(one["file"]).name for one in found} == {"user.py"}, found
    assert [one["range"]["start"]["line"] + 1 for one in found] == expected, found
    assert {one["rule"] for one in found} == {"reportDeprecated"}
    assert all("deprecated since example:weather 1." in one["message"] for one in found)
