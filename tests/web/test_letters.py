"""Which letters somebody gets, the one click that ends them, and the local mailbox of a demo."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.digests
import cluster.letters
import data.letters
from cluster.web import create_app
from cluster.web.letters import sign
from cluster.web.settings import Settings
from data.store import transaction
from models.digests import Digest
from models.people import Member
from tests.cluster.test_letters import introduction

Page = Callable[..., Any]


def test_the_mailbox_shows_letters_as_their_receivers_read_them(
    page: Page, app_db: Database, who: Callable[[str], Member], app: Flask
) -> None:
    assert page().get("/mailbox").select_one(".empty") is not None
    with transaction(app_db):
        cluster.letters.queue(
            app_db,
            to=who("aalter"),
            template="request",
            dedupe_key="1",
            introduction=introduction(title="<i>Balie</i>", message="<script>1</script> http://evil.example/?a=1&b=2"),
        )
    listed = page().get("/mailbox")
    assert "aalter@test.example" in listed.main.text
    shown = page().get(listed.select_one(".card a")["href"])
    assert shown.select_one("main i, main script") is None
    assert "<script>1</script>" in shown.main.text
    assert any(link["href"] == "http://localhost:8000/introductions/5" for link in shown.select("main a"))


def test_a_member_chooses_how_often_news_comes(page: Page, app_db: Database, who: Callable[[str], Member]) -> None:
    visitor = page("genk")
    assert visitor.get("/account").select_one("a[href='/account/letters']")
    assert visitor.get("/account/letters").select_one("input[value=daily]").has_attr("checked")
    assert visitor.submit("/account/letters", digest="weekly").select_one("input[value=weekly]").has_attr("checked")
    wrong = visitor.submit("/account/letters", digest="hourly", status=422)
    assert wrong.select_one("#digest-error")
    assert cluster.digests.wanted(app_db, member=who("genk")) is Digest.WEEKLY
    back = visitor.submit("/reminders", at="/account/letters", do="stop", next="/account/letters")
    assert back.find("button", string="Stuur me weer herinneringen")


def test_one_click_ends_letters_without_a_page_or_a_session(
    page: Page, app: Flask, app_db: Database, who: Callable[[str], Member]
) -> None:
    link = f"/unsubscribe/{sign('s' * 40, who('genk').id, 'digest')}"
    assert len(page().get(link).select("main form button")) == 1
    assert cluster.digests.wanted(app_db, member=who("genk")) is Digest.DAILY, "fetching it changes nothing"
    # As mail programs do it (RFC 8058): no cookie, no token, this body.
    answer = app.test_client().post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert cluster.digests.wanted(app_db, member=who("genk")) is Digest.OFF
    assert cluster.digests.wanted(app_db, member=who("aalter")) is Digest.DAILY
    assert "Je krijgt geen e-mails meer over de nieuwsmail" in page().submit(link).main.text


def test_a_link_of_another_key_ends_nothing(page: Page, app_db: Database, who: Callable[[str], Member]) -> None:
    for token in (sign("t" * 40, who("genk").id, "digest"), "", "x" * 3000, "W10.abc"):
        page().get(f"/unsubscribe/{token}", status=404)
        assert page().client.post(f"/unsubscribe/{token}").status_code == 404
    assert cluster.digests.wanted(app_db, member=who("genk")) is Digest.DAILY


def test_an_address_that_takes_no_letters_is_shown_and_tried_again(
    page: Page, app_db: Database, who: Callable[[str], Member]
) -> None:
    with transaction(app_db):
        data.letters.pause(app_db, member_id=who("genk").id, email="genk@test.example", why="550 <b>onbekend</b>")
    assert "komen niet aan" in page("genk").get("/account").main.text
    shown = page("genk").get("/account/letters")
    assert "550 <b>onbekend</b>" in shown.main.text
    assert "komen niet aan" in page("coordinator").get("/members").main.text
    desk = f"/members/{who('genk').id}"
    assert page("coordinator").get(desk).find("button", string="Probeer dit adres opnieuw")
    again = page("genk").submit(f"{desk}/letters", at="/account/letters")
    assert "We proberen genk@test.example opnieuw" in again.text
    assert who("genk").bounced_at is None
    page("coordinator").submit(f"{desk}/letters", at=desk)


def test_a_letter_that_is_not_there_is_not_found(page: Page, app: Flask) -> None:
    page().get("/mailbox/9", status=404)


@pytest.mark.parametrize("changes", [{"demo": False}, {"smtp_url": "smtp://localhost"}])
def test_the_mailbox_is_closed_outside_a_demo_without_mail_server(
    page: Page, app: Flask, changes: dict[str, Any], tmp_path: Path
) -> None:
    given = {"data": tmp_path, "secret_key": "s" * 40, **changes}
    app.extensions["medestanders"].settings = Settings(**given)
    for address in ("/mailbox", "/mailbox/1"):
        page().get(address, status=404)


@pytest.mark.parametrize(
    ("changes", "home", "sender"),
    [
        ({}, "http://localhost:8000", "noreply@localhost"),
        ({"smtp_url": "smtp://mail.example:2525"}, "http://localhost:8000", "noreply@mail.example"),
        (
            {"url": "https://mede.example/", "smtp_url": "smtp://relay.example"},
            "https://mede.example",
            "noreply@mede.example",
        ),
        ({"smtp_url": "smtp://[::1]"}, "http://localhost:8000", "noreply@[IPv6:::1]"),
        ({"smtp_url": "smtp://127.0.0.1"}, "http://localhost:8000", "noreply@127.0.0.1"),
    ],
)
def test_letters_come_from_and_lead_to_the_service(
    tmp_path: Path, changes: dict[str, Any], home: str, sender: str
) -> None:
    given: dict[str, Any] = {"data": tmp_path, **changes}
    settings = Settings(**given)
    assert (settings.home, settings.sender) == (home, sender)


@pytest.mark.parametrize(
    "url", ["medestanders.example", "ftp://x", "javascript:alert(1)", "https://", "https://x:99999", "https://[::1"]
)
def test_an_address_that_is_none_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="write the address people use"):
        Settings(data=tmp_path, url=url)


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail", "smtp://", "smtp://mail:99999", "smtp://mail:0", "smtps://mail:x", "smtp://[::1"],
)
def test_a_mail_server_that_cannot_be_one_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="write smtp://"):
        Settings(data=tmp_path, smtp_url=url)


def test_links_and_sessions_of_the_former_key_go_on_while_it_is_named(
    page: Page, who: Callable[[str], Member], app: Flask
) -> None:
    settings = app.extensions["medestanders"].settings
    link = f"/unsubscribe/{sign('t' * 40, who('genk').id, 'digest')}"
    page().get(link, status=404)
    settings.former_secret_key = "t" * 40
    page().get(link)
    assert create_app(settings).config["SECRET_KEY_FALLBACKS"] == ["t" * 40]
