"""System.toml: what it says, and every mistake with its place and what to do."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from airssys_sdk.manifest import (
    ManifestError,
    SystemComponent,
    SystemSupervisor,
    load_manifest,
    load_system,
)

IN_COMPONENT_TOML = "belongs in Component.toml; a system changes only its supervision, limits and runtime"
COMPONENT = """\
[component]
namespace = "shop"
name = "{name}"
version = "1.0.0"
world = "airssys:core/runtime-host@1.0.0"
"""

FULL = """\
[system]
name = "shop"
storage = "state/shop.db"
strategy = "rest-for-one"
intensity = { restarts = 1, within = "10m" }

[components.first]
manifest = "first"

[supervisors.orders]
strategy = "one-for-all"
policy = "transient"
shutdown = "infinity"
intensity = { restarts = 7 }
backoff = { base = "1s", max = "2s" }

[components.worker]
manifest = "worker/Component.toml"
wasm = "worker.wasm"
instances = 3
under = "orders"
environment = { LANGUAGE = "en" }
[components.worker.supervision]
policy = "permanent"
intensity = { within = "5s" }
on_crash = "drop"
health = { interval = "1s" }
[components.worker.limits]
memory = "64MiB"
[components.worker.runtime]
pool = 0

[supervisors.deep]
under = "orders"

[components.last]
manifest = "last"
under = "orders"

