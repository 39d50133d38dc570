"""Calls, their deadlines and history, and themes."""

import json
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from data.store import change, insert, rows, value
from models.calls import Call, CallEvent, Deadline, Programme, Theme

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


def get(db: Database, *, call_id: int, drafts: bool = False) -> Call | None:
    """One call with its themes and history of deadlines; a draft only when `drafts` are asked for."""
    found = _with_parts(
        db, rows(db, "select * from calls where id = ? and (? or state = 'published')", [call_id, int(drafts)])
    )
    return found[0] if found else None


def every(db: Database, *, drafts: bool = False) -> list[Call]:
    """All calls by number, with themes and history of deadlines; drafts only when they are asked for."""
    return _with_parts(
        db, rows(db, "select * from calls where ? or state = 'published' order by number", [int(drafts)])
    )


@cache
def programme() -> Programme:
    """What is known of the programme behind the calls; it ships with the service and is not edited in it."""
    found: dict[str, Any] = json.loads((SEED / "calls.json").read_text(encoding="utf-8"))["programme"]
    known: dict[str, Any] = {field.name: found[field.name] for field in fields(Programme)}
    for name in ("principles", "procedure", "sources"):
        known[name] = tuple(known[name])
    return Programme(**known)


@cache
def shipped_words() -> dict[str, dict[str, str]]:
    """What the programme and its calls say in Dutch, and the same in each other language, by its code."""
    found: dict[str, dict[str, str]] = json.loads((SEED / "calls_words.json").read_text(encoding="utf-8"))
    return found


