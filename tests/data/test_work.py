"""Queued work: one of a kind, under a lease, tried again, never lost."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.work
import data.work
from data.migrations import migrate
from data.store import change, close, connect, now, rows, transaction, value
from data.work import Job


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


def test_what_waits_and_what_went_wrong_is_told_by_kind(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="propose", key="clusters")
        data.work.queue(db, kind="digests", key="morning", not_before="2999-01-01T00:00:00+00:00")
        assert data.work.queued(db, kind="propose")
        assert not data.work.queued(db, kind="digests")
        assert not data.work.queued(db, kind="letter")
        assert data.work.waits(db, kind="digests", by="2999-01-01T00:00:00+00:00")
        assert not data.work.waits(db, kind="digests", by="2998-12-31T00:00:00+00:00")
        assert not data.work.waits(db, kind="letter", by="2999-01-01T00:00:00+00:00")
        job = data.work.lease(db, seconds=60)
        assert job is not None
        data.work.fail(db, job=job, error="no", tries=1)
        assert not data.work.queued(db, kind="propose")
        assert data.work.last_error(db, kind="propose") == "no"
        assert data.work.last_error(db, kind="digests") is None
        data.work.queue(db, kind="propose", key="clusters")
        again = data.work.lease(db, seconds=60)
        assert again is not None
        data.work.finish(db, job=again)
        assert data.work.last_error(db, kind="propose") is None


def test_work_for_later_is_not_taken_before(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1", not_before="2999-01-01T00:00:00+00:00")
        assert not data.work.due(db)
        assert data.work.lease(db, seconds=60) is None


def test_many_workers_never_hold_the_same_job(tmp_path: Path) -> None:
    """Six workers on one database; some jobs fail once, and nobody else gets them while they are held."""
    path = tmp_path / "work.sqlite"
    db = connect(path)
    with transaction(db):
        migrate(db)
        for number in range(60):
            data.work.queue(db, kind="letter", key=str(number))

    def work(_: int) -> list[str]:
        own, did = connect(path), []
        while job := cluster.work.take(own, seconds=60):
            did.append(job.key)
            if int(job.key) % 10 == 0 and job.attempts == 1:
                cluster.work.give_back(own, job=job, error="no", tries=data.work.ATTEMPTS_AT_MOST)
            else:
                cluster.work.finish(own, job=job)
        close(own)
        return did

    with ThreadPoolExecutor(6) as workers:
        did = Counter(key for keys in workers.map(work, range(6)) for key in keys)
    assert did == Counter(str(number) for number in range(60))
    # The six that failed wait for their second try.
    assert data.work.waiting(db) == 6
    assert value(db, "select count(*) from jobs where error = 'no' and lease is null and attempts = 1") == 6
    close(db)


def test_after_twelve_tries_a_job_is_given_up_and_its_error_kept(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="embed", key="idea:1")
        tries = 0
        while data.work.waiting(db):
            change(db, "update jobs set not_before = '2000-01-01T00:00:00+00:00'")
            job = data.work.lease(db, seconds=60)
            assert job is not None
            tries += 1
            data.work.fail(db, job=job, error=f"try {tries}")
        assert tries == 12
        assert value(db, "select error from jobs") == "try 12"
        assert data.work.lease(db, seconds=60) is None
        # Asked for again, it starts anew.
        data.work.queue(db, kind="embed", key="idea:1")
        again = data.work.lease(db, seconds=60)
        assert again is not None
        assert again.attempts == 1


def test_who_lost_the_lease_changes_nothing_any_more(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1")
        slow = data.work.lease(db, seconds=60)
        expire(db)
        quick = data.work.lease(db, seconds=60)
        assert slow is not None
        assert quick is not None
        data.work.fail(db, job=slow, error="too late")
        assert value(db, "select error from jobs") is None
        assert value(db, "select lease from jobs") == quick.lease
        assert data.work.finish(db, job=quick)


def jobs(db: Database) -> dict[str, dict[str, Any]]:
    """All jobs as they stand, by their key."""
    return {job["key"]: job for job in rows(db, "select * from jobs")}


def crowd(db: Database) -> Job:
    """A job in hand, amid one of its kind that is done, one that waits, one for later, and one that another holds."""
    for key in ("done", "held", "mine"):
        data.work.queue(db, kind="letter", key=key)
        job = data.work.lease(db, seconds=60)
        assert job is not None
        if key == "done":
            data.work.finish(db, job=job)
    data.work.queue(db, kind="letter", key="waits")
    data.work.queue(db, kind="digests", key="later", not_before="2999-01-01T00:00:00+00:00")
    assert job is not None
    return job


def seconds_from_now(moment: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()


VERBS: dict[str, tuple[Callable[[Database, Job], object], dict[str, object], int | None]] = {
    "finish": (lambda db, job: data.work.finish(db, job=job), {"error": None}, None),
    "fail": (lambda db, job: data.work.fail(db, job=job, error="no"), {"error": "no", "lease": None}, 5),
    "give up": (lambda db, job: data.work.fail(db, job=job, error="no", tries=1), {"error": "no"}, None),
    "postpone": (
        lambda db, job: data.work.postpone(db, job=job, error="away", seconds=90),
        {"error": "away", "lease": None, "leased_until": None, "attempts": 0},
        90,
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_what_becomes_of_one_job_changes_no_other(db: Database, verb: str) -> None:
    does, becomes, waits_s = VERBS[verb]
    with transaction(db):
        job = crowd(db)
        before = jobs(db)
        # Whoever lost the lease, or comes a second time, changes nothing.
        lost = (replace(job, lease="of another"), replace(job, id=999))
        for stale in lost:
            does(db, stale)
        assert jobs(db) == before
        does(db, job)
        after = jobs(db)
        assert {key for key in after if after[key] != before[key]} == {"mine"}
        mine = after["mine"]
        assert {name: mine[name] for name in becomes} == becomes
        assert mine["payload"] == before["mine"]["payload"]
        if waits_s is None:
            assert seconds_from_now(mine["done_at"]) <= 0
        else:
            assert mine["done_at"] is None
            assert waits_s - 3 <= seconds_from_now(mine["not_before"]) <= waits_s
        for stale in lost:
            does(db, stale)
        assert jobs(db) == after


def test_a_lease_is_of_one_job_for_as_long_as_was_asked(db: Database) -> None:
    with transaction(db):
        crowd(db)
        before = jobs(db)
        found = data.work.lease(db, seconds=70)
        after = jobs(db)
        assert found is not None
        assert (found.kind, found.key, found.attempts, found.payload) == ("letter", "waits", 1, {})
        assert {key for key in after if after[key] != before[key]} == {"waits"}
        assert after["waits"]["lease"] == found.lease
        assert after["waits"]["attempts"] == 1
        assert 67 <= seconds_from_now(after["waits"]["leased_until"]) <= 70
        assert not data.work.due(db)
        assert data.work.lease(db, seconds=60) is None


def test_what_is_done_is_neither_due_nor_waits(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1")
        assert data.work.queued(db, kind="letter")
        assert data.work.waits(db, kind="letter", by=now())
        job = data.work.lease(db, seconds=60)
        assert job is not None
        data.work.finish(db, job=job)
        change(db, "update jobs set leased_until = '2000-01-01T00:00:00+00:00'")
        assert not data.work.due(db)
        assert data.work.lease(db, seconds=60) is None
        assert data.work.waiting(db) == 0
        assert not data.work.queued(db, kind="letter")
        assert not data.work.waits(db, kind="letter", by=now())


def test_a_job_asked_for_twice_keeps_the_newest_payload_and_the_earlier_moment(db: Database) -> None:
    with transaction(db):
        early, late = "2000-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"
        data.work.queue(db, kind="digests", key="1", payload={"n": 1}, not_before=late)
        data.work.queue(db, kind="digests", key="1", payload={"n": 2}, not_before=early)
        data.work.queue(db, kind="digests", key="1", payload={"n": 3}, not_before=late)
        job = data.work.lease(db, seconds=60)
        assert job is not None
        assert job.payload == {"n": 3}
        assert value(db, "select not_before from jobs") == early


def test_the_wait_doubles_from_five_seconds_to_an_hour(db: Database) -> None:
    with transaction(db):
        data.work.queue(db, kind="letter", key="1")
        waits = []
        for _ in range(11):
            job = data.work.lease(db, seconds=60)
            assert job is not None
            data.work.fail(db, job=job, error="no")
            waits.append(seconds_from_now(jobs(db)["1"]["not_before"]))
            change(db, "update jobs set not_before = '2000-01-01T00:00:00+00:00'")
    doubled = [min(5 * 2**times, 3_600) for times in range(11)]
    assert all(low - 2 <= wait <= low for low, wait in zip(doubled, waits, strict=True)), waits


def test_the_last_error_of_a_kind_is_that_of_its_newest_job(db: Database) -> None:
    with transaction(db):
        for key, error in (("1", "first"), ("2", "second")):
            data.work.queue(db, kind="propose", key=key)
            job = data.work.lease(db, seconds=60)
            assert job is not None
            data.work.fail(db, job=job, error=error, tries=1)
        data.work.queue(db, kind="letter", key="3")
        assert data.work.last_error(db, kind="propose") == "second"
        assert data.work.last_error(db, kind="letter") is None


def test_the_verbs_take_one_job_and_give_that_one_back(db: Database) -> None:
    assert cluster.work.take(db, seconds=60) is None
    with transaction(db):
        for key in ("finished", "failed", "postponed"):
            data.work.queue(db, kind="letter", key=key)
    finished, failed, postponed = (cluster.work.take(db, seconds=60) for _ in range(3))
    assert finished is not None
    assert failed is not None
    assert postponed is not None
    cluster.work.finish(db, job=finished)
    cluster.work.give_back(db, job=failed, error="no", tries=1)
    cluster.work.postpone(db, job=postponed, error="away", seconds=90)
    found = jobs(db)
    assert [(found[key]["done_at"] is None, found[key]["error"]) for key in ("finished", "failed", "postponed")] == [
        *((False, None), (False, "no"), (True, "away")),
    ]
    assert found["postponed"]["attempts"] == 0
    assert cluster.work.take(db, seconds=60) is None
