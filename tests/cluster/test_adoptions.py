"""Adoption: one question about an idea that stands still, and passing it on so that nobody moves unasked."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import data.circles
from cluster import adoptions, contacts, ideas, imports, reminders, waiting
from data.store import change, rows, transaction, value
from models.circles import About
from models.errors import Conflict, NotAllowed, NotFound
from models.ideas import IdeaForm, IdeaState
from models.people import Member
from models.reminders import morning_after
from models.waiting import What
from tests.conftest import asked_of, dumped, hear

Who = Callable[[str], Member]
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def idea(db: Database, who: Who) -> int:
    """Genk's idea of Monday; Kortrijk says *ook wij* in the same hour."""
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken."))
    contacts.endorse(db, member=who("kortrijk"), idea_id=idea_id, role="lead", message="Bel 0470 12 34 56.")
    on_monday(db)
    return idea_id


def on_monday(db: Database) -> None:
    """Everything so far happened on Monday."""
    with transaction(db):
        moments = {"ideas": ("updated_at",), "endorsements": ("updated_at",)}
        moments["introductions"] = ("asked_at", "answered_at")
        for table, columns in moments.items():
            for column in columns:
                change(db, f"update {table} set {column} = ? where {column} is not null", [MONDAY.isoformat()])


def asked(db: Database) -> int:
    """How many digests asked what becomes of an idea."""
    return int(value(db, "select count(*) from letters where body like '%bewoog%'"))


def letters(db: Database, kind: str) -> list[str]:
    sql = "select recipient from letters where dedupe_key like ? order by recipient"
    return [item["recipient"].split("@")[0] for item in rows(db, sql, [f"{kind}:%"])]


def waits(db: Database, member: Member, *, days: float) -> list[int]:
    found, _ = waiting.of_member(db, member=member, moment=MONDAY + timedelta(days=days))
    return [one.item_id for one in found if one.what is What.STILL]


def offers(db: Database, member: Member) -> list[int]:
    return [one.item_id for one in waiting.of_member(db, member=member)[0] if one.what is What.OFFERED]


def test_after_ninety_days_the_owner_is_asked_once_in_their_digest_and_on_the_start_page(
    db: Database, who: Who, idea: int
) -> None:
    assert waits(db, who("genk"), days=89) == []
    hear(db, MONDAY + timedelta(days=89))
    assert asked(db) == 0
    for days in (90, 91, 120, 90, 400):
        hear(db, MONDAY + timedelta(days=days), afresh=True)
    assert asked(db) == 1
    assert letters(db, "digest") == ["genk"]
    assert waits(db, who("genk"), days=120) == [idea]
    assert waits(db, who("kortrijk"), days=120) == []
    assert waits(db, who("coordinator"), days=120) == []


@pytest.mark.parametrize("what", ["edit", "endorse", "answer", "project"])
def test_what_moves_an_idea_keeps_the_question_away(db: Database, who: Who, idea: int, what: str) -> None:
    if what == "edit":
        form = IdeaForm(title="Zwembad", description="Boeken en betalen.")
        ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea, revision=1, form=form)
    elif what == "endorse":
        contacts.endorse(db, member=who("aalter"), idea_id=idea, role="learn", message="")
    elif what == "answer":
        contacts.decline(db, member=who("genk"), introduction_id=1)
    else:
        with transaction(db):
            db.execute(
                """insert into projects (title, summary, status, lead, idea_id, created_at, updated_at)
                values ('Zwembad', '', 'submitted', 'Genk', ?, ?, ?)""",
                [idea, MONDAY.isoformat(), MONDAY.isoformat()],
            )
    assert waits(db, who("genk"), days=120) == []


def test_who_wants_no_reminders_or_digests_finds_it_on_the_start_page_alone(db: Database, who: Who, idea: int) -> None:
    reminders.want(db, member=who("genk"), wanted=False)
    hear(db, MONDAY + timedelta(days=100))
    assert asked(db) == 0
    assert waits(db, who("genk"), days=100) == [idea]


