"""Pages about calls: conditions, deadlines that moved, and what was made for a call."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.calls
import cluster.projects
import data.calls
import data.store
from cluster.imports import Row


@pytest.fixture
def seeded(app_db: Database) -> Database:
    """The database of the application with the seven real calls."""
    with data.store.transaction(app_db):
        app_db.execute("delete from calls")
        app_db.execute("delete from themes")
    cluster.calls.seed(
        app_db,
        themes=json.loads((data.calls.SEED / "themes.json").read_text()),
        calls=json.loads((data.calls.SEED / "calls.json").read_text())["calls"],
    )
    return app_db


def test_all_calls_are_listed_with_ceiling_and_state(page: Callable[..., Any], seeded: Database) -> None:
    found = page().get("/calls")

    assert [card.get_text() for card in found.select(".card h2")] == [f"Oproep {number}" for number in range(1, 8)]
    assert "€ 150.000" in found.select_one(".card").get_text().replace("\xa0", " ")
    assert {tag.get_text() for tag in found.select(".card .tag.closed")} == {"Afgesloten"}
    assert "€ 35.000.000" in found.main.get_text().replace("\xa0", " ")


def test_moved_deadlines_stand_struck_through_and_the_last_one_counts(
    page: Callable[..., Any], seeded: Database
) -> None:
    found = page().get("/calls/1")

    assert [old.get_text() for old in found.select("dd s")] == ["28 november 2021, 23:59"]
    deadline = found.find("dt", string="Deadline").find_next("dd").get_text(" ", strip=True)
    assert "Vervallen: 28 november 2021, 23:59 (eerste configuratie)" in deadline
    assert "12 november 2021, 23:59" in deadline


def test_a_summer_deadline_is_shown_in_brussels_time(page: Callable[..., Any], seeded: Database) -> None:
    assert "1 juli 2022, 23:59" in page().get("/calls/5").main.get_text()


def test_an_open_call_says_so(page: Callable[..., Any], seeded: Database) -> None:
    with data.store.transaction(seeded):
        seeded.execute("update calls set closes_at = '2999-12-31T22:59:59+00:00' where number = 7")

    found = page().get("/calls/7")

    assert found.select_one(".tag.open").get_text() == "Open"
    assert "31 december 2999, 23:59" in found.main.get_text()


def test_projects_of_a_call_stand_on_its_page(page: Callable[..., Any], seeded: Database) -> None:
    fields = {"id": "P", "title": "<i>Slim</i> loket", "description": "x", "municipality": "Genk", "call": 2}
    cluster.projects.import_rows(seeded, rows=[Row(1, fields)])

    assert [item.get_text() for item in page().get("/calls/2").select("h3 a")] == ["<i>Slim</i> loket"]
    assert not page().get("/calls/3").select("h3 a")


def test_facts_in_dutch_are_marked_for_a_reader_in_english(page: Callable[..., Any], seeded: Database) -> None:
    visitor = page()
    visitor.submit("/language", at="/calls", locale="en", next="/calls/1")

    found = visitor.get("/calls/1")

    assert found.html["lang"] == "en"
    assert found.h1.span["lang"] == "nl"
    assert found.find("span", string="max. 1 jaar na toekenning")["lang"] == "nl"


@pytest.mark.parametrize("address", ["/calls/99", "/calls/0", "/calls/99999999999999999999", "/calls/x"])
def test_a_call_that_is_not_there_is_a_plain_404(page: Callable[..., Any], address: str) -> None:
    assert page().get(address, status=404).h1.get_text() == "Niet gevonden"


def test_without_calls_the_page_says_what_to_do_next(page: Callable[..., Any], app_db: Database) -> None:
    with data.store.transaction(app_db):
        app_db.execute("delete from calls")

    assert page().get("/calls").select_one(".empty a")["href"] == "/ideas"
