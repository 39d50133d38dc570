"""Whether the database is whole and fits this version of the service."""

from sqlite_utils import Database

from data.migrations import migrations
from data.store import rows, value


def pending(db: Database) -> list[str]:
    """The names of the schema steps that were not taken yet."""
    return [step.name for step in migrations.pending(db)]


def damage(db: Database) -> list[str]:
    """What SQLite finds wrong with the file: pages, indexes, and rows that point at nothing."""
    found = [item["integrity_check"] for item in rows(db, "pragma integrity_check(20)")]
    broken = rows(db, "pragma foreign_key_check")
    return [line for line in found if line != "ok"] + [
        f"{item['table']} {item['rowid']} -> {item['parent']}" for item in broken[:20]
    ]


def given_up(db: Database) -> int:
    """How many jobs failed so often that nobody tries them any more."""
    return int(value(db, "select count(*) from jobs where done_at is not null and error is not null"))
