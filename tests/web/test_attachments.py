"""Files at the door: downloads that do nothing in a browser, and forms that keep what was typed."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.contacts
from data.store import value
from models.people import Member
from tests.web.test_ideas import FIELDS

Page = Callable[..., Any]
PDF = b"%PDF-1.7\nplan"


@pytest.fixture
def met(page: Page, app_db: Database, who: Callable[[str], Member]) -> None:
    page("genk").submit("/ideas/new", **FIELDS)
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=1, role="learn", message="")
    cluster.contacts.agree(app_db, member=who("genk"), introduction_id=1)


def test_a_file_leaves_as_a_download_that_can_do_nothing(page: Page, met: None) -> None:
    shown = page("genk").submit(
        "/conversations/idea/1/messages",
        at="/conversations/idea/1",
        text="Zie bijlage.",
        files=[(BytesIO(PDF), "Plan één; of twee.pdf"), (BytesIO(b""), "")],
    )
    link = shown.select_one(".message a[href^='/attachments/']")
    assert link.text == "Plan één; of twee.pdf"
    answer = page("aalter").client.get(link["href"])
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert "no-store" in answer.headers["Cache-Control"]
    answer.close()
    assert page().client.get(link["href"]).status_code == 404


def test_a_refused_file_keeps_what_was_typed(page: Page, met: None, app_db: Database) -> None:
    wrong = page("genk").submit(
        "/conversations/idea/1/messages",
        at="/conversations/idea/1",
        status=422,
        text="Zie bijlage.",
        files=[(BytesIO(b"MZ"), "plan.exe"), (BytesIO(b"x"), "leeg.pdf")],
    )
    assert wrong.select_one("#text").text.strip() == "Zie bijlage."
    assert "plan.exe kan er niet bij" in wrong.select_one("#files-error").text
    assert "leeg.pdf is geen gewoon pdf-bestand" in wrong.select_one("#files-error").text
    assert value(app_db, "select count(*) from messages") == 0


def test_files_of_an_idea_are_brought_shown_and_taken_away(page: Page, met: None) -> None:
    owner = page("genk")
    assert owner.get("/ideas/1").select_one("a[href='/ideas/1/attachments']")
    wrong = owner.submit("/ideas/1/attachments", status=422)
    assert "Kies eerst een bestand" in wrong.select_one("#files-error").text
    shown = owner.submit("/ideas/1/attachments", files=(BytesIO(PDF), "plan.pdf"))
    assert shown.select_one("main li a").text == "plan.pdf"
    assert page().get("/ideas/1").select_one("a[href='/attachments/1']").text == "plan.pdf"
    gone = owner.submit("/attachments/1/remove", at="/ideas/1/attachments")
    assert not gone.select("main a[href^='/attachments/']")


def test_a_hidden_message_shows_its_reason_to_who_wrote_it_alone(page: Page, met: None) -> None:
    page("genk").submit("/conversations/idea/1/messages", at="/conversations/idea/1", text="Koop bij mijn neef.")
    at = "/conversations/idea/1"
    assert page("aalter").get(at).select_one("a[href='/report/message/1']")
    page("aalter").submit("/report/message/1", ground="advertising", text="Reclame")
    page("coordinator").submit(
        "/reports/1/decide", at="/reports/1", revision="1", decision="hide", reason="Geen reclame."
    )
    for name, reason in (("genk", True), ("aalter", False)):
        shown = page(name).get(at).main.text
        assert "Een coördinator verborg dit bericht" in shown
        assert "Koop bij mijn neef" not in shown
        assert ("Geen reclame." in shown) is reason
    assert "Geen reclame." in page("genk").get("/messages/1/hidden").main.text
    page("aalter").get("/messages/1/hidden", status=404)
    answered = page("genk").submit("/reports/1/answer", at="/messages/1/hidden", answer="Het was een grap.")
    assert "Jullie antwoordden op" in answered.main.text