def test_kept_means_no_question_for_as_long_again(db: Database, who: Who, idea: int) -> None:
    hear(db, MONDAY + timedelta(days=100))
    for _ in range(2):
        adoptions.keep(db, member=who("genk"), idea_id=idea)
    kept = datetime.fromisoformat(value(db, "select kept_at from idea_questions"))
    for days, count in ((1, 1), (89, 1), (91, 2), (95, 2)):
        hear(db, kept + timedelta(days=days), afresh=True)
        assert asked(db) == count


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jumps=st.lists(st.floats(-400, 800, allow_nan=False), min_size=1, max_size=12))
def test_nobody_is_asked_twice_whatever_the_clock_does(db: Database, who: Who, idea: int, jumps: list[float]) -> None:
    with transaction(db):
        for table in ("idea_questions", "letters"):
            change(db, f"delete from {table}")
    for days in jumps:
        hear(db, MONDAY + timedelta(days=days), afresh=True)
    assert asked(db) <= 1
    if all(days < 89 or days >= 91 for days in jumps):
        assert asked(db) == int(any(days >= 91 for days in jumps))


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("hour", [0, 23])
def test_days_are_those_of_brussels_where_the_clock_changes(
    db: Database, who: Who, idea: int, day: str, hour: int
) -> None:
    moved = datetime.fromisoformat(f"{day}T{hour:02}:30:00+00:00")
    with transaction(db):
        change(db, "update ideas set updated_at = ?", [moved.isoformat()])
    due = datetime.fromisoformat(morning_after(moved.isoformat(), days=90))
    found = [waiting.of_member(db, member=who("genk"), moment=due - timedelta(hours=back))[0] for back in (8, 0)]
    assert [[one.what for one in some].count(What.STILL) for some in found] == [0, 1]


def test_an_offer_is_told_to_endorsers_once_and_can_be_taken_back(db: Database, who: Who, idea: int) -> None:
    for _ in range(2):
        adoptions.let_go(db, member=who("genk"), idea_id=idea)
    assert offers(db, who("kortrijk")) == [idea]
    assert offers(db, who("aalter")) == []
    for _ in range(2):
        hear(db, afresh=True)
    assert letters(db, "digest") == ["kortrijk"]
    adoptions.keep(db, member=who("genk"), idea_id=idea)
    assert offers(db, who("kortrijk")) == []
    with pytest.raises(Conflict):
        adoptions.adopt(db, member=who("kortrijk"), idea_id=idea)
    adoptions.let_go(db, member=who("genk"), idea_id=idea)
    hear(db, afresh=True)
    assert letters(db, "digest") == ["kortrijk", "kortrijk"], "a new offer is news"
    ideas.withdraw(db, member=who("genk"), idea_id=idea)
    ideas.restore(db, member=who("genk"), idea_id=idea)
    assert offers(db, who("kortrijk")) == [], "what was put away is offered no more"


def test_only_its_owner_lets_go_and_only_endorsers_adopt(db: Database, who: Who, idea: int) -> None:
    for name in ("aalter", "kortrijk", "coordinator"):
        for verb in (adoptions.let_go, adoptions.keep):
            with pytest.raises(NotAllowed):
                verb(db, member=who(name), idea_id=idea)
    adoptions.let_go(db, member=who("genk"), idea_id=idea)
    with pytest.raises(NotAllowed):
        adoptions.adopt(db, member=who("aalter"), idea_id=idea)
    ideas.withdraw(db, member=who("genk"), idea_id=idea)
    with pytest.raises(Conflict):
        adoptions.let_go(db, member=who("genk"), idea_id=idea)
    with pytest.raises(NotFound):
        adoptions.adopt(db, member=who("kortrijk"), idea_id=idea)


@pytest.fixture
def adopted(db: Database, who: Who, idea: int) -> int:
    """Aalter also said *ook wij* and met Genk; then Kortrijk, whom Genk never answered, adopted the idea."""
    contacts.endorse(db, member=who("aalter"), idea_id=idea, role="buy", message="Vertrouwelijk: budget 10.000.")
    for one in contacts.inbox(db, member=who("genk")).received:
        if one.endorser_organisation == "Aalter":
            contacts.agree(db, member=who("genk"), introduction_id=one.id)
    adoptions.let_go(db, member=who("genk"), idea_id=idea)
    adoptions.adopt(db, member=who("kortrijk"), idea_id=idea)
    return idea


def test_an_adopted_idea_is_its_new_owners_with_all_me_toos_and_everybody_is_told(
    db: Database, who: Who, adopted: int
) -> None:
    found = ideas.get(db, idea_id=adopted, member=None)
    assert (found.organisation, found.state, found.supporters) == ("Kortrijk", IdeaState.OPEN, 1)
    assert [one.organisation for one in contacts.endorsements(db, idea_id=adopted)] == ["Aalter"]
    [passed] = adoptions.standing(db, member=None, idea=found).history
    assert (passed.from_name, passed.to_name) == ("Genk", "Kortrijk")
    assert letters(db, "adopted") == ["aalter", "genk"]
    ideas.edit(
        db,
        encoder=None,
        member=who("kortrijk"),
        idea_id=adopted,
        revision=1,
        form=IdeaForm(title="Zwembad", description="Boeken in Kortrijk."),
    )
    with pytest.raises(NotAllowed):
        ideas.withdraw(db, member=who("genk"), idea_id=adopted)
    before = dumped(db)
    adoptions.adopt(db, member=who("kortrijk"), idea_id=adopted)
    assert dumped(db) == before, "twice changes nothing"


