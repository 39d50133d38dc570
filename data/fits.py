"""Fits of the relation model: kept with what was measured, and in use only once somebody said so."""

import json
from typing import Any

from sqlite_utils import Database

from data.store import change, insert, now, row, rows


def add(db: Database, *, encoder: str, relations: dict[str, Any], figures: dict[str, Any]) -> int:
    """Keep a fit of an encoder, not yet in use, and return its id."""
    return insert(
        db,
        "insert into relation_fits (encoder, relations, figures, fitted_at) values (?, ?, ?, ?)",
        [encoder, json.dumps(relations), json.dumps(figures), now()],
    )


def use(db: Database, *, fit_id: int, member_id: int | None) -> bool:
    """Put a fit in use for its encoder; false when there is no such fit."""
    sql = "update relation_fits set used_at = ?, used_by = ? where id = ?"
    return bool(change(db, sql, [now(), member_id, fit_id]))


def in_use(db: Database, *, encoder: str) -> dict[str, Any] | None:
    """The weights and bounds of the fit that was put in use last for an encoder; none when nobody did."""
    found = row(
        db,
        """select relations from relation_fits where encoder = ? and used_at is not null
        order by used_at desc, id desc limit 1""",
        [encoder],
    )
    return json.loads(found["relations"]) if found else None


def listed(db: Database, *, at_most: int) -> list[dict[str, Any]]:
    """The latest fits, newest first, as stored; `relations` and `figures` read."""
    found = rows(
        db,
        "select id, encoder, relations, figures, fitted_at, used_at from relation_fits order by id desc limit ?",
        [at_most],
    )
    return [{**one, "relations": json.loads(one["relations"]), "figures": json.loads(one["figures"])} for one in found]
