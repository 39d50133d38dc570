"""Versions at the door: the list, a difference that is read aloud too, and putting one back; links and filters."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.contacts
import cluster.versions
from data.store import value
from tests.conftest import hear

Page = Callable[..., Any]
FIELDS = {"title": "Zwembad online reserveren", "description": "Banen boeken zonder te bellen."}


@pytest.fixture
def changed(page: Page) -> Any:
    """Idea 1 of Genk, in three versions."""
    visitor = page("genk")
    visitor.submit("/ideas/new", **FIELDS)
    visitor.submit("/ideas/1/edit", revision="1", **{**FIELDS, "title": "Sauna online reserveren", "stage": "plan"})
    visitor.submit("/ideas/1/edit", revision="2", **{**FIELDS, "stage": "plan", "links": "https://a.be <Ons> plan"})
    return visitor


def test_the_difference_is_marked_and_said_in_words(changed: Any) -> None:
    shown = changed.get("/ideas/1/versions/2")
    gone, new = shown.select_one("main del"), shown.select_one("main ins")
    assert gone.text.split() == ["[weggelaten:", "Zwembad", "tot", "hier]"]
    assert new.text.split() == ["[toegevoegd:", "Sauna", "tot", "hier]"]
    assert "Was: Idee. Is nu: Plan." in " ".join(shown.main.text.split())
    since = changed.get("/ideas/1/versions/3?from=1")
    assert [title.text for title in since.select("main h3")] == ["Hoe ver staat het?", "Links"]
    changed.get("/ideas/1/versions/3?from=9", status=404)


def test_the_versions_are_listed_with_who_and_what(changed: Any, page: Page) -> None:
    shown = changed.get("/ideas/1/versions")
    assert [title.text for title in shown.select("main li h2")] == ["Versie 3", "Versie 2", "Versie 1"]
    assert "Genk" in shown.select_one("main li").text
    assert "Gewijzigd: Titel, Links" in " ".join(shown.select_one("main li").text.split())
    page("aalter").get("/ideas/1/versions", status=404)


def test_everybody_sees_when_it_changed_and_those_who_may_read_it_a_link(changed: Any, page: Page) -> None:
    assert "gewijzigd op" in page().get("/ideas/1").text
    assert not page().get("/ideas/1").select("a[href$='/versions']")
    assert changed.get("/ideas/1").select("a[href$='/versions']")
    assert page("coordinator").get("/ideas/1").select("a[href$='/versions']")


def test_an_endorser_follows_the_link_of_the_letter_and_sees_no_names(
    page: Page, app_db: Database, who: Callable[[str], Any]
) -> None:
    visitor = page("genk")
    visitor.submit("/ideas/new", **FIELDS)
    cluster.contacts.endorse(app_db, member=who("aalter"), idea_id=1, role="learn", message="")
    visitor.submit("/ideas/1/edit", revision="1", **{**FIELDS, "stage": "plan"})
    hear(app_db)
    body = value(app_db, "select body from letters where dedupe_key like 'digest:%'")
    assert "medestanders:/ideas/1/versions/2?from=1" in body
    reader = page("aalter")
    assert "Is nu: Plan" in " ".join(reader.get("/ideas/1/versions/2?from=1").main.text.split())
    shown = reader.get("/ideas/1/versions")
    assert len(shown.select("main li.card")) == 2
    assert not shown.find("span", string="Genk")


def test_an_earlier_version_is_put_back_once(changed: Any, page: Page) -> None:
    for _ in range(2):
        shown = changed.submit("/ideas/1/versions/2/restore", at="/ideas/1/versions/2", revision="3")
        assert shown.h1.text == "Sauna online reserveren"
    assert "Versie 4" in changed.get("/ideas/1/versions").text
    assert "Versie 5" not in changed.get("/ideas/1/versions").text
    shown = page("coordinator").submit(
        "/ideas/1/versions/1/restore", at="/ideas/1/versions/1", revision="3", status=409
    )
    assert "Iemand was je voor" in shown.text


def test_links_are_shown_with_their_words_and_give_nothing_away(changed: Any, page: Page) -> None:
    link = page().get("/ideas/1").find("a", string="<Ons> plan")
    assert link["href"] == "https://a.be"
    assert set(link["rel"]) == {"nofollow", "noopener"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("geen adres", "Regel 1"),
        ("https://a.be\njavascript:alert(1) klik", "Regel 2"),
        ("https://gebruiker:geheim@a.be", "Regel 1"),
        ("https://a.be:x", "Regel 1"),
        ("https://localhost", "Regel 1"),
        ("https://a.be " + "x" * 121, "Regel 1"),
        ("\n".join(f"https://a.be/{n}" for n in range(11)), "11 links"),
    ],
)
def test_a_link_that_is_none_is_refused_at_the_field(page: Page, app_db: Database, typed: str, said: str) -> None:
    shown = page("genk").submit("/ideas/new", status=422, **FIELDS, links=typed)
    assert said in shown.select_one("#links-error").text
    assert shown.select_one("#links").text.strip() == typed
    assert value(app_db, "select count(*) from ideas") == 0


def test_what_is_told_of_an_idea_can_be_filtered(page: Page) -> None:
    fields = {"intent": "offer", "stage": "plan", "seeks": "partners", "budget": "<25k", "target_group": "Zwemmers"}
    page("genk").submit("/ideas/new", **FIELDS, **fields)
    for query in ("intent=offer", "stage=plan", "seek=partners", "budget=%3C25k", "target_group=zwem"):
        assert FIELDS["title"] in page().get(f"/ideas?{query}").text, query
    for query in ("intent=need", "stage=loopt", "seek=ervaring", "budget=%3E500k", "target_group=ouders"):
        assert "Kies wat ruimer" in page().get(f"/ideas?{query}").text, query
