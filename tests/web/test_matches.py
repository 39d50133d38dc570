"""The one door for machines: it only reads, and refuses with the field named."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

Page = Callable[..., Any]
ASKED = {"title": "Zwembad boeken", "description": "Online banen reserveren."}


@pytest.fixture
def posted(page: Page) -> None:
    page("genk").submit("/ideas/new", title="Zwembad reserveren", description="Banen online boeken.")


def test_it_answers_with_what_is_public(app: Flask, posted: None) -> None:
    answer = app.test_client().post("/api/v1/similar", json=ASKED)
    assert answer.status_code == 200
    told = answer.get_json()
    (match,) = told["matches"]
    assert told["encoder"]
    assert set(match) == {
        "kind", "id", "external_id", "title", "url", "organisation", "status", "relation", "probability", "score",
        "reasons",
    }  # fmt: skip
    assert (match["kind"], match["id"], match["organisation"], match["status"]) == ("idea", 1, "Genk", "open")
    assert match["url"].endswith("/ideas/1")
    assert match["reasons"][0].startswith("Beide noemen: ")


def test_a_text_of_nothing_has_no_matches(app: Flask, posted: None) -> None:
    answer = app.test_client().post("/api/v1/similar", json={"title": "", "description": " "})
    assert answer.get_json()["matches"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": None}, "title"),
        ({"title": "t" * 201}, "title"),
        ({"description": 7}, "description"),
        ({"description": "d" * 20_001}, "description"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"intent": "hope"}, "intent"),
        ({"lang": 1}, "lang"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(app: Flask, changed: dict[str, Any], field: str) -> None:
    answer = app.test_client().post("/api/v1/similar", json={**ASKED, **changed})
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.get_json()["field"] == field


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"', b"[" * 100_000])
def test_what_is_no_object_is_refused(app: Flask, body: bytes) -> None:
    answer = app.test_client().post("/api/v1/similar", data=body, content_type="application/json")
    assert (answer.status_code, answer.get_json()["field"]) == (422, "body")


def test_too_many_questions_in_a_second_wait(app: Flask) -> None:
    app.extensions["medestanders"].settings.similar_per_second = 3
    client = app.test_client()
    answers = [client.post("/api/v1/similar", json={"title": "", "description": ""}) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["Retry-After"] == "1"


def test_a_me_too_is_offered_to_those_who_can_give_it(page: Page, posted: None) -> None:
    offered = "a[href='/ideas/1/endorse']"
    for who, count in ((None, 1), ("aalter", 1), ("genk", 0), ("coordinator", 0)):
        panel = page(who).submit("/ideas/similar", at="/calls", **ASKED)
        assert panel.select_one("a[href='/ideas/1']")
        assert len(panel.select(offered)) == count, who


def test_posting_anyway_is_said_only_where_something_resembles_it(page: Page, posted: None) -> None:
    visitor = page("aalter")
    empty = visitor.submit("/ideas/new", status=422)
    assert empty.select_one("#idea-form button").text == "Plaats je idee"
    found = visitor.submit("/ideas/new", action="similar", **ASKED)
    assert found.select_one("#idea-form button").text == "Toch plaatsen"


def test_cookies_say_nothing_to_it(app: Flask, posted: None) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["locale"] = "en"
    answer = client.post("/api/v1/similar", json=ASKED)
    assert answer.get_json()["matches"][0]["reasons"][0].startswith("Beide noemen")
    assert "Set-Cookie" not in answer.headers
