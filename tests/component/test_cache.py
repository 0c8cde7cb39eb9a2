from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from small_guest import Small, assemble, small_wasm

from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache, CompileEvent, cache_folder, default_cache

POSIX = pytest.mark.skipif(os.name == "nt", reason="owners and modes are POSIX")
HERE = Path(__file__).parent


def load(cache: Cache, wasm: bytes | None = None, profile: str = "plain") -> Component:
    return Component.open(
        wasm or small_wasm(), profile="metered" if profile == "metered" else "plain", cache=cache
    )


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.code"))


def assert_works(component: Component) -> None:
    class Host:
        def pause(self, ms: int) -> int:
            return ms

    with Small.load(component, engine=component.engine, imports=Host()) as small:
        assert small.add(2, 3) == 5


def test_a_component_is_compiled_once_per_profile_and_then_found(tmp_path: Path) -> None:
    events: list[CompileEvent] = []
    for profile in ("plain", "metered"):
        first = Cache(tmp_path / "cache")
        Component.open(
            small_wasm(),
            profile="metered" if profile == "metered" else "plain",
            cache=first,
            on_compile=events.append,
        )
        assert (first.counters.hits, first.counters.misses, first.counters.compiled) == (0, 1, 1)
        assert first.counters.seconds > 0
        again = Cache(tmp_path / "cache")
        assert_works(load(again, profile=profile))
        assert (again.counters.hits, again.counters.misses, again.counters.compiled) == (1, 0, 0)
        assert again.problem is None
    assert [event.kind for event in events] == ["compiling", "compiled"] * 2
    assert events[0].size == len(small_wasm())
    assert len(entries(tmp_path / "cache")) == 2


def test_other_bytes_are_another_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    load(cache)
    load(cache, assemble("(component)"))
    assert cache.counters.compiled == 2
    assert len(entries(tmp_path / "cache")) == 2


@POSIX
def test_the_folder_and_its_entries_are_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load(Cache(tmp_path / "deep" / "cache"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep" / "cache").stat().st_mode) == 0o700
    for path in (tmp_path / "deep" / "cache").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@POSIX
def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    cache = Cache(folder)
    load(cache)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert cache.problem is None


def flip_a_byte(entry: Path) -> None:
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)


def swap_two_sectors(entry: Path) -> None:
    data = entry.read_bytes()
    at = next(at for at in range(0, len(data), 512) if data[at : at + 512] != data[at + 512 : at + 1024])
    assert at + 1024 < len(data) - 96
    entry.write_bytes(data[:at] + data[at + 512 : at + 1024] + data[at : at + 512] + data[at + 1024 :])


def flip_the_seal(entry: Path) -> None:
    content = bytearray(entry.read_bytes())
    content[-50] ^= 1
    entry.write_bytes(content)


def cut_off_the_end(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-100])


def empty(entry: Path) -> None:
    entry.write_bytes(b"")


def lose_the_seal(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-88])


def replace_by_another_entry(entry: Path) -> None:
    other = Cache(entry.parent / "other")
    load(other, assemble("(component)"))
    shutil.copyfile(entries(entry.parent / "other")[0], entry)


def replace_by_a_link(entry: Path) -> None:
    elsewhere = entry.with_name("elsewhere")
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)


def let_others_write(entry: Path) -> None:
    entry.chmod(0o666)


def replace_by_a_folder(entry: Path) -> None:
    entry.unlink()
    entry.mkdir()


