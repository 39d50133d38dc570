"""Queued work: jobs written in the transaction that caused them, taken by a worker under a lease.

A worker that dies loses its lease, and another takes the job; every job can therefore run twice and must not mind.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from data.store import change, now, row, value

ATTEMPTS_AT_MOST = 12


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work under a lease."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    lease: str
    attempts: int


def queue(
    db: Database, *, kind: str, key: str, payload: dict[str, Any] | None = None, not_before: str | None = None
) -> None:
    """Queue a job; one that already waits with the same kind and key is not doubled.

    A worker that has it in hand may have read the past already, so it loses its lease and the job runs once more.
    """
    db.execute(
        """insert into jobs (kind, key, payload, not_before) values (?, ?, ?, ?)
        on conflict (kind, key) where done_at is null do update set payload = excluded.payload, lease = null,
          leased_until = null, not_before = min(not_before, excluded.not_before)""",
        [kind, key, json.dumps(payload or {}), not_before or now()],
    )


def due(db: Database) -> bool:
    """Whether a job waits that may be taken now."""
    sql = """select exists (select 1 from jobs
      where done_at is null and not_before <= :now and (leased_until is null or leased_until < :now))"""
    return bool(value(db, sql, {"now": now()}))


def lease(db: Database, *, seconds: int) -> Job | None:
    """Take the next job that is due and not leased, for at most `seconds`."""
    moment = datetime.now(UTC)
    token = secrets.token_hex(8)
    found = row(
        db,
        """select id, kind, key, payload, attempts from jobs
        where done_at is null and not_before <= :now and (leased_until is null or leased_until < :now)
        order by not_before, id limit 1""",
        {"now": moment.isoformat(timespec="seconds")},
    )
    if found is None:
        return None
    until = (moment + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    change(
        db,
        "update jobs set leased_until = ?, lease = ?, attempts = attempts + 1 where id = ?",
        [until, token, found["id"]],
    )
    return Job(**{**found, "payload": json.loads(found["payload"]), "lease": token, "attempts": found["attempts"] + 1})


def finish(db: Database, *, job: Job) -> bool:
    """Mark a job done; false if the lease was lost meanwhile."""
    return bool(
        change(db, "update jobs set done_at = ?, error = null where id = ? and lease = ?", [now(), job.id, job.lease])
    )


def fail(db: Database, *, job: Job, error: str, tries: int = ATTEMPTS_AT_MOST) -> None:
    """Give a job back to be tried later, waiting longer each time (at most an hour), or give up after `tries`."""
    if job.attempts >= tries:
        change(
            db, "update jobs set done_at = ?, error = ? where id = ? and lease = ?", [now(), error, job.id, job.lease]
        )
        return
    wait = min(3_600, 5 * 2 ** min(job.attempts - 1, 10))
    later = (datetime.now(UTC) + timedelta(seconds=wait)).isoformat(timespec="seconds")
    change(
        db,
        "update jobs set not_before = ?, leased_until = null, lease = null, error = ? where id = ? and lease = ?",
        [later, error, job.id, job.lease],
    )


def postpone(db: Database, *, job: Job, error: str, seconds: int) -> None:
    """Give a job back to be taken after so many seconds, as if it had not been tried."""
    later = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    change(
        db,
        """update jobs set not_before = ?, leased_until = null, lease = null, error = ?, attempts = attempts - 1
        where id = ? and lease = ?""",
        [later, error, job.id, job.lease],
    )


def waiting(db: Database) -> int:
    """How many jobs are not done."""
    return int(value(db, "select count(*) from jobs where done_at is null"))


def queued(db: Database, *, kind: str) -> bool:
    """Whether a job of this kind is due or under way; one that failed and waits for its next try is not."""
    sql = "select exists (select 1 from jobs where kind = ? and done_at is null and not_before <= ?)"
    return bool(value(db, sql, [kind, now()]))


def last_error(db: Database, *, kind: str) -> str | None:
    """Why the last job of this kind failed; none if it went well."""
    found: str | None = value(
        db, "select error from jobs where kind = ? and id = (select max(id) from jobs where kind = ?)", [kind, kind]
    )
    return found


def waits(db: Database, *, kind: str, by: str) -> bool:
    """Whether a job of this kind waits that is due by then."""
    return bool(
        value(
            db,
            "select exists (select 1 from jobs where kind = ? and done_at is null and not_before <= ?)",
            [kind, by],
        )
    )
