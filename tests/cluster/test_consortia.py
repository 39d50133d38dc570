"""Consortia: what a plan lacks in words of its own facts, who would fit and why, and invitations that flood nobody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlite_utils import Database

import data.circles
import data.people
from cluster import calls, consortia, contacts, ideas, plans, waiting
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.matches import Item
from data.store import change, rows, transaction, value
from models.circles import About
from models.consortia import InvitationState, What
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.people import Member
from models.plans import PlanForm
from tests.conftest import asked_of, dumped

Who = Callable[[str], Member]
ITEMS = ({"what": "Bouwen", "year": "2027", "amount": "100000", "each": ""},)


def of(db: Database, name: str) -> int:
    return int(value(db, "select id from organisations where name = ?", [name]))


def form(db: Database, **changes: Any) -> PlanForm:
    taking = {of(db, name): {"in": "1"} for name in ("Aalter", "Genk")}
    return replace(PlanForm(title="Zwembad", lead=str(of(db, "Genk")), items=ITEMS, partners=taking), **changes)


@pytest.fixture
def plan_id(db: Database, who: Who) -> int:
    """A plan of Genk, which leads, and Aalter about Genk's idea."""
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken."))
    contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    contacts.agree(db, member=who("genk"), introduction_id=1)
    return plans.start(db, member=who("genk"), about=About.IDEA, item_id=idea_id, form=form(db))


def lacks(db: Database, who: Who, plan_id: int, moment: str | None = None) -> set[What]:
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    content = plan.content
    found = consortia.checks(
        content=content,
        call=calls.get(db, content.call_id) if content.call_id else None,
        covered=consortia.municipalities(db, content=content),
        said=plans.answers(db, plan=plan),
        moment=moment,
    )
    return {one.what for one in found if not one.met}


def test_what_is_missing_follows_from_the_facts(db: Database, who: Who, plan_id: int) -> None:
    assert lacks(db, who, plan_id) == {What.TASKS, What.SMALL, What.CALL, What.DOSSIER, What.ACCEPTED}
    with transaction(db):
        change(db, "update organisations set inhabitants = 15000 where name = 'Aalter'")
        change(db, "update calls set closes_at = '2098-11-12T22:59:59+00:00'")
    tasks = {of(db, "Aalter"): {"in": "1", "task": "Test met inwoners"}, of(db, "Genk"): {"in": "1"}}
    period = {"summary": "Een app.", "starts_on": "2027-01-01", "ends_on": "2028-01-01", "theme": "democratie"}
    whole = form(db, partners=tasks, call="1", **period)
    plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=whole)
    assert lacks(db, who, plan_id) == {What.ACCEPTED}
    for name in ("genk", "aalter"):
        plans.answer(db, member=who(name), plan_id=plan_id, number=2, accepted=True)
    assert lacks(db, who, plan_id) == set()
    dear = ({"what": "Bouwen", "year": "2027", "amount": "900000", "each": ""},)
    plans.edit(db, member=who("genk"), plan_id=plan_id, number=2, form=replace(whole, items=dear))
    assert lacks(db, who, plan_id) == {What.CEILING, What.ACCEPTED}
    plans.leave(db, member=who("genk"), plan_id=plan_id, number=3, reason="")
    found = plans.get(db, member=who("coordinator"), plan_id=plan_id).content
    checked = consortia.checks(content=found, call=None, covered=[], said={})
    assert {What.PARTNERS, What.LEAD, What.SMALL} <= {one.what for one in checked if not one.met}


@pytest.mark.parametrize(
    ("closes_at", "moment", "late"),
    [
        # The last second of 29 March and of 25 October 2026 in Brussels, and one second more.
        ("2026-03-29T21:59:59+00:00", "2026-03-29T21:59:59+00:00", False),
        ("2026-03-29T21:59:59+00:00", "2026-03-29T22:00:00+00:00", True),
        ("2026-10-25T22:59:59+00:00", "2026-10-25T22:59:59+00:00", False),
        ("2026-10-25T22:59:59+00:00", "2026-10-25T23:00:00+00:00", True),
    ],
)
def test_a_deadline_is_past_on_the_second_also_where_the_clock_changes(
    db: Database, who: Who, plan_id: int, closes_at: str, moment: str, late: bool
) -> None:
    with transaction(db):
        change(db, "update calls set closes_at = ?", [closes_at])
    plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=form(db, call="1"))
    assert (What.CALL in lacks(db, who, plan_id, moment)) == late


