"""The search page and kept searches."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.ideas
from models.ideas import IdeaForm
from models.people import Member

Page = Callable[..., Any]
Who = Callable[[str], Member]


@pytest.fixture
def posted(app_db: Database, who: Who) -> None:
    for name, title, theme in (
        ("genk", "Zwembaden <b>online</b> reserveren", "democratie"),
        ("aalter", "Een zwembad delen", None),
    ):
        form = IdeaForm(title=title, description="Wie wil zwemmen, boekt een baan in het zwembad.", theme=theme)
        cluster.ideas.post(app_db, encoder=None, member=who(name), form=form)


def test_hits_are_marked_and_markup_stays_text(page: Page, posted: None) -> None:
    found = page().get("/search?q=zwembad")
    first = found.select_one("a[href='/ideas/1']")
    assert first.text == "Zwembaden <b>online</b> reserveren"
    assert [mark.text for mark in first.select("mark")] == ["Zwembaden"]
    assert found.select(".excerpt mark")


def test_facets_narrow_and_can_be_taken_away(page: Page, posted: None) -> None:
    visitor = page()
    found = visitor.get("/search?q=zwembad")
    link = found.find("a", href=re.compile("theme=democratie"))
    assert "1" in link.text
    narrowed = visitor.get(link["href"])
    assert len(narrowed.select("main .card")) == 1
    chosen = narrowed.select_one(".tag.open")
    assert "Thema: Digitale democratie" in chosen.text
    assert len(visitor.get(chosen["href"]).select("main .card")) == 2


def test_what_was_put_right_is_said(page: Page, posted: None) -> None:
    found = page().get("/search?q=zwmebad")
    assert "We zochten ook naar “zwembad”." in found.text
    assert found.select_one("a[href='/ideas/1']")


def test_an_empty_result_helps_on(page: Page, posted: None) -> None:
    found = page("genk").get("/search?q=zwembad+-baden+%22op+het+dak%22&province=Limburg&lang=fr")
    text = found.main.text
    for said in (
        "woorden: zwembad",
        "precies zo: “op het dak”",
        "zonder: “baden”",
        "zonder de filter Provincie: Limburg",
    ):
        assert said in text, said
    idea = found.find("a", string="Plaats dit als idee")
    form = page("genk").get(idea["href"])
    assert form.select_one("#title")["value"].startswith("zwembad")
    assert not page("coordinator").get("/search?q=qqqq").find("a", string="Plaats dit als idee")


@pytest.mark.parametrize(
    "nonsense",
    ["kind=x&theme=y&call=z&status=1&intent=2&lang=xx", "province=%00", "page=9999", "call=99", "kind=cluster"],
)
def test_facets_that_mean_nothing_do_no_harm(page: Page, posted: None, nonsense: str) -> None:
    page().get(f"/search?q=zwembad&{nonsense}")


def test_a_visitor_is_asked_to_sign_in_to_keep_a_search(page: Page, posted: None) -> None:
    found = page().get("/search?q=zwembad")
    assert not found.select("form[action='/searches']")
    assert "next=/search" in found.select_one("#keep ~ p a")["href"]


def test_a_member_keeps_changes_and_removes_a_search(page: Page, posted: None, app_db: Database) -> None:
    visitor = page("genk")
    kept = visitor.submit(
        "/searches", at="/search?q=zwembad", q="zwembad", theme="democratie", name="Zwemmen", often="digest"
    )
    assert kept.select_one("main .card h2").text == "Zwemmen"
    assert "Thema: Digitale democratie" in kept.main.text
    again = visitor.submit("/searches", at="/searches", q="zwembad", theme="democratie", name="Twee", often="off")
    assert "bewaarde je al" in again.main.text
    assert len(again.select("main .card")) == 1
    assert "Je bewaarde deze zoekopdracht" in visitor.get("/search?q=zwembad&theme=democratie").main.text
    changed = visitor.submit("/searches/1", at="/searches", name="Baden", often="off")
    assert changed.select_one("main .card h2").text == "Baden"
    assert visitor.get(changed.select_one("main .card p a")["href"]).select_one("a[href='/ideas/1']")
    gone = visitor.submit("/searches/1/remove", at="/searches")
    assert not gone.select("main .card")


def test_a_member_keeps_a_choice_of_filters_without_words(page: Page, posted: None) -> None:
    visitor = page("genk")
    chosen = visitor.get(visitor.get("/ideas?theme=democratie").select_one("main a[href*='#keep']")["href"])
    assert chosen.select_one("#name")["value"] == "Idee, Digitale democratie"
    fields = {"kind": "idea", "theme": "democratie", "name": "Democratie", "often": "digest"}
    kept = visitor.submit("/searches", at="/search?kind=idea&theme=democratie", q="", **fields)
    again = visitor.get(kept.select_one("main .card p a")["href"])
    assert "Je bewaarde deze zoekopdracht als “Democratie”" in again.main.text
    # Without words and without filters it is no search.
    wrong = visitor.submit("/searches", at="/search?kind=idea", status=422, q="", kind="", name="Alles", often="off")
    assert wrong.select_one("#q-error")


def test_bad_input_is_named_at_its_field_and_comes_back(page: Page, posted: None) -> None:
    visitor = page("genk")
    typed = {"q": "zwembad", "lang": "fr", "name": "", "often": "x"}
    wrong = visitor.submit("/searches", at="/search?q=zwembad", status=422, **typed)
    assert wrong.title.text.startswith("Fout:")
    assert wrong.select_one("#name-error")
    assert wrong.select_one("#often-error")
    assert wrong.select_one("#q")["value"] == "zwembad"
    assert wrong.select_one("input[name=lang]")["value"] == "fr"
    visitor.submit("/searches", at="/search?q=zwembad", q="zwembad", name="Zwemmen", often="digest")
    wrong = visitor.submit("/searches/1", at="/searches", status=422, name="x" * 121, often="off")
    assert wrong.select_one("#errors a")["href"] == "#name-1"
    assert wrong.select_one("#name-1")["value"] == "x" * 121
