"""Calls: rounds of subsidy and their deadlines."""

from datetime import date
from typing import Any

from sqlite_utils import Database

import data.calls
from data.store import transaction
from models.calls import Call, Deadline, end_of_day, start_of_day
from models.errors import NotFound


def every(db: Database) -> list[Call]:
    """All calls by number, with themes and the history of their deadlines."""
    return data.calls.every(db)


def get(db: Database, call_id: int) -> Call:
    """One call with themes and the history of its deadlines; NotFound when there is none."""
    found = data.calls.get(db, call_id=call_id)
    if found is None:
        raise NotFound
    return found


def seed(db: Database, *, themes: list[dict[str, Any]], calls: list[dict[str, Any]]) -> int:
    """Add the themes and calls that are missing and tell how many calls; those that exist stay as people made them.

    The rows are those of data/seed/themes.json and calls.json, where a deadline is a day in Brussels.
    """
    added = 0
    with transaction(db):
        for position, theme in enumerate(themes):
            data.calls.add_theme(db, slug=theme["slug"], position=position, uri=theme.get("uri"), names=theme["name"])
        for call in calls:
            deadlines = [Deadline(closes_at=_closes(item), note=item["note"]) for item in call["deadlines"]]
            values = {
                **call,
                "opens_at": start_of_day(date.fromisoformat(call["opens_on"])),
                "closes_at": deadlines[-1].closes_at,
            }
            added += data.calls.add_call(db, values=values, themes=call["themes"], deadlines=deadlines)
    return added


def _closes(deadline: dict[str, Any]) -> str:
    return end_of_day(date.fromisoformat(deadline["closes_on"]))