def test_who_would_fit_is_told_with_the_reason(db: Database, who: Who, plan_id: int, encoder: Encoder) -> None:
    with transaction(db):
        for name, lat, lon in (("Aalter", 51.09, 3.45), ("Genk", 50.97, 5.5), ("Kortrijk", 50.83, 3.26)):
            change(db, "update organisations set lat = ?, lon = ? where name = ?", [lat, lon, name])
    index: Index[Item] = Index()

    def fits() -> list[tuple[str, bool, str, bool]]:
        plan = plans.get(db, member=who("genk"), plan_id=plan_id)
        found = consortia.suggestions(db, encoder=encoder, index=index, plan=plan, member=who("genk"))
        return [
            (one.name, one.endorses, one.need.title if one.need else "", one.companion is not None) for one in found
        ]

    assert fits() == [("Kortrijk", False, "", True)]
    text = IdeaForm(title="Zwembad", description="Boeken.")
    ideas.post(db, encoder=encoder, member=who("kortrijk"), form=text)
    assert fits() == [("Kortrijk", False, "Zwembad", True)]
    contacts.endorse(db, member=who("kortrijk"), idea_id=1, role="learn", message="")
    assert fits() == [("Kortrijk", True, "Zwembad", True)]
    consortia.invite(db, member=who("genk"), plan_id=plan_id, organisation_id=of(db, "Kortrijk"))
    assert fits() == []


def letters(db: Database) -> list[tuple[str, str]]:
    found = rows(db, "select recipient, subject from letters where dedupe_key like 'plan-invitation:%' order by id")
    return [(item["recipient"].split("@")[0], item["subject"]) for item in found]


def test_an_invited_government_joins_with_one_answer_and_shows_no_address(db: Database, who: Who, plan_id: int) -> None:
    for _ in range(2):
        consortia.invite(
            db, member=who("aalter"), plan_id=plan_id, organisation_id=of(db, "Kortrijk"), message="Jullie ook?"
        )
    assert letters(db) == [("kortrijk", "Aalter nodigt jullie uit voor “Zwembad”")]
    body = value(db, "select body from letters where dedupe_key like 'plan-invitation:%'")
    assert "> Jullie ook?" in body
    assert "@test.example" not in body
    [wait] = waiting.of_member(db, member=who("kortrijk"))[0]
    found, plan = consortia.get(db, member=who("kortrijk"), invitation_id=wait.item_id)
    share = consortia.share(db, plan=plan, invitation=found)
    assert share is not None
    assert share.pays == 3_333_333
    for _ in range(2):
        consortia.answer(db, member=who("kortrijk"), invitation_id=found.id, accepted=True)
    joined = plans.get(db, member=who("kortrijk"), plan_id=plan_id)
    assert (joined.version.number, [one.name for one in joined.content.partners]) == (2, ["Aalter", "Genk", "Kortrijk"])
    circle = data.circles.get(db, about=About.IDEA, item_id=1)
    assert circle is not None
    assert [party.name for party in circle.parties] == ["Aalter", "Genk", "Kortrijk"]
    assert [one.what for one in waiting.of_member(db, member=who("kortrijk"))[0]] == ["plan"]
    assert [one.state for one in consortia.listed(db, plan=plan)] == [InvitationState.ACCEPTED]
    with pytest.raises(Conflict):
        consortia.answer(db, member=who("kortrijk"), invitation_id=found.id, accepted=False)
    with pytest.raises(NotAllowed):
        consortia.invite(db, member=who("genk"), plan_id=plan_id, organisation_id=of(db, "Kortrijk"))


