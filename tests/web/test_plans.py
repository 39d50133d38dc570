"""The pages of cost plans: the form, the answers, conflicts, what-if, and the dossier with its files."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlite_utils import Database

from cluster import contacts, ideas, plans
from data.store import insert, now, transaction, value
from models.circles import About
from models.ideas import IdeaForm
from models.people import Member
from models.plans import PlanForm

Page = Callable[..., Any]
Who = Callable[[str], Member]


@pytest.fixture
def met(app_db: Database, who: Who) -> int:
    """An idea of Genk about which it is in contact with Aalter."""
    form = IdeaForm(title="Zwembad", description="Boeken.", theme="democratie")
    idea_id = ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    contacts.endorse(app_db, member=who("aalter"), idea_id=idea_id, role="buy", message="")
    [found] = contacts.inbox(app_db, member=who("genk")).received
    contacts.agree(app_db, member=who("genk"), introduction_id=found.id)
    return idea_id


@pytest.fixture
def ids(app_db: Database) -> dict[str, int]:
    found = app_db.execute("select name, id from organisations").fetchall()
    return {name: int(number) for name, number in found}


def fields(ids: dict[str, int], **more: str) -> dict[str, str]:
    return {
        "title": "Zwembad samen",
        "call": "1",
        "key": "inhabitants",
        "lead": str(ids["Genk"]),
        "item-0-what": "=Bouwen",
        "item-0-year": "2027",
        "item-0-amount": "100.000",
        f"partner-{ids['Genk']}-in": "1",
        f"partner-{ids['Aalter']}-in": "1",
        **more,
    }


@pytest.fixture
def plan_id(app_db: Database, who: Who, met: int, ids: dict[str, int]) -> int:
    form = PlanForm(
        title="Zwembad samen",
        key="inhabitants",
        call="1",
        lead=str(ids["Genk"]),
        items=({"what": "=Bouwen", "year": "2027", "amount": "100.000", "each": ""},),
        partners={ids["Genk"]: {"in": "1"}, ids["Aalter"]: {"in": "1"}},
    )
    return plans.start(app_db, member=who("genk"), about=About.IDEA, item_id=met, form=form)


def test_a_plan_is_made_from_the_page_of_the_idea_and_shows_who_pays_what(
    page: Page, met: int, ids: dict[str, int]
) -> None:
    visitor = page("genk")
    link = visitor.get(f"/ideas/{met}").find("a", string="Maak een kostenplan")
    form = visitor.get(link["href"])
    assert form.select_one("#title")["value"] == "Zwembad"
    assert len(form.select("input[name$='-in'][checked]")) == 2
    shown = visitor.submit("/plans/new", at=link["href"], idea=str(met), **fields(ids))
    # € 20.000 is left after 80 %: 66 and 28 of 94 thousand inhabitants.
    assert "€ 14.042,55" in shown.text.replace("\xa0", " ")
    assert "€ 5.957,45" in shown.text.replace("\xa0", " ")
    assert len(shown.select(".bars rect.money")) == 2
    assert visitor.get(f"/ideas/{met}").find("a", string="Kostenplan") is not None
    assert page("kortrijk").get(f"/ideas/{met}").find("a", string="Kostenplan") is None


def test_a_plan_begins_at_the_contact_or_in_the_list_of_plans(
    page: Page, met: int, app_db: Database, ids: dict[str, int]
) -> None:
    begins = f"/plans/new?idea={met}"
    for name in ("genk", "aalter"):
        assert page(name).get("/introductions/1").find("a", string="Maak een kostenplan")["href"] == begins
        assert page(name).get("/plans").find("a", string="Zwembad")["href"] == begins
    assert page("kortrijk").get("/plans").find("a", string="Zwembad") is None
    page("genk").submit("/plans/new", at=begins, idea=str(met), **fields(ids))
    assert page("genk").get("/plans").select_one("#start") is None
    assert page("aalter").get("/introductions/1").find("a", string="Kostenplan")["href"] == "/plans/1"
    home = page("aalter").get("/")
    asked = home.find("a", string="Aanvaarden jullie het kostenplan “Zwembad samen”?")
    assert asked["href"] == "/plans/1"
    assert asked.find_parent("ul").find_previous_sibling("h3").text == "Ideeën en kostenplannen", "apart from contacts"
    with transaction(app_db):
        cluster_id = insert(
            app_db,
            "insert into clusters (state, name, created_at, updated_at) values ('accepted', 'Zwemmen', ?, ?)",
            [now(), now()],
        )
        app_db.execute("insert into cluster_members values (?, 'idea', ?, 0, null)", [cluster_id, met])
    begun = page("aalter").get(page("aalter").get("/plans").find("a", string="Zwemmen")["href"])
    assert begun.select_one("h1")
    assert page("kortrijk").get("/plans").find("a", string="Zwemmen") is None


def test_more_rows_and_a_preview_keep_what_was_typed_and_save_nothing(
    page: Page, app_db: Database, met: int, ids: dict[str, int]
) -> None:
    visitor, at = page("genk"), f"/plans/new?idea={met}"
    typed = fields(ids, **{f"partner-{ids['Aalter']}-at_most": "1.000"})
    for number in range(1, 4):
        typed |= {f"item-{number}-what": "", f"item-{number}-year": "", f"item-{number}-amount": ""}
    begun = visitor.get(at)
    # Before it is pressed, the button says that others will see the plan, and the page says who.
    share = begun.find("button", string="Bewaar en deel met wie meedoet")
    assert "Wie meedoet, ziet dit plan zodra je het bewaart" in begun.find(id=share["aria-describedby"]).text
    button = begun.select_one("button[value=rows]")
    more = visitor.submit("/plans/new", at=at, idea=str(met), do="rows", **typed)
    # Without script too one comes back to the first new row.
    assert more.find(id=button["formaction"].partition("#")[2])["value"] == ""
    assert len(more.select("input[name$='-amount']")) == 7
    assert more.select_one("#item-0-what")["value"] == "=Bouwen"
    drawn = visitor.submit("/plans/new", at=at, idea=str(met), do="preview", **typed)
    assert "Dit is nog niet bewaard." in drawn.text
    save = drawn.select_one("section:has(#preview) button")
    assert (save.text, save.get("name"), save["form"]) == (
        "Bewaar en deel dit plan",
        None,
        drawn.select_one("#title").find_parent("form")["id"],
    )
    assert "€ 19.000" in drawn.text.replace("\xa0", " ")
    assert drawn.select_one(f"#partner-{ids['Aalter']}-at_most")["value"] == "1.000"
    assert value(app_db, "select count(*) from plans") == 0


def test_what_is_wrong_is_linked_to_its_field(page: Page, met: int, ids: dict[str, int]) -> None:
    typed = fields(ids, key="fixed", **{"item-0-amount": "veel", "lead": ""})
    shown = page("genk").submit("/plans/new", at=f"/plans/new?idea={met}", idea=str(met), status=422, **typed)
    targets = [link["href"][1:] for link in shown.select("#errors a")]
    assert targets == ["item-0-amount", f"partner-{ids['Aalter']}-fixed", f"partner-{ids['Genk']}-fixed", "lead"]
    assert all(shown.find(id=target) for target in targets)
    assert shown.select_one("#item-0-amount")["value"] == "veel"


def test_each_partner_accepts_and_a_change_asks_again(page: Page, plan_id: int, ids: dict[str, int]) -> None:
    at = f"/plans/{plan_id}"
    for name in ("genk", "aalter"):
        shown = page(name).submit(f"{at}/answer", at=at, number="1", do="accept")
        assert "Jullie aanvaardden deze versie op" in shown.text
    assert "iedereen aanvaardde" in shown.text
    shown = page("aalter").submit(f"{at}/edit", number="1", **fields(ids, key="equal"))
    assert "Versie 2 is bewaard." in shown.text
    assert "iedereen aanvaardde" not in shown.text
    assert shown.find("button", string="Aanvaard deze versie") is not None
    changed = page("genk").get(f"{at}/versions/2")
    assert "Verdeelsleutel: was Per inwoner, is nu Allemaal evenveel" in " ".join(changed.text.split())
    assert "Wacht op jullie antwoord" in page("genk").get("/plans").text


def test_who_edits_at_the_same_time_sees_the_difference_and_keeps_what_was_typed(
    page: Page, app_db: Database, plan_id: int, ids: dict[str, int]
) -> None:
    at = f"/plans/{plan_id}/edit"
    page("genk").submit(at, number="1", **fields(ids, key="equal"))
    shown = page("aalter").submit(at, number="1", status=409, **fields(ids, title="Van Aalter"))
    assert "Iemand was je voor" in shown.text
    assert "Genk bewaarde intussen versie 2." in shown.text
    assert "was Per inwoner, is nu Allemaal evenveel" in " ".join(shown.text.split())
    assert shown.select_one("#title")["value"] == "Van Aalter"
    assert shown.select_one("input[name=number]")["value"] == "2"
    assert value(app_db, "select count(*) from plan_versions") == 2


def test_who_starts_second_keeps_what_was_typed(page: Page, met: int, ids: dict[str, int], plan_id: int) -> None:
    shown = page("aalter").submit(
        "/plans/new", at="/calls", idea=str(met), status=409, **fields(ids, title="Mijn plan")
    )
    assert "Genk bewaarde intussen versie 1." in shown.text
    assert shown.select_one("#title")["value"] == "Mijn plan"
    assert shown.select_one("main form")["action"] == f"/plans/{plan_id}/edit"


def test_an_answer_to_a_version_that_is_gone_is_not_kept(page: Page, plan_id: int, ids: dict[str, int]) -> None:
    page("genk").submit(f"/plans/{plan_id}/edit", number="1", **fields(ids, key="equal"))
    shown = page("aalter").submit(
        f"/plans/{plan_id}/answer", at=f"/plans/{plan_id}", number="1", reason="Te duur", status=409
    )
    assert "hieronder staat nu versie 2" in shown.text
    assert "Te duur" in shown.text


def test_an_objection_needs_words_and_is_shown_to_the_others(page: Page, plan_id: int) -> None:
    at = f"/plans/{plan_id}"
    shown = page("aalter").submit(f"{at}/answer", at=at, number="1", status=422)
    assert shown.select_one("#errors a")["href"] == "#reason"
    page("aalter").submit(f"{at}/answer", at=at, number="1", reason="Een derde minder.")
    assert "Een derde minder." in page("genk").get(at).text


def test_leaving_makes_a_version_without_one(page: Page, plan_id: int) -> None:
    at = f"/plans/{plan_id}"
    shown = page("aalter").submit(f"{at}/leave", at=at, number="1", leave_reason="Geen budget")
    assert "Jullie doen niet meer mee" in shown.text
    page("aalter").get(at, status=404)
    assert "Geen budget" in page("genk").get(at).text


def test_the_outlook_changes_nothing(page: Page, app_db: Database, plan_id: int, ids: dict[str, int]) -> None:
    shown = page("genk").get(f"/plans/{plan_id}?without={ids['Aalter']}")
    assert "Zonder Aalter" in shown.text
    assert "+€ 5.957,45" in shown.text.replace("\xa0", " ")
    page("genk").get(f"/plans/{plan_id}?without=99&with=99")
    assert value(app_db, "select count(*) from plan_versions") == 1


def test_the_dossier_fills_in_the_application(page: Page, plan_id: int) -> None:
    shown = page("genk").get(f"/plans/{plan_id}/dossier")
    facts = {
        name.text: said.text.replace("\xa0", " ")
        for name, said in zip(shown.select(".facts dt"), shown.select(".facts dd"), strict=True)
    }
    assert facts["Aanvrager"] == "Genk"
    assert facts["Partners"] == "Aalter"
    assert facts["Totale kost"] == "€ 100.000"
    assert facts["Gevraagde subsidie"] == "€ 80.000"
    assert "12 november 2021" in facts["Oproep"]
    assert "Nog niet elk bestuur aanvaardde" in shown.text


def test_partners_and_costs_go_home_as_files_that_run_nothing(page: Page, plan_id: int) -> None:
    answer = page("genk").client.get(f"/plans/{plan_id}/partners.csv")
    lines = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")), delimiter=";"))
    assert [(one["Bestuur"], one["Betaalt (euro)"], one["Dient in"]) for one in lines] == [
        ("Aalter", "5957,45", ""),
        ("Genk", "14042,55", "ja"),
    ]
    answer = page("genk").client.get(f"/plans/{plan_id}/costs.xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert [cell.value for cell in sheet[2]][:3] == ["=Bouwen", 2027, 100_000]
    assert sheet["A2"].data_type == "s"


def test_the_pages_speak_english(page: Page, plan_id: int) -> None:
    visitor = page("genk")
    with visitor.client.session_transaction() as session:
        session["locale"] = "en"
    assert "Who pays what" in visitor.get(f"/plans/{plan_id}").text
