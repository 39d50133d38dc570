"""Calls: deadlines are days in Brussels, and seeding never undoes what a coordinator did."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.calls
import data.calls
import data.store
from models.calls import CallState, end_of_day, start_of_day
from models.errors import NotFound

SEED = Path(data.calls.SEED)
THEMES: list[dict[str, Any]] = json.loads((SEED / "themes.json").read_text())
CALLS: list[dict[str, Any]] = json.loads((SEED / "calls.json").read_text())["calls"]


@pytest.fixture
def bare(db: Database) -> Database:
    with data.store.transaction(db):
        db.execute("delete from calls")
        db.execute("delete from themes")
    return db


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2022-02-04", "2022-02-03T23:00:00+00:00", "2022-02-04T22:59:59+00:00"),  # winter, UTC+1
        ("2022-07-01", "2022-06-30T22:00:00+00:00", "2022-07-01T21:59:59+00:00"),  # summer, UTC+2
        ("2022-03-27", "2022-03-26T23:00:00+00:00", "2022-03-27T21:59:59+00:00"),  # 23 hours long
        ("2021-10-31", "2021-10-30T22:00:00+00:00", "2021-10-31T22:59:59+00:00"),  # 25 hours long
    ],
)
def test_a_day_in_brussels_has_a_first_and_a_last_second(day: str, first: str, last: str) -> None:
    assert (start_of_day(date.fromisoformat(day)), end_of_day(date.fromisoformat(day))) == (first, last)


@pytest.mark.parametrize(
    ("number", "opens", "closes"),
    [
        (1, "2021-09-19T22:00:00+00:00", "2021-11-12T22:59:59+00:00"),
        (5, "2022-03-20T23:00:00+00:00", "2022-07-01T21:59:59+00:00"),
    ],
)
def test_a_call_is_open_until_the_last_second_of_its_last_deadline(
    bare: Database, number: int, opens: str, closes: str
) -> None:
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    call = cluster.calls.every(bare)[number - 1]

    assert (call.number, call.opens_at, call.closes_at) == (number, opens, closes)
    assert call.state_at(closes) is CallState.OPEN
    assert call.state_at(closes.replace(":59+", ":60+")) is CallState.CLOSED
    assert call.state_at("2021-01-01T00:00:00+00:00") is CallState.COMING


def test_the_seven_calls_keep_the_deadlines_that_moved(bare: Database) -> None:
    assert cluster.calls.seed(bare, themes=THEMES, calls=CALLS) == 7
    first, *_, last = cluster.calls.every(bare)

    assert [item.note for item in first.moved] == ["eerste configuratie"]
    assert first.moved[0].closes_at == "2021-11-28T22:59:59+00:00"
    assert first.themes == ("dienstverlening", "democratie", "werkplek")
    assert (last.ceiling_eur, last.funding_percent, last.moved) == (500_000, 80, ())


def test_seeding_again_leaves_what_a_coordinator_changed(bare: Database) -> None:
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    with data.store.transaction(bare):
        bare.execute("update calls set name = 'Eerste oproep' where number = 1")
        bare.execute("delete from call_themes where theme = 'werkplek'")

    assert cluster.calls.seed(bare, themes=THEMES, calls=CALLS) == 0
    first = cluster.calls.every(bare)[0]
    assert (first.name, first.themes) == ("Eerste oproep", ("dienstverlening", "democratie"))


def test_a_call_that_is_not_there_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound):
        cluster.calls.get(db, 99)


def test_all_calls_take_as_many_queries_as_one(bare: Database) -> None:
    cluster.calls.seed(bare, themes=THEMES, calls=CALLS)
    asked: list[str] = []
    bare.conn.set_trace_callback(asked.append)

    cluster.calls.every(bare)

    assert len(asked) == 3


def test_the_programme_is_known_from_the_file_that_ships() -> None:
    found = data.calls.programme()

    assert (found.budget_eur, found.approved_projects, found.funding_percent) == (35_000_000, 61, 80)
    assert all(address.startswith("https://") for address in found.sources)
