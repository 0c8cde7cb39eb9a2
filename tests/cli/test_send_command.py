"""`send`: messages from the command line into a node that runs in another process."""

from __future__ import annotations

import json
import os
import re
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


def test_a_message_is_answered_from_another_process(sdk: Command, trial: Path) -> None:
    with running(sdk, trial):
        for component in ("trial", "test/trial", "test/trial/0"):
            hello = sdk("send", component, "hello \u00e9")
            assert (hello.code, hello.out, hello.err) == (0, "you said hello \u00e9\n", "")
        assert sdk("send", "trial", "nothing").out == "\n"
        assert sdk("send", "trial", "-", given="from a pipe").out == "you said from a pipe\n"
        told = [
            json.loads(sdk("send", "trial", payload, "--json").out) for payload in ("x", "nothing", "raw")
        ]
        assert told == [
            {"component": "test/trial/0", "payload": "you said x"},
            {"component": "test/trial/0", "payload": None},
            {"component": "test/trial/0", "payload-base64": "ABv/"},
        ]
        sent = sdk("send", "trial", "count", "--no-wait", "--node", "trial")
        assert (sent.code, sent.out, sent.err) == (0, "", "")
        assert json.loads(sdk("send", "trial", "count", "--no-wait", "--json").out) == {
            "component": "test/trial/0"
        }
        assert sdk("send", "trial", "count").out == "3\n"


def test_what_goes_wrong_is_told_and_the_node_goes_on(sdk: Command, trial: Path) -> None:
    nobody = sdk("send", "trial", "x")
    assert nobody.code == 2
    assert "no node of yours runs here" in nobody.err
    with running(sdk, trial) as node:
        for arguments, code, said in (
            (["send", "nobody", "x"], 1, "no component 'nobody'"),
            (["send", "trial", "x", "--node", "other"], 2, "no node 'other'"),
            (["send", "trial", "spin", "--timeout", "50ms"], 1, "no answer within 0.05 s"),
            (["send", "trial", "x", "--timeout", "soon"], 2, "--timeout"),
            (
                ["send", "trial", "y" * 60_000],
                1,
                "what is sent to a node from outside has 65536 bytes at most",
            ),
            (["send", "trial"], 2, "PAYLOAD"),
        ):
            done = sdk(*arguments)
            assert done.code == code, (arguments, done)
            assert said in done.err, (arguments, done.err)
            assert done.out == ""
        boom = sdk("send", "trial", "boom")
        assert boom.code == 1
        assert "the trial\\x1b[31m failed" in boom.err
        assert "\x1b" not in boom.err
        assert re.search(r'File "src/trial/component\.py", line \d+, in handle_message', boom.err)
        for what in ("could not handle a message", "failed"):
            told = node.until(f"test/trial/0 {what}: the guest raised ValueError: the trial")
            assert re.search(r"\(airssys:core/.*#handle-message, src/trial/component\.py:\d+\)\n$", told)
        assert sdk("send", "trial", "again").out == "you said again\n"
