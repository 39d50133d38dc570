"""Versions: who reads them, what is put back, and when endorsers hear of a change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils import Database

from cluster import contacts, ideas, versions
from data.store import row, rows, value
from models.errors import Conflict, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.people import Member
from tests.conftest import hear

Who = Callable[[str], Member]
POOL = IdeaForm(title="Zwembad online reserveren", description="Banen en uren boeken zonder te bellen naar het loket.")
DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def post(db: Database, who: Who) -> int:
    return ideas.post(db, encoder=None, member=who("genk"), form=POOL)


def edit(db: Database, who: Who, idea_id: int, **fields: str) -> None:
    idea = ideas.get(db, idea_id=idea_id, member=who("genk"))
    form = replace(ideas.form_of(idea), **fields)
    ideas.edit(db, encoder=None, member=who("genk"), idea_id=idea_id, revision=idea.revision, form=form)


def endorse(db: Database, member: Member, idea_id: int) -> None:
    contacts.endorse(db, member=member, idea_id=idea_id, role="learn", message="")


def told(db: Database) -> list[str]:
    return [item["body"] for item in rows(db, "select body from letters where dedupe_key like 'digest:%' order by id")]


def test_the_organisation_and_coordinators_read_all_versions(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    edit(db, who, idea_id, title="Zwembad", links="https://zwembad.be Site")
    for member in (who("genk"), who("coordinator")):
        _, found, has_more = versions.listed(db, idea_id=idea_id, member=member, page=1)
        assert [(one.version.revision, one.version.who, one.changed) for one in found] == [
            (2, "Genk", ("title", "links")),
            (1, "Genk", ()),
        ]
        assert not has_more


def test_others_know_that_it_changed_but_not_what(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    assert versions.edited_at(db, idea=ideas.get(db, idea_id=idea_id, member=None)) is None
    edit(db, who, idea_id, title="Zwembad")
    assert versions.edited_at(db, idea=ideas.get(db, idea_id=idea_id, member=None))
    for member in (None, who("aalter")):
        with pytest.raises(NotFound):
            versions.listed(db, idea_id=idea_id, member=member, page=1)
        with pytest.raises(NotFound):
            versions.compare(db, idea_id=idea_id, member=member, revision=2)


def test_an_endorser_reads_what_changed_since(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    edit(db, who, idea_id, title="Zwembad")
    endorse(db, who("aalter"), idea_id)
    edit(db, who, idea_id, title="Zwembad en sauna")
    _, found, _ = versions.listed(db, idea_id=idea_id, member=who("aalter"), page=1)
    assert [one.version.revision for one in found] == [3, 2]
    _, _, before, differences = versions.compare(db, idea_id=idea_id, member=who("aalter"), revision=3)
    assert before is not None
    assert [one.field for one in differences] == ["title"]
    assert versions.compare(db, idea_id=idea_id, member=who("aalter"), revision=2)[2] is None
    for revision, since in ((1, None), (3, 1), (3, 3), (9, None)):
        with pytest.raises(NotFound):
            versions.compare(db, idea_id=idea_id, member=who("aalter"), revision=revision, since=since)
    contacts.withdraw(db, member=who("aalter"), idea_id=idea_id)
    with pytest.raises(NotFound):
        versions.listed(db, idea_id=idea_id, member=who("aalter"), page=1)


def test_every_field_of_the_form_is_compared(db: Database) -> None:
    after = IdeaForm("x", "y", "ai", 1, "plan", "offer", ("partners",), "<25k", "ouders", "https://a.be")
    assert [one.field for one in versions.differences(POOL, after)] == list(versions.FIELDS)


def test_an_earlier_version_comes_back_as_a_new_one(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    edit(db, who, idea_id, title="Zwembad", budget="<25k")
    for _ in range(2):
        ideas.put_back(db, encoder=None, member=who("genk"), idea_id=idea_id, version=1, revision=2)
    idea = ideas.get(db, idea_id=idea_id, member=None)
    assert (idea.title, idea.budget, idea.revision) == (POOL.title, None, 3)
    assert value(db, "select count(*) from idea_versions") == 3
    assert value(db, "select count(*) from history") == 0


def test_what_a_coordinator_puts_back_stands_in_the_history(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    edit(db, who, idea_id, title="Zwembad")
    ideas.put_back(db, encoder=None, member=who("coordinator"), idea_id=idea_id, version=1, revision=2)
    assert row(db, "select action, item_id, reason from history") == {
        "action": "put_back", "item_id": idea_id, "reason": "1 → 3",
    }  # fmt: skip


def test_nobody_else_puts_a_version_back_and_nobody_over_a_newer_one(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    edit(db, who, idea_id, title="Zwembad")
    with pytest.raises(NotAllowed):
        ideas.put_back(db, encoder=None, member=who("aalter"), idea_id=idea_id, version=1, revision=2)
    with pytest.raises(Conflict):
        ideas.put_back(db, encoder=None, member=who("genk"), idea_id=idea_id, version=1, revision=1)
    with pytest.raises(NotFound):
        ideas.put_back(db, encoder=None, member=who("genk"), idea_id=idea_id, version=9, revision=2)


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"description": POOL.description.replace("loket", "LOKET!")}, ()),
        ({"target_group": "Zwemmers", "links": "https://a.be"}, ()),
        ({"title": "Sauna online reserveren"}, ("title",)),
        ({"description": "Iets heel anders."}, ("description",)),
        ({"stage": "plan", "intent": "offer", "budget": "<25k"}, ("intent", "stage", "budget")),
    ],
)
def test_a_mended_word_is_no_substance(fields: dict[str, str], changed: tuple[str, ...]) -> None:
    assert versions.substance(POOL, replace(POOL, **fields)) == changed


def test_each_endorser_gets_one_letter_that_says_what_changed(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    for name in ("aalter", "kortrijk"):
        endorse(db, who(name), idea_id)
    edit(db, who, idea_id, title="Sauna online reserveren", stage="plan")
    for _ in range(2):
        hear(db, DAY)
    assert len(told(db)) == 2
    for words in ("Sauna online reserveren", "Idee", "Plan", f"/ideas/{idea_id}/versions/2?from=1"):
        assert words in told(db)[0]
    assert "beschrijving" not in told(db)[0]


def test_small_changes_add_up_but_alone_are_no_letter(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    endorse(db, who("aalter"), idea_id)
    edit(db, who, idea_id, description=POOL.description + " Bel.")
    hear(db, DAY)
    assert told(db) == []
    edit(db, who, idea_id, description=POOL.description + " Bel niet meer voor een kaart.")
    hear(db, DAY)
    assert "versions/3?from=1" in told(db)[0]


def test_later_changes_of_a_day_are_put_together_the_next(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    endorse(db, who("aalter"), idea_id)
    for stage in ("plan", "klaar", "loopt"):
        edit(db, who, idea_id, stage=stage)
        hear(db, DAY)
    assert len(told(db)) == 1
    hear(db, DAY + timedelta(days=1))
    assert len(told(db)) == 2
    assert "versions/4?from=2" in told(db)[1]


def test_what_was_changed_back_or_taken_offline_is_no_news(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    endorse(db, who("aalter"), idea_id)
    edit(db, who, idea_id, stage="plan")
    edit(db, who, idea_id, stage="idee")
    hear(db, DAY)
    edit(db, who, idea_id, stage="loopt")
    ideas.withdraw(db, member=who("genk"), idea_id=idea_id)
    hear(db, DAY)
    assert told(db) == []
    ideas.restore(db, member=who("genk"), idea_id=idea_id)
    hear(db, DAY)
    assert len(told(db)) == 1


def test_who_endorsed_later_or_no_longer_hears_nothing(db: Database, who: Who) -> None:
    idea_id = post(db, who)
    endorse(db, who("kortrijk"), idea_id)
    edit(db, who, idea_id, stage="plan")
    contacts.withdraw(db, member=who("kortrijk"), idea_id=idea_id)
    endorse(db, who("aalter"), idea_id)
    hear(db, DAY)
    assert told(db) == []