def give_to_another_user(entry: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(entry, 12345, -1)


@POSIX
@pytest.mark.parametrize(
    "spoil",
    [
        flip_a_byte,
        swap_two_sectors,
        flip_the_seal,
        cut_off_the_end,
        empty,
        lose_the_seal,
        replace_by_another_entry,
        replace_by_a_link,
        let_others_write,
        give_to_another_user,
    ],
)
def test_an_entry_that_is_damaged_foreign_or_open_is_not_used_but_replaced(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    load(Cache(folder))
    (entry,) = entries(folder)
    spoil(entry)
    cache = Cache(folder)
    assert_works(load(cache))
    assert (cache.counters.hits, cache.counters.compiled) == (0, 1)
    assert cache.problem is None
    status = entry.lstat()
    assert stat.S_ISREG(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_uid == os.geteuid()
    healed = Cache(folder)
    assert_works(load(healed))
    assert healed.counters.hits == 1


def test_an_entry_that_cannot_be_replaced_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "cache"
    load(Cache(folder))
    replace_by_a_folder(entries(folder)[0])
    cache = Cache(folder)
    with caplog.at_level(logging.WARNING):
        assert_works(load(cache))
        assert_works(load(cache))
    assert cache.counters.compiled == 2
    assert len(caplog.records) == 1, "one warning is enough"


def test_code_of_another_engine_is_not_even_tried(tmp_path: Path) -> None:
    load(Cache(tmp_path / "cache"), profile="metered")
    plain = Cache(tmp_path / "cache")
    assert_works(load(plain))
    assert plain.counters.hits == 0


@POSIX
def test_a_folder_of_another_user_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)
    cache = Cache(folder)
    assert_works(load(cache))
    assert list(folder.iterdir()) == []
    assert "belongs to another user" in caplog.text


def test_without_a_usable_folder_components_are_compiled_each_time_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "cache")
    assert_works(load(cache))
    assert_works(load(cache))
    assert cache.counters.compiled == 2
    assert cache.problem is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@POSIX
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    cache = Cache(tmp_path / "locked" / "cache")
    assert_works(load(cache))
    assert cache.problem is not None


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="uses /proc as a folder that takes no files")
def test_a_folder_on_a_file_system_that_takes_no_files_is_no_error() -> None:
    cache = Cache(Path("/proc/self/cache"))
    assert_works(load(cache))
    assert cache.problem is not None


FULL = """
import logging, resource, signal, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache
from small_guest import small_wasm

logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
wasm = small_wasm()
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
cache = Cache(Path({folder!r}))
for _ in range(2):
    Component.open(wasm, cache=cache)
print(cache.counters.compiled, cache.problem is not None)
"""


@POSIX
def test_a_full_disk_is_no_error_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    script = FULL.format(here=str(HERE), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    warning, counts = done.stdout.splitlines()
    assert warning.startswith("compiled components are not kept: cannot write to")
    assert counts == "2 True"
    assert {path.suffix for path in folder.iterdir()} <= {".lock", ".note"}


RACER = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache
from airssys_sdk.component.engine.profiles import engine

engine("plain")
cache = Cache(Path({folder!r}))
print("ready", flush=True)
sys.stdin.readline()
component = Component.open({wasm!r}, cache=cache)
print(cache.counters.hits, cache.counters.compiled, len(component.import_names))
"""


def long_to_compile() -> bytes:
    """A component whose compilation takes long enough for another process to come upon it."""
    step = "(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 7)) (i64.const 3)))"
    function = f"(func (param i64) (result i64) {step * 40} (local.get 0))"
    return assemble(f"(component (core module {function * 3000}))")


@pytest.mark.slow
def test_two_processes_that_fill_the_cache_at_once_compile_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    wasm = tmp_path / "long.wasm"
    wasm.write_bytes(long_to_compile())
    script = RACER.format(here=str(HERE), folder=str(folder), wasm=str(wasm))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = sorted(process.communicate(timeout=120)[0].split()[:2] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs == [["0", "1"], ["1", "0"]], "one compiled, the other found it"
    assert len(entries(folder)) == 1
    assert [path for path in folder.iterdir() if path.suffix == ".part"] == []


def test_two_threads_that_ask_at_once_compile_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    barrier = threading.Barrier(4)
    loaded: list[Component] = []

    def work() -> None:
        barrier.wait()
        loaded.append(load(cache))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 4
    assert cache.counters.compiled == 1
    for component in loaded:
        assert_works(component)


INTERRUPTED = """
import os
import signal
import sys
import threading
import time
sys.path.insert(0, {here!r})
from pathlib import Path
from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache

def interrupt():
    begin = time.process_time()
    while time.process_time() - begin < {work}:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

def told(event):
    if event.kind == "compiling":
        print("compiling", flush=True)
        threading.Thread(target=interrupt, daemon=True).start()

try:
    Component.open({wasm!r}, cache=Cache(Path({folder!r})), on_compile=told)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("work", [0.0, 1.0])
def test_ctrl_c_while_compiling_leaves_nothing_half_written(
    tmp_path: Path, probe_wasm: Path, work: float
) -> None:
    # After a second of work the compiler's own threads are busy; they go on while the process ends.
    folder = tmp_path / "cache"
    script = INTERRUPTED.format(here=str(HERE), folder=str(folder), wasm=str(probe_wasm), work=work)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "compiling\ninterrupted\n", "")
    assert [path.suffix for path in folder.iterdir()] == [".lock"]


