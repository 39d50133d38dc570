"""The pages about accessibility, privacy and cookies tell what is true of this code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

import data.privacy
from cluster.web.information import KEPT

Page = Callable[..., Any]


def test_no_table_with_people_goes_untold() -> None:
    told = [table for _, _, tables in KEPT for table in tables]
    assert sorted(told) == sorted(data.privacy.INVENTORY)


def test_the_terms_it_tells_are_those_that_are_kept(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data.privacy, "LETTERS_DAYS", 77)
    told = page().get("/privacy").main.text
    assert "77 dagen" in told
    assert f"{data.privacy.SIGN_INS_DAYS} dagen" in told


def test_there_is_one_cookie_and_it_is_the_one_that_is_told(page: Page) -> None:
    visitor = page("genk")
    for address in ("/", "/ideas", "/ideas/new", "/account"):
        visitor.get(address)
    assert {cookie.key for cookie in visitor.client._cookies.values()} == {"session"}
    assert visitor.get("/cookies").main.find("code", string="session")


def test_who_offers_the_service_may_be_reached(app: Flask, page: Page) -> None:
    for address in ("/accessibility", "/privacy"):
        app.extensions["medestanders"].settings.contact = None
        assert "coördinator van het programma" in page().get(address).main.text
        app.extensions["medestanders"].settings.contact = "vraag@medestanders.example"
        assert "vraag@medestanders.example" in page().get(address).main.text


def test_who_finds_a_weakness_reads_whom_to_tell(app: Flask, page: Page) -> None:
    settings = app.extensions["medestanders"].settings
    settings.contact, settings.url = "vraag@medestanders.example", "https://medestanders.example"
    told = page().client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in told.text.splitlines())
    assert told.content_type.startswith("text/plain")
    assert fields["Contact"] == "mailto:vraag@medestanders.example"
    assert fields["Canonical"] == "https://medestanders.example/.well-known/security.txt"
    assert timedelta(0) < datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC) < timedelta(days=365)


def test_every_page_leads_there(page: Page) -> None:
    links = {link.get("href") for link in page("coordinator").get("/clusters").footer.find_all("a")}
    assert {"/accessibility", "/privacy", "/cookies"} <= links
