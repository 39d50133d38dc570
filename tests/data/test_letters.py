"""The outbox: what happens to one letter or one address changes no other, and no letter is left without a job."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

import data.letters
import data.work
from data.store import change, rows, transaction
from models.letters import Letter, LetterState
from models.people import Member

Who = Callable[[str], Member]


def add(db: Database, key: str, *, to: Member | None = None, state: LetterState = LetterState.QUEUED) -> int:
    """A letter in the outbox, to a member or to somebody without an account."""
    made = data.letters.add(
        db,
        values={
            "dedupe_key": key,
            "message_id": f"<{key}@test.example>",
            "member_id": to.id if to else None,
            "recipient": to.email if to else "gast@test.example",
            "subject": f"Over {key}",
            "body": f"Dag {key},\n",
            "lang": "fr",
            "stops": "digest",
        },
    )
    assert made is not None
    change(db, "update letters set state = ? where id = ?", [state.value, made])
    return made


def kept(db: Database, table: str) -> dict[int, dict[str, Any]]:
    """All rows of a table as they stand, by id."""
    return {item["id"]: item for item in rows(db, f"select * from {table}")}


def changed(before: dict[int, dict[str, Any]], after: dict[int, dict[str, Any]]) -> set[int]:
    assert before.keys() == after.keys()
    return {number for number in after if after[number] != before[number]}


def is_now(moment: str) -> bool:
    return 0 <= (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() < 60


def test_a_letter_is_kept_as_it_was_written_and_the_same_key_adds_none(db: Database, who: Who) -> None:
    with transaction(db):
        first, second = add(db, "een", to=who("genk")), add(db, "twee")
        before = kept(db, "letters")
        again = {**before[first], "message_id": "<other@test.example>", "subject": "Anders"}
        assert data.letters.add(db, values=again) is None
        assert kept(db, "letters") == before
    found = data.letters.get(db, letter_id=first)
    assert found is not None
    assert is_now(found.created_at)
    assert found == Letter(
        id=first,
        message_id="<een@test.example>",
        recipient="genk@test.example",
        subject="Over een",
        body="Dag een,\n",
        lang="fr",
        state=LetterState.QUEUED,
        attempts=0,
        error=None,
        created_at=found.created_at,
        sent_at=None,
        member_id=who("genk").id,
        stops="digest",
    )
    assert data.letters.get(db, letter_id=99) is None
    third = add(db, "drie")
    assert [one.id for one in data.letters.recent(db, at_most=2)] == [third, second]


def test_how_a_delivery_went_is_noted_of_that_letter_alone_and_what_was_sent_stays_sent(db: Database, who: Who) -> None:
    with transaction(db):
        _, mine, _, gone = (add(db, key, to=who("genk")) for key in ("voor", "mijn", "na", "weg"))
        change(db, "update letters set state = 'sent', sent_at = '2026-01-01T00:00:00+00:00' where id = ?", [gone])
        before = kept(db, "letters")
        data.letters.mark(db, letter_id=mine, state=LetterState.QUEUED, error="no")
        after = kept(db, "letters")
        assert changed(before, after) == {mine}
        assert after[mine] == {**before[mine], "error": "no", "attempts": 1}
        data.letters.mark(db, letter_id=mine, state=LetterState.SENT, body="Dag.\n")
        last = kept(db, "letters")
        assert changed(before, last) == {mine}
        sent_at = last[mine]["sent_at"]
        assert is_now(sent_at)
        assert last[mine] == {**before[mine], "state": "sent", "attempts": 2, "body": "Dag.\n", "sent_at": sent_at}
        for letter_id in (mine, gone, 99):
            data.letters.mark(db, letter_id=letter_id, state=LetterState.FAILED, error="late", body="")
        assert kept(db, "letters") == last


def test_an_address_takes_no_letters_only_if_it_is_the_one_that_was_tried_and_from_the_first_time_on(
    db: Database, who: Who
) -> None:
    genk, aalter = who("genk"), who("aalter")
    with transaction(db):
        before = kept(db, "members")
        for member_id, email in ((genk.id, "former@test.example"), (genk.id, aalter.email), (99, genk.email)):
            data.letters.pause(db, member_id=member_id, email=email, why="550 no")
        assert kept(db, "members") == before
        data.letters.pause(db, member_id=genk.id, email=genk.email, why="550 no")
        paused = kept(db, "members")
        assert changed(before, paused) == {genk.id}
        assert is_now(paused[genk.id]["bounced_at"])
        assert paused[genk.id] == {**before[genk.id], "bounced_at": paused[genk.id]["bounced_at"], "bounce": "550 no"}
        data.letters.pause(db, member_id=genk.id, email=genk.email, why="552 full")
        assert kept(db, "members") == paused
        data.letters.pause(db, member_id=aalter.id, email=aalter.email, why="552 full")
        data.letters.resume(db, member_id=genk.id)
        assert changed(before, kept(db, "members")) == {aalter.id}


def test_what_waits_for_a_member_is_what_is_queued_for_them(db: Database, who: Who) -> None:
    with transaction(db):
        for state in (LetterState.QUEUED, LetterState.QUEUED, LetterState.SENT, LetterState.FAILED):
            add(db, f"genk {len(kept(db, 'letters'))}", to=who("genk"), state=state)
        for name in ("aalter", "aalter", "aalter"):
            add(db, f"{name} {len(kept(db, 'letters'))}", to=who(name))
        add(db, "gast")
        add(db, "kortrijk", to=who("kortrijk"), state=LetterState.SENT)
    waiting = [data.letters.waiting_for(db, member_id=who(name).id) for name in ("genk", "aalter", "kortrijk")]
    assert waiting == [2, 3, 0]


def test_a_letter_without_a_job_gets_one_unless_it_need_not_leave_or_its_address_takes_none(
    db: Database, who: Who
) -> None:
    with transaction(db):
        data.letters.pause(db, member_id=who("genk").id, email=who("genk").email, why="550 no")
        stranded = [add(db, "aalter", to=who("aalter")), add(db, "gast")]
        add(db, "genk", to=who("genk"))
        for state in (LetterState.SENT, LetterState.FAILED):
            add(db, state.value, to=who("kortrijk"), state=state)
        held = add(db, "held", to=who("kortrijk"))
        data.work.queue(db, kind="letter", key=str(held), payload={"letter_id": held}, not_before="2999-01-01")
        given_up = add(db, "given up", to=who("kortrijk"))
        data.work.queue(db, kind="letter", key=str(given_up), not_before="2000-01-01")
        job = data.work.lease(db, seconds=60)
        assert job is not None
        data.work.fail(db, job=job, error="no", tries=1)
        namesake = add(db, "namesake", to=who("kortrijk"))
        data.work.queue(db, kind="embed", key=str(namesake))
        before = kept(db, "jobs")
        data.letters.queue_stranded(db)
        after = kept(db, "jobs")
    added = [job for number, job in after.items() if number not in before]
    assert {number: after[number] for number in before} == before
    assert {(job["kind"], job["key"]) for job in added} == {
        ("letter", str(id)) for id in (*stranded, given_up, namesake)
    }
    assert all(json.loads(job["payload"]) == {"letter_id": int(job["key"])} for job in added)
    assert all(is_now(job["not_before"]) and job["done_at"] is None and job["attempts"] == 0 for job in added)
    with transaction(db):
        data.letters.queue_stranded(db)
    assert kept(db, "jobs") == after
