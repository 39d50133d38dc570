"""Nothing is lost: transactions are whole, one after the other, and the settings that keep it so always hold."""

import errno
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import data.store
from data.store import change, close, connect, insert, row, rows, transaction, value
from data.throttles import open_throttles

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with a counter at zero and an empty table for what was counted."""
    path = tmp_path / "counting.sqlite"
    db = connect(path)
    with transaction(db):
        db.execute("create table counter (n integer not null) strict")
        db.execute("create table counted (id integer primary key, n integer not null unique) strict")
        db.execute("insert into counter values (0)")
    close(db)
    return path


@pytest.fixture
def store(path: Path) -> Iterator[Database]:
    """A connection to the counting database."""
    db = connect(path)
    yield db
    close(db)


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Start a writer process on the counting database: so many counts, or `hold`."""
    started = []

    def begin(what: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.soak.writer", str(path), what]
        writer = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(writer)
        return writer

    yield begin
    for writer in started:
        writer.kill()
        writer.communicate()


def heard(writer: "subprocess.Popen[str]") -> str:
    """The next line a writer prints."""
    assert writer.stdout is not None
    return writer.stdout.readline().strip()


def counter(db: Database) -> int:
    """Where the counter stands."""
    return int(value(db, "select n from counter"))


# Whole or not at all.


def test_a_transaction_inside_another_is_refused_and_leaves_the_outer_one_whole(store: Database) -> None:
    with transaction(store):
        change(store, "update counter set n = 1")
        with pytest.raises(RuntimeError, match="exactly one"), transaction(store):
            pass
    assert counter(store) == 1


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit, sqlite3.IntegrityError])
def test_whatever_goes_wrong_inside_nothing_is_written(store: Database, fault: type[BaseException]) -> None:
    def write() -> None:
        with transaction(store):
            change(store, "update counter set n = 5")
            insert(store, "insert into counted (n) values (5)")
            raise fault

    with pytest.raises(fault):
        write()
    assert counter(store) == 0
    assert rows(store, "select * from counted") == []
    with transaction(store):
        change(store, "update counter set n = 1")
    assert counter(store) == 1


def test_a_commit_that_fails_leaves_nothing_and_the_connection_goes_on(store: Database) -> None:
    with transaction(store):
        store.execute("create table late (n integer references counted (id) deferrable initially deferred) strict")

    def write() -> None:
        with transaction(store):
            change(store, "update counter set n = 7")
            store.execute("insert into late values (404)")

    with pytest.raises(sqlite3.IntegrityError):
        write()
    assert not store.conn.in_transaction
    assert counter(store) == 0
    with transaction(store):
        change(store, "update counter set n = 1")
    assert counter(store) == 1


def test_others_see_a_transaction_only_when_it_is_over(store: Database, path: Path) -> None:
    other = connect(path)
    with transaction(store):
        change(store, "update counter set n = 1")
        assert counter(other) == 0
    assert counter(other) == 1
    close(other)


def test_a_full_disk_leaves_nothing_half_and_writing_works_again_when_there_is_room(store: Database) -> None:
    pages = value(store, "pragma page_count")
    store.execute(f"pragma max_page_count = {pages + 2}")

    def write() -> None:
        with transaction(store):
            change(store, "update counter set n = 9")
            for n in range(20_000):
                insert(store, "insert into counted (n) values (?)", [n])

    with pytest.raises(sqlite3.OperationalError, match="full"):
        write()
    assert counter(store) == 0
    assert value(store, "select count(*) from counted") == 0
    store.execute("pragma max_page_count = 1000000")
    with transaction(store):
        change(store, "update counter set n = 1")
        insert(store, "insert into counted (n) values (1)")
    assert counter(store) == 1
    assert value(store, "pragma integrity_check") == "ok"


def coded(code: int) -> sqlite3.Error:
    """A fault as SQLite tells it, with its number."""
    fault = sqlite3.OperationalError("no")
    fault.sqlite_errorcode = code
    return fault


