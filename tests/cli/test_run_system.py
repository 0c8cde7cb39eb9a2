"""`run` with a System.toml: what is built, the tree that is shown, who gives up, and every mistake with its place."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import cli_projects
import pytest
from cli_process import Command, read_terminal

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli")]

SYSTEM = """\
[system]
name = "shop"
storage = ".airssys/shop.db"

[supervisors.orders]
strategy = "rest-for-one"

[components.trial]
manifest = "trial"
under = "orders"

[components.worker]
manifest = "worker.toml"
wasm = "trial/dist/trial.wasm"
instances = 3
under = "orders"
[components.worker.supervision]
intensity = { restarts = 1 }

[supervisors.empty]
under = "orders"
policy = "temporary"

[components.last]
manifest = "last.toml"
wasm = "trial/dist/trial.wasm"
"""

TREE = """\
shop  one-for-one
├─ orders  rest-for-one, permanent, 3 restarts in 60s
│  ├─ test/trial/0  transient, 3 restarts in 60s
│  ├─ test/worker/0 to 2  transient, 1 restart in 60s
│  └─ empty  one-for-one, temporary
└─ test/last/0  transient, 3 restarts in 60s
"""

FRAGILE = """\
[system]
name = "fragile"

[components.trial]
manifest = "trial"

[supervisors.inner]
intensity = { restarts = 1 }

