"""The local mailbox of a demo."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.letters
from cluster.web.settings import Settings
from data.store import transaction
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