@pytest.mark.parametrize(("fault", "closed"), [
    (OSError(errno.ENOSPC, "full"), True),
    (OSError(errno.EROFS, "read-only"), True),
    (OSError(errno.ENOENT, "not there"), False),
    (ValueError("full"), False),
    (coded(sqlite3.SQLITE_FULL), True),
    (coded(sqlite3.SQLITE_BUSY), True),
    (coded(sqlite3.SQLITE_IOERR | 3 << 8), True),  # told more precisely: while writing
    (coded(sqlite3.SQLITE_CONSTRAINT | 8 << 8), False),
    (sqlite3.InterfaceError("no code at all"), False),
])  # fmt: skip
def test_a_disk_that_takes_nothing_is_told_from_other_faults(fault: Exception, closed: bool) -> None:
    assert data.store.closed_for_writing(fault) is closed


# Settings.

KEPT = {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "trusted_schema": 0}


def test_every_connection_has_the_settings_that_keep_the_store_whole(path: Path) -> None:
    def settings(_: int) -> dict[str, object]:
        db = connect(path)
        found = {name: value(db, f"pragma {name}") for name in KEPT}
        assert value(db, "pragma mmap_size") == 0
        close(db)
        return found

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(settings, range(16))) == [KEPT] * 16


def test_a_database_in_memory_has_them_too_but_for_the_journal(db: Database) -> None:
    assert {name: value(db, f"pragma {name}") for name in KEPT} == KEPT | {"journal_mode": "memory"}


def test_only_the_throttles_may_be_lost(tmp_path: Path) -> None:
    db = open_throttles(tmp_path / "throttles.sqlite")
    assert {name: value(db, f"pragma {name}") for name in KEPT} == KEPT | {"synchronous": 0}
    close(db)


def test_a_row_that_points_at_nothing_is_refused(db: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), transaction(db):
        db.execute("insert into idea_versions values (404, 1, null, '2026-01-01', '{}')")


@pytest.mark.parametrize(("version", "welcome"), [((3, 40, 1), False), ((3, 51, 2), False), ((3, 51, 3), True)])
def test_a_version_of_sqlite_that_can_corrupt_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], welcome: bool
) -> None:
    monkeypatch.setattr(data.store.sqlite3, "sqlite_version_info", version)  # type: ignore[attr-defined]
    if welcome:
        close(connect(path))
    else:
        with pytest.raises(RuntimeError, match="pysqlite3"):
            connect(path)


def test_a_connection_goes_from_thread_to_thread_and_is_of_no_use_once_closed(path: Path) -> None:
    db = connect(path)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(counter, db).result() == 0
    close(db)
    with pytest.raises(sqlite3.ProgrammingError):
        counter(db)


