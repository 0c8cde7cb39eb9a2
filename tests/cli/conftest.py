from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cli_projects
import pytest
from cli_process import ROOT, Command


@pytest.fixture(scope="session")
def sdk(kept: Path) -> Command:
    """The command, with a cache folder that a second test run finds again."""
    return Command(kept)


@pytest.fixture(scope="session")
def trial(sdk: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built project of the world `airssys:core/runtime-host`."""
    folder = tmp_path_factory.mktemp("projects") / "trial"
    cli_projects.write(folder, cli_projects.TRIAL_MANIFEST, cli_projects.TRIAL, cli_projects.LAB_WIT)
    shutil.rmtree(folder / "wit")
    shutil.copytree(ROOT / "wit" / "airssys-core", folder / "wit")
    result = sdk("build", folder)
    assert result.code == 0, result.err
    return folder


@pytest.fixture(scope="session")
def lab(sdk: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built project with a world of its own."""
    folder = tmp_path_factory.mktemp("projects") / "lab"
    cli_projects.write(folder, cli_projects.LAB_MANIFEST, cli_projects.LAB, cli_projects.LAB_WIT)
    result = sdk("build", folder)
    assert result.code == 0, result.err
    return folder


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A folder of sockets for one test, also for the processes that it starts; those of pytest have too long paths."""
    folder = tempfile.mkdtemp()
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    yield {"XDG_RUNTIME_DIR": folder}
    shutil.rmtree(folder)
