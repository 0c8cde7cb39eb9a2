from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from airssys_sdk.errors import ValidationError
from airssys_sdk.manifest import (
    ComponentId,
    Limits,
    Manifest,
    ManifestError,
    OnCrash,
    find_manifest,
    format_duration,
    format_size,
    load_manifest,
    parse_duration,
    parse_manifest,
    parse_size,
)

SMALL = """\
[component]
namespace = "example"
name = "word-count"
version = "1.2.0"
world = "airssys:core/runtime-host@1.0.0"
"""

FULL = (
    SMALL
    + """\
description = "Counts words"
authors = ["Ada <ada@example.org>"]
license = "MIT"

[build]
app = "counting.component"
source = ["src", "shared"]
wit = "wit"
dependencies = ["wheels"]
wasi = "stub"

[permissions.messaging]
send = ["example/store/*"]
request = []
[permissions.filesystem]
list = ["/data/in"]
[permissions.process]
spawn = []

[limits]
memory = "64MiB"
fuel = 50_000_000
deadline = "1.5s"
storage = "50MB"
mailbox = 10

[runtime]
profile = "plain"
long = true
pool = 0
durable = true

[supervision]
policy = "permanent"
shutdown = "infinity"
intensity = { restarts = 5, within = "2m" }
backoff = { base = "250ms", factor = 3, max = "1h", jitter = 0.5 }
health = { interval = "10s" }
on_crash = "retry:2"

[config]
language = "en"
nested = { stop = ["a", "the"], depth = 2 }
"""
)


def refused(text: str) -> ManifestError:
    with pytest.raises(ManifestError) as raised:
        parse_manifest(text, "Component.toml")
    return raised.value


def changed(old: str, new: str) -> ManifestError:
    assert old in FULL
    return refused(FULL.replace(old, new))


class TestReading:
    def test_a_small_manifest_has_the_documented_defaults(self) -> None:
        manifest = parse_manifest(SMALL)
        assert (manifest.limits.memory, manifest.limits.mailbox) == (256 * 1024**2, 1000)
        assert (manifest.limits.fuel, manifest.limits.deadline) == (None, 30.0)
        assert manifest.limits.storage == 50 * 1024**2
        assert (manifest.build.app, manifest.build.source, manifest.build.wasi) == (
            "word_count.component",
            ("src",),
            "p2",
        )
        assert (manifest.runtime.profile, manifest.runtime.pool, manifest.runtime.long) == (
            "metered",
            1,
            False,
        )
        supervision = manifest.supervision
        assert (supervision.policy, supervision.shutdown, supervision.health) == ("transient", 5.0, None)
        assert (supervision.intensity.restarts, supervision.intensity.within) == (3, 60.0)
        backoff = supervision.backoff
        assert (backoff.base, backoff.factor, backoff.max, backoff.jitter) == (0.1, 2.0, 30.0, 0.0)
        assert str(supervision.on_crash) == "dead-letter"
        assert manifest.permissions.requested() == {}
        assert manifest.subscriptions.topics == ()
        assert manifest.config_data() is None

    def test_a_full_manifest_has_its_units_parsed(self) -> None:
        manifest = parse_manifest(FULL)
        assert manifest.build.app == "counting.component"
        assert manifest.limits == Limits(
            memory=64 * 1024**2, fuel=50_000_000, deadline=1.5, storage=50_000_000, mailbox=10
        )
        supervision = manifest.supervision
        assert supervision.shutdown == math.inf
        assert supervision.intensity.within == 120.0
        assert (supervision.backoff.base, supervision.backoff.max) == (0.25, 3600.0)
        assert supervision.health is not None
        assert (supervision.health.interval, supervision.health.timeout, supervision.health.threshold) == (
            10,
            5,
            3,
        )
        assert supervision.on_crash == OnCrash(action="retry", retries=2)

    def test_only_permissions_that_ask_for_something_are_requested(self) -> None:
        assert parse_manifest(FULL).permissions.requested() == {
            "messaging.send": ("example/store/*",),
            "filesystem.list": ("/data/in",),
        }

    def test_config_reaches_the_guest_as_json(self) -> None:
        data = parse_manifest(FULL).config_data()
        assert data is not None
        assert json.loads(data) == {"language": "en", "nested": {"stop": ["a", "the"], "depth": 2}}

    def test_an_immediate_shutdown_takes_no_time(self) -> None:
        text = FULL.replace('shutdown = "infinity"', 'shutdown = "immediate"')
        assert parse_manifest(text).supervision.shutdown == 0.0

    def test_a_library_project_names_a_world_of_its_own(self) -> None:
        text = SMALL.replace("airssys:core/runtime-host@1.0.0", "library")
        assert parse_manifest(text).component.world == "library"

    def test_a_manifest_knows_the_id_of_each_instance(self) -> None:
        manifest = parse_manifest(SMALL)
        assert str(manifest.id()) == "example/word-count/0"
        assert manifest.id("7") == ComponentId("example", "word-count", "7")

    def test_a_manifest_cannot_be_changed(self) -> None:
        manifest = parse_manifest(SMALL)
        with pytest.raises(ValueError, match="frozen"):
            manifest.limits.mailbox = 5

    def test_a_folder_stands_for_its_manifest(self, tmp_path: Path) -> None:
        (tmp_path / "Component.toml").write_text(SMALL)
        assert isinstance(load_manifest(tmp_path), Manifest)
        assert load_manifest(tmp_path) == load_manifest(tmp_path / "Component.toml")

    def test_the_nearest_manifest_above_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "Component.toml").write_text(SMALL)
        inner = tmp_path / "src" / "deep"
        inner.mkdir(parents=True)
        assert find_manifest(inner) == tmp_path / "Component.toml"


