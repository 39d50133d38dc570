"""The one door for machines: it only reads, refuses with the field named, and keeps to its own description."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode

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


def test_cookies_say_nothing_to_it(app: Flask, posted: None) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["locale"] = "en"
    answer = client.post("/api/v1/similar", json=ASKED)
    assert answer.get_json()["matches"][0]["reasons"][0].startswith("Beide noemen")
    assert "Set-Cookie" not in answer.headers


def test_every_field_that_is_wrong_is_named_in_the_language_asked_for(app: Flask) -> None:
    answer = app.test_client().post(
        "/api/v1/similar", json={"title": 7, "limit": 0}, headers={"Accept-Language": "en-GB,en"}
    )
    problem = answer.get_json()
    assert (problem["type"], problem["title"], problem["status"]) == ("about:blank", "Unprocessable Entity", 422)
    assert problem["detail"] == "Give a title: text of at most 200 characters."
    assert [one["field"] for one in problem["errors"]] == ["title", "description", "limit"]
    assert problem["errors"][0]["detail"] == problem["detail"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("PUT", "/api/v1/similar", 405), ("GET", "/api/v1/nothing", 404), ("POST", "/api/", 404)],
)
def test_every_refusal_is_a_problem(app: Flask, method: str, address: str, status: int) -> None:
    answer = app.test_client().open(address, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status
    if status == 405:
        assert "POST" in answer.headers["Allow"]


def test_what_is_too_large_is_a_problem(app: Flask) -> None:
    answer = app.test_client().post("/api/v1/similar", data=b" " * 600_000, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")


def test_the_description_names_every_address_and_no_other(app: Flask) -> None:
    told = {
        (method.upper(), address)
        for address, methods in app.test_client().get("/api/v1/openapi.json").get_json()["paths"].items()
        for method in methods
    }
    there = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert told == there


@pytest.fixture
def described(app: Flask, posted: None) -> Any:
    """The description as a machine reads it; nobody here is asked to wait."""
    app.extensions["medestanders"].settings.similar_per_second = 1_000_000
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


def _ask(described: Any, *, mode: GenerationMode, examples: int) -> set[int]:
    """Ask every address what its description allows, or what it does not; each answer must be as described."""
    seen = set()
    for found in described.get_all_operations():

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.ok().as_strategy(mode))
        def ask(case: Case) -> None:
            answer = case.call()
            case.validate_response(answer)
            seen.add(answer.status_code)

        ask()
    return seen


def test_the_description_is_openapi(described: Any) -> None:
    described.validate()


def test_what_it_describes_it_does(described: Any) -> None:
    assert _ask(described, mode=GenerationMode.POSITIVE, examples=40) == {200}


def test_what_it_does_not_describe_it_refuses(described: Any) -> None:
    assert 422 in _ask(described, mode=GenerationMode.NEGATIVE, examples=40)


@pytest.mark.soak
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_a_thousand_questions_fit_the_description(described: Any, mode: GenerationMode) -> None:
    assert _ask(described, mode=mode, examples=1_000)