def test_who_met_stays_in_contact_and_the_new_owner_meets_nobody_unasked(db: Database, who: Who, adopted: int) -> None:
    def known(name: str) -> set[str]:
        found = contacts.inbox(db, member=who(name))
        people = (
            contacts.contacts_of(db, member=who(name), introduction_id=one.id) for one in (*found.received, *found.sent)
        )
        return {person.email.split("@")[0] for person in people if person}

    assert known("genk") == {"aalter", "kortrijk"}, "offering and adopting were the consent to meet"
    assert known("aalter") == {"genk"}
    assert known("kortrijk") == {"genk"}
    [said] = contacts.endorsements(db, idea_id=adopted, member=who("kortrijk"))
    assert (said.message, said.introduced) == ("", False), "it was written to Genk"
    circle = data.circles.get(db, about=About.IDEA, item_id=adopted)
    assert circle is not None
    assert [party.name for party in circle.parties] == ["Aalter", "Genk", "Kortrijk"]
    for _ in range(2):
        contacts.confirm(db, member=who("aalter"), idea_id=adopted)
    [said] = contacts.endorsements(db, idea_id=adopted, member=who("kortrijk"))
    assert said.message == "Vertrouwelijk: budget 10.000."
    [asked_again] = asked_of(db, who("kortrijk"))
    assert letters(db, "request") == ["genk", "genk", "kortrijk"]
    assert known("kortrijk") == {"genk"}
    contacts.agree(db, member=who("kortrijk"), introduction_id=asked_again.id)
    assert (known("kortrijk"), known("aalter")) == ({"genk", "aalter"}, {"genk", "kortrijk"})


def test_what_was_asked_of_the_former_owner_is_no_longer_theirs_to_answer(db: Database, who: Who, idea: int) -> None:
    contacts.endorse(db, member=who("aalter"), idea_id=idea, role="buy", message="")
    adoptions.let_go(db, member=who("genk"), idea_id=idea)
    adoptions.adopt(db, member=who("kortrijk"), idea_id=idea)
    assert len(asked_of(db, who("genk"))) == 0
    assert [one.endorser_organisation for one in contacts.inbox(db, member=who("genk")).received] == ["Kortrijk"]
    assert contacts.inbox(db, member=who("aalter")).sent == ()
    with pytest.raises(NotFound):
        contacts.agree(db, member=who("genk"), introduction_id=2)
    contacts.withdraw(db, member=who("aalter"), idea_id=idea)
    contacts.endorse(db, member=who("aalter"), idea_id=idea, role="buy", message="Toch.")
    assert len(asked_of(db, who("kortrijk"))) == 1


def test_the_former_owner_can_endorse_and_adopt_it_back(db: Database, who: Who, adopted: int) -> None:
    contacts.endorse(db, member=who("genk"), idea_id=adopted, role="learn", message="")
    adoptions.let_go(db, member=who("kortrijk"), idea_id=adopted)
    adoptions.adopt(db, member=who("genk"), idea_id=adopted)
    found = ideas.get(db, idea_id=adopted, member=None)
    assert found.organisation == "Genk"
    assert [one.to_name for one in adoptions.standing(db, member=None, idea=found).history] == ["Kortrijk", "Genk"]


def test_an_import_gives_an_adopted_idea_back_to_nobody(db: Database, who: Who) -> None:
    row = {"id": "X-1", "title": "Zwembad", "description": "Boeken.", "municipality": "Genk"}
    ideas.import_rows(db, rows=[imports.Row(1, row)])
    contacts.endorse(db, member=who("kortrijk"), idea_id=1, role="lead", message="")
    adoptions.let_go(db, member=who("genk"), idea_id=1)
    adoptions.adopt(db, member=who("kortrijk"), idea_id=1)
    assert ideas.import_rows(db, rows=[imports.Row(1, row)]).changed == 0
    assert ideas.get(db, idea_id=1, member=None).organisation == "Kortrijk"
