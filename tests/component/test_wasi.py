from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import threading
import weakref
from pathlib import Path

import pytest
from small_guest import Probe, Small

from airssys_sdk.component import (
    Component,
    DeadlineExceeded,
    GuestExited,
    InstanceDead,
    Limits,
    Wasi,
    begin,
    captured,
)
from airssys_sdk.component.engine.profiles import Profile, engine
from airssys_sdk.component.output.capture import Capture
from airssys_sdk.errors import UsageError

pytestmark = pytest.mark.slow
BOTH = pytest.mark.parametrize("profile", ["plain", "metered"])


class Instant:
    """Implements `pause` without pausing."""

    def pause(self, ms: int) -> int:
        return ms


def load(wasm: Path, profile: Profile, wasi: Wasi | None = None) -> Probe:
    return Probe.load(wasm, imports=Instant(), engine=engine(profile), wasi=wasi)


@BOTH
def test_a_python_guest_gets_clocks_and_random_numbers_and_nothing_else(
    probe_wasm: Path, profile: Profile
) -> None:
    with load(probe_wasm, profile) as probe:
        found = dict(line.split(": ", 1) for line in probe.reach_out())
    assert found == {
        "folder": "FileNotFoundError",
        "file": "FileNotFoundError",
        "written": "FileNotFoundError",
        "environment": "{}",
        "arguments": "[]",
        "input": "EOFError",
        "random": "8",
        "time": "True",
    }


@BOTH
@pytest.mark.parametrize("end", ["idle", "dead"])
def test_a_forgotten_python_guest_is_freed(probe_wasm: Path, profile: Profile, end: str) -> None:
    probe = load(probe_wasm, profile)
    assert probe.nap(1) > 0
    if end == "dead":
        with pytest.raises(GuestExited):
            probe.leave(3)
    gone = weakref.ref(probe._live.store)
    del probe
    gc.collect()
    assert gone() is None


@BOTH
def test_a_guest_reads_nothing_of_what_its_host_could_read(probe_wasm: Path, profile: Profile) -> None:
    program = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from small_guest import Probe
        from airssys_sdk.component.engine.profiles import engine
        class Instant:
            def pause(self, ms):
                return ms
        with Probe.load({str(probe_wasm)!r}, imports=Instant(), engine=engine({profile!r})) as probe:
            print([line for line in probe.reach_out() if line.startswith("input")], sys.stdin.read())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        input="secret",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['input: EOFError'] secret\n"


@BOTH
def test_output_is_captured_per_instance_and_reaches_the_given_receivers(
    probe_wasm: Path, profile: Profile
) -> None:
    received: list[bytes] = []
    with (
        load(probe_wasm, profile, Wasi(stdout=received.append)) as first,
        load(probe_wasm, profile) as second,
    ):
        first.say("out one", "err one")
        second.say("out two", "")
        kept = captured(first)
        assert (kept.stdout.text(), kept.stderr.text()) == ("out one", "err one")
        assert (captured(second).stdout.text(), captured(second).stderr.text()) == ("out two", "")
        first.say(" and more", "")
        assert kept.stdout.text() == "out one and more"
    assert captured(first).stdout.text() == "out one and more"
    assert b"".join(received) == b"out one and more"
    with Component.open(probe_wasm, profile=profile).instantiate(missing="not asked for") as untyped:
        untyped.call("say", "out three", "")
        assert captured(untyped).stdout.text() == "out three"
    for other in (first.say, None, object()):
        with pytest.raises(UsageError, match="is no instance of a component"):
            captured(other)  # type: ignore[arg-type]  # the mistake under test


def test_captured_output_is_bounded_and_keeps_the_end(probe_wasm: Path) -> None:
    with load(probe_wasm, "plain", Wasi(keep=1_000)) as probe:
        probe.say("a" * 5_000 + "the end", "")
        stdout = captured(probe).stdout
        assert stdout.text() == "a" * 993 + "the end"
        assert stdout.total == 5_007
        assert stdout.dropped == 4_007


@BOTH
def test_a_guest_that_sleeps_sleeps_long_enough(probe_wasm: Path, profile: Profile) -> None:
    with load(probe_wasm, profile) as probe:
        assert probe.nap(20) >= 20_000_000


def test_a_metered_guest_that_sleeps_holds_no_thread(probe_wasm: Path) -> None:
    with load(probe_wasm, "metered") as probe:
        call = begin(probe.nap, 3_600_000)
        while call.waiting is None:
            assert not call.advance()
        assert not call.advance(), "an hour is not over"
        call.cancel()
        with pytest.raises(InstanceDead):
            probe.spin(1)


def test_the_deadline_reaches_a_guest_that_sleeps(probe_wasm: Path) -> None:
    with Probe.load(probe_wasm, limits=Limits(deadline=0.05)) as probe, pytest.raises(DeadlineExceeded):
        probe.nap(3_600_000)


def test_many_guests_sleep_at_once_on_the_thread_of_the_event_loop(probe_wasm: Path) -> None:
    async def scenario() -> list[int]:
        probes = [load(probe_wasm, "metered") for _ in range(20)]
        parked = 0
        all_parked = asyncio.Event()

        async def nap(probe: Probe) -> int:
            nonlocal parked
            call = begin(probe.nap, 50)
            while call.waiting is None:
                assert not call.advance()
            parked += 1
            if parked == len(probes):
                all_parked.set()
            await all_parked.wait()
            result: int = await call
            return result

        slept = await asyncio.gather(*map(nap, probes))
        for probe in probes:
            probe.close()
        return slept

    threads = threading.active_count()
    assert min(asyncio.run(scenario())) >= 50_000_000
    assert threading.active_count() <= threads + 1, "no thread per guest"


def test_a_guest_that_exits_is_told_from_one_that_traps(probe_wasm: Path) -> None:
    for profile in ("plain", "metered"):
        probe = load(probe_wasm, "plain" if profile == "plain" else "metered")
        with pytest.raises(GuestExited, match="exit code 1") as caught:
            probe.leave(3)
        assert caught.value.code == 1, "WASI 0.2 tells success from failure and no more"
        with pytest.raises(InstanceDead):
            probe.spin(1)
        probe.close()


def test_a_component_without_wasi_is_not_given_any() -> None:
    with Small.load() as small:
        assert small.add(1, 2) == 3


def test_a_negative_bound_is_refused() -> None:
    with pytest.raises(UsageError):
        Wasi(keep=-1)


def test_a_receiver_that_fails_is_reported_once_and_the_capture_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_data: bytes) -> None:
        raise OSError("full")

    capture = Capture(10, broken)
    capture.write(b"abc")
    capture.write(b"def")
    assert capture.text() == "abcdef"
    assert len(caplog.records) == 1


def test_a_capture_survives_writes_of_any_size_and_forgets_on_request() -> None:
    capture = Capture(4)
    for part in (b"", b"12", b"345", b"6", b"78901234567"):
        capture.write(part)
    assert capture.bytes() == b"4567"
    capture.clear()
    assert capture.text() == ""
    capture.write(b"\xff!")
    assert capture.text() == "\\xff!"
    assert Capture(0).text() == ""
