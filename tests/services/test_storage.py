"""Storage: isolated per component, within its quota, atomic per message, never blocking."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_sdk.manifest import ComponentId
from airssys_sdk.security import AuditLog, AuditRecord, Capability, Grants
from airssys_sdk.services.database import StorageUnavailable
from airssys_sdk.services.eventually import settle
from airssys_sdk.services.faults import StorageFault
from airssys_sdk.services.storage import Storage
from airssys_sdk.services.transactions import Area, Usage

A = ComponentId("example", "a")
B = ComponentId("example", "b")
QUOTA = 1000


class Denials:
    """Keeps audit records for a test to look at."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    def write(self, record: AuditRecord) -> None:
        self.records.append(record)


@pytest.fixture(params=["file", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    store = Storage(tmp_path / "node.db" if request.param == "file" else None)
    yield store
    store.close()


def area(storage: Storage, component: ComponentId = A, quota: int = QUOTA, **granted: list[str]) -> Area:
    return Area(
        storage,
        component,
        quota,
        Grants(
            {
                Capability.STORAGE_READ: granted.get("read", []),
                Capability.STORAGE_WRITE: granted.get("write", []),
            }
        ),
    )


def put(place: Area, **values: bytes) -> None:
    transaction = place.begin()
    for key, value in values.items():
        transaction.set(key, value)
    transaction.commit()


def test_a_message_reads_its_own_writes_and_others_see_them_after_the_commit(storage: Storage) -> None:
    place = area(storage)
    one, other = place.begin(), place.begin()
    one.set("k", b"1")
    assert one.get("k") == b"1"
    assert one.exists("k") is True
    assert other.get("k") is None
    assert other.exists("k") is False
    one.commit()
    assert other.get("k") == b"1"


def test_what_a_failed_message_wrote_vanishes(storage: Storage) -> None:
    place = area(storage)
    put(place, kept=b"1")
    failed = place.begin()
    failed.set("kept", b"2")
    failed.set("new", b"3")
    del failed
    after = place.begin()
    assert after.get("kept") == b"1"
    assert after.list_keys() == ["kept"]
    assert after.usage() == Usage(5, QUOTA, 1)


def test_components_do_not_see_each_others_keys(storage: Storage) -> None:
    put(area(storage, A), k=b"a")
    put(area(storage, B), k=b"b")
    assert area(storage, A).begin().get("k") == b"a"
    assert area(storage, B).begin().list_keys() == ["k"]
    assert area(storage, ComponentId("example", "a", "1")).begin().list_keys() == []


def test_another_components_key_needs_a_grant_and_the_denial_is_audited(tmp_path: Path) -> None:
    denials = Denials()
    storage = Storage(tmp_path / "node.db", audit=AuditLog([denials]))
    put(area(storage, B), shared=b"1", secret=b"2")
    reader = area(storage, A, read=["/example/b/*/shared"]).begin()
    assert reader.get("/example/b/0/shared") == b"1"
    assert reader.list_keys("/example/b/0/") == ["/example/b/0/shared"]
    for refused in ("get", "exists", "delete"):
        with pytest.raises(StorageFault, match=r"permissions\.storage\.(read|write)") as raised:
            getattr(reader, refused)("/example/b/0/secret")
        assert raised.value.case == "invalid-key"
    with pytest.raises(StorageFault):
        reader.set("/example/b/0/shared", b"")
    with pytest.raises(StorageFault):
        reader.list_keys("/example/c/0/")
    storage.close()
    assert [(r.operation, r.resource) for r in denials.records] == [
        ("storage.read", "/example/b/0/secret"),
        ("storage.read", "/example/b/0/secret"),
        ("storage.write", "/example/b/0/secret"),
        ("storage.write", "/example/b/0/shared"),
        ("storage.read", "/example/c/0/"),
    ]
    assert {r.principal for r in denials.records} == {"example/a/0"}


def test_own_keys_written_with_the_owner_need_no_grant(storage: Storage) -> None:
    place = area(storage)
    put(place, k=b"1")
    assert place.begin().get("/example/a/0/k") == b"1"
    assert place.begin().list_keys("/example/a/0/") == ["/example/a/0/k"]


def test_a_granted_write_lands_with_the_owner_and_counts_against_its_quota(storage: Storage) -> None:
    owner = area(storage, B, quota=20)
    writer = area(storage, A, write=["/example/b/0/**"]).begin()
    writer.set("/example/b/0/in/box", b"1")
    writer.commit()
    assert owner.begin().get("in/box") == b"1"
    assert owner.begin().usage() == Usage(7, 20, 1)
    with pytest.raises(StorageFault) as raised:
        writer.set("/example/b/0/more", b"x" * 10)
    assert raised.value.case == "quota-exceeded"


@pytest.mark.parametrize(
    "key", ["", "/", "/a/b/0", "/a/b/0/", "/A/b/0/k", "/../b/0/k", "a\x00b", "a\nb", "k" * 1025, "\ud800"]
)
def test_a_malformed_key_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(StorageFault) as raised:
        area(storage, read=["/**"], write=["/**"]).begin().set(key, b"")
    assert raised.value.case == "invalid-key"


def test_the_quota_counts_keys_and_values_of_the_message_and_of_the_file(storage: Storage) -> None:
    place = area(storage, quota=10)
    put(place, a=b"1234")
    transaction = place.begin()
    transaction.set("b", b"1234")
    assert transaction.usage() == Usage(10, 10, 2)
    with pytest.raises(StorageFault) as raised:
        transaction.set("c", b"")
    assert raised.value.case == "quota-exceeded"
    transaction.set("a", b"1")
    transaction.set("c", b"12")
    transaction.delete("b")
    assert transaction.usage() == Usage(5, 10, 2)
    transaction.commit()
    assert place.begin().usage() == Usage(5, 10, 2)


def test_two_messages_together_cannot_outgrow_a_quota(storage: Storage) -> None:
    area(storage, B, quota=10)
    one = area(storage, A, write=["/example/b/0/*"]).begin()
    two = area(storage, ComponentId("example", "c"), write=["/example/b/0/*"]).begin()
    one.set("/example/b/0/a", b"12345")
    two.set("/example/b/0/b", b"12345")
    one.commit()
    with pytest.raises(StorageFault) as raised:
        two.commit()
    assert raised.value.case == "quota-exceeded"
    assert area(storage, B, quota=10).begin().list_keys() == ["a"]


def test_usage_is_the_same_after_the_file_was_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    storage = Storage(path)
    put(area(storage), schlüssel=b"12", k=b"3")
    before = area(storage).begin().usage()
    storage.close()
    again = Storage(path)
    assert area(again).begin().usage() == before == Usage(len("schlüssel".encode()) + 4, QUOTA, 2)
    again.close()


def test_keys_are_listed_by_prefix_with_the_messages_own_changes(storage: Storage) -> None:
    place = area(storage)
    put(place, **{"a/1": b"", "a/2": b"", "b": b"", "a\U0010ffff": b"", "a": b""})
    transaction = place.begin()
    transaction.set("a/3", b"")
    transaction.delete("a/1")
    assert transaction.list_keys("a/") == ["a/2", "a/3"]
    assert transaction.list_keys("a") == ["a", "a/2", "a/3", "a\U0010ffff"]
    assert transaction.list_keys("") == transaction.list_keys(None) == ["a", "a/2", "a/3", "a\U0010ffff", "b"]


def test_deleting_what_is_not_there_says_so(storage: Storage) -> None:
    with pytest.raises(StorageFault) as raised:
        area(storage).begin().delete("nothing")
    assert raised.value.case == "not-found"


def test_a_lock_of_another_process_delays_a_write_without_blocking_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    storage = Storage(path)
    place = area(storage)

    async def scenario() -> list[str]:
        order: list[str] = []
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        async def write() -> None:
            transaction = place.begin()
            await settle(transaction.set("k", b"1"))
            await settle(transaction.commit())
            order.append("written")

        writing = asyncio.create_task(write())
        for _ in range(10):
            await asyncio.sleep(0)
        order.append("the loop went on")
        assert place.begin().get("k") is None
        other.execute("ROLLBACK")
        other.close()
        await writing
        return order

    assert asyncio.run(scenario()) == ["the loop went on", "written"]
    assert place.begin().get("k") == b"1"
    storage.close()


def test_a_damaged_page_is_told_with_the_file_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    storage = Storage(path)
    entries = area(storage, quota=1 << 20).begin()
    for number in range(400):
        entries.set(f"key-{number}", b"v" * 400)
    asyncio.run(settle(entries.commit()))
    storage.close()
    with path.open("r+b") as file:
        for page in range(8, path.stat().st_size // 4096):
            file.seek(4096 * page)
            file.write(b"\xff" * 512)
    storage = Storage(path)
    reading = area(storage).begin()

    async def read_all() -> None:
        for number in range(400):
            await settle(reading.get(f"key-{number}"))

    async def damaged() -> None:
        with pytest.raises(StorageFault, match="the storage file reports: ") as raised:
            await read_all()
        assert raised.value.case == "io-error"
        assert str(path) not in raised.value.message  # which a guest may read
        assert raised.value.where == str(path)
        assert "damaged" in str(raised.value.hint)

    asyncio.run(damaged())
    storage.close()


def test_a_lock_that_outlasts_the_patience_is_an_io_error(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    storage = Storage(path, patience=0.05)
    place = area(storage)
    prepared = place.begin()
    prepared.set("k", b"1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def refused() -> None:
        with pytest.raises(StorageFault, match="another process") as raised:
            await settle(place.begin().set("k", b"2"))
        assert raised.value.case == "io-error"
        with pytest.raises(StorageFault, match="another process"):
            await settle(prepared.commit())

    asyncio.run(refused())
    other.execute("ROLLBACK")
    other.close()
    assert place.begin().get("k") is None
    prepared.commit()
    assert place.begin().get("k") == b"1"
    storage.close()


def test_a_second_node_on_one_file_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    first = Storage(path)
    with pytest.raises(StorageUnavailable, match=r"belongs to another node \(process \d+\)"):
        Storage(path)
    put(area(first), k=b"1")
    first.close()
    second = Storage(path)
    assert area(second).begin().get("k") == b"1"
    second.close()


def test_a_file_that_stays_locked_while_it_is_opened_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageUnavailable, match="another process holds a lock"):
        Storage(path, patience=0.05)
    other.execute("ROLLBACK")
    other.close()
    Storage(path).close()


KILLED = """
import os, signal, sys
from pathlib import Path
from airssys_sdk.manifest import ComponentId
from airssys_sdk.security import Grants
from airssys_sdk.services.storage import Storage
from airssys_sdk.services.transactions import Area

place = Area(Storage(Path(sys.argv[1])), ComponentId("example", "a"), 1000, Grants())
transaction = place.begin()
transaction.set("committed", b"1")
transaction.commit()
place.begin().set("not-committed", b"2")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_was_committed_survives_a_killed_node_and_the_file_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -9
    storage = Storage(path)
    assert area(storage).begin().list_keys() == ["committed"]
    storage.close()


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    other = sqlite3.connect(foreign)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = foreign.read_bytes()
    with pytest.raises(StorageUnavailable, match="another program"):
        Storage(foreign)
    assert foreign.read_bytes() == before
    text = tmp_path / "text.db"
    text.write_text("this is no database, but a text that is longer than a header " * 20)
    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        Storage(text)
    with pytest.raises(StorageUnavailable, match="cannot be opened"):
        Storage(tmp_path / "missing" / "node.db")


def test_many_bytes_are_moved_from_the_log_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    storage = Storage(path)
    place = area(storage, quota=64 * 1024 * 1024)
    for index in range(12):
        put(place, **{f"k{index}": bytes(1024 * 1024)})
    usage = place.begin().usage()
    storage.close()
    again = Storage(path)
    assert area(again, quota=64 * 1024 * 1024).begin().usage() == usage
    again.close()
