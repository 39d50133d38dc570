"""The page of a consortium: what is missing in words, a map with its table, and inviting with and without a mistake."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.ideas
import cluster.plans
from data.store import change, transaction, value
from models.circles import About
from models.ideas import IdeaForm
from models.people import Member
from models.plans import PlanForm

Page = Callable[..., Any]
Who = Callable[[str], Member]


@pytest.fixture
def plan(app_db: Database, who: Who) -> int:
    """A plan of Genk and Aalter; every municipality has a place on the map."""
    with transaction(app_db):
        for name, lat, lon in (("Aalter", 51.09, 3.45), ("Genk", 50.97, 5.5), ("Kortrijk", 50.83, 3.26)):
            change(app_db, "update organisations set lat = ?, lon = ? where name = ?", [lat, lon, name])
    form = IdeaForm(title="Zwembad", description="Boeken.")
    idea_id = cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    cluster.contacts.agree(app_db, member=who("genk"), introduction_id=1)
    taking = {int(who(name).organisation_id or 0): {"in": "1"} for name in ("genk", "aalter")}
    items = ({"what": "Bouwen", "year": "2027", "amount": "1000", "each": ""},)
    plan = PlanForm(title="Zwembad samen", lead=str(who("genk").organisation_id), items=items, partners=taking)
    return cluster.plans.start(app_db, member=who("genk"), about=About.IDEA, item_id=idea_id, form=plan)


def test_from_what_is_missing_to_a_partner_that_joins(page: Page, app_db: Database, plan: int, who: Who) -> None:
    shown = page("genk").get(f"/plans/{plan}/consortium")
    text = " ".join(shown.select_one("main").text.split())
    for said in ("geen kleine gemeente", "geen oproep gekozen", "nog niet aanvaard: Aalter, Genk", "Genk trekt"):
        assert said in text, said
    assert [tile.text for tile in shown.select("svg.tiles rect.meant title")] == ["Aalter", "Genk"]
    assert "geen kleine gemeente" in page("genk").get(f"/plans/{plan}").text
    kortrijk = who("kortrijk").organisation_id
    address = f"/plans/{plan}/invitations"
    wrong = page("genk").submit(
        address, at=f"/plans/{plan}/consortium", status=422, organisation=kortrijk, message="x" * 1_001
    )
    assert wrong.select_one(f"#message-{kortrijk}").text.strip() == "x" * 1_001
    assert wrong.title.text.startswith("Fout:")
    done = page("genk").submit(address, at=f"/plans/{plan}/consortium", organisation=kortrijk, message="Ook jullie?")
    assert "Wacht op antwoord" in done.select_one("#invitations").parent.text
    home = page("kortrijk").get("/")
    link = home.select_one("a[href^='/plan-invitations/']")
    invitation = page("kortrijk").get(link["href"])
    assert "Ook jullie?" in invitation.text
    assert "333,33" in invitation.text
    assert "@test.example" not in invitation.text
    joined = page("kortrijk").submit(link["href"], do="accept")
    assert "Jullie doen mee" in joined.text
    assert "Kortrijk" in page("genk").get(f"/plans/{plan}/consortium").select_one("#partners").find_next("table").text


def test_a_task_is_kept_shown_and_leaves_with_the_partners(page: Page, app_db: Database, plan: int, who: Who) -> None:
    form = page("genk").get(f"/plans/{plan}/edit").select_one("main form")
    fields = {
        field["name"]: field.get("value", "") for field in form.select("input[name]") if field.get("type") != "checkbox"
    }
    fields |= {field["name"]: "1" for field in form.select("input[type=checkbox][checked]")}
    fields |= {
        "key": "equal",
        "lead": str(who("genk").organisation_id),
        "summary": "",
        "call": "",
        "theme": "",
        "note": "",
    }
    fields[f"partner-{who('aalter').organisation_id}-task"] = "Test met inwoners"
    page("genk").submit(f"/plans/{plan}/edit", **{name: text for name, text in fields.items() if name != "csrf_token"})
    assert value(app_db, "select number from plans") == 2
    assert "Test met inwoners" in page("aalter").get(f"/plans/{plan}/consortium").text
    assert "Test met inwoners" in page("aalter").get(f"/plans/{plan}/dossier").text
    assert "Test met inwoners" in page("aalter").get(f"/plans/{plan}/versions/2").text
    assert "Test met inwoners" in page("aalter").client.get(f"/plans/{plan}/partners.csv").get_data(as_text=True)


def test_a_no_is_seen_by_who_invited(page: Page, plan: int, who: Who) -> None:
    organisation = who("kortrijk").organisation_id
    page("genk").submit(f"/plans/{plan}/invitations", at=f"/plans/{plan}/consortium", organisation=organisation)
    page("kortrijk").submit("/plan-invitations/1", do="decline")
    assert "Doet niet mee" in page("aalter").get(f"/plans/{plan}/consortium").text
    assert "Doet niet mee" in page("kortrijk").get("/plan-invitations").text
