"""Cost plans: who sees them, what they come to, versions, answers, joining and leaving, and the letters about them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import data.people
from cluster import contacts, ideas, plans, threads
from cluster.engine import costs
from cluster.plan_forms import form_of
from data.store import change, rows, transaction, value
from models.circles import About, Party
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm
from models.people import Member
from models.plans import Content, Item, Key, Partner, PlanForm, Tier
from tests.conftest import hear

Who = Callable[[str], Member]

ITEMS = (
    {"what": "Bouwen", "year": "2027", "amount": "100.000", "each": ""},
    {"what": "Licentie", "year": "2028", "amount": "1.000,50", "each": "1"},
)


@pytest.fixture
def met(db: Database, who: Who) -> int:
    """An idea of Genk about which Aalter and Kortrijk are in contact."""
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Zwembad", description="Boeken."))
    for name in ("aalter", "kortrijk"):
        contacts.endorse(db, member=who(name), idea_id=idea_id, role="buy", message="")
    for found in contacts.inbox(db, member=who("genk")).received:
        contacts.agree(db, member=who("genk"), introduction_id=found.id)
    return idea_id


def organisation(db: Database, name: str) -> int:
    return int(value(db, "select id from organisations where name = ?", [name]))


def form(db: Database, **changes: Any) -> PlanForm:
    """Aalter, Genk and Kortrijk share € 103.001,50 by inhabitants, without a call."""
    taking = {organisation(db, name): {"in": "1"} for name in ("Aalter", "Genk", "Kortrijk")}
    found = PlanForm(
        title="Zwembad samen", key="inhabitants", lead=str(organisation(db, "Genk")), items=ITEMS, partners=taking
    )
    return replace(found, **changes)


def start(db: Database, who: Who, idea_id: int, **changes: Any) -> int:
    return plans.start(db, member=who("genk"), about=About.IDEA, item_id=idea_id, form=form(db, **changes))


def pays(db: Database, plan_id: int, member: Member) -> dict[str, int | None]:
    plan = plans.get(db, member=member, plan_id=plan_id)
    return {one.partner.name: one.pays for one in costs.figures(plan.content).shares}


def test_a_plan_divides_what_all_items_cost_by_inhabitants(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    # € 100.000 + 3 × € 1.000,50, of which 28/171, 66/171 and 77/171.
    assert pays(db, plan_id, who("aalter")) == {"Aalter": 1_686_574, "Genk": 3_975_497, "Kortrijk": 4_638_079}


def test_the_call_pays_its_part_up_to_its_ceiling_and_the_rest_is_divided(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met, call="1", key="equal")
    found = costs.figures(plans.get(db, member=who("genk"), plan_id=plan_id).content)
    assert (found.cost, found.subsidy, found.own) == (10_300_150, 8_240_120, 2_060_030)
    assert [one.pays for one in found.shares] == [686_677, 686_677, 686_676]
    # Alone each would pay € 101.000,50 less 80 %.
    assert {one.alone for one in found.shares} == {2_020_010}
    assert [one.saves for one in found.shares] == [1_333_333, 1_333_333, 1_333_334]
    dear = ({"what": "Bouwen", "year": "2027", "amount": "400000", "each": ""},)
    plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=form(db, call="1", items=dear))
    found = costs.figures(plans.get(db, member=who("genk"), plan_id=plan_id).content)
    assert (found.subsidy, found.unfunded, found.own) == (15_000_000, 17_000_000, 25_000_000)


@pytest.mark.parametrize("name", ["genk", "aalter", "kortrijk", "coordinator"])
def test_partners_and_coordinators_see_it(db: Database, who: Who, met: int, name: str) -> None:
    plan_id = start(db, who, met)
    assert plans.get(db, member=who(name), plan_id=plan_id).content.title == "Zwembad samen"
    assert [one.id for one in plans.listed(db, member=who(name), page=1)[0]] == [plan_id]


def test_nobody_else_learns_that_it_exists(db: Database, who: Who, met: int) -> None:
    taking = {organisation(db, name): {"in": "1"} for name in ("Aalter", "Genk")}
    plan_id = start(db, who, met, partners=taking)
    for member in (None, who("kortrijk")):
        for ask in (
            lambda member=member: plans.get(db, member=member, plan_id=plan_id),
            lambda member=member: plans.versions(db, member=member, plan_id=plan_id, page=1),
            lambda member=member: plans.compare(db, member=member, plan_id=plan_id, number=1),
            lambda member=member: plans.edit(db, member=member, plan_id=plan_id, number=1, form=form(db)),
        ):
            with pytest.raises(NotFound):
                ask()
    with pytest.raises(NotFound):
        plans.answer(db, member=who("kortrijk"), plan_id=plan_id, number=1, accepted=True)
    assert plans.of_item(db, member=who("kortrijk"), about=About.IDEA, item_id=met) == (True, None)
    assert plans.listed(db, member=who("kortrijk"), page=1) == ([], False)


def test_who_was_not_introduced_cannot_start_one(db: Database, who: Who) -> None:
    idea_id = ideas.post(db, encoder=None, member=who("genk"), form=IdeaForm(title="Bib", description="Lenen."))
    contacts.endorse(db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    for name in ("genk", "aalter", "kortrijk", "coordinator"):
        with pytest.raises(NotFound):
            plans.start(db, member=who(name), about=About.IDEA, item_id=idea_id, form=form(db))


def test_an_idea_has_one_plan_and_who_is_second_sees_the_first(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    with pytest.raises(Conflict) as refused:
        plans.start(db, member=who("aalter"), about=About.IDEA, item_id=met, form=form(db, title="Anders"))
    assert refused.value.current == plans.get(db, member=who("aalter"), plan_id=plan_id)
    with pytest.raises(NotAllowed):
        plans.startable(db, member=who("aalter"), about=About.IDEA, item_id=met)
    assert value(db, "select count(*) from plan_versions") == 1


def test_a_change_makes_a_version_and_asks_everybody_again(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    for name in ("genk", "aalter", "kortrijk"):
        plans.answer(db, member=who(name), plan_id=plan_id, number=1, accepted=True)
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    assert plans.agreed(plan, plans.answers(db, plan=plan))
    assert plans.edit(db, member=who("aalter"), plan_id=plan_id, number=1, form=form(db, key="equal")) == 2
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    assert not plans.answers(db, plan=plan)
    assert not plans.agreed(plan, {})
    _, _, _, changes = plans.compare(db, member=who("genk"), plan_id=plan_id, number=2)
    assert [(one.field, one.before, one.after) for one in changes] == [("key", "inhabitants", "equal")]


def test_saving_what_stands_makes_no_version(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    for _ in range(2):
        assert plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=form_of(plan.content)) == 1
    assert value(db, "select count(*) from plan_versions") == 1


def test_who_edits_an_older_version_hears_what_stands_and_nothing_is_overwritten(
    db: Database, who: Who, met: int
) -> None:
    plan_id = start(db, who, met)
    plans.edit(db, member=who("aalter"), plan_id=plan_id, number=1, form=form(db, title="Van Aalter"))
    with pytest.raises(Conflict) as refused:
        plans.edit(db, member=who("kortrijk"), plan_id=plan_id, number=1, form=form(db, title="Van Kortrijk"))
    assert refused.value.current.content.title == "Van Aalter"  # type: ignore[attr-defined]
    for name, accepted in (("kortrijk", True), ("kortrijk", False)):
        with pytest.raises(Conflict):
            plans.answer(db, member=who(name), plan_id=plan_id, number=1, accepted=accepted, reason="Nee")
    with pytest.raises(Conflict):
        plans.leave(db, member=who("kortrijk"), plan_id=plan_id, number=1, reason="")
    assert value(db, "select count(*) from plan_versions") == 2
    assert value(db, "select count(*) from plan_answers") == 0


def test_a_version_that_was_written_never_changes(db: Database, who: Who, met: int) -> None:
    start(db, who, met)
    with pytest.raises(sqlite3.IntegrityError, match="does not change"), transaction(db):
        change(db, "update plan_versions set content = '{}'")


def test_an_answer_can_be_changed_and_twice_changes_nothing(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    for _ in range(2):
        plans.answer(db, member=who("aalter"), plan_id=plan_id, number=1, accepted=False, reason="Te duur.")
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    [said] = plans.answers(db, plan=plan).values()
    assert (said.accepted, said.reason, said.who) == (False, "Te duur.", "Aalter")
    plans.answer(db, member=who("aalter"), plan_id=plan_id, number=1, accepted=True, reason="Telt niet")
    [said] = plans.answers(db, plan=plan).values()
    assert (said.accepted, said.reason) == (True, "")
    with pytest.raises(Invalid) as refused:
        plans.answer(db, member=who("aalter"), plan_id=plan_id, number=1, accepted=False, reason=" ")
    assert refused.value.field == "reason"
    with pytest.raises(NotAllowed):
        plans.answer(db, member=who("coordinator"), plan_id=plan_id, number=1, accepted=True)


def test_who_leaves_is_gone_from_the_next_version_and_sees_it_no_more(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    plans.answer(db, member=who("aalter"), plan_id=plan_id, number=1, accepted=True)
    plans.leave(db, member=who("genk"), plan_id=plan_id, number=1, reason="Geen geld.")
    with pytest.raises(NotFound):
        plans.get(db, member=who("genk"), plan_id=plan_id)
    plan = plans.get(db, member=who("aalter"), plan_id=plan_id)
    assert (plan.version.number, plan.version.note, plan.content.lead) == (2, "Geen geld.", None)
    assert [one.name for one in plan.content.partners] == ["Aalter", "Kortrijk"]
    # The licences are two now; Aalter's acceptance was of another plan.
    assert sum(one.pays or 0 for one in costs.figures(plan.content).shares) == 10_200_100
    assert not plans.answers(db, plan=plan)
    # It stays in contact, and can be put back in.
    plans.edit(db, member=who("aalter"), plan_id=plan_id, number=2, form=form(db))
    assert plans.get(db, member=who("genk"), plan_id=plan_id).version.number == 3


def test_leaving_works_also_when_the_others_cannot_bear_it(db: Database, who: Who, met: int) -> None:
    taking: dict[int, dict[str, str]] = {organisation(db, "Genk"): {"in": "1"}}
    taking |= {organisation(db, name): {"in": "1", "at_most": "100"} for name in ("Aalter", "Kortrijk")}
    plan_id = start(db, who, met, partners=taking)
    plans.leave(db, member=who("genk"), plan_id=plan_id, number=1, reason="")
    plan = plans.get(db, member=who("aalter"), plan_id=plan_id)
    found = costs.figures(plan.content)
    assert (found.adds_up, found.missing) == (False, 10_200_100 - 20_000)
    with pytest.raises(Conflict):
        plans.answer(db, member=who("aalter"), plan_id=plan_id, number=2, accepted=True)


def test_editing_is_no_way_out(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    taking = {organisation(db, name): {"in": "1"} for name in ("Aalter", "Kortrijk")}
    without = form(db, partners=taking, lead=str(organisation(db, "Aalter")))
    with pytest.raises(Invalid) as refused:
        plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=without)
    assert refused.value.field == "partners"
    assert plans.edit(db, member=who("coordinator"), plan_id=plan_id, number=1, form=without) == 2


def test_an_outlook_tells_what_everybody_would_pay(db: Database, who: Who, met: int) -> None:
    plan = plans.get(db, member=who("genk"), plan_id=start(db, who, met, key="equal"))
    aalter = next(one for one in plan.content.partners if one.name == "Aalter")
    found = plans.outlook(plan.content, party=Party(aalter.organisation_id, "Aalter", 28_000), leaves=True)
    assert found.rows == (
        ("Aalter", 3_433_384, None),
        ("Genk", 3_433_383, 5_100_050),
        ("Kortrijk", 3_433_383, 5_100_050),
    )
    found = plans.outlook(plan.content, party=Party(99, "Ieper", 35_000), leaves=False)
    assert found.rows[-1] == ("Ieper", None, 2_600_050)
    assert plans.get(db, member=who("genk"), plan_id=plan.id) == plan


WRONG = [
    ({"title": " "}, "title"),
    ({"items": ()}, "item-0-what"),
    ({"items": ({"what": "A", "year": "27", "amount": "1", "each": ""},)}, "item-0-year"),
    ({"items": ({"what": "A", "year": "2027", "amount": "veel", "each": ""},)}, "item-0-amount"),
    ({"items": ({"what": "", "year": "2027", "amount": "1", "each": ""},)}, "item-0-what"),
    ({"key": "dobbelsteen"}, "key"),
    ({"key": "tiers"}, "tier-0-up_to"),
    ({"key": "tiers", "tiers": ({"up_to": "100", "weight": "x"},)}, "tier-0-weight"),
    ({"key": "tiers", "tiers": ({"up_to": "9", "weight": "1"}, {"up_to": "9", "weight": "2"})}, "tier-0-up_to"),
    ({"lead": ""}, "lead"),
    ({"lead": "999"}, "lead"),
    ({"call": "99"}, "call"),
    ({"theme": "weer"}, "theme"),
    ({"starts_on": "morgen"}, "starts_on"),
    ({"starts_on": "2027-02-01", "ends_on": "2027-01-01"}, "ends_on"),
    ({"day_rate": "-5"}, "day_rate"),
    ({"note": "x" * 1001}, "note"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG)
def test_what_is_wrong_is_said_at_its_field(
    db: Database, who: Who, met: int, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        start(db, who, met, **changes)
    assert field in [one.field for one in refused.value.every]
    assert value(db, "select count(*) from plans") == 0


@pytest.mark.parametrize(
    ("key", "terms", "field"),
    [
        ("use", {}, "weight"),
        ("weights", {"weight": "1,2345"}, "weight"),
        ("fixed", {}, "fixed"),
        ("equal", {"fixed": "gratis"}, "fixed"),
        ("equal", {"days": "1,5"}, "days"),
        ("equal", {"at_least": "10", "at_most": "5"}, "at_most"),
    ],
)
def test_what_is_wrong_with_a_partner_is_said_there(
    db: Database, who: Who, met: int, key: str, terms: dict[str, str], field: str
) -> None:
    genk = organisation(db, "Genk")
    taking = {**form(db).partners, genk: {"in": "1", **terms}}
    with pytest.raises(Invalid) as refused:
        start(db, who, met, key=key, partners=taking, day_rate="500")
    assert f"partner-{genk}-{field}" in [one.field for one in refused.value.every]


def test_caps_that_leave_money_over_are_refused_with_the_amount(db: Database, who: Who, met: int) -> None:
    taking = {key: {"in": "1", "at_most": "30.000"} for key in form(db).partners}
    with pytest.raises(Invalid, match=r"€ 13\.001,50 over die niemand mag betalen") as refused:
        start(db, who, met, partners=taking)
    assert refused.value.field == "partners"
    taking = {key: {"in": "1", "fixed": "40000"} for key in form(db).partners}
    with pytest.raises(Invalid, match=r"samen € 16\.998,50 te veel"):
        start(db, who, met, partners=taking, key="fixed")


def test_one_municipality_alone_is_no_plan(db: Database, who: Who, met: int) -> None:
    with pytest.raises(Invalid) as refused:
        start(db, who, met, partners={organisation(db, "Genk"): {"in": "1"}})
    assert refused.value.field == "partners"


def test_only_who_is_in_contact_can_be_put_in(db: Database, who: Who, met: int) -> None:
    body = organisation(db, "Streekverband")
    plan_id = start(db, who, met, partners={**form(db).partners, body: {"in": "1"}})
    assert "Streekverband" not in pays(db, plan_id, who("genk"))


def test_the_form_of_a_content_writes_it_again(db: Database, who: Who, met: int) -> None:
    genk = organisation(db, "Genk")
    terms = {"weight": "1,5", "at_least": "10", "at_most": "90000", "days": "12", "alone": "5.000,25"}
    plan_id = start(
        db,
        who,
        met,
        key="tiers",
        tiers=({"up_to": "30.000", "weight": "1"}, {"up_to": "", "weight": "2,25"}),
        partners={**form(db).partners, genk: {"in": "1", **terms}},
        day_rate="450",
        starts_on="01/02/2027",
        theme="democratie",
        call="1",
    )
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    assert plan.content.tiers == (Tier(30_000, 1_000), Tier(None, 2_250))
    assert plan.content.starts_on == "2027-02-01"
    assert plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=form_of(plan.content)) == 1


def test_days_of_own_people_need_a_price_and_count_as_paid(db: Database, who: Who, met: int) -> None:
    genk = organisation(db, "Genk")
    taking = {**form(db).partners, genk: {"in": "1", "days": "10"}}
    with pytest.raises(Invalid) as refused:
        start(db, who, met, partners=taking, key="equal")
    assert refused.value.field == "day_rate"
    plan_id = start(db, who, met, partners=taking, key="equal", day_rate="300")
    found = pays(db, plan_id, who("genk"))
    # € 106.001,50 of money and days by three, of which Genk brings € 3.000 in days.
    assert found == {"Aalter": 3_533_384, "Genk": 3_233_383, "Kortrijk": 3_533_383}


def content(**changes: Any) -> Content:
    partners = (Partner(1, "A", 10), Partner(2, "B", 20))
    return replace(Content(title="T", items=(Item("X", 2027, 100),), partners=partners, lead_id=1), **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"title": "U"}, [("title", "", "T", "U")]),
        ({"lead_id": 2}, [("lead", "", "A", "B")]),
        (
            {"items": (Item("X", 2027, 200),)},
            [("item", "X", Item("X", 2027, 100), Item("X", 2027, 200))],
        ),
        (
            {"items": (Item("X", 2028, 100),)},
            [("item", "X", Item("X", 2027, 100), None), ("item", "X", None, Item("X", 2028, 100))],
        ),
        (
            {"items": (Item("X", 2027, 100), Item("X", 2027, 100))},
            [("item", "X", None, Item("X", 2027, 100))],
        ),
        ({"partners": (Partner(2, "B", 20),), "lead_id": 1}, [("lead", "", "A", ""), ("partner", "A", True, False)]),
        (
            {"partners": (Partner(2, "B", 21, days=3), Partner(1, "A", 10))},
            [("days", "B", 0, 3), ("inhabitants", "B", 20, 21)],
        ),
        ({"key": Key.USE, "day_cents": 5}, [("key", "", "equal", "use"), ("day_cents", "", 0, 5)]),
    ],
)
def test_versions_differ_in_what_was_changed_and_nothing_else(
    changes: dict[str, Any], expected: list[tuple[object, ...]]
) -> None:
    found = costs.changes(content(), content(**changes))
    assert [(one.field, one.name, one.before, one.after) for one in found] == expected


MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def letters(db: Database) -> list[str]:
    return [
        item["recipient"].split("@")[0]
        for item in rows(db, "select recipient from letters where dedupe_key like 'digest:%'")
    ]


def test_each_partner_but_the_writer_gets_one_letter_about_a_version(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    for _ in range(2):
        hear(db, MONDAY)
    assert letters(db) == ["aalter", "kortrijk"]
    body = value(db, "select body from letters where dedupe_key like 'digest:%'")
    assert f"/plans/{plan_id}" in body
    assert "16.865" not in body, "amounts stay on the page"


def test_a_second_version_on_one_day_is_told_the_next_morning_in_one_letter(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    hear(db, MONDAY)
    for number, title in enumerate(("Twee", "Drie"), 1):
        plans.edit(db, member=who("genk"), plan_id=plan_id, number=number, form=form(db, title=title))
        hear(db, MONDAY + timedelta(hours=number))
    assert letters(db) == ["aalter", "kortrijk"]
    plans.answer(db, member=who("aalter"), plan_id=plan_id, number=3, accepted=True)
    for _ in range(2):
        hear(db, MONDAY + timedelta(days=1))
    assert letters(db) == ["aalter", "kortrijk", "kortrijk"]


def taking(db: Database, *names: str, **terms: dict[str, str]) -> dict[int, dict[str, str]]:
    return {organisation(db, name): {"in": "1", **terms.get(name, {})} for name in names}


def test_no_partner_takes_out_another_and_who_is_taken_out_by_a_coordinator_hears_why(
    db: Database, who: Who, met: int
) -> None:
    plan_id = start(db, who, met)
    without = form(db, partners=taking(db, "Genk", "Kortrijk"), note="Zij stopten.")
    with pytest.raises(Invalid, match="Aalter doet al mee"):
        plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=without)
    assert plans.get(db, member=who("aalter"), plan_id=plan_id).version.number == 1
    plans.edit(db, member=who("coordinator"), plan_id=plan_id, number=1, form=without)
    (letter,) = rows(db, "select recipient, body from letters where dedupe_key like 'plan-left%'")
    assert letter["recipient"] == "aalter@test.example"
    assert "Zij stopten." in letter["body"]


def test_a_plan_waits_out_of_sight_while_its_idea_is_hidden(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    with transaction(db):
        change(db, "update ideas set state = 'hidden' where id = ?", [met])
    with pytest.raises(NotFound):
        plans.edit(db, member=who("aalter"), plan_id=plan_id, number=1, form=form(db, title="Anders"))
    assert plans.listed(db, member=who("aalter"), page=1)[0] == []
    hear(db)
    assert rows(db, "select * from letters where dedupe_key like 'plan%'") == []
    assert plans.get(db, member=who("coordinator"), plan_id=plan_id).content.title == "Zwembad samen"
    with transaction(db):
        change(db, "update ideas set state = 'open' where id = ?", [met])
    assert plans.get(db, member=who("aalter"), plan_id=plan_id).version.number == 1


def test_who_comes_second_and_takes_no_part_is_told_whom_to_ask(db: Database, who: Who, met: int) -> None:
    start(db, who, met, partners=taking(db, "Aalter", "Genk"))
    with pytest.raises(NotAllowed, match="Er is al een kostenplan"):
        plans.start(db, member=who("kortrijk"), about=About.IDEA, item_id=met, form=form(db))


def test_thousands_are_read_in_a_weight_as_in_an_amount(db: Database, who: Who, met: int) -> None:
    terms = {"Genk": {"weight": "1.500"}, "Kortrijk": {"weight": "800"}, "Aalter": {"weight": "0,5"}}
    plan_id = start(db, who, met, key="use", partners=taking(db, "Aalter", "Genk", "Kortrijk", **terms))
    plan = plans.get(db, member=who("genk"), plan_id=plan_id)
    assert {one.name: one.weight for one in plan.content.partners} == {
        "Aalter": 500,
        "Genk": 1_500_000,
        "Kortrijk": 800_000,
    }
    tiers = ({"up_to": "70.000", "weight": ""}, {"up_to": "", "weight": "1"})
    with pytest.raises(Invalid) as refused:
        plans.edit(db, member=who("genk"), plan_id=plan_id, number=1, form=form(db, key="tiers", tiers=tiers))
    assert [one.field for one in refused.value.every] == ["tier-0-weight"]


def test_after_a_merger_a_plan_goes_on_under_the_new_name(db: Database, who: Who, met: int) -> None:
    plan_id = start(db, who, met)
    unknown = dict.fromkeys(("province", "nis", "kbo", "ovo", "lat", "lon", "valid_from", "valid_until"))
    new = {**unknown, "uri": "urn:new", "kind": "municipality", "name": "Nieuw", "inhabitants": 100_000}
    with transaction(db):
        new_id = data.people.add_organisation(db, values=new)
        data.people.add_merger(
            db,
            original_id=organisation(db, "Aalter"),
            resulting_id=new_id,
            happened_on="2026-01-01",
            identity="new_uri",
        )
    plan = plans.get(db, member=who("aalter"), plan_id=plan_id)
    assert [one.name for one in plan.content.partners] == ["Nieuw", "Genk", "Kortrijk"]
    changed = replace(form_of(plan.content), title="Onder een nieuwe naam")
    plans.edit(db, member=who("aalter"), plan_id=plan_id, number=1, form=changed)
    assert sorted(pays(db, plan_id, who("genk"))) == ["Genk", "Kortrijk", "Nieuw"]
    assert threads.read(db, member=who("aalter"), about=About.IDEA, item_id=met, page=1).circle.has(new_id)