def test_a_connection_leaves_no_file_open(path: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    for _ in range(5):
        close(connect(path))
    assert opened() == before


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_a_list_that_only_grows_is_read_in_portions(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    class One:
        def __init__(self, id: int) -> None:
            self.id = id

    asked: list[int] = []

    def portion(at_most: int, before: int) -> list[One]:
        asked.append(at_most)
        return [One(id) for id in range(count, 0, -1) if id < before][:at_most]

    monkeypatch.setattr(data.store, "_PORTION", 3)
    assert [one.id for one in data.store.newest_first(portion)] == list(range(count, 0, -1))
    assert set(asked) == {3}


# Asking.


def test_rows_come_by_name_and_what_was_written_is_told(store: Database) -> None:
    with transaction(store):
        assert [insert(store, "insert into counted (n) values (?)", [n]) for n in (7, 8, 9)] == [1, 2, 3]
        assert change(store, "update counted set n = n + 10 where n > ?", [7]) == 2
        assert change(store, "delete from counted where n = 404") == 0
    assert rows(store, "select * from counted order by id") == [
        {"id": 1, "n": 7},
        {"id": 2, "n": 18},
        {"id": 3, "n": 19},
    ]
    assert row(store, "select n, id from counted where n > :n order by id", {"n": 7}) == {"n": 18, "id": 2}
    assert row(store, "select n from counted where n = 404") is None
    assert value(store, "select n, id from counted order by id desc") == 19
    assert value(store, "select n from counted where n = 404") is None
    assert value(store, "select 9223372036854775806 < ?", [data.store.NEWEST]) == 1


@dataclass
class Wanted:
    n: int | None = None
    least: int | None = None


TESTS = {"n": "n = :n", "least": "id >= :least"}


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [(Wanted(), [1, 2, 3]), (Wanted(n=0), [1]), (Wanted(least=2), [2, 3]), (Wanted(n=8, least=3), [])],
)
def test_a_filter_asks_only_what_is_given_and_all_of_that(store: Database, wanted: Wanted, ids: list[int]) -> None:
    with transaction(store):
        for n in (0, 8, 9):
            insert(store, "insert into counted (n) values (?)", [n])
    conditions, values = data.store.fitting(wanted, TESTS)
    found = rows(store, f"select id from counted where {conditions} order by id", values)
    assert [one["id"] for one in found] == ids


@pytest.mark.parametrize("given", [[], [2], [1, 2]])
def test_a_list_of_ids_finds_those_and_an_empty_one_none(store: Database, given: list[int]) -> None:
    marks = data.store.placeholders(len(given))
    found = rows(store, f"select value from json_each('[1, 2, 3]') where value in ({marks})", given)
    assert [one["value"] for one in found] == given


# Many writers.


@pytest.mark.parametrize("times", [50, pytest.param(1_000, marks=pytest.mark.soak)])
def test_eight_processes_count_exactly_and_nobody_hears_that_it_is_locked(
    store: Database, start: Start, times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    writers = [start(str(times)) for _ in range(8)]
    assert [heard(writer) for writer in writers] == ["ready"] * 8
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    waits = [float(heard(writer)) for writer in writers]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 8
    assert counter(store) == 8 * times
    assert row(store, "select count(*) as rows, min(n) as low, max(n) as high from counted") == {
        "rows": 8 * times,
        "low": 0,
        "high": 8 * times - 1,
    }
    with capsys.disabled():
        print(f"\n8 processes x {times} transactions: longest wait {max(waits):.0f} ms")
    if times == 1_000:
        assert max(waits) <= 500


def test_eight_threads_count_exactly(store: Database, path: Path) -> None:
    def count(_: int) -> None:
        db = connect(path)
        for _ in range(25):
            with transaction(db):
                change(db, "update counter set n = ?", [counter(db) + 1])
        close(db)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(8)))
    assert counter(store) == 200


def test_a_killed_writer_leaves_nothing_and_keeps_nobody_waiting(store: Database, start: Start) -> None:
    writer = start("hold")
    assert heard(writer) == "held"
    writer.kill()
    writer.wait()
    with transaction(store):
        assert counter(store) == 0
        change(store, "update counter set n = 1")
    assert counter(store) == 1


def test_a_stopped_writer_does_not_stop_the_others_for_ever(
    store: Database, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the lock of SQLite itself, so writing is refused; but after a while, not never, and reading goes on."""
    monkeypatch.setattr(data.store, "TURN_AT_MOST_S", 0.1)
    store.execute("pragma busy_timeout = 100")
    writer = start("hold")
    assert heard(writer) == "held"
    writer.send_signal(signal.SIGSTOP)
    with pytest.raises(sqlite3.OperationalError, match="locked"), transaction(store):
        pass
    assert counter(store) == 0
    writer.send_signal(signal.SIGCONT)
    writer.communicate("go\n", timeout=60)
    with transaction(store):
        assert counter(store) == 1


def test_a_connection_is_refused_after_a_fork(path: Path) -> None:
    """Parent and child would share one place in the queue and one lock of SQLite: both would think they are alone."""
    program = f"""
import os
from data.store import connect, transaction
db = connect({str(path)!r})
child = os.fork()
if child == 0:
    try:
        with transaction(db):
            os._exit(1)
    except RuntimeError:
        os._exit(0)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
