"""The door of ideas: pages, forms, and what stays typed."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

from cluster.web.worker import work
from data.store import value

Page = Callable[..., Any]
FIELDS = {"title": "Zwembad online reserveren", "description": "Banen boeken zonder te bellen."}


def test_an_idea_is_posted_and_read_by_anyone(page: Page) -> None:
    shown = page("genk").submit("/ideas/new", **FIELDS)
    assert shown.h1.text == FIELDS["title"]
    assert "Je idee staat online" in shown.text
    assert FIELDS["title"] in page().get("/ideas").text


def test_the_same_form_sent_twice_shows_the_same_idea(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    key = visitor.get("/ideas/new").select_one("input[name=submission_key]")["value"]
    for _ in range(2):
        visitor.submit("/ideas/new", submission_key=key, **FIELDS)
    assert value(app_db, "select count(*) from ideas") == 1


def test_back_and_better_is_not_lost_but_offered_as_a_change(page: Page, app_db: Database) -> None:
    visitor = page("genk")
    key = visitor.get("/ideas/new").select_one("input[name=submission_key]")["value"]
    visitor.submit("/ideas/new", submission_key=key, **FIELDS)
    better = {"title": "Zwembad en sporthal reserveren", "description": FIELDS["description"]}
    shown = visitor.submit("/ideas/new", status=409, submission_key=key, **better)
    assert shown.select_one("#title")["value"] == better["title"]
    form = shown.select_one("#idea-form")
    shown = visitor.submit(form["action"], revision=form.select_one("input[name=revision]")["value"], **better)
    assert shown.h1.text == better["title"]
    assert value(app_db, "select count(*) from ideas") == 1


def test_what_is_typed_while_signed_out_elsewhere_is_shown_again(page: Page) -> None:
    visitor = page("genk")
    token = visitor.get("/ideas/new").select_one("input[name=csrf_token]")["value"]
    elsewhere = page("genk")
    elsewhere.submit("/sign-out", at="/account")
    answer = visitor.client.post("/ideas/new", data={"csrf_token": token, **FIELDS})
    assert answer.status_code == 401
    assert FIELDS["description"] in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "address",
    [
        "/ideas?endpoint=x",
        "/?endpoint=x&_anchor=z&_scheme=a&_method=GET&_external=1",
        "/calls/1?call_id=2",
        "/ideas?page=" + "9" * 5000,
    ],
)
def test_a_strange_query_breaks_no_page(page: Page, address: str) -> None:
    page().get(address)


def test_a_strange_query_breaks_no_missing_page(page: Page) -> None:
    page().get("/ideas/999?idea_id=x", status=404)


def test_a_strange_number_breaks_no_panel(page: Page) -> None:
    page("genk").submit("/ideas/similar", at="/ideas/new", title="zwembad", idea_id="9" * 5000)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("title", ""),
        ("title", "t" * 201),
        ("description", " \n "),
        ("description", "d" * 20_001),
        ("description", "caf\ufffd"),
        ("theme", "bestaat-niet"),
        ("call", "oproep"),
        ("stage", "ooit"),
        ("intent", "<b>"),
        ("budget", "99"),
        ("target_group", "x" * 201),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_says_what_to_do_at_the_field(
    page: Page, app_db: Database, field: str, typed: str
) -> None:
    shown = page("genk").submit("/ideas/new", status=422, **{**FIELDS, field: typed})
    assert str(shown.title.string).startswith("Fout:")
    assert shown.select_one(f".errors a[href='#{field}']")
    assert shown.select_one(f"#{field}-error")
    kept = "description" if field == "title" else "title"
    control = shown.select_one(f"#{kept}")
    assert (control.get("value") or control.text.strip()) == FIELDS[kept]
    assert value(app_db, "select count(*) from ideas") == 0


@pytest.mark.parametrize(
    "typed", ["<script>alert(1)</script>", "👩‍🏫 emoji 🦆", "a\x00b\x07c", "%(x)s %s", "'; drop", "&lt;i&gt;"]
)
def test_hostile_text_is_shown_as_text(page: Page, typed: str) -> None:
    shown = page("genk").submit("/ideas/new", title=typed, description=typed)
    expected = typed.replace("\x00", "").replace("\x07", "")
    assert shown.h1.text == expected
    assert not shown.select("main script")


def test_bytes_in_another_encoding_are_refused_at_the_field(page: Page) -> None:
    visitor = page("genk")
    token = visitor.get("/ideas/new").select_one("input[name=csrf_token]")["value"]
    body = b"csrf_token=" + token.encode() + b"&title=caf%E9&description=tekst"
    answer = visitor.client.post("/ideas/new", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "kunnen lezen" in answer.get_data(as_text=True)


def test_without_javascript_a_button_shows_what_is_similar(page: Page) -> None:
    page("genk").submit("/ideas/new", **FIELDS)
    shown = page("aalter").submit("/ideas/new", action="similar", **FIELDS)
    assert shown.select_one("#similar").find("a", string=FIELDS["title"])
    assert shown.select_one("#idea-form button").text == "Plaats je idee"
    assert shown.select_one("#title")["value"] == FIELDS["title"]


def test_while_typing_a_fragment_shows_what_is_similar(page: Page) -> None:
    page("genk").submit("/ideas/new", **FIELDS)
    shown = page("aalter").submit("/ideas/similar", at="/ideas/new", title="zwembad", description="")
    assert shown.find("a", string=FIELDS["title"])
    assert shown.html is None


def test_an_idea_never_resembles_itself_while_it_is_edited(page: Page) -> None:
    visitor = page("genk")
    visitor.submit("/ideas/new", **FIELDS)
    shown = visitor.submit("/ideas/1/edit", action="similar", revision="1", **FIELDS)
    assert not shown.select_one("#similar").find("a", string=FIELDS["title"])


def test_editing_conflicts_show_both_versions(page: Page) -> None:
    visitor = page("genk")
    visitor.submit("/ideas/new", **FIELDS)
    visitor.submit("/ideas/1/edit", revision="1", title="Van mijn collega", description="Tekst van de collega")
    shown = visitor.submit("/ideas/1/edit", status=409, revision="1", title="Van mij", description="Mijn tekst")
    assert "Van mijn collega" in shown.select_one(".errors").text
    assert shown.select_one("#title")["value"] == "Van mij"
    shown = visitor.submit(
        "/ideas/1/edit", revision=shown.select_one("input[name=revision]")["value"], title="Van ons", description="x"
    )
    assert shown.h1.text == "Van ons"


def test_withdrawing_hides_it_from_others_and_restoring_brings_it_back(page: Page) -> None:
    visitor = page("genk")
    visitor.submit("/ideas/new", **FIELDS)
    assert "staat niet online" in visitor.submit("/ideas/1/withdraw", at="/ideas/1").text
    page().get("/ideas/1", status=404)
    page("aalter").get("/ideas/1/edit", status=404)
    visitor.submit("/ideas/1/restore", at="/ideas/1")
    page().get("/ideas/1")


def test_filters_narrow_and_an_empty_list_says_what_to_do(page: Page) -> None:
    page("genk").submit("/ideas/new", theme="democratie", **FIELDS)
    assert FIELDS["title"] in page().get("/ideas?theme=democratie").text
    assert "Kies wat ruimer" in page().get("/ideas?theme=dienstverlening").text
    for nonsense in ("?page=0", "?page=-1", "?page=a", "?call=x&municipality=%F0&sort=no&intent=1", "?page=99999"):
        page().get("/ideas" + nonsense)


def test_a_guessed_theme_is_marked_and_its_owner_confirms_it_with_one_press(page: Page, app: Flask) -> None:
    owner = page("genk")
    owner.submit("/ideas/new", theme="democratie", **FIELDS)
    typed = {**FIELDS, "title": "Het zwembad online reserveren"}
    asks = "form[action='/ideas/2/theme']"
    asked = owner.submit("/ideas/new", **typed).select_one(asks)
    assert "het thema Digitale democratie?" in asked.text, "who just posted need not wait for the worker"
    work(app.extensions["medestanders"], once=True)
    shown = page().get("/ideas?theme=democratie").find("a", href="/ideas/2").find_parent("li")
    assert shown.select_one(".tag.guess").text == "wellicht Digitale democratie"
    assert page().get("/search?q=zwembad&theme=democratie").find("a", href="/ideas/2")
    assert page("aalter").get("/ideas/2").select_one(asks) is None
    form = owner.get("/ideas/2/edit")
    assert form.select_one("#theme option[selected]") is None, "a guess chooses nothing by itself"
    assert "Digitale democratie" in form.select_one("#theme-hint").text
    assert owner.get("/ideas/2").select_one(f"{asks} a")["href"] == "/ideas/2/edit#theme"
    sent = {one["name"]: one["value"] for one in asked.select("[name]")}
    confirmed = owner.submit("/ideas/2/theme", at="/ideas/2", **sent)
    assert "Het thema is bewaard." in confirmed.text
    assert confirmed.select_one(f".tag.guess, {asks}") is None
    assert owner.client.post("/ideas/2/theme", data={**sent, "theme": "dienstverlening"}).status_code == 409
    assert page().get("/ideas/2").find(class_="tag", string="Digitale democratie")


def test_search_finds_by_words_and_says_when_nothing_is_there(page: Page) -> None:
    page("genk").submit("/ideas/new", **FIELDS)
    assert page().get("/search?q=zwembad").select_one("a[href='/ideas/1']").text == FIELDS["title"]
    assert "Zoeken" in page().get("/search").h1.text
    assert page().get("/search?q=Genk").select_one("a[href='/ideas/1']")
    page().get("/search?q=" + "a" * 3000)
    page().get("/search?q=%22%27%2A&kind=x&page=2")