class TestMistakes:
    def test_an_unknown_key_names_its_path_line_and_the_nearest_known_key(self) -> None:
        error = changed("memory = ", "memroy = ")
        assert error.message == "limits.memroy: unknown key"
        assert error.hint == "the nearest known key is `limits.memory`"
        line = FULL.splitlines().index('memory = "64MiB"') + 1
        assert error.where == f"Component.toml:{line}:1"
        assert error.details is not None
        assert 'memroy = "64MiB"' in error.details

    def test_an_unknown_key_of_an_inline_table_is_found_in_its_line(self) -> None:
        error = changed("{ restarts = 5, within", "{ restarts = 5, whitin")
        line = next(
            number for number, text in enumerate(FULL.splitlines(), 1) if text.startswith("intensity")
        )
        assert error.where == f"Component.toml:{line}:29"
        assert error.hint == "the nearest known key is `supervision.intensity.within`"

    def test_an_unknown_section_names_the_nearest_one(self) -> None:
        assert changed("[limits]", "[limit]").hint == "the nearest known key is `limits`"

    def test_a_key_in_the_wrong_section_is_pointed_to_the_right_one(self) -> None:
        error = changed('profile = "plain"', "deadline = 5")
        assert error.message == "runtime.deadline: unknown key"
        assert error.hint == "the nearest known key is `limits.deadline`"

    def test_a_key_like_no_other_is_answered_with_what_the_section_knows(self) -> None:
        hint = changed('profile = "plain"', "qqqq = 1").hint
        assert hint is not None
        assert "[runtime] knows profile, long, pool, durable" in hint

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('source = ["src", "shared"]', "source = []", "build.source: expected a list of folders"),
            ('"shared"]', '"sh\\u0000"]', "build.source[1]: expected"),
            ("mailbox = 10", f"mailbox = {'9' * 5000}", "cannot be read as TOML"),
            ("mailbox = 10", f"mailbox = {'[' * 3000}", "cannot be read as TOML: it nests too deep"),
        ],
    )
    def test_what_no_parser_expects_is_a_mistake_like_any_other(
        self, old: str, new: str, message: str
    ) -> None:
        assert message in changed(old, new).message

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (
                '"64MiB"',
                '"64 apples"',
                'limits.memory: expected a size from "64KiB" to "4GiB", such as "64MiB", got "64 apples"',
            ),
            (
                '"64MiB"',
                "64",
                'limits.memory: expected a size from "64KiB" to "4GiB", such as "64MiB", got 64',
            ),
            (
                '"64MiB"',
                '"5GiB"',
                'limits.memory: expected a size from "64KiB" to "4GiB", such as "64MiB", got "5GiB"',
            ),
            (
                '"1.5s"',
                '"999999h"',
                'limits.deadline: expected a time such as "30s" or "100ms", up to 8784h, got "999999h"',
            ),
            (
                '"1.5s"',
                '"0s"',
                'limits.deadline: expected a time such as "30s" or "100ms", up to 8784h, got "0s"',
            ),
            ("= 50_000_000", "= 0", "limits.fuel: expected a whole number from 1 to 2^63, got 0"),
            ("mailbox = 10", "mailbox = 1.5", "limits.mailbox: expected a whole number from 1, got 1.5"),
            ("mailbox = 10", "mailbox = true", "limits.mailbox: expected a whole number from 1, got true"),
            ('"stub"', '"p3"', 'build.wasi: expected "p2" or "stub", got "p3"'),
            (
                '["wheels"]',
                '"wheels"',
                'build.dependencies: expected a list of folders such as ["wheels"], got "wheels"',
            ),
            ('"shared"]', "3]", "build.source[1]: expected a text that is not empty, got 3"),
            ("long = true", 'long = "yes"', 'runtime.long: expected true or false, got "yes"'),
            ('"retry:2"', '"retry:-1"', 'supervision.on_crash: expected "dead-letter", "retry:N" or "drop"'),
            (
                "jitter = 0.5",
                "jitter = 2",
                "supervision.backoff.jitter: expected a number from 0 to 1, got 2",
            ),
            (
                '"permanent"',
                '"always"',
                'supervision.policy: expected "permanent", "transient" or "temporary"',
            ),
            ('name = "word-count"', 'name = "WordCount"', "component.name: expected lowercase letters"),
            (
                'version = "1.2.0"',
                'version = "1"',
                'component.version: expected a version such as "1.2.0", got "1"',
            ),
            (
                "{ interval",
                "{ threshold = 0, interval",
                "supervision.health.threshold: expected a whole number",
            ),
            ('"counting.component"', '"counting component"', "build.app: expected a Python module"),
        ],
    )
    def test_a_wrong_value_names_key_expected_and_got(self, old: str, new: str, message: str) -> None:
        error = changed(old, new)
        assert error.message.startswith(message)
        assert error.problems[0].line is not None

    @pytest.mark.parametrize(
        ("patterns", "message"),
        [
            ('["orders.*", "orders..created"]', "'orders..created' is no pattern: level 2 is empty"),
            ('["#", "a*"]', "'a*' is no pattern: level 1, 'a*', has * inside a word"),
            ('["#", ""]', "a pattern is not empty"),
            ('["#", "a\\u0001"]', r"'a\x01' is no pattern: level 1 holds the character U+0001"),
            ('["#", 3]', "expected a text that is not empty, got 3"),
        ],
    )
    def test_a_malformed_pattern_of_a_topic_is_explained_with_its_place(
        self, patterns: str, message: str
    ) -> None:
        error = refused(SMALL + f"[subscriptions]\ntopics = {patterns}\n")
        (problem,) = error.problems
        assert (problem.key, problem.line) == ("subscriptions.topics[1]", 7)
        assert problem.message.startswith(message)
        assert str(error).replace("\n", "").isprintable()

    def test_a_missing_key_is_named_with_what_it_holds(self) -> None:
        error = refused(SMALL.replace('version = "1.2.0"\n', ""))
        assert error.message == 'component.version: is missing; expected a version such as "1.2.0"'

    def test_an_empty_manifest_lacks_its_component(self) -> None:
        assert refused("").message.startswith("component: is missing")

    def test_a_date_in_config_is_refused_because_the_guest_gets_json(self) -> None:
        error = changed('language = "en"', "since = 2020-01-01")
        assert error.message.startswith("config.since: a date cannot be written as JSON")

    def test_every_mistake_is_reported_at_once(self) -> None:
        error = refused(FULL.replace("memory =", "memroy =").replace('"stub"', '"p3"'))
        assert [problem.key for problem in error.problems] == ["build.wasi", "limits.memroy"]
        assert error.details is not None
        assert "limits.memroy" in error.details

    def test_a_syntax_error_keeps_line_and_column(self) -> None:
        error = changed("long = true", "long = tru!")
        line = FULL.splitlines().index("long = true") + 1
        assert error.where is not None
        assert error.where.startswith(f"Component.toml:{line}:")
        assert error.message.startswith("not TOML: ")

    def test_a_text_that_ends_too_early_is_reported_at_its_end(self) -> None:
        error = refused(f"{SMALL}[build")
        assert error.where == f"Component.toml:{len(SMALL.splitlines()) + 1}:7"

    def test_a_missing_file_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(ManifestError, match="there is no such file"):
            load_manifest(tmp_path / "Component.toml")

    def test_a_file_that_is_not_text_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "Component.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(ManifestError, match="not UTF-8"):
            load_manifest(tmp_path)

    def test_a_mistake_is_a_validation_error_with_its_exit_code(self) -> None:
        error = refused("")
        assert isinstance(error, ValidationError)
        assert error.exit_code == 7

    def test_keys_with_control_characters_are_shown_escaped(self) -> None:
        error = refused(f'{SMALL}"\\u001b[31m" = 1\n')
        assert error.message == 'component."\\u001b[31m": unknown key'


