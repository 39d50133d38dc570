"""Lists of organisations and members, closing an account, and for whom a body speaks."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

from data.store import transaction, value
from models.people import Role
from tests.conftest import PASSWORD, add_member
from tests.web.test_access import TABLE, furnished  # noqa: F401 - a fixture

Page = Callable[..., Any]


def organisation_id(db: Database, name: str) -> int:
    return int(value(db, "select id from organisations where name = ?", [name]))


def colleague(db: Database, of: str, name: str) -> None:
    add_member(db, email=f"{name}@test.example", organisation_id=organisation_id(db, of), role=Role.MEMBER)


def named(shown: Any) -> list[str]:
    return [cell.text for cell in shown.select("main tbody td:first-child a")]


def test_coordinators_find_organisations_and_members(page: Page) -> None:
    desk = page("coordinator")
    assert named(desk.get("/organisations?q=kort")) == ["Kortrijk"]
    assert named(desk.get("/organisations?members=no")) == ["Streekverband"]
    assert named(desk.get("/organisations?kind=nonsense&members=perhaps")) == [
        "Aalter",
        "Genk",
        "Kortrijk",
        "Streekverband",
    ]
    assert "Geen enkel bestuur past" in desk.get("/organisations?q=xyz").text
    assert named(desk.get("/members?role=coordinator")) == ["Coordinator"]
    assert named(desk.get("/members?q=genk%40")) == ["Genk"]
    assert "Niemand past" in desk.get("/members?active=no").text


def test_a_long_list_has_pages(page: Page, app_db: Database) -> None:
    for number in range(60):
        colleague(app_db, "Genk", f"lid{number:02}")
    desk = page("coordinator")
    first, second = (named(desk.get(f"/members?page={number}")) for number in (1, 2))
    assert (len(first), len(second)) == (50, 14)
    assert not set(first) & set(second)


def exported(page: Page, address: str) -> list[list[str]]:
    answer = page("coordinator").client.get(address)
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


def test_the_lists_go_along_as_a_file(page: Page, app_db: Database) -> None:
    with transaction(app_db):
        app_db.execute("update organisations set nis = '01234', kbo = '0207437468' where name = 'Genk'")
        app_db.execute("update members set function = '=1+1' where name = 'Genk'")
    heads, *lines = exported(page, "/organisations/export.csv?q=genk")
    assert dict(zip(heads, lines[0], strict=True)) | {"uri": ""} == {
        **dict.fromkeys(("uri", "province", "ovo"), ""),
        **{"name": "Genk", "kind": "municipality", "nis": "01234", "kbo": "0207437468"},
        **{"inhabitants": "66000", "members": "1"},
    }
    heads, *lines = exported(page, "/members/export.csv?q=genk")
    assert dict(zip(heads, lines[0], strict=True))["function"] == "'=1+1"
    assert len(exported(page, "/members/export.csv")) == 5


@pytest.mark.usefixtures("furnished")
def test_nobody_but_colleagues_and_coordinators_sees_an_e_mail_address(page: Page) -> None:
    hidden = ["genk@test.example", "kortrijk@test.example", "nieuw@test.example", "vraagt@test.example"]
    for who in (None, "aalter"):
        for method, address in TABLE:
            # Who has the link from an invitation reads the address it was sent to; the mailbox is the demo's.
            if method == "GET" and not address.startswith(("/mailbox", "/welcome/", "/static")):
                with page(who).client.get(address) as answer:
                    text = answer.get_data(as_text=True)
                assert not [email for email in hidden if email in text], f"{who} {address}"


def test_colleagues_see_each_other(page: Page, app_db: Database) -> None:
    colleague(app_db, "Genk", "geert")
    shown = page("geert").get(f"/organisations/{organisation_id(app_db, 'Genk')}")
    assert "genk@test.example" in shown.text
    assert "Nodig een collega uit" in shown.text


def test_who_leaves_hands_over_and_is_out(page: Page, app_db: Database) -> None:
    colleague(app_db, "Genk", "geert")
    visitor = page("genk")
    own = value(app_db, "select id from members where name = 'Genk'")
    shown = visitor.submit(f"/members/{own}/disable", at=f"/members/{own}", status=422)
    assert shown.select_one("#successor-error")
    successor = value(app_db, "select id from members where name = 'Geert'")
    shown = visitor.submit(f"/members/{own}/disable", at=f"/members/{own}", successor=successor)
    assert "Je account is gesloten" in shown.text
    assert visitor.client.get("/account").status_code == 302
    page().submit("/sign-in", status=422, email="genk@test.example", password=PASSWORD)
    shown = page("coordinator").submit(f"/members/{own}/enable", at=f"/members/{own}")
    assert "Het account is weer open" in shown.text


def test_the_last_one_is_warned(page: Page, app_db: Database) -> None:
    own = value(app_db, "select id from members where name = 'Genk'")
    shown = page("genk").get(f"/members/{own}")
    assert "het laatste account van Genk" in shown.text
    assert not shown.select_one("#successor")


@pytest.mark.usefixtures("furnished")
def test_a_colleague_takes_over_and_the_other_side_sees_whom_to_ask(page: Page, app_db: Database) -> None:
    colleague(app_db, "Genk", "geert")
    page("genk").submit("/introductions/1/agree", at="/introductions/1")
    own = value(app_db, "select id from members where name = 'Genk'")
    successor = value(app_db, "select id from members where name = 'Geert'")
    page("genk").submit(f"/members/{own}/disable", at=f"/members/{own}", successor=successor)
    shown = page("kortrijk").get("/introductions/1")
    assert "heeft geen account meer" in shown.text
    assert "@test.example" not in shown.text
    shown = page("geert").submit("/introductions/take-over", at="/introductions")
    assert "Je bent nu de contactpersoon in 1 contact." in shown.text
    assert "geert@test.example" in page("kortrijk").get("/introductions/1").text


def test_a_body_says_for_whom_it_speaks(page: Page, app_db: Database) -> None:
    colleague(app_db, "Streekverband", "streek")
    body = organisation_id(app_db, "Streekverband")
    edit = f"/organisations/{body}/municipalities"
    visitor = page("streek")
    shown = visitor.get(edit)
    assert [box.parent.text.strip() for box in shown.select("[name=municipalities][checked]")] == ["Aalter", "Kortrijk"]
    genk, aalter = (organisation_id(app_db, name) for name in ("Genk", "Aalter"))
    shown = visitor.submit(edit, municipalities=[aalter, genk], revision="0")
    assert [tag.text for tag in shown.select("main .tags li")] == ["Aalter", "Genk"]
    assert "Eraf: Kortrijk (Streek" in shown.text
    shown = page("coordinator").submit(edit, status=409, municipalities=[aalter], revision="0")
    assert "Iemand was je voor" in shown.text
    assert "Erbij: Genk" in shown.text
    assert [box.parent.text.split()[0] for box in shown.select("[name=municipalities][checked]")] == ["Aalter"]
    shown = visitor.submit(edit, status=422, municipalities=["999"], revision="2")
    assert shown.select_one("#errors a")["href"] == "#municipalities"
