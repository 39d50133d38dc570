"""Signing in and out, languages, and what forged requests get."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.people
import data.throttles
from data.store import value
from models.errors import Invalid, TooMany
from models.people import Member

Page = Callable[..., Any]
PASSWORD = "een lang wachtwoord"
HERE = "192.0.2.1"


def test_signing_in_goes_on_where_one_was(page: Page) -> None:
    visitor = page()
    shown = visitor.submit(
        "/sign-in", at="/sign-in?next=/ideas/new", email="GENK@test.example", password=PASSWORD, next="/ideas/new"
    )
    assert shown.h1.text == "Plaats je idee"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(page: Page, target: str) -> None:
    shown = page().submit("/sign-in", email="genk@test.example", password=PASSWORD, next=target)
    assert shown.h1.text.startswith("Dag")


def test_an_unknown_account_and_a_wrong_password_get_the_same_answer(page: Page) -> None:
    answers = [
        page().submit("/sign-in", status=422, email=email, password="verkeerd wachtwoord").select_one(".errors").text
        for email in ("genk@test.example", "niemand@test.example")
    ]
    assert answers[0] == answers[1]


def test_an_eleventh_try_waits_even_with_the_right_password(page: Page) -> None:
    visitor = page()
    for _ in range(10):
        visitor.submit("/sign-in", status=422, email="genk@test.example", password="verkeerd wachtwoord")
    shown = visitor.submit("/sign-in", status=429, email="genk@test.example", password=PASSWORD)
    assert "Wacht een kwartier" in shown.text


def attempt(app: Flask, email: str, password: str) -> Member:
    services = app.extensions["medestanders"]
    return cluster.people.sign_in(
        services.db(), services.throttles(), email=email, password=password, address=HERE, moment=1e6, demo=True
    )


def test_who_signs_in_uses_up_no_try_of_others_at_the_same_address(app: Flask) -> None:
    throttles = app.extensions["medestanders"].throttles()
    for _ in range(58):
        data.throttles.count(throttles, key=f"signin:{HERE}", window_s=900, moment=1e6)
    for name in ("genk", "aalter", "kortrijk", "genk"):
        attempt(app, f"{name}@test.example", PASSWORD)
    for number in range(2):
        with pytest.raises(Invalid):
            attempt(app, f"niemand{number}@test.example", "verkeerd wachtwoord")
    with pytest.raises(TooMany):
        attempt(app, "genk@test.example", PASSWORD)


def test_signing_out_ends_every_session(page: Page) -> None:
    here, elsewhere = page(), page()
    for visitor in (here, elsewhere):
        visitor.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    assert here.get("/account").select_one("main form[action='/sign-out'] button")
    here.submit("/sign-out", at="/account")
    assert elsewhere.client.get("/account").status_code == 302


def test_a_disabled_member_is_out_at_the_next_request(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    visitor.get("/account")
    app_db.execute("update members set active = 0 where email like 'genk@%'")
    assert visitor.client.get("/account").status_code == 302


def test_preferences_are_kept_and_the_page_speaks_the_language(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    visitor.submit("/account", locale="en", standing_consent="yes")
    assert value(app_db, "select standing_consent from members where email like 'genk@%'") == 1
    assert visitor.get("/account").html["lang"] == "en"
    visitor.submit("/account", status=422, locale="xx")


def test_a_withdrawn_idea_is_found_again_on_the_account_page_of_colleagues_alone(page: Page, app_db: Database) -> None:
    assert "Jullie plaatsten nog geen idee." in page("genk").get("/account").text
    for title in ("Zwembad reserveren", "Fietsen delen"):
        page("genk").submit("/ideas/new", title=title, description="Voor wie hier woont.")
    page("genk").submit("/ideas/1/withdraw", at="/ideas/1")
    shown = page("genk").get("/account")
    assert [" ".join(item.text.split()) for item in shown.select("main li:has(.tag)")] == [
        "Fietsen delen Open",
        "Zwembad reserveren Ingetrokken",
    ]
    assert shown.find("a", href="/ideas/1")
    assert "Zwembad reserveren" not in page("aalter").get("/account").text
    assert "Ideeën van jullie bestuur" not in page("coordinator").get("/account").text


def test_the_language_switch_keeps_the_place(page: Page) -> None:
    shown = page().submit("/language", at="/ideas", locale="en", next="/ideas?sort=title")
    assert shown.html["lang"] == "en"
    assert shown.select_one("#sort option[selected]")["value"] == "title"


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_form_without_its_token_changes_nothing(app: Flask, page: Page, app_db: Database, token: str | None) -> None:
    visitor = page("genk")
    fields = {"title": "Titel", "description": "Tekst die ik niet kwijt wil"}
    answer = visitor.client.post("/ideas/new", data=fields if token is None else {**fields, "csrf_token": token})
    assert answer.status_code == 400
    assert "Tekst die ik niet kwijt wil" in answer.get_data(as_text=True)
    assert value(app_db, "select count(*) from ideas") == 0


def test_a_stranger_s_token_is_refused(page: Page, app_db: Database) -> None:
    stolen = page().get("/sign-in").select_one("input[name=csrf_token]")["value"]
    visitor = page("genk")
    visitor.get("/ideas/new")
    answer = visitor.client.post("/ideas/new", data={"title": "T", "description": "D", "csrf_token": stolen})
    assert answer.status_code == 400
    assert value(app_db, "select count(*) from ideas") == 0


def test_demo_accounts_are_nobody_in_production(app: Flask, page: Page, app_db: Database) -> None:
    app_db.execute("update members set demo = 1 where email like 'genk@%'")
    visitor = page("genk")
    visitor.get("/account")
    app.extensions["medestanders"].settings.demo = False
    assert visitor.client.get("/account").status_code == 302
    page().submit("/sign-in", status=422, email="genk@test.example", password=PASSWORD)


def test_static_files_carry_no_session_and_a_missing_one_is_not_kept(page: Page) -> None:
    visitor = page("genk")
    assert "Set-Cookie" not in visitor.client.get("/static/style.css").headers
    assert visitor.client.get("/static/nope.css").headers["Cache-Control"] == "no-store"


def test_a_member_gives_a_shared_mailbox_and_its_reader_agrees(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    wrong = visitor.submit("/account/mailbox", at="/account/mailbox", status=422, email="digitaal")
    assert wrong.title.text.startswith("Fout:")
    assert wrong.select_one("#email")["value"] == "digitaal"
    waits = visitor.submit("/account/mailbox", at="/account/mailbox", email="digitaal@genk.example")
    assert "We wachten op bevestiging van digitaal@genk.example" in waits.main.text
    body = next(iter(app_db.query("select body from letters")))["body"]
    address = re.search(r"/shared-mailbox/[\w-]+", body)
    assert address is not None
    reader = page()
    assert "digitaal@genk.example" in reader.get(address[0]).main.text
    assert "Bevestigd" in reader.submit(address[0], at=address[0]).main.text
    assert "Deze link werkt niet meer" in reader.get(address[0], status=404).main.text
    assert "digitaal@genk.example" in visitor.get("/account/mailbox").main.text
    own = visitor.submit("/account/mailbox/remove", at="/account/mailbox")
    assert "genk@test.example" in own.select_one("p.lead").text


def test_a_member_changes_the_own_address_and_signs_in_with_it(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    wrong = visitor.submit("/account/email", status=422, email="nieuw@genk.example", current="mis")
    assert wrong.title.text.startswith("Fout:")
    assert wrong.select_one("#email")["value"] == "nieuw@genk.example"
    waits = visitor.submit("/account/email", email="nieuw@genk.example", current=PASSWORD)
    assert "We wachten op bevestiging van nieuw@genk.example" in waits.main.text
    visitor.submit("/account/email/forget", at="/account/email")
    visitor.submit("/account/email", email="nieuw@genk.example", current=PASSWORD)
    body = next(iter(app_db.query("select body from letters where body like '%/new-address/%' order by id desc")))
    address = re.search(r"/new-address/[\w-]+", body["body"])
    assert address is not None
    reader = page()
    assert "nieuw@genk.example" in reader.get(address[0]).main.text
    assert "genk@test.example" in visitor.get("/account").main.text
    assert "gewijzigd" in reader.submit(address[0]).main.text
    assert "Deze link werkt niet meer" in reader.get(address[0], status=404).main.text
    assert visitor.client.get("/account").status_code == 302
    reader.submit("/sign-in", email="nieuw@genk.example", password=PASSWORD)
    assert "nieuw@genk.example" in reader.get("/account").main.text