class TestUnits:
    @pytest.mark.parametrize(
        ("text", "size"),
        [
            ("1B", 1),
            ("64MiB", 64 * 1024**2),
            ("500KB", 500_000),
            ("1.5GiB", 1536 * 1024**2),
            ("1_000 B", 1000),
        ],
    )
    def test_sizes_are_bytes(self, text: str, size: int) -> None:
        assert parse_size(text) == size

    @pytest.mark.parametrize(
        ("text", "seconds"), [("30s", 30.0), ("100ms", 0.1), ("15us", 15e-6), ("2m", 120.0), ("1.5h", 5400.0)]
    )
    def test_durations_are_seconds(self, text: str, seconds: float) -> None:
        assert parse_duration(text) == seconds

    @pytest.mark.parametrize("text", ["", "5", "MiB", "-1MiB", "64mib", "1.0001B", "1e3B", "٣B"])
    def test_what_is_no_size_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            parse_size(text)

    @pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 day", "1 S", "8785h", f"1{'0' * 400}s"])
    def test_what_is_no_duration_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            parse_duration(text)

    def test_sizes_and_durations_are_written_for_people(self) -> None:
        assert [format_size(size) for size in (700, 2048, 19_083_264)] == ["700B", "2KiB", "18.2MiB"]
        assert [format_duration(seconds) for seconds in (30, 1.25, 0.1, 15e-6, math.inf)] == [
            "30s",
            "1.2s",
            "100ms",
            "15us",
            "infinity",
        ]
