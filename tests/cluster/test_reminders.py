"""One reminder of silence and one question about the outcome, whatever clocks, workers and people do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from cluster import contacts, ideas, reminders
from data.store import change, rows, transaction, value
from models.errors import Conflict, Invalid, NotFound
from models.ideas import IdeaForm
from models.people import Member
from models.reminders import AFTER_DAYS, Outcome, Reminder, day_of, days_since, morning_after

Who = Callable[[str], Member]
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def asked(db: Database, who: Who) -> int:
    """On Monday Aalter asked Genk to meet."""
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken."))
    contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    [found] = contacts.inbox(db, member=who("genk")).received
    at(db, found.id, asked_at=MONDAY)
    return found.id


@pytest.fixture
def agreed(db: Database, who: Who, asked: int) -> int:
    """On Monday Genk agreed to meet Aalter."""
    contacts.agree(db, member=who("genk"), introduction_id=asked)
    at(db, asked, answered_at=MONDAY)
    return asked


def at(db: Database, introduction_id: int, **moments: datetime) -> None:
    with transaction(db):
        for column, moment in moments.items():
            change(db, f"update introductions set {column} = ? where id = ?", [moment.isoformat(), introduction_id])


def letters(db: Database) -> list[tuple[str, str]]:
    found = rows(db, "select recipient, dedupe_key from letters where dedupe_key like 'reminder:%' order by id")
    return [(item["recipient"].split("@")[0], item["dedupe_key"].split(":")[1]) for item in found]


def silent(db: Database, introduction_id: int, *, days: float) -> None:
    reminders.remind(db, introduction_id=introduction_id, what=Reminder.SILENT, moment=MONDAY + timedelta(days=days))


def outcome(db: Database, introduction_id: int, *, days: float) -> None:
    reminders.remind(db, introduction_id=introduction_id, what=Reminder.OUTCOME, moment=MONDAY + timedelta(days=days))


def test_asking_and_agreeing_queue_the_questions_for_the_right_mornings(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Bib", description="Lenen."))
    contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    [found] = contacts.inbox(db, member=who("genk")).received
    contacts.agree(db, member=who("genk"), introduction_id=found.id)
    jobs = rows(db, "select key, not_before from jobs where kind = 'reminder' order by id")
    assert [job["key"] for job in jobs] == [f"silent:{found.id}", f"outcome:{found.id}"]
    waits = [days_since(datetime.now(UTC).isoformat(), datetime.fromisoformat(job["not_before"])) for job in jobs]
    assert waits == [7, 30]


def test_after_a_week_of_silence_the_poster_is_reminded_once(db: Database, asked: int) -> None:
    for days in (7, 7.1, 8, 20, 7):
        silent(db, asked, days=days)
    assert letters(db) == [("genk", "silent")]
    body = value(db, "select body from letters where dedupe_key like 'reminder:%'")
    assert f"/introductions/{asked}" in body


def test_too_early_it_comes_back_on_the_right_morning(db: Database, asked: int) -> None:
    silent(db, asked, days=6)
    assert letters(db) == []
    key = f"silent:{asked}:2026-03-09"
    assert value(db, "select not_before from jobs where key = ?", [key]) == "2026-03-09T06:00:00+00:00"


@pytest.mark.parametrize("answer", ["agree", "decline", "withdraw"])
def test_who_answered_is_not_reminded_of_silence(db: Database, who: Who, asked: int, answer: str) -> None:
    if answer == "withdraw":
        contacts.withdraw(db, member=who("aalter"), idea_id=1)
    else:
        getattr(contacts, answer)(db, member=who("genk"), introduction_id=asked)
    silent(db, asked, days=7)
    assert letters(db) == []


def test_a_month_after_they_met_each_side_is_asked_once_what_came_of_it(db: Database, agreed: int) -> None:
    for days in (29, 30, 31, 60):
        outcome(db, agreed, days=days)
    assert letters(db) == [("genk", "outcome"), ("aalter", "outcome")]


def test_who_told_already_is_not_asked(db: Database, who: Who, agreed: int) -> None:
    reminders.tell(db, member=who("aalter"), introduction_id=agreed, outcome="met", reason="")
    outcome(db, agreed, days=30)
    assert letters(db) == [("genk", "outcome")]


def test_a_stop_about_one_introduction_holds_for_that_side_and_can_be_lifted(
    db: Database, who: Who, agreed: int
) -> None:
    for _ in range(2):
        reminders.stop(db, member=who("genk"), introduction_id=agreed, stopped=True)
    outcome(db, agreed, days=30)
    assert letters(db) == [("aalter", "outcome")]
    reminders.stop(db, member=who("genk"), introduction_id=agreed, stopped=False)
    outcome(db, agreed, days=31)
    assert letters(db) == [("aalter", "outcome"), ("genk", "outcome")]


def test_a_stop_of_all_reminders_holds_everywhere(db: Database, who: Who, asked: int) -> None:
    for _ in range(2):
        reminders.want(db, member=who("genk"), wanted=False)
    assert not reminders.wants(db, member=who("genk"))
    silent(db, asked, days=7)
    assert letters(db) == []
    reminders.want(db, member=who("genk"), wanted=True)
    silent(db, asked, days=8)
    assert letters(db) == [("genk", "silent")]


def test_a_clock_that_leaps_a_year_ahead_asks_nobody(db: Database, asked: int) -> None:
    silent(db, asked, days=365)
    assert letters(db) == []
    silent(db, asked, days=8)
    assert letters(db) == [("genk", "silent")]


def test_nobody_is_reminded_of_a_hidden_idea_or_after_leaving(db: Database, who: Who, asked: int) -> None:
    with transaction(db):
        change(db, "update ideas set state = 'hidden'")
    silent(db, asked, days=7)
    with transaction(db):
        change(db, "update ideas set state = 'open'")
        change(db, "update members set active = 0 where email like 'genk@%'")
    silent(db, asked, days=7)
    assert letters(db) == []
    with transaction(db):
        change(db, "update members set active = 1")
    silent(db, asked, days=8)
    assert letters(db) == [("genk", "silent")], "a question that was not asked may still be"


CLOCKS = st.lists(
    st.tuples(st.sampled_from(list(Reminder)), st.floats(-400, 400, allow_nan=False)), min_size=1, max_size=25
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jumps=CLOCKS)
def test_nobody_is_asked_twice_whatever_the_clock_does(
    db: Database, who: Who, agreed: int, jumps: list[tuple[Reminder, float]]
) -> None:
    """Work that runs again and again, with a clock that jumps back and forth: one question to each side at most."""
    with transaction(db):
        change(db, "delete from reminders")
        change(db, "delete from letters where dedupe_key like 'reminder:%'")
    for what, days in jumps:
        reminders.remind(db, introduction_id=agreed, what=what, moment=MONDAY + timedelta(days=days))
    found = letters(db)
    assert len(found) == len(set(found)) <= 2
    on_time = any(what is Reminder.OUTCOME and 31 <= days <= 88 for what, days in jumps)
    assert bool(found) or not on_time


@pytest.mark.parametrize(
    ("moment", "days", "expected"),
    [
        # The clock goes forward on 29 March 2026 and back on 25 October: seven o'clock stays seven o'clock.
        ("2026-03-22T20:00:00+00:00", 7, "2026-03-29T05:00:00+00:00"),
        ("2026-03-21T20:00:00+00:00", 7, "2026-03-28T06:00:00+00:00"),
        ("2026-10-18T20:00:00+00:00", 7, "2026-10-25T06:00:00+00:00"),
        ("2026-10-17T20:00:00+00:00", 7, "2026-10-24T05:00:00+00:00"),
        # 23:30 UTC in winter is half past midnight of the next day in Brussels.
        ("2026-01-05T23:30:00+00:00", 7, "2026-01-13T06:00:00+00:00"),
    ],
)
def test_mornings_are_those_of_brussels_on_both_days_the_clock_changes(moment: str, days: int, expected: str) -> None:
    assert morning_after(moment, days=days) == expected
    assert days_since(moment, datetime.fromisoformat(expected)) == days


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.integers(0, 60))
@settings(deadline=None)
def test_a_morning_is_as_many_days_later_as_was_asked(moment: datetime, days: int) -> None:
    later = datetime.fromisoformat(morning_after(moment.isoformat(), days=days))
    assert days_since(moment.isoformat(), later) == days
    assert (day_of(morning_after(moment, days=1)) - day_of(moment)).days == 1


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_on_the_days_the_clock_changes_a_reminder_is_neither_early_nor_double(
    db: Database, asked: int, day: str, hour: int
) -> None:
    start = datetime.fromisoformat(f"{day}T{hour:02}:30:00+00:00")
    at(db, asked, asked_at=start)
    due = datetime.fromisoformat(morning_after(start.isoformat(), days=AFTER_DAYS[Reminder.SILENT]))
    for moment, count in ((due - timedelta(hours=8), 0), (due, 1), (due + timedelta(hours=1), 1)):
        reminders.remind(db, introduction_id=asked, what=Reminder.SILENT, moment=moment)
        assert len(letters(db)) == count


def test_the_last_word_about_an_outcome_counts_and_is_ones_own(db: Database, who: Who, agreed: int) -> None:
    reminders.tell(db, member=who("genk"), introduction_id=agreed, outcome="met", reason="")
    reminders.tell(db, member=who("genk"), introduction_id=agreed, outcome="no", reason="Geen tijd.")
    told = reminders.told(db, member=who("genk"), introduction_id=agreed)
    assert told is not None
    assert (told.outcome, told.reason) == (Outcome.NO, "Geen tijd.")
    assert reminders.told(db, member=who("aalter"), introduction_id=agreed) is None
    with pytest.raises(NotFound):
        reminders.tell(db, member=who("kortrijk"), introduction_id=agreed, outcome="met", reason="")


@pytest.mark.parametrize(("said", "reason", "field"), [("ooit", "", "outcome"), ("no", " ", "reason")])
def test_what_is_wrong_with_an_outcome_is_said_at_its_field(
    db: Database, who: Who, agreed: int, said: str, reason: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        reminders.tell(db, member=who("genk"), introduction_id=agreed, outcome=said, reason=reason)
    assert refused.value.field == field


def test_who_has_not_met_has_no_outcome(db: Database, who: Who, asked: int) -> None:
    with pytest.raises(Conflict):
        reminders.tell(db, member=who("genk"), introduction_id=asked, outcome="met", reason="")


def test_silence_counts_from_when_it_was_asked_last(db: Database, who: Who, asked: int) -> None:
    idea_id = value(db, "select id from ideas")
    contacts.withdraw(db, member=who("aalter"), idea_id=idea_id)
    contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    again = datetime.now(UTC)
    for days, written in ((6, 0), (8, 1)):
        moment = again + timedelta(days=days)
        reminders.remind(db, introduction_id=asked, what=Reminder.SILENT, moment=moment)
        assert len(letters(db)) == written
