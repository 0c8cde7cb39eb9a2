"""`deploy`, and `run --watch`: new versions reach a node that runs, from the command line and by saving a file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from cli_nodes import running
from cli_process import Command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("cli"),
    pytest.mark.skipif(os.name == "nt", reason="needs Unix domain sockets"),
    pytest.mark.usefixtures("runtime"),
]


@pytest.fixture
def project(trial: Path, tmp_path: Path) -> Path:
    """A copy of the trial that a test may change."""
    return Path(shutil.copytree(trial, tmp_path / "trial"))


def _change(project: Path, old: str, new: str) -> None:
    file = project / "src" / "trial" / "component.py"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_a_changed_project_is_built_and_deployed_rolled_back_and_its_history_is_told(
    sdk: Command, project: Path
) -> None:
    with running(sdk, project) as node:
        _change(project, "you said", "now you said")
        manifest = project / "Component.toml"
        manifest.write_text(manifest.read_text("utf-8").replace("0.3.0", "0.4.0"), "utf-8")
        done = sdk("deploy", project)
        assert done.code == 0, done.err
        assert done.out.startswith("test/trial/0: version 2 (0.4.0) has taken over from 1 (0.3.0) (pause ")
        node.until("test/trial/0: version 2 (0.4.0) has taken over from 1")
        back = sdk("deploy", "--rollback", "trial", "--json")
        assert back.code == 0, back.err
        told = json.loads(back.out)
        assert (told["version"]["number"], told["version"]["back_to"], told["previous"]["number"]) == (
            3,
            1,
            2,
        )
        history = sdk("deploy", "--history", "test/trial")
        assert [line.split()[:2] for line in history.out.splitlines()] == [
            ["1", "0.3.0"],
            ["2", "0.4.0"],
            ["3", "0.3.0"],
        ]
        assert history.out.splitlines()[2].endswith("rollback to 1  (runs)")
        again = sdk("deploy", "--rollback", "trial", "--to", "2", "--node", "trial")
        assert again.code == 0, again.err


def test_a_version_that_does_not_start_leaves_the_old_one_and_says_why(sdk: Command, project: Path) -> None:
    with running(sdk, project) as node:
        manifest = project / "Component.toml"
        manifest.write_text(manifest.read_text("utf-8") + "\n[config]\nrefuse = true\n", "utf-8")
        done = sdk("deploy", project)
        assert done.code != 0
        assert "version 2 (0.3.0) did not take over, 1 (0.3.0) goes on: " in done.err
        assert "not \\x1b[31m today" in done.err
        assert "\x1b" not in done.err
        assert "Traceback" not in done.err
        node.until("test/trial/0: version 2 (0.3.0) did not take over: ")
        history = sdk("deploy", "--history", "trial", "--json")
        assert [one["error"] is None for one in json.loads(history.out)["versions"]] == [True, False]


def test_all_instances_of_a_system_are_deployed_to_with_one_command(sdk: Command, project: Path) -> None:
    system = project.parent / "System.toml"
    system.write_text(
        '[system]\nname = "pair"\n[components.trial]\nmanifest = "trial"\ninstances = 2\n', "utf-8"
    )
    with running(sdk, system) as node:
        _change(project, "you said", "now you said")
        one = sdk("deploy", project)
        assert one.code != 0
        assert "fits several components: test/trial/0, test/trial/1" in one.err
        assert "--component ID, or replace all with --all" in one.err
        assert "build:" not in one.err
        done = sdk("deploy", project, "--all")
        assert done.code == 0, done.err
        told = [line.split(" (pause")[0] for line in done.out.splitlines()]
        assert told == [
            f"test/trial/{instance}: version 2 (0.3.0) has taken over from 1 (0.3.0)" for instance in (0, 1)
        ]
        node.until("test/trial/1: version 2 (0.3.0) has taken over from 1")
        again = sdk("deploy", project, "--all", "--json")
        assert [one["version"]["number"] for one in json.loads(again.out)["components"]] == [3, 3]
        refused = sdk("deploy", "--history", "trial", "--all")
        assert refused.code == 2
        assert "--history is for one component; it does not go with --all" in refused.err


def test_mistakes_are_told_before_anything_happens(sdk: Command, project: Path, tmp_path: Path) -> None:
    nobody = sdk("deploy", project)
    assert nobody.code != 0
    other = tmp_path / "other"
    shutil.copytree(project, other)
    manifest = (other / "Component.toml").read_text().replace('name = "trial"', 'name = "other"')
    (other / "Component.toml").write_text(manifest)
    assert "no node of yours runs here" in nobody.err
    with running(sdk, project):
        for arguments, said in (
            (["deploy", "--rollback", "trial", "--history", "trial"], "do not go together"),
            (["deploy", project, "--rollback", "trial"], "nothing to deploy"),
            (["deploy", "--rollback", "trial", "--all"], "--rollback is for one component"),
            (["deploy", "--history", "trial", "--component", "trial"], "--history takes the ID itself"),
            (["deploy", "--to", "1"], "--to belongs to --rollback"),
            (["deploy", "--rollback", "nobody"], "no component 'nobody'"),
            (["deploy", "--rollback", "trial"], "no earlier version"),
            (["deploy", "--history", "trial", "--node", "other"], "no node 'other'"),
            (["deploy", project, "--component", "nobody"], "no component 'nobody'"),
            (["deploy", other], "no component 'test/other'"),
            (["deploy", tmp_path / "nothing"], "nothing"),
        ):
            done = sdk(*arguments)
            assert done.code != 0, arguments
            assert said in done.err, (arguments, done.err)
            assert "Traceback" not in done.err
            assert "build:" not in done.err, arguments
    sends = sdk("run", project, "--watch", "--send", "trial", "x")
    assert sends.code == 2
    assert "--watch runs until Ctrl-C" in sends.err
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in ("Component.toml", "dist/trial.wasm"):
        shutil.copy(project / file, elsewhere)
    file_alone = sdk("run", elsewhere / "trial.wasm", "--watch", "--in-memory")
    assert file_alone.code != 0
    assert "nothing to watch" in file_alone.err


def test_saving_a_file_deploys_it_and_a_mistake_in_it_changes_nothing(sdk: Command, project: Path) -> None:
    with running(sdk, project, "--watch") as node:
        assert any("watching trial" in line for line in node.said)
        _change(project, "you said", "it was said")
        node.until("trial: building")
        node.until("version 2 (0.3.0) has taken over from 1")
        _change(project, "class ComponentLifecycle", "klass ComponentLifecycle")
        node.until("trial: building")
        node.until("error")
        _change(project, "klass ComponentLifecycle", "class ComponentLifecycle")
        node.until("trial: building")
        history = sdk("deploy", "--history", "trial", "--json")
        assert [one["error"] for one in json.loads(history.out)["versions"]][:2] == [None, None]


def test_what_a_system_says_of_a_component_holds_for_its_next_versions_too(
    sdk: Command, project: Path, tmp_path: Path
) -> None:
    system = tmp_path / "System.toml"
    system.write_text(
        '[system]\nname = "shop"\n[components.trial]\nmanifest = "trial"\nenvironment = { MOOD = "calm" }\n'
        'limits = { memory = "300MiB" }\n'
    )
    manifest = project / "Component.toml"

    def told(initialize: str) -> None:
        assert 'env-vars: [("MOOD", "calm")]' in initialize, initialize
        assert f"max-memory-bytes: {300 * 1024**2}, max-execution-time-ms: {deadline}000" in initialize

    with running(sdk, system, "--watch", "--trace") as node:
        deadline = 2
        told(next(line for line in node.said if "#initialize(" in line))
        _change(project, "you said", "it was said")
        told(node.until("#initialize("))
        node.until("version 2 (0.3.0) has taken over")
        # What the system leaves to the project is the project's.
        deadline = 3
        manifest.write_text(manifest.read_text("utf-8").replace('"2s"', '"3s"'), "utf-8")
        told(node.until("#initialize("))
        node.until("version 3 (0.3.0) has taken over")
        for options in ([], ["--all"]):
            done = sdk("deploy", project, *options)
            assert done.code == 0, done.err
            told(node.until("#initialize("))
