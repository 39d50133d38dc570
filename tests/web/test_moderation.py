"""Moderation at the door: report, decide, answer, and read the history."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.contacts
from data.store import value

Page = Callable[..., Any]
FIELDS = {"title": "Zwembad online reserveren", "description": "Bel Jan op 0470 00 00 00."}
REPORT = {"ground": "privacy", "text": "Er staat een nummer in."}


@pytest.fixture
def reported(page: Page) -> Any:
    """Idea 1 of Genk, reported by Aalter; a coordinator."""
    page("genk").submit("/ideas/new", **FIELDS)
    page("aalter").submit("/report/idea/1", **REPORT)
    return page("coordinator")


def decide(visitor: Any, decision: str, revision: int, **more: Any) -> Any:
    fields = {"reason": "Haal het nummer weg.", **more}
    return visitor.submit("/reports/1/decide", at="/reports/1", decision=decision, revision=str(revision), **fields)


def test_a_report_is_sent_once_and_its_sender_sees_that(page: Page, reported: Any, app_db: Database) -> None:
    shown = page("aalter").get("/report/idea/1")
    assert "Je meldde dit op" in shown.text
    assert not shown.select("main form")
    page("aalter").submit("/report/idea/1", **{**REPORT, "text": "Nog eens"})
    assert value(app_db, "select count(*) from reports") == 1


def test_a_bad_report_says_what_is_wrong_and_loses_nothing(page: Page) -> None:
    page("genk").submit("/ideas/new", **FIELDS)
    shown = page("aalter").submit("/report/idea/1", status=422, text="Mijn lange uitleg")
    assert str(shown.title.string).startswith("Fout:")
    assert shown.select_one("#ground-error")
    assert shown.select_one("#text").text.strip() == "Mijn lange uitleg"


def test_coordinators_see_what_waits_from_every_page(reported: Any) -> None:
    assert reported.get("/").select_one(".queues a[href='/reports']").find_next(class_="amount").text == "1"
    assert reported.get("/calls").select_one("a[href='/reports'] .count")
    assert reported.get("/reports").find("a", string=FIELDS["title"])["href"] == "/reports/1"
    assert "Er staat een nummer in." in reported.get("/reports/1").text
    assert "Aalter" in reported.get("/reports/1").text


def test_a_title_says_in_which_language_it_is(page: Page) -> None:
    french = "Réserver une salle communale en ligne"
    page("genk").submit("/ideas/new", title=french, description="Les clubs veulent voir les salles libres.", lang="fr")
    page("aalter").submit("/report/idea/1", **REPORT)
    for address in ("/reports", "/reports/1", "/history"):
        assert page("coordinator").get(address).select_one("main [lang=fr]").text == french, address


def test_hide_answer_and_show_again(page: Page, reported: Any, app_db: Database) -> None:
    decide(reported, "hide", 1)
    page().get("/ideas/1", status=404)
    page("aalter").get("/ideas/1", status=404)
    for address in ("/", "/ideas", "/search?q=zwembad"):
        assert not page().get(address).find("a", string=FIELDS["title"])
    found = page().client.post("/api/v1/similar", json={"title": "zwembad", "description": "reserveren"})
    assert found.get_json()["matches"] == []
    owner = page("genk")
    shown = owner.get("/ideas/1")
    assert "Haal het nummer weg." in shown.text
    assert "Aalter" not in shown.select_one("section[aria-labelledby=hidden]").text
    shown = owner.submit("/reports/1/answer", at="/ideas/1", answer="Het is weg, <i>kijk</i>.")
    assert "Het is weg, <i>kijk</i>." in shown.text
    assert not shown.select("form[action='/reports/1/answer']")
    assert "Het is weg" in reported.get("/reports/1").text
    assert "beslis opnieuw" in reported.get("/reports").text
    decide(reported, "show", 3, reason="Het nummer is weg.")
    assert page().get("/ideas/1").h1.text == FIELDS["title"]
    assert "Er wacht niets" in reported.get("/reports").text
    assert value(app_db, "select count(*) from letters where dedupe_key like 'moderation:%'") == 2


def test_a_late_second_answer_comes_back_beside_what_stands(page: Page, reported: Any) -> None:
    decide(reported, "hide", 1)
    owner = page("genk")
    owner.submit("/reports/1/answer", at="/ideas/1", answer="Van mijn collega")
    shown = owner.submit("/reports/1/answer", at="/ideas/1", answer="Van mij", status=409)
    assert "Van mijn collega" in shown.text
    assert "Van mij" in shown.select_one(".errors").text


def test_an_empty_answer_is_refused_at_the_field(page: Page, reported: Any) -> None:
    decide(reported, "hide", 1)
    shown = page("genk").submit("/reports/1/answer", at="/ideas/1", answer=" ", status=422)
    assert shown.select_one("#answer-error")


def test_a_decision_without_a_reason_is_refused_and_a_late_one_shows_what_stands(page: Page, reported: Any) -> None:
    shown = decide(reported, "hide", 1, reason=" ", status=422)
    assert shown.select_one("#reason-error")
    decide(reported, "dismiss", 1)
    shown = decide(page("coordinator"), "hide", 1, reason="Mijn lange reden", status=409)
    assert "Iemand was je voor" in shown.text
    assert "Mijn lange reden" in shown.text
    page().get("/ideas/1")


def test_a_hidden_message_is_answered_by_who_wrote_it(page: Page, app_db: Database, who: Callable[[str], Any]) -> None:
    owner = page("genk")
    owner.submit("/ideas/new", **FIELDS)
    cluster.contacts.endorse(app_db, member=who("kortrijk"), idea_id=1, role="learn", message="Bel mij, sukkel!")
    link = owner.get("/ideas/1").select_one("a[href='/report/endorsement/1']")
    assert link is not None
    assert "Bel mij" in owner.get("/report/endorsement/1").text
    owner.submit("/report/endorsement/1", ground="offensive", text="")
    decide(page("coordinator"), "hide", 1, reason="Onvriendelijk.")
    assert "Bel mij" not in owner.get("/ideas/1").text
    assert "Bel mij" not in owner.get("/introductions/1").text
    writer = page("kortrijk")
    for address in ("/ideas/1", "/introductions/1"):
        assert "Onvriendelijk." in writer.get(address).text
    writer.submit("/reports/1/answer", at="/introductions/1", answer="Sorry.")
    assert "Sorry." in page("coordinator").get("/reports/1").text


def test_the_history_is_filtered_and_strange_filters_break_nothing(reported: Any) -> None:
    decide(reported, "hide", 1)
    shown = reported.get("/history")
    assert [title.text.split(":")[0] for title in shown.select("main li h2")] == ["Verborgen", "Gemeld"]
    assert len(reported.get("/history?action=hidden").select("main li h2")) == 1
    assert "Hier is niets gebeurd" in reported.get("/history?until=2020-01-01").text
    for query in ("action=x&kind=y", "since=gisteren&until=9999-12-31", "member=" + "9" * 99, "page=0"):
        reported.get(f"/history?{query}")
