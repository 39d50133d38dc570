"""Queued work: one of a kind, under a lease, tried again, never lost."""

from sqlite_utils import Database

import data.work
from data.store import change, transaction, value


def expire(db: Database) -> None:
    """Let every lease run out."""
    change(db, "update jobs set leased_until = '2000-01-01T00:00:00+00:00' where leased_until is not null")


def test_the_same_job_waits_only_once(db: Database) -> None:
    with transaction(db):
        for _ in range(2):
            data.work.queue(db, kind="letter", key="1")
        assert data.work.waiting(db) == 1
        job = data.work.lease(db, seconds=60)
        assert job is not None
        assert data.work.finish(db, job=job)
        data.work.queue(db, kind="letter", key="1")
        assert data.work.waiting(db) == 1


def test_a_leased_job_is_nobody_elses_until_the_lease_runs_out(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1")
        first = data.work.lease(db, seconds=60)
        assert not data.work.due(db)
        assert data.work.lease(db, seconds=60) is None
        expire(db)
        assert data.work.due(db)
        second = data.work.lease(db, seconds=60)
        assert first is not None
        assert second is not None
        assert (second.id, second.attempts) == (first.id, 2)
        assert not data.work.finish(db, job=first)
        assert data.work.finish(db, job=second)


def test_a_job_asked_for_again_while_it_runs_runs_once_more(db: Database) -> None:
    """An idea is edited while the worker encodes its old text: the new text must be encoded too."""
    with transaction(db):
        data.work.queue(db, kind="embed", key="idea:1")
        running = data.work.lease(db, seconds=60)
        data.work.queue(db, kind="embed", key="idea:1")
        assert running is not None
        assert not data.work.finish(db, job=running)
        again = data.work.lease(db, seconds=60)
        assert again is not None
        assert data.work.finish(db, job=again)
        assert data.work.waiting(db) == 0


def test_a_failed_job_waits_longer_each_time_and_is_given_up_in_the_end(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1")
        waits = []
        for _ in range(14):
            job = data.work.lease(db, seconds=60)
            assert job is not None
            data.work.fail(db, job=job, error="no", tries=14)
            waits.append(value(db, "select round((julianday(not_before) - julianday('now')) * 86400) from jobs"))
            change(db, "update jobs set not_before = '2000-01-01T00:00:00+00:00'")
        assert data.work.waiting(db) == 0
    assert waits[:-1] == sorted(waits[:-1])
    assert 3_590 <= waits[12] <= 3_600
    assert value(db, "select error from jobs") == "no"


def test_work_for_later_is_not_taken_before(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1", not_before="2999-01-01T00:00:00+00:00")
        assert not data.work.due(db)
        assert data.work.lease(db, seconds=60) is None
