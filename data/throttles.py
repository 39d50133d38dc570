"""Throttles: how often a key was used in a window, shared by all processes.

They live in a database of their own that may be lost: counting API calls must not wait for the disk as a me-too does.
"""

from pathlib import Path

from sqlite_utils import Database

from data.store import connect


def open_throttles(path: Path) -> Database:
    """Open (and make, if new) the throttle database."""
    db = connect(path)
    db.execute("pragma synchronous = off")
    db.execute(
        "create table if not exists throttles (key text, starts integer, count integer not null,"
        " primary key (key, starts)) strict, without rowid"
    )
    return db


def count(db: Database, *, key: str, window_s: int, moment: float) -> int:
    """Count one use of `key` in the window that holds `moment` (seconds since 1970) and return the total so far."""
    starts = int(moment // window_s * window_s)
    found = next(
        db.query(
            "insert into throttles values (?, ?, 1) on conflict do update set count = count + 1 returning count",
            [key, starts],
        )
    )["count"]
    if found == 1:
        # Old windows answer no question any more.
        db.execute("delete from throttles where key = ? and starts < ?", [key, starts])
    return int(found)


def take_back(db: Database, *, key: str, window_s: int, moment: float) -> None:
    """Take back one use of `key` in the window that holds `moment`, as when it turned out to be harmless."""
    starts = int(moment // window_s * window_s)
    db.execute("update throttles set count = count - 1 where key = ? and starts = ? and count > 0", [key, starts])


def forget(db: Database, *, key: str) -> None:
    """Forget a key, as after a successful sign-in."""
    db.execute("delete from throttles where key = ?", [key])


def forget_about(db: Database, *, text: str) -> None:
    """Forget every key that holds this text, as when it is somebody's address."""
    db.execute("delete from throttles where instr(key, ?)", [text])
    db.execute("pragma wal_checkpoint(truncate)")


def forget_before(db: Database, *, moment: float) -> None:
    """Forget all windows that began before this moment (seconds since 1970)."""
    db.execute("delete from throttles where starts < ?", [int(moment)])
