"""Invitations, questions for access and passwords as people meet them: pages, letters and links."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

from data.store import rows, value

Page = Callable[..., Any]
PASSWORD = "een lang wachtwoord"
GOOD = "paarden eten geen kiezels"


def link(db: Database) -> str:
    """The path in the last letter that opens something."""
    body = rows(db, "select body from letters order by id desc limit 1")[0]["body"]
    found = re.search(r"medestanders:(/[a-z-]+/[\w-]{40,})", body)
    assert found is not None, body
    return found[1]


def test_a_member_invites_a_colleague_who_opens_an_account(page: Page, app_db: Database) -> None:
    shown = page("genk").submit("/invitations/new", email="geert@test.example", name="Geert", locale="en")
    assert "geert@test.example" in shown.find("main").text
    address = link(app_db)
    colleague = page()
    shown = colleague.get(address)
    assert "Genk" in shown.text
    assert shown.select_one("#name")["value"] == "Geert"
    colleague.submit(address, name="Geert", function="Balie", locale="nl", standing_consent="no", password=GOOD)
    assert colleague.get("/account").select_one("#function")["value"] == "Balie"
    shown = page().get(address, status=404)
    assert shown.h1.text == "Deze link werkt niet meer"
    assert shown.select_one("main a[href='/ask-access']")


def test_what_was_typed_in_an_invitation_comes_back(page: Page, app_db: Database) -> None:
    shown = page("coordinator").submit(
        "/invitations/new", status=422, email="geen adres", name="Nele", locale="en", role="member", organisation=""
    )
    assert [item["href"] for item in shown.select("#errors a")] == ["#organisation", "#email"]
    assert shown.select_one("#name")["value"] == "Nele"
    assert shown.select_one("#email")["value"] == "geen adres"
    assert shown.select_one("#locale option[selected]")["value"] == "en"
    assert app_db["invitations"].count == 0


def test_what_was_typed_in_a_new_account_comes_back_but_the_password(page: Page, app_db: Database) -> None:
    page("genk").submit("/invitations/new", email="geert@test.example", name="", locale="nl")
    shown = page().submit(
        link(app_db),
        status=422,
        name="",
        function="Balie",
        locale="nl",
        standing_consent="yes",
        password="geertgeert12",
    )
    assert [item["href"] for item in shown.select("#errors a")] == ["#name", "#password"]
    assert shown.select_one("#function")["value"] == "Balie"
    assert shown.select_one("[name=standing_consent][checked]")["value"] == "yes"
    assert not shown.select_one("#password")["value"]


def test_an_invitation_is_sent_again_and_withdrawn(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    visitor.submit("/invitations/new", email="geert@test.example", name="Geert", locale="nl")
    first = link(app_db)
    visitor.submit("/invitations/1/resend", at="/invitations")
    second = link(app_db)
    assert page().client.get(first).status_code == 404
    page().get(second)
    shown = visitor.submit("/invitations/1/withdraw", at="/invitations")
    assert "Er staan geen uitnodigingen open." in shown.text
    assert page().client.get(second).status_code == 404


def test_a_letter_that_did_not_arrive_shows_at_the_invitation(page: Page, app_db: Database) -> None:
    page("genk").submit("/invitations/new", email="geert@test.example", name="Geert", locale="nl")
    assert "E-mail niet aangekomen" not in page("genk").get("/invitations").text
    app_db.execute("update letters set state = 'failed'")
    assert "E-mail niet aangekomen" in page("genk").get("/invitations").text


def test_somebody_asks_for_access_follows_it_and_gets_in(page: Page, app_db: Database) -> None:
    aalter = value(app_db, "select id from organisations where name = 'Aalter'")
    visitor = page()
    fields = {"organisation": aalter, "name": "Vera", "function": "Balie", "email": "vera@test.example"}
    shown = visitor.submit("/ask-access", **fields, message="Dag")
    assert shown.h1.text == "Kijk je e-mail na"
    body = value(app_db, "select body from letters where recipient = 'vera@test.example'")
    follow = re.search(r"medestanders:(/ask-access/[\w-]+)", body)
    assert follow is not None
    assert "Wacht op antwoord" in visitor.get(follow[1]).text
    assert "Vera" in page("aalter").get("/access-requests").text
    assert "Vera" not in page("genk").get("/access-requests").text
    page("aalter").submit("/access-requests/1/approve", at="/access-requests/1")
    assert "Toegelaten" in visitor.get(follow[1]).text
    address = link(app_db)
    visitor.submit(address, name="Vera", function="Balie", locale="nl", standing_consent="no", password=GOOD)
    assert "Je account is open" in page().get(follow[1]).text


def test_no_is_said_with_a_reason_that_the_asker_reads(page: Page, app_db: Database) -> None:
    aalter = value(app_db, "select id from organisations where name = 'Aalter'")
    fields = {"organisation": aalter, "name": "Vera", "function": "Balie", "email": "vera@test.example"}
    page().submit("/ask-access", **fields, message="")
    body = value(app_db, "select body from letters where recipient = 'vera@test.example'")
    desk = page("coordinator")
    shown = desk.submit("/access-requests/1/decline", at="/access-requests/1", status=422, reason="")
    assert shown.select_one("#reason-error")
    desk.submit("/access-requests/1/decline", at="/access-requests/1", reason="Vraag het aan je collega Lieve.")
    follow = re.search(r"medestanders:(/ask-access/[\w-]+)", body)
    assert follow is not None
    assert "Vraag het aan je collega Lieve." in page().get(follow[1]).text
    shown = page("aalter").submit("/access-requests/1/approve", at="/access-requests/1", status=409)
    assert "Coordinator besliste" in shown.text


def test_who_asks_sees_the_same_page_with_and_without_an_account(page: Page, app_db: Database) -> None:
    aalter = value(app_db, "select id from organisations where name = 'Aalter'")
    fields = {"organisation": aalter, "name": "Vera", "function": "Balie", "message": ""}
    pages = [str(page().submit("/ask-access", **fields, email=f"{who}@test.example").main) for who in ("genk", "vera")]
    assert pages[0] == pages[1]


def test_what_was_typed_in_a_question_comes_back(page: Page) -> None:
    shown = page().submit(
        "/ask-access", status=422, organisation="", name="Vera", function="", email="x", message="Dag"
    )
    assert [item["href"] for item in shown.select("#errors a")] == ["#organisation", "#function", "#email"]
    assert (shown.select_one("#name")["value"], shown.select_one("#message").text.strip()) == ("Vera", "Dag")


def test_a_forgotten_password_is_chosen_anew_by_letter(page: Page, app_db: Database) -> None:
    elsewhere = page()
    elsewhere.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    shown = page().submit("/reset-password", email="genk@test.example")
    assert shown.h1.text == "Kijk je e-mail na"
    address = link(app_db)
    page().submit(address, status=422, password="te kort")
    shown = page().submit(address, password=GOOD)
    assert shown.h1.text == "Aanmelden"
    assert elsewhere.client.get("/account").status_code == 302
    assert page().get(address, status=404).select_one("main a[href='/reset-password']")
    assert page().submit("/sign-in", email="genk@test.example", password=GOOD).h1.text.startswith("Dag")


def test_the_answer_to_a_forgotten_password_is_the_same_for_everybody(page: Page, app_db: Database) -> None:
    pages = [str(page().submit("/reset-password", email=f"{who}@test.example").main) for who in ("genk", "niemand")]
    assert pages[0] == pages[1]
    assert app_db["letters"].count == 1


def test_the_password_is_changed_and_only_this_session_goes_on(page: Page) -> None:
    here, elsewhere = page(), page()
    for visitor in (here, elsewhere):
        visitor.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    shown = here.submit("/account/password", status=422, current="mis", password="kort")
    assert [item["href"] for item in shown.select("#errors a")] == ["#current", "#password"]
    here.submit("/account/password", current=PASSWORD, password=GOOD)
    assert here.get("/account").h1.text == "Mijn account"
    assert elsewhere.client.get("/account").status_code == 302


def test_a_password_is_never_shown_again(page: Page) -> None:
    visitor = page("genk")
    token = visitor.get("/account/password").select_one("input[name=csrf_token]")["value"]
    visitor.client.delete_cookie("session")
    answer = visitor.client.post(
        "/account/password", data={"csrf_token": token, "current": "mijn geheim nu", "password": "mijn geheim straks"}
    )
    assert "mijn geheim" not in answer.get_data(as_text=True)


def test_name_and_function_are_changed_on_the_account_page(page: Page) -> None:
    visitor = page("genk")
    fields = {"locale": "nl", "standing_consent": "no"}
    shown = visitor.submit("/account", **fields, name="Gerda Genk", function="Diensthoofd")
    assert shown.select_one("#name")["value"] == "Gerda Genk"
    shown = visitor.submit("/account", status=422, **fields, name=" ", function="x" * 101)
    assert [item["href"] for item in shown.select("#errors a")] == ["#name", "#function"]
    assert shown.select_one("#function")["value"] == "x" * 101


@pytest.mark.parametrize("address", ["/welcome/x", "/reset-password/x", "/ask-access/x"])
def test_a_link_that_is_none_says_how_to_go_on(page: Page, address: str) -> None:
    shown = page().get(address, status=404)
    assert shown.select_one("main a.button")
