"""The programme in figures: each counts what it says, for coordinators alone."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

import data.programme
from cluster import contacts, ideas, programme, reminders
from data.store import change, now, transaction
from models.errors import NotAllowed
from models.ideas import IdeaForm
from models.people import Member
from models.programme import Month, Pair, Step

Who = Callable[[str], Member]


def test_it_counts_how_far_ideas_come_and_who_needs_a_lead(db: Database, who: Who) -> None:
    form = IdeaForm(title="Zwembad", description="Banen boeken.")
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=form)
    ideas.post(db, encoder=None, member=who("aalter"), form=form)
    for name in ("aalter", "kortrijk"):
        contacts.endorse(db, member=who(name), idea_id=idea_id, role="learn", message="")
    contacts.agree(db, member=who("genk"), introduction_id=1)
    for name in ("genk", "aalter"):
        reminders.tell(db, member=who(name), introduction_id=1, outcome="met", reason="")
    with transaction(db):
        change(db, "update introductions set asked_at = '2026-01-01T00:00:00+00:00' where id = 1")
        change(db, "update introductions set answered_at = '2026-01-04T00:00:00+00:00' where id = 1")
    found = programme.look(db, member=who("coordinator"))
    assert [found.funnel[step] for step in Step] == [2, 1, 1, 1, 1, 0, 0, 0]
    assert found.outcomes == {"met": 2}
    assert found.days_to_contact == pytest.approx(3)
    assert [(one.id, one.governments) for one in found.unserved] == [(idea_id, 3)]
    assert len(found.months) == programme.MONTHS
    assert found.months[-1] == Month(now()[:7], ideas=2, endorsements=2, contacts=0)
    assert data.programme.months(db, last="2026-02", count=3)[1] == Month(
        "2026-01", ideas=0, endorsements=0, contacts=1
    )
    assert found.pairs == [Pair("Aalter", "Genk", 1)]
    contacts.change(db, member=who("kortrijk"), idea_id=idea_id, role="lead", message="")
    assert programme.look(db, member=who("coordinator")).unserved == []


def test_an_empty_programme_and_others_than_coordinators(db: Database, who: Who) -> None:
    found = programme.look(db, member=who("coordinator"))
    assert (sum(found.funnel.values()), found.days_to_contact, found.pairs) == (0, None, [])
    with pytest.raises(NotAllowed):
        programme.look(db, member=who("genk"))
