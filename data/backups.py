"""Copies of the whole store: taken while others write, and looked through before anybody relies on them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined] # pysqlite3 where there is one

from data.migrations import migrations
from data.store import rows, value


def copy(db: Database, *, path: Path) -> dict[str, int]:
    """Copy the store as it is at one moment into a new file, and tell how many rows each table has at that moment.

    Writers go on meanwhile: what they write after that moment is not in the copy.
    """
    path.touch(mode=0o600, exist_ok=False)
    db.conn.execute("begin")
    try:
        counts = count(db)  # the first read fixes the moment; the copy below reads in the same transaction
        with closing(sqlite3.connect(str(path))) as target:
            db.conn.backup(target, pages=-1)
            # One file without a log beside it, so that copying that file copies everything.
            target.execute("pragma journal_mode = delete")
    finally:
        db.conn.rollback()
    return counts


def count(db: Database) -> dict[str, int]:
    """How many rows each table has."""
    names = rows(
        db, "select name from sqlite_master where type = 'table' and sql not like 'create virtual%' order by name"
    )
    return {item["name"]: int(value(db, f'select count(*) from "{item["name"]}"')) for item in names}


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A copy, to look at: nothing is written to it or beside it."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
        yield Database(connection)


def unknown_steps(db: Database) -> list[str]:
    """The schema steps of a copy that this version of the service does not know: it is too old for them."""
    known = {step.name for step in migrations._migrations}
    return [step.name for step in migrations.applied(db) if step.name not in known]
