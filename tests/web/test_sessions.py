"""Beveiliging: where one is signed in, the second step at the door, and what a coordinator may not do without it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.tokens
import data.second_steps
from cluster.web import create_app
from cluster.web.requests import agent_of
from cluster.web.settings import Settings
from data.store import transaction, value
from tests.conftest import dumped

Page = Callable[..., Any]
PASSWORD = "een lang wachtwoord"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(page: Page, name: str = "genk", **fields: str) -> Any:
    visitor = page()
    visitor.submit("/sign-in", email=f"{name}@test.example", password=PASSWORD, **fields)
    return visitor


def set_up(visitor: Any) -> tuple[str, list[str]]:
    """Set up the second step by the pages, and return the secret and the recovery codes."""
    shown = visitor.submit("/account/second-step", current=PASSWORD)
    secret = re.sub(r"\s", "", shown.select_one("main code").text)
    codes = visitor.submit(
        "/account/second-step/settle", at="/account/second-step", status=200, code=pyotp.TOTP(secret).now()
    )
    return secret, [code.text for code in codes.select(".panel code")]


def forget_last_code(db: Database) -> None:
    """As if half a minute went by since the last code was used."""
    with transaction(db):
        db.execute("update second_steps set last_step = 0")


def test_the_cookie_holds_a_secret_that_changes_with_every_sign_in(page: Page, app: Flask, app_db: Database) -> None:
    visitor = page()
    secrets = []
    for _ in range(2):
        visitor.submit("/sign-in", email="genk@test.example", password=PASSWORD)
        with visitor.client.session_transaction() as session:
            secrets.append(session["_user_id"])
            assert "genk" not in str(dict(session)).lower()
        with visitor.client.session_transaction() as session:
            del session["_user_id"]
    assert len(set(secrets)) == 2
    assert not any(secret in dumped(app_db) for secret in secrets)


def test_a_secret_that_somebody_planted_is_not_taken_over_at_sign_in(page: Page) -> None:
    visitor = page()
    with visitor.client.session_transaction() as session:
        session["_user_id"] = "planted"
    visitor.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    with visitor.client.session_transaction() as session:
        assert session["_user_id"] != "planted"


@pytest.mark.parametrize("demo", [True, False])
def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_in_production_plain_http(
    tmp_path: Path, kept: Path, demo: bool
) -> None:
    (tmp_path / "medestanders.sqlite").write_bytes((kept / "medestanders.sqlite").read_bytes())
    app = create_app(Settings(data=tmp_path, secret_key="s" * 40, demo=demo))
    client = app.test_client()
    home = "http://localhost" if demo else "https://localhost"
    token = re.search(r'csrf_token" value="([^"]+)', client.get("/sign-in", base_url=home).get_data(as_text=True))
    assert token is not None
    answer = client.post(
        "/sign-in",
        base_url=home,
        data={"csrf_token": token[1], "email": "genk@test.example", "password": PASSWORD},
        headers={"Referer": f"{home}/sign-in"},
    )
    assert answer.status_code == 303
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, marks = cookie.partition("=")[0], {mark.strip().lower() for mark in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= marks
    assert not any(mark.startswith("domain") for mark in marks)
    assert (name, "secure" in marks) == (("session", False) if demo else ("__Host-session", True))
    app.extensions["medestanders"].close()


def test_one_sees_where_one_is_signed_in_and_ends_it_there(page: Page) -> None:
    here, there, elsewhere = (signed_in(page) for _ in range(3))
    there.client.get("/account", headers={"User-Agent": FIREFOX})
    shown = here.get("/account/security")
    buttons = shown.select("form[action*='/sessions/'][action$='/end']")
    assert len(buttons) == 2
    assert "Dit toestel" in shown.text
    here.submit(buttons[-1]["action"], at="/account/security")
    gone = [visitor.client.get("/account").status_code for visitor in (there, elsewhere)]
    assert sorted(gone) == [200, 302]
    shown = here.submit("/account/sessions/end-others", at="/account/security")
    assert "op 1 andere plaats afgemeld" in shown.text
    assert [visitor.client.get("/account").status_code for visitor in (there, elsewhere)] == [302, 302]
    assert not shown.select("form[action*='/sessions/']")


def test_failed_attempts_are_shown_to_whose_account_it_is(page: Page) -> None:
    page().submit("/sign-in", status=422, email="genk@test.example", password="verkeerd wachtwoord")
    rows = [" ".join(row.text.split()) for row in signed_in(page).get("/account/security").select("tbody tr")]
    assert len(rows) == 2
    assert "Verkeerd wachtwoord" in rows[1]


def test_another_password_ends_all_sessions_but_the_one_that_chose_it(page: Page) -> None:
    here, there = signed_in(page), signed_in(page)
    shown = here.submit("/account/password", current=PASSWORD, password="paarden eten geen kiezels")
    assert shown.h1.text == "Beveiliging"
    assert there.client.get("/account").status_code == 302


@pytest.mark.parametrize(("given", "agent"), [
    (FIREFOX, "Firefox, Linux"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
    ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
    ("<script>alert(1)</script>", ""),
    ("", ""),
])  # fmt: skip
def test_browsers_are_named_as_people_name_them(given: str, agent: str) -> None:
    assert agent_of(given) == agent


def test_the_second_step_is_set_up_and_then_asked_for(page: Page, app_db: Database) -> None:
    here, there = signed_in(page), signed_in(page)
    secret, codes = set_up(here)
    assert len(codes) == 10
    assert there.client.get("/account").status_code == 302
    assert "Ingesteld op" in here.get("/account/security").text
    assert secret not in here.get("/account/second-step").text
    forget_last_code(app_db)

    visitor = page()
    asked = visitor.submit(
        "/sign-in", at="/sign-in?next=/ideas/new", email="genk@test.example", password=PASSWORD, next="/ideas/new"
    )
    assert asked.h1.text == "Nog één stap"
    assert visitor.client.get("/account").status_code == 302  # a password alone opens nothing
    visitor.submit("/sign-in/code", status=422, code="000000", next="/ideas/new")
    shown = visitor.submit("/sign-in/code", code=pyotp.TOTP(secret).now(), next="/ideas/new")
    assert shown.h1.text == "Plaats je idee"
    assert "Verkeerde code" in visitor.get("/account/security").text

    other = page()
    other.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    assert other.submit("/sign-in/code", recovery=codes[0]).h1.text.startswith("Dag")


def test_nobody_is_sent_elsewhere_after_the_second_step(page: Page, app_db: Database) -> None:
    secret, _ = set_up(signed_in(page))
    forget_last_code(app_db)
    visitor = page()
    visitor.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    shown = visitor.submit("/sign-in/code", code=pyotp.TOTP(secret).now(), next="//evil.example")
    assert shown.h1.text.startswith("Dag")


def test_a_question_that_stood_open_too_long_begins_anew(page: Page, app_db: Database) -> None:
    secret, _ = set_up(signed_in(page))
    visitor = page()
    visitor.submit("/sign-in", email="genk@test.example", password=PASSWORD)
    with transaction(app_db):
        app_db.execute("delete from sessions where half = 1")
    shown = visitor.submit("/sign-in/code", code=pyotp.TOTP(secret).now())
    assert shown.h1.text == "Aanmelden"
    assert "Dat duurde te lang" in shown.text


def test_members_turn_the_second_step_off_and_coordinators_help_who_lost_it(page: Page, app_db: Database) -> None:
    member = signed_in(page)
    set_up(member)
    assert member.submit("/account/second-step/codes", at="/account/second-step", status=200, current=PASSWORD)
    coordinator = page("coordinator")
    assert "Neem de tweede stap weg" in coordinator.get("/members/2").text
    coordinator.submit("/members/2/second-step/reset", at="/members/2")
    assert member.client.get("/account").status_code == 302
    assert value(app_db, "select count(*) from second_steps") == 0
    again = signed_in(page)
    set_up(again)
    again.submit("/account/second-step/remove", at="/account/second-step", current=PASSWORD)
    assert signed_in(page).client.get("/account").status_code == 200


@pytest.fixture
def production(app: Flask) -> Flask:
    """The same application where the second step of coordinators is no choice."""
    app.extensions["medestanders"].settings.demo = False
    return app


def test_a_coordinator_does_nothing_before_the_second_step_stands(production: Flask, page: Page) -> None:
    visitor = page("coordinator")
    for address in ("/", "/members", "/account", "/ideas", "/nergens"):
        answer = visitor.client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/account/second-step"), address
    token = visitor.get("/account/second-step").select_one("input[name=csrf_token]")["value"]
    for address in ("/clusters/propose", "/matches/words", "/account/sessions/end-others"):
        assert visitor.client.post(address, data={"csrf_token": token}).status_code == 403, address
    with visitor.client.get("/static/style.css") as answer:
        assert answer.status_code == 200
    assert page("genk").client.get("/account").status_code == 200

    _, codes = set_up(visitor)
    assert len(codes) == 10
    assert visitor.get("/members").h1.text == "Leden"
    assert "Zet de tweede stap uit" not in visitor.get("/account/second-step").text
    visitor.submit("/account/second-step/remove", at="/account/second-step", status=403, current=PASSWORD)


def test_in_a_demo_the_password_is_enough(page: Page) -> None:
    assert page("coordinator").get("/members").h1.text == "Leden"


def test_the_command_helps_when_no_coordinator_is_left(app: Flask, page: Page, app_db: Database) -> None:
    set_up(page("coordinator"))
    run = app.test_cli_runner()
    said = run.invoke(args=["members", "reset-second-step", "coordinator@test.example"])
    assert (said.exit_code, "alleen het wachtwoord" in said.output) == (0, True)
    for email in ("coordinator@test.example", "niemand@test.example"):
        assert run.invoke(args=["members", "reset-second-step", email]).exit_code == 1
    member = value(app_db, "select id from members where role = 'coordinator'")
    assert data.second_steps.get(app_db, member_id=member).secret is None


def test_a_store_that_is_full_keeps_nobody_from_reading(app: Flask, page: Page, app_db: Database) -> None:
    visitor = page("genk")
    with transaction(app_db):
        app_db.execute("update sessions set seen_at = ?", [cluster.tokens.until(hours=-1)])
    app_db.execute("pragma query_only = on")
    assert visitor.client.get("/account").status_code == 200
    app_db.execute("pragma query_only = off")