def find(db: Database, *, text: str) -> int | None:
    """The id of the public call with this number, name or URI."""
    found: int | None = value(
        db,
        """select id from calls where state = 'published'
          and (cast(number as text) = :text or name = :text collate nocase or uri = :text) order by number""",
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
    """Add a call with themes and deadlines; one with the same URI stays as it is, and the answer is false.

    A number that a coordinator gave away already is not taken: the call gets the next one.
    """
    if value(db, "select 1 from calls where uri = ?", [values["uri"]]):
        return False
    if value(db, "select 1 from calls where number = ?", [values["number"]]):
        values = {**values, "number": next_number(db)}
    call_id = insert(
        db,
        """insert into calls (number, name, kind, kind_name, opens_at, closes_at, ceiling_eur, funding_percent,
          realisation, uri, remark)
        values (:number, :name, :kind, :kind_name, :opens_at, :closes_at, :ceiling_eur, :funding_percent,
          :realisation, :uri, :remark)""",
        values,
    )
    set_themes(db, call_id=call_id, themes=themes)
    for position, deadline in enumerate(deadlines):
        db.execute(
            "insert into call_deadlines (call_id, position, closes_at, note) values (?, ?, ?, ?)",
            [call_id, position, deadline.closes_at, deadline.note],
        )
    return True


EDITABLE = (
    *("name", "kind", "kind_name", "opens_at", "closes_at", "ceiling_eur", "funding_percent", "realisation"),
    *("conditions", "source", "remark"),
)


def next_number(db: Database) -> int:
    """The number of the next call."""
    return int(value(db, "select coalesce(max(number), 0) + 1 from calls"))


def draft(db: Database, *, values: dict[str, Any], number: int, themes: Sequence[str], moment: str) -> int:
    """Add a call that only coordinators see, and return its id."""
    names = (*EDITABLE, "number", "uri", "state", "updated_at")
    call_id = insert(
        db,
        f"insert into calls ({', '.join(names)}) values ({', '.join(f':{name}' for name in names)})",
        {
            **values,
            "number": number,
            "uri": f"urn:medestanders:oproep:{number}",
            "state": "draft",
            "updated_at": moment,
        },
    )
    set_themes(db, call_id=call_id, themes=themes)
    _set_deadline(db, call_id=call_id, position=0, closes_at=values["closes_at"], note=None)
    return call_id


def edit(
    db: Database, *, call: Call, revision: int, values: dict[str, Any], themes: Sequence[str], moment: str
) -> bool:
    """Write the fields of a call if it still stands at `revision`; false, and nothing changed, otherwise."""
    changed = change(
        db,
        f"""update calls set {", ".join(f"{name} = :{name}" for name in EDITABLE)}, updated_at = :moment,
          revision = revision + 1
        where id = :id and revision = :revision""",
        {**values, "id": call.id, "revision": revision, "moment": moment},
    )
    if not changed:
        return False
    change(db, "delete from call_themes where call_id = ?", [call.id])
    set_themes(db, call_id=call.id, themes=themes)
    if call.closes_at != values["closes_at"]:
        # Nobody saw the deadline of a draft: it is set, not moved.
        _set_deadline(
            db, call_id=call.id, position=max(len(call.deadlines) - 1, 0), closes_at=values["closes_at"], note=None
        )
    return True


def set_themes(db: Database, *, call_id: int, themes: Sequence[str]) -> None:
    """Give a call without themes these."""
    for theme in themes:
        db.execute("insert into call_themes (call_id, theme) values (?, ?)", [call_id, theme])


def publish(db: Database, *, call_id: int, revision: int, moment: str) -> bool:
    """Show a draft to everybody, if it still stands at `revision`."""
    return bool(
        change(
            db,
            """update calls set state = 'published', updated_at = ?, revision = revision + 1
            where id = ? and revision = ? and state = 'draft'""",
            [moment, call_id, revision],
        )
    )


def close(db: Database, *, call_id: int, revision: int, moment: str) -> bool:
    """Close a call now, if it still stands at `revision`."""
    return bool(
        change(
            db,
            "update calls set closed_at = ?, updated_at = ?, revision = revision + 1 where id = ? and revision = ?",
            [moment, moment, call_id, revision],
        )
    )


def move(db: Database, *, call: Call, revision: int, closes_at: str, reason: str, moment: str) -> bool:
    """Set another deadline after the present one, if the call still stands at `revision`; a closed call opens again."""
    changed = change(
        db,
        """update calls set closes_at = ?, closed_at = null, sequence = sequence + 1, updated_at = ?,
          revision = revision + 1
        where id = ? and revision = ?""",
        [closes_at, moment, call.id, revision],
    )
    if not changed:
        return False
    if not call.deadlines:
        _set_deadline(db, call_id=call.id, position=0, closes_at=call.closes_at, note=None)
    _set_deadline(db, call_id=call.id, position=max(len(call.deadlines), 1), closes_at=closes_at, note=reason)
    return True


def _set_deadline(db: Database, *, call_id: int, position: int, closes_at: str, note: str | None) -> None:
    db.execute(
        """insert into call_deadlines (call_id, position, closes_at, note) values (?, ?, ?, ?)
        on conflict (call_id, position) do update set closes_at = excluded.closes_at, note = excluded.note""",
        [call_id, position, closes_at, note],
    )


def tell(
    db: Database,
    *,
    call_id: int,
    action: str,
    member_id: int,
    reason: str = "",
    before: dict[str, Any] | None = None,
    moment: str,
) -> None:
    """Add a line to a call's history, as the call stands now."""
    db.execute(
        """insert into call_history (call_id, revision, action, member_id, closes_at, reason, before, happened_at)
        select id, revision, ?, ?, closes_at, ?, ?, ? from calls where id = ?""",
        [action, member_id, reason, json.dumps(before or {}, ensure_ascii=False), moment, call_id],
    )


def history(db: Database, *, call_id: int, at_most: int) -> list[CallEvent]:
    """What coordinators did with a call, latest first."""
    found = rows(
        db,
        """select h.revision, h.action, m.name as who, h.closes_at, h.reason, h.happened_at
        from call_history h left join members m on m.id = h.member_id
        where h.call_id = ? order by h.id desc limit ?""",
        [call_id, at_most],
    )
    return [CallEvent(**item) for item in found]