def test_a_no_is_seen_kept_for_a_while_and_may_become_a_yes(db: Database, who: Who, plan_id: int) -> None:
    invite = {"plan_id": plan_id, "organisation_id": of(db, "Kortrijk")}
    consortia.invite(db, member=who("genk"), **invite)
    [found] = consortia.received(db, member=who("kortrijk"))
    consortia.answer(db, member=who("kortrijk"), invitation_id=found.id, accepted=False)
    assert [one.state for one in consortia.received(db, member=who("kortrijk"))] == [InvitationState.DECLINED]
    before = dumped(db)
    with pytest.raises(NotAllowed):
        consortia.invite(db, member=who("aalter"), **invite)
    assert dumped(db) == before
    past = (datetime.now(UTC) - timedelta(days=91)).isoformat(timespec="seconds")
    with transaction(db):
        change(db, "update plan_invitations set answered_at = ?, invited_at = ?", [past, past])
        change(db, "update letters set dedupe_key = dedupe_key || ':then' where dedupe_key like 'plan-inv%'")
    consortia.invite(db, member=who("aalter"), **invite)
    assert [name for name, _ in letters(db)] == ["kortrijk", "kortrijk"]
    consortia.answer(db, member=who("kortrijk"), invitation_id=found.id, accepted=False)
    consortia.answer(db, member=who("kortrijk"), invitation_id=found.id, accepted=True)
    assert len(plans.get(db, member=who("kortrijk"), plan_id=plan_id).content.partners) == 3


def test_nobody_gets_more_than_a_few_invitations_a_month(db: Database, who: Who, plan_id: int) -> None:
    for number in range(consortia.A_MONTH_AT_MOST + 1):
        idea_id = ideas.post(
            db, encoder=None, member=who("genk"), form=IdeaForm(title=f"Idee {number}", description="Tekst.")
        )
        contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
        [asked] = asked_of(db, who("genk"))
        contacts.agree(db, member=who("genk"), introduction_id=asked.id)
        other = plans.start(db, member=who("genk"), about=About.IDEA, item_id=idea_id, form=form(db))
        if number < consortia.A_MONTH_AT_MOST:
            consortia.invite(db, member=who("genk"), plan_id=other, organisation_id=of(db, "Kortrijk"))
        else:
            with pytest.raises(NotAllowed):
                consortia.invite(db, member=who("genk"), plan_id=other, organisation_id=of(db, "Kortrijk"))
    assert len(letters(db)) == consortia.A_MONTH_AT_MOST


def test_where_nobody_has_an_account_the_coordinators_hear_and_a_newcomer_finds_it(
    db: Database, who: Who, plan_id: int
) -> None:
    consortia.invite(db, member=who("genk"), plan_id=plan_id, organisation_id=of(db, "Streekverband"))
    assert [name for name, _ in letters(db)] == ["coordinator"]
    [found] = consortia.received(db, member=who("coordinator"))
    assert (found.organisation, found.members) == ("Streekverband", 0)
    assert consortia.count_unanswerable(db, member=who("coordinator")) == 1
    with transaction(db):
        change(db, "update members set organisation_id = ? where email like 'kortrijk@%'", [of(db, "Streekverband")])
    assert consortia.received(db, member=who("coordinator")) == []
    [wait] = waiting.of_member(db, member=who("kortrijk"))[0]
    consortia.answer(db, member=who("kortrijk"), invitation_id=wait.item_id, accepted=True)


def test_only_partners_invite_only_the_invited_answer_and_nobody_else_knows(
    db: Database, who: Who, plan_id: int
) -> None:
    with pytest.raises(NotFound):
        consortia.invite(db, member=who("kortrijk"), plan_id=plan_id, organisation_id=of(db, "Kortrijk"))
    with pytest.raises(NotFound):
        consortia.invite(db, member=who("genk"), plan_id=plan_id, organisation_id=99)
    with pytest.raises(Invalid):
        consortia.invite(
            db, member=who("genk"), plan_id=plan_id, organisation_id=of(db, "Kortrijk"), message="x" * 1_001
        )
    consortia.invite(db, member=who("genk"), plan_id=plan_id, organisation_id=of(db, "Streekverband"))
    with pytest.raises(NotFound):
        consortia.get(db, member=who("kortrijk"), invitation_id=1)
    with pytest.raises(NotAllowed):
        consortia.answer(db, member=who("aalter"), invitation_id=1, accepted=True)
    assert consortia.get(db, member=who("coordinator"), invitation_id=1)[0].organisation == "Streekverband"


def test_an_invitation_waits_out_of_sight_with_a_hidden_idea(db: Database, who: Who, plan_id: int) -> None:
    consortia.invite(db, member=who("genk"), plan_id=plan_id, organisation_id=of(db, "Kortrijk"))
    with transaction(db):
        change(db, "update ideas set state = 'hidden'")
    with pytest.raises(NotFound):
        consortia.answer(db, member=who("kortrijk"), invitation_id=1, accepted=True)
    assert waiting.of_member(db, member=who("kortrijk"))[0] == []
