"""Calls and themes."""

import json
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from data.store import change, row, rows, value
from models.calls import Call, Deadline, Theme


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


def _call(db: Database, found: dict[str, Any]) -> Call:
    return Call(
        **found,
        themes=tuple(
            item["theme"] for item in rows(db, "select theme from call_themes where call_id = ?", [found["id"]])
        ),
        deadlines=tuple(
            Deadline(**item)
            for item in rows(
                db, "select closes_at, note from call_deadlines where call_id = ? order by position", [found["id"]]
            )
        ),
    )


def get(db: Database, *, call_id: int) -> Call | None:
    """One call with its themes and history of deadlines."""
    found = row(db, "select * from calls where id = ?", [call_id])
    return _call(db, found) if found else None


def every(db: Database) -> list[Call]:
    """All calls by number, without themes and history."""
    return [Call(**found) for found in rows(db, "select * from calls order by number")]


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


def set_theme(db: Database, *, slug: str, position: int, uri: str | None, names: dict[str, str]) -> None:
    """Add or refresh a theme."""
    db.execute(
        """insert into themes (slug, position, uri, names) values (?, ?, ?, ?)
        on conflict (slug) do update set position = excluded.position, uri = excluded.uri, names = excluded.names""",
        [slug, position, uri, json.dumps(names, ensure_ascii=False)],
    )


def set_call(db: Database, *, values: dict[str, Any], themes: Sequence[str], deadlines: Sequence[Deadline]) -> int:
    """Add a call by its URI with themes and deadlines; one that exists is left as coordinators made it."""
    db.execute(
        """insert into calls (number, name, kind, kind_name, opens_at, closes_at, ceiling_eur, funding_percent,
          realisation, uri, remark)
        values (:number, :name, :kind, :kind_name, :opens_at, :closes_at, :ceiling_eur, :funding_percent,
          :realisation, :uri, :remark) on conflict (uri) do nothing""",
        values,
    )
    call_id = int(value(db, "select id from calls where uri = ?", [values["uri"]]))
    for theme in themes:
        db.execute("insert or ignore into call_themes (call_id, theme) values (?, ?)", [call_id, theme])
    if not value(db, "select 1 from call_deadlines where call_id = ?", [call_id]):
        for position, deadline in enumerate(deadlines):
            change(
                db,
                "insert into call_deadlines (call_id, position, closes_at, note) values (?, ?, ?, ?)",
                [call_id, position, deadline.closes_at, deadline.note],
            )
    return call_id
