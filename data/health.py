"""Whether the database is whole and fits this version of the service."""

from sqlite_utils import Database

from data.migrations import migrations
from data.store import now, rows, value


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


def overdue_s(db: Database) -> int:
    """How many seconds the oldest job that is due waits for a worker; 0 when none does."""
    sql = """select coalesce(max(unixepoch(:now) - unixepoch(max(not_before, coalesce(leased_until, '')))), 0) from jobs
      where done_at is null and not_before <= :now and (leased_until is null or leased_until < :now)"""
    return int(value(db, sql, {"now": now()}))


def figures(db: Database) -> dict[str, int]:
    """How much there is of what somebody who watches over the service wants to know."""
    (found,) = rows(
        db,
        """select (select count(*) from letters where state = 'queued') as letters_queued,
          (select count(*) from letters where state = 'failed') as letters_failed,
          (select count(*) from members where active = 1) as members_active,
          (select count(*) from sessions where half = 0 and ends_at > ?) as sessions,
          (select page_count * page_size from pragma_page_count, pragma_page_size) as database_bytes""",
        [now()],
    )
    return found
