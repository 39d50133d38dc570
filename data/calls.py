"""Calls and themes."""

import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from data.store import insert, rows, value
from models.calls import Call, Deadline, Programme, Theme

SEED = Path(__file__).resolve().parent / "seed"


def themes(db: Database, *, lang: str) -> list[Theme]:
    """The themes in their order, named in `lang` (Dutch where there is no such name)."""
    found = rows(db, "select slug, names from themes order by position")
    named = [(item["slug"], json.loads(item["names"])) for item in found]
    return [Theme(slug=slug, name=names.get(lang, names["nl"])) for slug, names in named]


def find_theme(db: Database, *, text: str) -> str | None:
    """The slug of the theme with this slug, URI or name in any language."""
    text = text.strip().lower()
    for item in rows(db, "select slug, uri, names from themes"):
        if text in {
            item["slug"],
            (item["uri"] or "").lower(),
            *(name.lower() for name in json.loads(item["names"]).values()),
        }:
            return str(item["slug"])
    return None


def _with_parts(db: Database, found: list[dict[str, Any]]) -> list[Call]:
    """The calls with their themes and deadlines, in three queries however many there are."""
    themes = theme_slugs(db)
    deadlines: dict[int, list[Deadline]] = {}
    for item in rows(db, "select call_id, closes_at, note from call_deadlines order by call_id, position"):
        deadlines.setdefault(item["call_id"], []).append(Deadline(closes_at=item["closes_at"], note=item["note"]))
    return [
        Call(**item, themes=themes.get(item["id"], ()), deadlines=tuple(deadlines.get(item["id"], ())))
        for item in found
    ]


def get(db: Database, *, call_id: int) -> Call | None:
    """One call with its themes and history of deadlines."""
    found = _with_parts(db, rows(db, "select * from calls where id = ?", [call_id]))
    return found[0] if found else None


def every(db: Database) -> list[Call]:
    """All calls by number, with themes and history of deadlines."""
    return _with_parts(db, rows(db, "select * from calls order by number"))


@cache
def programme() -> Programme:
    """What is known of the programme behind the calls; it ships with the service and is not edited in it."""
    found: dict[str, Any] = json.loads((SEED / "calls.json").read_text(encoding="utf-8"))["programme"]
    known: dict[str, Any] = {field.name: found[field.name] for field in fields(Programme)}
    for name in ("principles", "procedure", "sources"):
        known[name] = tuple(known[name])
    return Programme(**known)


def find(db: Database, *, text: str) -> int | None:
    """The id of the call with this number, name or URI."""
    found: int | None = value(
        db,
        "select id from calls where cast(number as text) = :text or name = :text collate nocase or uri = :text",
        {"text": text.strip()},
    )
    return found


def theme_slugs(db: Database) -> dict[int, tuple[str, ...]]:
    """The themes of every call, by call id."""
    found: dict[int, tuple[str, ...]] = {}
    for item in rows(db, "select call_id, theme from call_themes join themes on slug = theme order by position"):
        found[item["call_id"]] = (*found.get(item["call_id"], ()), item["theme"])
    return found


def add_theme(db: Database, *, slug: str, position: int, uri: str | None, names: dict[str, str]) -> None:
    """Add a theme, unless there is one with this slug."""
    db.execute(
        "insert or ignore into themes (slug, position, uri, names) values (?, ?, ?, ?)",
        [slug, position, uri, json.dumps(names, ensure_ascii=False)],
    )


def add_call(db: Database, *, values: dict[str, Any], themes: Sequence[str], deadlines: Sequence[Deadline]) -> bool:
    """Add a call with themes and deadlines; one with the same URI stays as it is, and the answer is false."""
    if value(db, "select 1 from calls where uri = ?", [values["uri"]]):
        return False
    call_id = insert(
        db,
        """insert into calls (number, name, kind, kind_name, opens_at, closes_at, ceiling_eur, funding_percent,
          realisation, uri, remark)
        values (:number, :name, :kind, :kind_name, :opens_at, :closes_at, :ceiling_eur, :funding_percent,
          :realisation, :uri, :remark)""",
        values,
    )
    for theme in themes:
        db.execute("insert into call_themes (call_id, theme) values (?, ?)", [call_id, theme])
    for position, deadline in enumerate(deadlines):
        db.execute(
            "insert into call_deadlines (call_id, position, closes_at, note) values (?, ?, ?, ?)",
            [call_id, position, deadline.closes_at, deadline.note],
        )
    return True