[components.bomber]
manifest = "bomber.toml"
wasm = "trial/dist/trial.wasm"
under = "inner"
supervision = { intensity = { restarts = 0 } }
"""


def lines_until(process: subprocess.Popen[str], text: str) -> list[str]:
    assert process.stderr is not None
    read: list[str] = []
    for line in process.stderr:
        read.append(line)
        if text in line:
            return read
    raise AssertionError(f"{text!r} never came:\n{''.join(read)}")


@pytest.fixture
def shop(trial: Path, tmp_path: Path) -> Path:
    """A folder with a system of one project and two more components of the same code."""
    folder = tmp_path / "shop"
    # Tests that ran the trial itself have left its storage beside it.
    shutil.copytree(trial, folder / "trial", ignore=shutil.ignore_patterns(".airssys"))
    (folder / "System.toml").write_text(SYSTEM)
    for name in ("worker", "last", "bomber"):
        text = cli_projects.TRIAL_MANIFEST.replace('name = "trial"', f'name = "{name}"')
        (folder / f"{name}.toml").write_text(text)
    with (folder / "bomber.toml").open("a") as bomber:
        # It has the trial crash as soon as it starts, and crashes when it hears of it.
        bomber.write("[permissions.messaging]\nrequest = ['test/trial/*']\n[config]\nvictim = 'trial'\n")
    return folder


def test_a_system_is_shown_as_a_tree_and_stops_in_order(sdk: Command, shop: Path) -> None:
    with sdk.start(["run", shop / "System.toml"]) as process:
        before = "".join(lines_until(process, "running; Ctrl-C stops"))
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (0, "")
    assert before.endswith(f"{TREE}running; Ctrl-C stops\n")
    ids = ["test/trial/0", "test/worker/0", "test/worker/1", "test/worker/2", "test/last/0"]
    started = [line for line in before.splitlines() if line.endswith(" started")]
    assert started == [f"· {one} started" for one in ids]
    assert "\x1b" not in before
    assert "build: dist/trial.wasm ... up to date\n" in before
    for one in ids:
        assert f"· {one} ended: shutdown\n" in err
    assert (shop / ".airssys" / "shop.db").is_file()


def test_the_folder_here_is_run_and_its_components_are_asked(sdk: Command, shop: Path) -> None:
    asked = ["--send", "trial", "hi", "--send", "test/worker/2", "you", "--send", "last", "count", "--quiet"]
    for number in (1, 2):
        result = sdk("run", *asked, folder=shop)
        assert (result.code, result.out, result.err) == (0, f"you said hi\nyou said you\n{number}\n", "")
    several = sdk("run", shop, "--send", "worker", "hi")
    assert several.code == 2
    assert "hint: name one: test/worker/0, test/worker/1, test/worker/2\n" in several.err
    other = sdk("run", shop, "--send", "last", "count", "--quiet", "--in-memory")
    assert (other.code, other.out) == (0, "1\n")


def test_machines_read_the_tree_and_the_events(sdk: Command, shop: Path) -> None:
    result = sdk("run", shop, "--send", "trial", "hi", "--json", "--in-memory")
    assert result.code == 0
    told = [json.loads(line) for line in result.out.splitlines()]
    (system,) = [one for one in told if one["event"] == "system"]
    assert (system["system"], system["strategy"]) == ("shop", "one-for-one")
    assert system["intensity"] == {"restarts": 0, "within": 60.0}
    orders, last = system["children"]
    assert last == {
        "component": "test/last/0",
        "policy": "transient",
        "intensity": {"restarts": 3, "within": 60.0},
    }
    assert (orders["supervisor"], orders["strategy"], orders["policy"]) == (
        "orders",
        "rest-for-one",
        "permanent",
    )
    names = [child.get("component") or child["supervisor"] for child in orders["children"]]
    assert names == ["test/trial/0", "test/worker/0", "test/worker/1", "test/worker/2", "empty"]
    assert {"event": "actor-started", "name": "test/worker/2", "restarts": 0} in told
    assert {"event": "reply", "component": "test/trial/0", "payload": "you said hi"} in told
    assert told[-1]["event"] == "counters"


def test_on_a_terminal_the_tree_has_colours(sdk: Command, shop: Path) -> None:
    pty = pytest.importorskip("pty")
    arguments = ["run", shop, "--send", "trial", "hi", "--in-memory"]
    ours, theirs = pty.openpty()
    with sdk.start(arguments, terminal=theirs) as process:
        os.close(theirs)
        shown = read_terminal(ours)
    assert process.returncode == 0
    assert "\x1b[35m\x1b[1mshop\x1b[0m  one-for-one\r\n" in shown
    assert "├─ \x1b[36m\x1b[1morders\x1b[0m  rest-for-one" in shown
    assert "└─ \x1b[32m\x1b[1mtest/last/0\x1b[0m  transient" in shown
    ours, theirs = pty.openpty()
    with sdk.start(arguments, terminal=theirs, env={"NO_COLOR": "1"}) as process:
        os.close(theirs)
        shown = read_terminal(ours)
    assert TREE.replace("\n", "\r\n") in shown


def test_a_stream_without_line_characters_gets_a_plain_tree(sdk: Command, shop: Path) -> None:
    result = sdk("run", shop, "--send", "trial", "hi", "--in-memory", env={"PYTHONIOENCODING": "ascii"})
    assert result.code == 0
    assert "|- orders  rest-for-one" in result.err
    assert "|  `- empty  one-for-one, temporary\n`- test/last/0  transient" in result.err


def test_siblings_restart_with_a_component_that_crashes(sdk: Command, shop: Path) -> None:
    arguments = ["run", shop, "--stdin", "test/worker/1", "--in-memory"]
    with sdk.start(arguments, pipe_input=True) as process:
        assert process.stdin is not None
        process.stdin.write("boom\n")
        process.stdin.flush()
        told = lines_until(process, "test/worker/2 started again")
        out, _ = process.communicate("hi\n")
    assert (process.returncode, out) == (1, "you said hi\n")
    again = [line for line in told if "started again" in line]
    assert again == [f"· test/worker/{number} started again (restart 1)\n" for number in (1, 2)]


def test_a_system_that_gives_up_ends_the_command_with_the_reason(sdk: Command, shop: Path) -> None:
    (shop / "System.toml").write_text(FRAGILE)
    result = sdk("run", shop, "--in-memory")
    assert (result.code, result.out) == (1, "")
    assert "· inner (supervisor) restarts now (restart 1 in its window)\n" in result.err
    told = result.err[result.err.rindex("\nerror: ") + 1 :]
    assert told.startswith(
        "error: the system gave up: test/bomber/0 ended more than 0 times within 60 s; inner (supervisor) gives up\n"
        "  inner (supervisor) ended more than 1 times within 60 s; fragile (system) gives up\n"
        "  fragile (system) ended more than 0 times within 60 s; root gives up\n"
        "  its last error: "
    )
    assert "ValueError: no answer" in told
    assert told.splitlines()[-1].startswith("hint: the last error is the cause; ")
    assert "Traceback (most recent call last):\n" in told
    assert "airssys_sdk/" not in told
    assert "· test/trial/0 ended: " in result.err
    assert "running; Ctrl-C stops\n" in result.err
    machines = sdk("run", shop, "--in-memory", "--json")
    assert machines.code == 1
    gave_up = [json.loads(line) for line in machines.out.splitlines() if '"supervisor-gave-up"' in line]
    assert [one["supervisor"] for one in gave_up][-2:] == ["fragile (system)", "root"]


def test_a_question_to_a_system_that_has_given_up_is_the_last_one(sdk: Command, shop: Path) -> None:
    (shop / "System.toml").write_text(
        "[system]\nname = 'fragile'\n[components.trial]\nmanifest = 'trial'\n"
        "supervision = { intensity = { restarts = 0 } }\n"
    )
    with sdk.start(["run", shop, "--stdin", "trial"], pipe_input=True) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("boom\n")
        process.stdin.flush()
        lines_until(process, "test/trial/0 ended: failed")
        process.stdin.write("hi\n")
        process.stdin.flush()
        assert process.wait() == 1
        told = process.stderr.read()
    assert "error: the system gave up: test/trial/0 ended more than 0 times within 60 s" in told


def test_projects_that_were_never_built_are_built_first(sdk: Command, shop: Path) -> None:
    shutil.rmtree(shop / "trial" / "dist")
    shutil.rmtree(shop / "trial" / "bindings", ignore_errors=True)
    (shop / "System.toml").write_text("[system]\nname = 'one'\n[components.trial]\nmanifest = 'trial'\n")
    result = sdk("run", shop, "--send", "trial", "hi")
    assert (result.code, result.out) == (0, "you said hi\n")
    assert (shop / "trial" / "dist" / "trial.wasm").is_file()
    assert not (shop / ".airssys").exists()
    assert not (shop / "trial" / ".airssys").exists()


def test_a_component_that_does_not_start_is_named_and_the_others_stop(sdk: Command, shop: Path) -> None:
    with (shop / "last.toml").open("a") as manifest:
        manifest.write("[config]\nrefuse = true\n")
    result = sdk("run", shop, "--in-memory")
    assert (result.code, result.out) == (1, "")
    told = result.err[result.err.rindex("\nerror: ") + 1 :]
    assert told.startswith("error: the component did not start: ")
    assert "  --> test/last/0\n" in told
    assert "note: test/last/0 is the component that did not start\n" in told
    stopped = "test/worker/2, test/worker/1, test/worker/0, test/trial/0"
    assert f"note: what had started before it has stopped again: {stopped}\n" in told
    assert "Traceback" not in result.err
    ended = [line for line in result.err.splitlines() if line.endswith("ended: shutdown")]
    assert ended == [f"· {one} ended: shutdown" for one in stopped.split(", ")]


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('under = "orders"', 'under = "order"', 'components.trial.under: there is no supervisor "order"', "nearest supervisor is `orders`"),
        ('strategy = "rest', 'under = "empty"\nstrategy = "rest', "supervisors.orders.under: supervisors stand below each other in a circle: orders under empty under orders", "remove `under` of one of them"),
        ("worker.toml", "last.toml", "components.last.manifest: a component test/last/0 is there already: `components.worker`", "manifests with names of their own"),
        ("instances = 3", "instances = 0", "components.worker.instances: expected a whole number from 1 to 10000, got 0", "remove the component's table"),
        ('"trial"', '"trail"', "components.trial.manifest: there is no {shop}/trail", "relative to the folder of System.toml"),
        ("trial/dist/trial.wasm", "trail.wasm", "components.worker.wasm: there is no file {shop}/trail.wasm", "remove the key"),
        ("instances", "instance", "components.worker.instance: unknown key", "the nearest known key is `components.worker.instances`"),
        ('name = "shop"', "name = shop", "not TOML: Invalid value", None),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_line_and_what_to_do(
    sdk: Command, shop: Path, old: str, new: str, message: str, hint: str | None
) -> None:
    text = SYSTEM.replace(old, new, 1)
    (shop / "System.toml").write_text(text)
    result = sdk("run", shop)
    assert (result.code, result.out) == (7, "")
    first, place, *_ = result.err.splitlines()
    assert first == f"error: {message.format(shop=shop)}"
    line = int(place.removeprefix(f"  --> {shop / 'System.toml'}:").split(":")[0])
    key = message.split(":")[0].split(".")[-1]
    assert key in text.splitlines()[line - 1] or message.startswith("not TOML")
    hints = [line for line in result.err.splitlines() if line.startswith("hint: ")]
    assert (hint is None and not hints) or (hint is not None and hint in hints[0])


def test_what_a_node_does_not_give_is_refused_where_it_is_asked_for(sdk: Command, shop: Path) -> None:
    limits = "[components.worker.runtime]\nprofile = 'plain'\n[components.worker.limits]\nfuel = 5\n"
    (shop / "System.toml").write_text(SYSTEM.replace("[supervisors.empty]", f"{limits}[supervisors.empty]"))
    line = 1 + SYSTEM[: SYSTEM.index("[components.worker]")].count("\n")
    refused = sdk("run", shop)
    assert refused.code == 7
    assert f"  --> {shop / 'System.toml'}:{line}: components.worker.limits.fuel\n" in refused.err
    (shop / "System.toml").write_text(SYSTEM)
    with (shop / "worker.toml").open("a") as manifest:
        manifest.write("[permissions.filesystem]\nread = ['/data']\n")
    refused = sdk("run", shop)
    assert refused.code == 7
    assert f"  --> {shop / 'worker.toml'}: permissions.filesystem.read\n" in refused.err
    assert f"note: {shop / 'System.toml'}:{line}: components.worker names it\n" in refused.err


def test_a_wrong_component_manifest_is_told_with_the_system_that_names_it(sdk: Command, shop: Path) -> None:
    (shop / "last.toml").write_text("[component]\nname = 1\n")
    result = sdk("run", shop)
    assert result.code == 7
    assert f"  --> {shop / 'last.toml'}:" in result.err
    assert "components.last.manifest names it\n" in result.err


def test_a_file_that_is_no_component_is_refused(sdk: Command, shop: Path) -> None:
    (shop / "text.wasm").write_text("no wasm")
    text = SYSTEM.replace("trial/dist/trial.wasm", "text.wasm", 1)
    (shop / "System.toml").write_text(text)
    result = sdk("run", shop)
    assert result.code == 7
    assert f"error: this is not WebAssembly\n  --> {shop / 'text.wasm'}\n" in result.err


def test_a_system_runs_alone(sdk: Command, shop: Path) -> None:
    together = sdk("run", shop, shop / "trial")
    assert together.code == 2
    assert f"error: a system runs alone\n  --> {shop}\n" in together.err
    manifest = sdk("run", shop / "System.toml", "--manifest", shop / "last.toml")
    assert manifest.code == 2
    assert "error: --manifest belongs to a component file\n" in manifest.err
    missing = sdk("run", shop / "missing.toml")
    assert missing.code == 7
    assert f"error: there is no such file\n  --> {shop / 'missing.toml'}\n" in missing.err
