"""`run`: what others can see of its node."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from cli_process import Command
from prometheus_client.parser import text_string_to_metric_families

from airssys_sdk.runtime.nodes.client import ControlClient
from airssys_sdk.runtime.nodes.sockets import find, places

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli")]


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """The next line of standard error that holds a text."""
    assert process.stderr is not None
    read: list[str] = []
    for line in process.stderr:
        read.append(line)
        if text in line:
            return line.rstrip("\n")
    raise AssertionError(f"{text!r} never came:\n{''.join(read)}")


def stop(process: subprocess.Popen[str]) -> str:
    """Interrupt a node and give what it then says."""
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return err


def test_prometheus_scrapes_a_node_that_runs(sdk: Command, trial: Path) -> None:
    with sdk.start(["run", trial, "--in-memory", "--metrics", "127.0.0.1:0"]) as process:
        url = line_with(process, "metrics: ").removeprefix("metrics: ")
        line_with(process, "running; Ctrl-C stops")
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  (the address was just said)
            families = {one.name: one for one in text_string_to_metric_families(answer.read().decode())}
        said = stop(process)
    assert [sample.labels["component"] for sample in families["airssys_messages_handled"].samples] == [
        "test/trial/0"
    ]
    assert families["airssys_node_up"].samples[0].value == 1
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "address", ["0.0.0.0:9464", "[::]:9464", "example.org:80", "9464", ":9464", "127.0.0.1:x"]
)
def test_metrics_for_other_machines_and_addresses_that_are_none_are_wrong_usage(
    sdk: Command, trial: Path, address: str
) -> None:
    result = sdk("run", trial, "--metrics", address)
    assert (result.code, result.out) == (2, "")
    assert "127.0.0.1" in result.err
    assert "up to date" not in result.err, "nothing was built for it"


def test_metrics_without_their_extra_are_refused_before_anything_is_built(
    sdk: Command, trial: Path, tmp_path: Path
) -> None:
    absent = "raise ModuleNotFoundError(name=__name__)\n"
    (tmp_path / "prometheus_client.py").write_text(absent)
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    result = sdk("run", trial, "--metrics", "127.0.0.1:0", env=env)
    assert (result.code, result.out) == (1, "")
    assert "the extra 'metrics', which is not installed" in result.err
    assert "hint: pip install 'airssys-sdk[metrics]'" in result.err
    assert "up to date" not in result.err


@pytest.mark.skipif(os.name == "nt", reason="needs Unix domain sockets")
def test_another_process_sees_a_node_that_runs_and_stops_its_component(
    sdk: Command, trial: Path, runtime: dict[str, str]
) -> None:
    async def speak() -> str:
        async with ControlClient(find("trial")) as client:
            status = await client.status()
            assert [one.id for one in status.snapshot.components] == ["test/trial/0"]
            return await client.stop("trial")

    with sdk.start(["run", trial, "--in-memory"], env=runtime) as process:
        line_with(process, "running; Ctrl-C stops")
        assert find(None).process == process.pid
        assert asyncio.run(speak()) == "shutdown"
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: no component runs any more\n" in err
    assert places() == []


@pytest.mark.skipif(os.name == "nt", reason="needs Unix domain sockets")
def test_a_node_runs_where_nobody_can_speak_to_it(sdk: Command, trial: Path, runtime: dict[str, str]) -> None:
    folder = Path(runtime["XDG_RUNTIME_DIR"]) / "airssys-sdk"
    folder.mkdir()
    folder.chmod(0o755)
    result = sdk("run", trial, "--in-memory", "--send", "trial", "hi", env=runtime)
    assert (result.code, result.out) == (0, "you said hi\n")
    assert (
        "nobody can speak to this node: the folder of sockets must be yours and closed to others\n"
        in result.err
    )


def test_each_call_is_printed_in_the_terms_of_wit(sdk: Command, trial: Path) -> None:
    result = sdk(
        "run", trial, "--in-memory", "--trace", "--send", "trial", "count", "--send", "trial", "boom"
    )
    assert (result.code, result.out) == (1, "1\n")
    told = [line for line in result.err.splitlines() if line.startswith((">> ", "<< "))]
    storage = "<< test/trial/0 airssys:core/storage@1.0.0"
    lifecycle = ">> test/trial/0 airssys:core/component-lifecycle@1.0.0"
    assert told[0].startswith(f"{lifecycle}#initialize({{env-vars: [], ")
    assert told[1].startswith(f'{storage}#get("count") -> ok(none) in ')
    assert told[2].startswith(f'{storage}#set("count", [49]) -> ok in ')
    assert told[3].startswith(f"{lifecycle}#handle-message({{sender: {{namespace: ")
    assert " -> ok(some([49])) in " in told[3]
    assert "the trial\\x1b[31m failed" in told[4]
    assert "\x1b" not in result.err
    assert all(line.endswith(" ms") for line in told)


def test_a_trace_as_json_is_one_object_a_call(sdk: Command, trial: Path) -> None:
    result = sdk("run", trial, "--in-memory", "--trace", "--json", "--send", "trial", "nothing")
    told = [json.loads(line) for line in result.out.splitlines()]
    [call] = [one for one in told if one["event"] == "trace" and one["function"].endswith("#handle-message")]
    assert (call["kind"], call["component"], call["outcome"]) == ("call", "test/trial/0", "ok(none)")
