"""The store: one SQLite database, opened with the settings that keep it whole, and the one way to write to it."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined] # pysqlite3 where there is one

from data.turns import Queue

Row = dict[str, Any]
Error = sqlite3.Error

# WAL databases could be corrupted by concurrent checkpoints up to and including 3.51.2 (sqlite.org/wal.html).
SQLITE_AT_LEAST = (3, 51, 3)

# Longer than the import of ten thousand ideas on a busy machine (measured: 5,000 in 6 seconds). A writer that was
# stopped in the middle makes others wait this long, and then hear that the store is busy instead of waiting for ever.
TURN_AT_MOST_S = 30.0

_CLOSED = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
}
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}

PRAGMAS = (
    "pragma foreign_keys = on",
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma busy_timeout = 5000",
    "pragma trusted_schema = off",
    # What is erased leaves nothing in the free space of the file.
    "pragma secure_delete = on",
)


def connect(path: Path | str) -> Database:
    """Open the database at `path` (":memory:" for a private one), ready to be used by one thread at a time.

    Raises RuntimeError on a version of SQLite that can corrupt a database in use by several processes.
    """
    if sqlite3.sqlite_version_info < SQLITE_AT_LEAST:
        raise RuntimeError(f"SQLite {sqlite3.sqlite_version} can lose data under load; install pysqlite3 ≥ 0.6.1")
    # A connection may move between the threads of a server, but is never used by two at once.
    connection = sqlite3.connect(str(path), timeout=5, check_same_thread=False)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    db = Database(connection, strict=True)
    if str(path) != ":memory:":
        db.turns = Queue(f"{path}.turns")  # type: ignore[attr-defined]
    db.process = os.getpid()  # type: ignore[attr-defined]
    return db


def close(db: Database) -> None:
    """Close a connection and leave the queue of writers."""
    turns: Queue | None = getattr(db, "turns", None)
    db.close()
    if turns is not None:
        turns.close()


@contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """Everything inside is written, or nothing is.

    Only verbs call this, once each, with nothing slow inside. Writers take turns *before* they ask SQLite, whose own
    waiting is a lottery. BEGIN IMMEDIATE takes the write lock at once: a deferred BEGIN fails when a reader turns
    writer (measured: 896 of 1,200 lost).
    """
    if db.conn.in_transaction:
        raise RuntimeError("a verb has exactly one transaction")
    if getattr(db, "process", None) != os.getpid():
        raise RuntimeError("a connection does not survive a fork: open one in this process")
    turns: Queue | None = getattr(db, "turns", None)
    with turns.turn(at_most_s=TURN_AT_MOST_S) if turns else nullcontext():
        db.conn.execute("begin immediate")
        try:
            yield db
            # Inside the try: a commit that fails (a full disk) must not leave the connection in a transaction.
            db.conn.commit()
        except BaseException:
            db.conn.rollback()
            raise


def closed_for_writing(fault: BaseException) -> bool:
    """Whether a fault says that nothing can be written for now: a disk that is full or fails, or a store in use.

    Nothing was written then, and it passes without anybody touching the service.
    """
    if isinstance(fault, Error):
        # The first byte is the kind of fault, the rest tells it more precisely.
        return (getattr(fault, "sqlite_errorcode", 0) & 0xFF) in _CLOSED
    return isinstance(fault, OSError) and fault.errno in _DISK


def now() -> str:
    """This moment as UTC ISO text with seconds, the one form in which time is stored."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def rows(db: Database, sql: str, parameters: Any = ()) -> list[Row]:
    """All rows of a query, as dicts."""
    cursor = db.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def row(db: Database, sql: str, parameters: Any = ()) -> Row | None:
    """The first row of a query, or none."""
    found = rows(db, sql, parameters)
    return found[0] if found else None


def value(db: Database, sql: str, parameters: Any = ()) -> Any:
    """The first column of the first row, or none."""
    found = db.execute(sql, parameters).fetchone()
    return found[0] if found else None


def insert(db: Database, sql: str, parameters: Any = ()) -> int:
    """Run an insert and return the new row's id."""
    return int(db.execute(sql, parameters).lastrowid or 0)


def change(db: Database, sql: str, parameters: Any = ()) -> int:
    """Run an update or delete and return how many rows it touched."""
    return int(db.execute(sql, parameters).rowcount)


def fitting(wanted: Any, tests: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The conditions for what a filter asks, one of `tests` for each field that is given, and the values for them."""
    values = {name: given for name, given in asdict(wanted).items() if given is not None}
    return " and ".join(tests[name] for name in values) or "1", values


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


_T = TypeVar("_T", bound=_Numbered)
_PORTION = 500
NEWEST = 2**63 - 1  # every id is before it


def newest_first(portion: Callable[[int, int], list[_T]]) -> Iterator[_T]:
    """All of a list that only grows, however long, of which no more than a portion is in memory.

    `portion` gives so many at most, newest first, from before an id on.
    """
    before = NEWEST
    while found := portion(_PORTION, before):
        yield from found
        before = found[-1].id


def placeholders(count: int) -> str:
    """`?, ?, ?` for an `in (…)` list; `null` for an empty one, which matches nothing."""
    return ", ".join("?" * count) or "null"