STARTING = """
import threading
import time
from airssys_sdk.component import Component
from airssys_sdk.component.engine.cache import Cache

start = threading.Thread.start

def interrupted(thread):
    start(thread)
    if thread.name == "airssys-compile":
        raise KeyboardInterrupt  # as if Ctrl-C came before `start` has heard that the thread runs

threading.Thread.start = interrupted
try:
    Component.open({wasm!r}, cache=Cache(None), bulk=False)
except KeyboardInterrupt:
    print("interrupted", flush=True)
time.sleep(0.5)  # the compiler is at work when the process ends
"""


def test_ctrl_c_while_the_compiling_thread_starts_leaves_it_its_engine(probe_wasm: Path) -> None:
    script = STARTING.format(wasm=str(probe_wasm))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")


def test_a_killed_writer_leaves_a_lock_that_nobody_waits_for(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    script = (
        "import os, sys; from pathlib import Path; from airssys_sdk.component.engine.filelock import file_lock\n"
        "folder = Path(sys.argv[1]); folder.mkdir(mode=0o700)\n"
        "for name in range(256):\n"
        "    file_lock(folder / f'{name:02x}.lock', patience=0, waiting=print).__enter__()\n"
        "os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert done.returncode == 9
    cache = Cache(folder)
    events: list[CompileEvent] = []
    Component.open(small_wasm(), cache=cache, on_compile=events.append)
    assert [event.kind for event in events] == ["compiling", "compiled"]


def test_entries_that_were_not_used_for_longest_go_first(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    load(Cache(folder))
    (first,) = entries(folder)
    size = first.stat().st_size
    os.utime(first, (1_000, 1_000))
    abandoned = folder / "abandoned.part"
    abandoned.write_bytes(b"half")
    os.utime(abandoned, (1_000, 1_000))
    load(Cache(folder, largest=size + 1), assemble("(component)"))
    left = entries(folder)
    assert first not in left
    assert len(left) == 1
    assert not abandoned.exists()
    load(Cache(folder, largest=1))
    assert first in entries(folder), "what was just made stays, however large"


def test_the_cache_lies_where_the_user_or_the_platform_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRSSYS_CACHE_DIR", str(tmp_path / "chosen"))
    assert cache_folder() == tmp_path / "chosen"
    assert default_cache().folder == tmp_path / "chosen" / "compiled"
    assert default_cache() is default_cache()
    monkeypatch.delenv("AIRSSYS_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "xdg" / "airssys-sdk"
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        assert cache_folder() == tmp_path / ".cache" / "airssys-sdk", "the standard ignores relative paths"


def test_a_cache_can_be_asked_whether_it_has_a_component(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    component = load(cache)
    assert cache.contains(component.digest, "plain")
    assert not cache.contains(component.digest, "metered")
    assert not cache.contains(hashlib.sha256(b"other").hexdigest(), "plain")
    assert not Cache(None).contains(component.digest, "plain")
