"""Taking queued work and giving it back: short transactions, so that a worker never holds one while it works."""

from sqlite_utils import Database

import data.work
from data.store import transaction
from data.work import Job


def take(db: Database, *, seconds: int) -> Job | None:
    """The next job that is due, for at most `seconds`; nobody else gets it meanwhile. An idle queue takes no lock."""
    if not data.work.due(db):
        return None
    with transaction(db):
        return data.work.lease(db, seconds=seconds)


def finish(db: Database, *, job: Job) -> None:
    """A job is done. One that was asked for again while it ran stays queued."""
    with transaction(db):
        data.work.finish(db, job=job)


def give_back(db: Database, *, job: Job, error: str, tries: int) -> None:
    """A job failed: it is tried again later, waiting longer each time, until it was tried `tries` times."""
    with transaction(db):
        data.work.fail(db, job=job, error=error, tries=tries)


def postpone(db: Database, *, job: Job, error: str, seconds: int) -> None:
    """A job cannot be tried as things stand: it waits for `seconds`, and this was no try."""
    with transaction(db):
        data.work.postpone(db, job=job, error=error, seconds=seconds)