[components.lowest]
manifest = "lowest"
under = "deep"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the components that the systems of the tests name."""
    for name in ("first", "worker", "last", "lowest"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Component.toml").write_text(COMPONENT.format(name=name))
    (tmp_path / "worker.wasm").write_bytes(b"\0asm")
    with (tmp_path / "worker" / "Component.toml").open("a") as worker:
        worker.write("[limits]\nmailbox = 5\nmemory = '1MiB'\n[supervision]\n")
        worker.write("intensity = { restarts = 9, within = '1s' }\non_crash = 'retry:3'\n")
    return tmp_path


def refused(folder: Path, text: str) -> ManifestError:
    (folder / "System.toml").write_text(text)
    with pytest.raises(ManifestError) as raised:
        load_system(folder)
    assert raised.value.source == str(folder / "System.toml")
    return raised.value


def changed(folder: Path, old: str, new: str) -> ManifestError:
    assert old in FULL
    return refused(folder, FULL.replace(old, new, 1))


def one(error: ManifestError) -> tuple[str, int | None, str, str | None]:
    (problem,) = error.problems
    return problem.key, problem.line, problem.message, problem.hint


def line(text: str, start: str) -> int:
    return 1 + text[: text.index(start)].count("\n")


def test_children_stand_below_their_supervisors_in_the_order_of_the_file(folder: Path) -> None:
    (folder / "System.toml").write_text(FULL)
    system = load_system(folder / "System.toml")
    assert (system.name, system.storage) == ("shop", folder / "state" / "shop.db")
    assert system.strategy == "rest-for-one"
    assert system.intensity is not None
    assert (system.intensity.restarts, system.intensity.within) == (1, 600.0)
    assert [child.name for child in system.children] == ["first", "orders"]
    _, orders = system.children
    assert isinstance(orders, SystemSupervisor)
    assert (orders.strategy, orders.policy, orders.shutdown) == ("one-for-all", "transient", math.inf)
    assert (orders.intensity.restarts, orders.intensity.within) == (7, 60.0)
    assert (orders.backoff.base, orders.backoff.max) == (1.0, 2.0)
    assert [child.name for child in orders.children] == ["worker", "deep", "last"]
    deep = orders.children[1]
    assert isinstance(deep, SystemSupervisor)
    assert (deep.strategy, deep.policy, deep.shutdown) == ("one-for-one", "permanent", 5.0)
    assert [child.name for child in deep.children] == ["lowest"]
    assert [component.name for component in system.components] == ["first", "worker", "lowest", "last"]


def test_a_component_has_its_manifest_with_what_the_system_says_in_its_place(folder: Path) -> None:
    (folder / "System.toml").write_text(FULL)
    first, worker, *_ = load_system(folder).components
    assert [str(one) for one in first.ids] == ["shop/first/0"]
    assert (first.wasm, first.project) == (folder / "first" / "dist" / "first.wasm", folder / "first")
    assert (first.overridden, dict(first.environment)) == (frozenset(), {})
    assert [str(one) for one in worker.ids] == ["shop/worker/0", "shop/worker/1", "shop/worker/2"]
    assert (worker.wasm, worker.project) == (folder / "worker.wasm", None)
    assert dict(worker.environment) == {"LANGUAGE": "en"}
    manifest = worker.manifest
    assert (manifest.limits.memory, manifest.limits.mailbox) == (64 * 1024**2, 5)
    assert manifest.runtime.pool == 0
    supervision = manifest.supervision
    assert supervision.policy == "permanent"
    assert (supervision.intensity.restarts, supervision.intensity.within) == (9, 5.0)
    assert (supervision.on_crash.action, supervision.on_crash.retries) == ("drop", 0)
    assert supervision.health is not None
    assert (supervision.health.interval, supervision.health.timeout) == (1.0, 5.0)
    assert {"limits.memory", "runtime.pool", "supervision.health"} < worker.overridden
    assert "limits.mailbox" not in worker.overridden
    place = f"{folder / 'System.toml'}:{line(FULL, '[components.worker]')}: components.worker"
    assert worker.where == place


def test_a_small_system_has_the_documented_defaults(folder: Path) -> None:
    (folder / "System.toml").write_text("system.name = 'a'\ncomponents = { x = { manifest = 'first' } }\n")
    system = load_system(folder)
    assert (system.storage, system.strategy, system.intensity) == (None, "one-for-one", None)
    (component,) = system.children
    assert isinstance(component, SystemComponent)
    assert (component.name, component.instances) == ("x", 1)


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ('name = "shop"', 'name = "Shop"', "system.name", "expected a name of lowercase letters"),
        ("[components.last]", "[components.The-last]", "components.The-last", "expected a name of lower"),
        ("[supervisors.deep]", "[supervisors.a--b]", "supervisors.a--b", "expected a name of lowercase"),
        ('name = "shop"\n', "", "system.name", "is missing; expected lowercase letters"),
        ('manifest = "first"\n', "", "components.first.manifest", "is missing; expected the path of a Comp"),
        ("instances = 3", 'instances = "3"', "components.worker.instances", "expected a whole number from 1"),
        ("instances = 3", "instances = 10001", "components.worker.instances", "expected a whole number from"),
        ('strategy = "one-for-all"', 'strategy = "all"', "supervisors.orders.strategy", 'expected "one-for-'),
        ('base = "1s"', "base = 1", "supervisors.orders.backoff.base", "expected a time such as"),
        ('memory = "64MiB"', "memory = 64", "components.worker.limits.memory", "expected a size from"),
        (
            "pool = 0",
            "pool = -1",
            "components.worker.runtime.pool",
            "expected a whole number from 0 to 1000, got -1",
        ),
        (
            "pool = 0",
            "pool = 100000000",
            "components.worker.runtime.pool",
            "expected a whole number from 0 to 1000",
        ),
        ('name = "shop"', f'name = "{"x" * 300}"', "system.name", "expected a name of lowercase letters"),
        (
            "[components.last]",
            f"[components.{'x' * 65}]",
            f"components.{'x' * 65}",
            "expected a name of lower",
        ),
        (
            'LANGUAGE = "en"',
            'LANGUAGE = "\\u0000"',
            "components.worker.environment.LANGUAGE",
            "expected a table",
        ),
        (
            'manifest = "first"',
            f'manifest = "{"a" * 300}"',
            "components.first.manifest",
            "cannot be looked for: ",
        ),
        (
            'manifest = "first"',
            f'manifest = "{"a" * 5000}"',
            "components.first.manifest",
            "cannot be looked for: ",
        ),
        ('wasm = "worker.wasm"', f'wasm = "{"a" * 300}"', "components.worker.wasm", "cannot be looked for: "),
        ('LANGUAGE = "en"', "LANGUAGE = 1", "components.worker.environment.LANGUAGE", "expected a table of"),
        ('storage = "state/shop.db"', 'storage = ""', "system.storage", "expected a file such as"),
        (
            "[components.lowest]",
            "[components]\nlowest = 1\n[x]",
            "components.lowest",
            "expected a table, got 1",
        ),
        (
            'shutdown = "infinity"',
            'shutdown = "never"',
            "supervisors.orders.shutdown",
            "expected a time such",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_line(
    folder: Path, old: str, new: str, key: str, message: str
) -> None:
    error = changed(folder, old, new)
    problem = next(problem for problem in error.problems if problem.key == key)
    assert problem.message.startswith(message)
    assert problem.line is not None
    text = (folder / "System.toml").read_text().splitlines()[problem.line - 1]
    assert key.split(".")[-1] in text or "is missing" in message
    assert error.exit_code == 7


@pytest.mark.parametrize(
    ("old", "new", "key", "hint"),
    [
        ("strategy =", "stratgy =", "system.stratgy", "the nearest known key is `system.strategy`"),
        ("instances", "instanecs", "components.worker.instanecs", "the nearest known key is `components.worker.instances`"),
        ("memory", "memmory", "components.worker.limits.memmory", "the nearest known key is `components.worker.limits.memory`"),
        ("pool = 0", "instances = 0", "components.worker.runtime.instances", "the nearest known key is `components.NAME.instances`"),
        ("[supervisors.deep]", "[supervisor.deep]", "supervisor", "the nearest known key is `supervisors`"),
        ("LANGUAGE", "env = 1 }\nenviron = { LANGUAGE", "components.worker.environ", "the nearest known key is `components.worker.environment`"),
        ("instances", "subscriptions", "components.worker.subscriptions", f"`subscriptions` {IN_COMPONENT_TOML}"),
        ("instances", "topics", "components.worker.topics", f"`subscriptions.topics` {IN_COMPONENT_TOML}"),
        ("memory", "send", "components.worker.limits.send", f"`permissions.messaging.send` {IN_COMPONENT_TOML}"),
        ("instances", "memory", "components.worker.memory", "the nearest known key is `components.NAME.limits.memory`"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_an_error_with_the_nearest_known_one(
    folder: Path, old: str, new: str, key: str, hint: str
) -> None:
    error = changed(folder, old, new)
    problem = next(problem for problem in error.problems if problem.key == key)
    assert (problem.message, problem.hint) == ("unknown key", hint)
    assert problem.line is not None


def test_no_instances_say_how_to_run_none(folder: Path) -> None:
    assert one(changed(folder, "instances = 3", "instances = 0")) == (
        "components.worker.instances",
        line(FULL, "instances"),
        "expected a whole number from 1 to 10000, got 0",
        "remove the component's table to run none of it",
    )


def test_a_system_without_components_is_none(folder: Path) -> None:
    for text in ("[system]\nname = 'a'\n", "[system]\nname = 'a'\n[components]\n"):
        (problem,) = refused(folder, text).problems
        assert problem.key == "components"
        assert "expected a table [components.NAME] for each component, one at least" in problem.message


def test_an_unknown_supervisor_is_named_with_the_nearest_one(folder: Path) -> None:
    assert one(changed(folder, 'under = "orders"\nenv', 'under = "ordres"\nenv')) == (
        "components.worker.under",
        line(FULL, 'under = "orders"'),
        'there is no supervisor "ordres"',
        "the nearest supervisor is `orders`; without `under` it stands below the root",
    )
    error = changed(folder, '[supervisors.deep]\nunder = "orders"', '[supervisors.deep]\nunder = "root"')
    assert one(error)[2:] == (
        'there is no supervisor "root"',
        "supervisors are orders, deep; without `under` it stands below the root",
    )
    alone = "[system]\nname = 'a'\n[components.x]\nmanifest = 'first'\nunder = 'y'\n"
    assert one(refused(folder, alone))[3] == (
        "the file has no [supervisors.NAME]; without `under` it stands below the root"
    )


def test_supervisors_in_a_circle_are_told_once(folder: Path) -> None:
    error = changed(folder, 'strategy = "one-for-all"', 'strategy = "one-for-all"\nunder = "deep"')
    assert one(error) == (
        "supervisors.orders.under",
        line(FULL, 'policy = "transient"'),
        "supervisors stand below each other in a circle: orders under deep under orders",
        "remove `under` of one of them, so that it stands below the root",
    )
    itself = FULL.replace('[supervisors.deep]\nunder = "orders"', '[supervisors.deep]\nunder = "deep"')
    assert one(refused(folder, itself))[2].endswith("in a circle: deep under deep")


def test_supervisors_far_below_each_other_are_refused(folder: Path) -> None:
    deep = "".join(f"[supervisors.s{number}]\nunder = 's{number - 1}'\n" for number in range(1, 2000))
    text = f"[system]\nname = 'a'\n[components.x]\nmanifest = 'first'\n[supervisors.s0]\n{deep}"
    key, at, message, _ = one(refused(folder, text))
    assert (key, at) == ("supervisors.s100", line(text, "[supervisors.s100]"))
    assert message == "stands below more than 100 others"


def test_two_components_with_one_id_are_told_where_the_second_stands(folder: Path) -> None:
    key, at, message, hint = one(changed(folder, 'manifest = "last"', 'manifest = "first"'))
    assert (key, at) == ("components.last.manifest", line(FULL, 'manifest = "last"'))
    assert message == "a component shop/first/0 is there already: `components.first`"
    assert hint is not None
    assert "`instances`" in hint


def test_a_missing_manifest_is_told_with_the_path_that_was_tried(folder: Path) -> None:
    key, at, message, hint = one(changed(folder, 'manifest = "last"', 'manifest = "lost"'))
    assert (key, at) == ("components.last.manifest", line(FULL, 'manifest = "last"'))
    assert message == f"there is no {folder / 'lost'}"
    assert hint is not None
    assert hint.startswith("a path is relative to the folder of System.toml")
    (folder / "empty").mkdir()
    assert (
        one(changed(folder, '"last"', '"empty"'))[2] == f"there is no {folder / 'empty' / 'Component.toml'}"
    )


def test_a_missing_component_is_told_with_the_path_that_was_tried(folder: Path) -> None:
    key, at, message, hint = one(changed(folder, "worker.wasm", "lost.wasm"))
    assert (key, at) == ("components.worker.wasm", line(FULL, "wasm ="))
    assert message == f"there is no file {folder / 'lost.wasm'}"
    assert hint is not None
    (folder / "first" / "other.toml").write_text(COMPONENT.format(name="other"))
    key, _, message, _ = one(changed(folder, 'manifest = "first"', 'manifest = "first/other.toml"'))
    assert (key, message) == ("components.first.wasm", "is missing, and other.toml belongs to no project")


def test_everything_wrong_with_the_files_is_told_at_once(folder: Path) -> None:
    text = FULL.replace("worker.wasm", "lost.wasm").replace('"last"', '"lost"')
    keys = [problem.key for problem in refused(folder, text).problems]
    assert keys == ["components.worker.wasm", "components.last.manifest"]


def test_a_wrong_component_manifest_says_who_names_it(folder: Path) -> None:
    (folder / "last" / "Component.toml").write_text("[component]\n")
    (folder / "System.toml").write_text(FULL)
    with pytest.raises(ManifestError) as raised:
        load_system(folder)
    assert raised.value.source == str(folder / "last" / "Component.toml")
    at = line(FULL, 'manifest = "last"')
    place = f"{folder / 'System.toml'}:{at}: components.last.manifest"
    assert raised.value.__notes__ == [f"{place} names it"]


def test_a_file_that_is_not_there_or_no_toml_is_told(folder: Path) -> None:
    with pytest.raises(ManifestError) as raised:
        load_system(folder / "none.toml")
    assert one(raised.value)[2:] == (
        "there is no such file",
        "name a System.toml, or the folder that holds one",
    )
    assert one(refused(folder, "[system\n"))[1:3] == (
        1,
        "not TOML: Expected ']' at the end of a table declaration",
    )
    (folder / "System.toml").write_bytes(b"\xff")
    with pytest.raises(ManifestError, match="is not UTF-8 text"):
        load_system(folder)


def test_the_mark_of_an_encoding_before_the_text_does_not_count(folder: Path) -> None:
    (folder / "System.toml").write_bytes(b"\xef\xbb\xbf" + FULL.encode())
    component = folder / "last" / "Component.toml"
    component.write_bytes(b"\xef\xbb\xbf" + component.read_bytes())
    assert load_system(folder).name == "shop"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without an end")
def test_only_files_are_read_and_no_large_ones(folder: Path) -> None:
    (folder / "System.toml").write_text(
        FULL.replace('"last"', '"/dev/zero"').replace(
            "[components.last]", '[components.last]\nwasm = "worker.wasm"'
        )
    )
    with pytest.raises(ManifestError, match="/dev/zero: is no file but a device") as raised:
        load_system(folder)
    assert "components.last.manifest names it" in raised.value.__notes__[0]
    os.mkfifo(folder / "pipe.toml")
    for path in (Path("/dev/zero"), folder / "pipe.toml"):
        for load in (load_system, load_manifest):
            with pytest.raises(ManifestError, match="is no file but a device or a pipe"):
                load(path)
    (folder / "System.toml").write_text(FULL + "#" * 2_000_000)
    with pytest.raises(ManifestError, match="has more than 1048576 bytes"):
        load_system(folder)


@pytest.mark.parametrize("length", [300, 5000])
def test_a_path_that_the_system_does_not_look_at_is_told_as_any_other(length: int) -> None:
    for load in (load_system, load_manifest):
        with pytest.raises(ManifestError, match="cannot be read: "):
            load(Path("a" * length))
