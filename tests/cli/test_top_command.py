"""`top`: what a node does, live and in one table."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path

import pytest
from cli_process import Command
from textual.pilot import Pilot
from textual.widgets import DataTable, RichLog, Static

from airssys_sdk.cli.top_app import TopApp
from airssys_sdk.cli.top_rows import Table, plain
from airssys_sdk.errors import AirssysError
from airssys_sdk.manifest import load_manifest
from airssys_sdk.runtime import ComponentSpec, Node
from airssys_sdk.runtime.metrics.histogram import Histogram
from airssys_sdk.runtime.nodes.client import ControlClient
from airssys_sdk.runtime.nodes.control import Control, Status

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("cli"),
    pytest.mark.skipif(os.name == "nt", reason="needs Unix domain sockets"),
    pytest.mark.usefixtures("runtime"),
]


@contextlib.contextmanager
def running(sdk: Command, *arguments: str | Path) -> Generator[subprocess.Popen[str], None, None]:
    with sdk.start(["run", *arguments, "--in-memory"]) as process:
        assert process.stderr is not None
        while "running; Ctrl-C stops" not in process.stderr.readline():
            pass
        yield process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def trial_spec(trial: Path, instance: str = "0") -> ComponentSpec:
    return ComponentSpec(load_manifest(trial / "Component.toml"), trial / "dist" / "trial.wasm", instance)


@contextlib.asynccontextmanager
async def watched(trial: Path) -> AsyncGenerator[tuple[Node, TopApp], None]:
    """A node with the trial on it, and the live view of it."""
    async with Node(measure_memory=True) as node, Control(node, name="trial") as control:
        await node.start(trial_spec(trial))
        yield node, TopApp(ControlClient(control.place), interval=0.05)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.01)


def cells(app: TopApp, row: int) -> list[str]:
    table = app.query_one(DataTable)
    return [str(cell) for cell in table.get_row_at(row)] if row < table.row_count else []


def logged(app: TopApp) -> str:
    return "\n".join(line.text for line in app.query_one(RichLog).lines)


def said(app: TopApp) -> str:
    return str(app.query_one("#summary", Static).render())


def test_the_live_view_shows_the_tree_with_what_each_component_does(trial: Path) -> None:
    async def scenario() -> None:
        async with watched(trial) as (node, app), app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.query_one(DataTable).row_count == 3)
            assert cells(app, 0)[:2] == ["root", "running"]
            assert cells(app, 1)[:2] == ["  test/trial/0 (supervisor)", "running"]
            assert cells(app, 2)[:3] == ["    test/trial/0", "running", "0"]
            assert cells(app, 2)[4:7] == ["-", "-", "0"]
            await node.ask("trial", b"hi")
            with pytest.raises(AirssysError):
                await node.ask("trial", b"boom")
            await until(pilot, lambda: cells(app, 2)[6] == "1")
            await until(pilot, lambda: cells(app, 2)[4] != "-")
            assert cells(app, 2)[5].endswith((" ms", " us", " s"))
            if sys.platform.startswith("linux"):
                assert cells(app, 2)[7].endswith(" MiB")
            assert "1 handled, 1 failed" in said(app)

    asyncio.run(scenario())


def test_the_logs_of_the_selected_component_are_shown_and_cannot_steer_the_terminal(trial: Path) -> None:
    async def scenario() -> None:
        async with watched(trial) as (node, app), app.run_test(size=(120, 40)) as pilot:
            await until(
                pilot, lambda: "logs of test/trial/0" in str(app.query_one("#title", Static).render())
            )
            with pytest.raises(AirssysError):
                await node.ask("trial", b"spin", timeout=0.2)
            await until(pilot, lambda: "spinning" in logged(app))
            assert "warning" in logged(app)
            assert "spinning \\x1b[2J" in logged(app)
            assert "\x1b" not in logged(app)

    asyncio.run(scenario())


def test_components_come_and_go_and_a_node_that_has_gone_is_told(trial: Path) -> None:
    async def scenario() -> None:
        async with watched(trial) as (node, app):
            other = trial_spec(trial, "1")
            async with app.run_test(size=(120, 40)) as pilot:
                await until(pilot, lambda: app.query_one(DataTable).row_count == 3)
                await node.start(other)
                await until(pilot, lambda: app.query_one(DataTable).row_count == 5)
                await node.stop_component("test/trial/0")
                await until(pilot, lambda: cells(app, 2)[:1] == ["    test/trial/1"])
                assert app.query_one(DataTable).row_count == 3
                await node.stop()
                await until(pilot, lambda: "does not run" in said(app))
                await pilot.press("q")
            assert app.return_code == 0

    asyncio.run(scenario())


def test_q_quits(trial: Path) -> None:
    async def scenario() -> None:
        async with watched(trial) as (_, app), app.run_test() as pilot:
            await pilot.press("q")
            await until(pilot, lambda: not app.is_running)

    asyncio.run(scenario())


def test_without_a_terminal_one_table_is_printed(sdk: Command, trial: Path) -> None:
    with running(sdk, trial) as process:
        for arguments in ([], ["trial"], [str(process.pid)], ["--once"]):
            result = sdk("top", *arguments)
            assert (result.code, result.err) == (0, "")
            lines = result.out.splitlines()
            assert lines[0].startswith(f"trial (process {process.pid}), up ")
            assert lines[1].split() == [
                "name",
                "state",
                "mailbox",
                "msg/s",
                "p50",
                "p99",
                "restarts",
                "memory",
            ]
            assert lines[-1].split()[:2] == ["test/trial/0", "running"]
            assert len(lines) == 5


def test_json_is_everything_that_is_known(sdk: Command, trial: Path) -> None:
    with running(sdk, trial) as process:
        result = sdk("top", "--json")
        assert result.code == 0
        known = json.loads(result.out)
    assert known["process"] == process.pid
    assert [one["id"] for one in known["snapshot"]["components"]] == ["test/trial/0"]
    assert known["tree"]["children"][0]["children"][0]["name"] == "test/trial/0"


def test_where_no_node_runs_or_another_is_meant_those_that_do_are_named(sdk: Command, trial: Path) -> None:
    nothing = sdk("top")
    assert (nothing.code, nothing.out) == (2, "")
    assert "error: no node of yours runs here\nhint: start one with: airssys-sdk run\n" in nothing.err
    with running(sdk, trial) as process:
        other = sdk("top", "trail", "--json")
    assert other.code == 2
    assert f"error: no node 'trail' runs here\nhint: these do: trial (process {process.pid})\n" in other.err


def test_on_a_terminal_it_is_live_and_ends_with_q(sdk: Command, trial: Path) -> None:
    pty = pytest.importorskip("pty")
    with running(sdk, trial):
        ours, theirs = pty.openpty()
        with sdk.start(["top"], terminal=theirs, env={"COLUMNS": "120", "LINES": "40"}) as process:
            os.close(theirs)
            seen = b""
            while b"test/trial/0" not in seen or b"running" not in seen:
                seen += os.read(ours, 65536)
            os.write(ours, b"q")
            with contextlib.suppress(OSError):  # that is how the end of a terminal is told
                while os.read(ours, 65536):
                    pass
            assert process.wait(60) == 0
        os.close(ours)


def test_the_live_view_without_its_extra_names_it(sdk: Command, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    (tmp_path / "textual.py").write_text("raise ModuleNotFoundError(name=__name__)\n")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    ours, theirs = pty.openpty()
    with sdk.start(["top"], terminal=theirs, env=env) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                seen += part
        assert process.wait(60) == 1
    os.close(ours)
    assert b"pip install 'airssys-sdk[top]'" in seen


def test_rates_and_percentiles_are_those_of_late(trial: Path) -> None:
    def later(status: Status, seconds: float, *durations: float) -> Status:
        """The same node after a while, in which messages took so long."""
        [component] = status.snapshot.components
        more = Histogram(component.handling.bounds)
        for duration in durations:
            more.add(duration)
        grown = dataclasses.replace(component, handling=component.handling + more.snapshot())
        uptime = status.snapshot.uptime + seconds
        snapshot = dataclasses.replace(status.snapshot, uptime=uptime, components=(grown,))
        return dataclasses.replace(status, snapshot=snapshot)

    async def scenario() -> None:
        async with Node() as node, Control(node, name="trial") as control:
            await node.start(trial_spec(trial))
            await node.ask("trial", b"hi")
            status, table = await ControlClient(control.place).status(), Table()
            assert table.rows(status)[2].cells[3] == "-", "how fast is not known after one look"
            busy = later(status, 2.0, *[0.9] * 20)
            rate, median, slowest = table.rows(busy)[2].cells[3:6]
            assert rate == "10.0"
            # All lie in the bucket from 0.52 s to 1.05 s.
            assert (median, slowest) == ("786.4 ms", "1.0 s")
            assert plain(table.rows(busy))[-1].split()[0] == "test/trial/0"

    asyncio.run(scenario())
