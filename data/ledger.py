"""The ledger: entries that hold the hash of the one before. The store refuses to change or erase any.

Who writes to the file past the store leaves a chain that does not fit, or a number that was given out and is not there.
"""

import hashlib
import json
from dataclasses import dataclass

from sqlite_utils import Database

from data.store import NEWEST, fitting, insert, now, rows, value
from models.ledger import Act, Entry

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries to read; none means any. Moments are UTC, `until` itself not included."""

    act: str | None = None
    member_id: int | None = None
    about: str | None = None
    since: str | None = None
    until: str | None = None


_TESTS = {
    **{name: f"l.{name} = :{name}" for name in ("act", "member_id", "about")},
    "since": "l.happened_at >= :since",
    "until": "l.happened_at < :until",
}


def add(db: Database, *, act: Act, member_id: int | None, about: str, what: str) -> None:
    """Add an entry; the caller holds the transaction, so no other comes between it and the one before."""
    last = value(db, "select id from ledger order by id desc limit 1") or 0
    before = value(db, "select hash from ledger where id = ?", [last]) or _FIRST
    moment = now()
    entry = (last + 1, moment, member_id, act.value, about, what)
    insert(
        db,
        "insert into ledger (id, happened_at, member_id, act, about, what, hash) values (?, ?, ?, ?, ?, ?, ?)",
        [*entry, _hash(before, entry)],
    )


def browse(db: Database, *, wanted: Filter, at_most: int, after: int = 0, before: int = NEWEST) -> list[Entry]:
    """The entries that fit, newest first: from before an id on, skipping `after`."""
    conditions, values = fitting(wanted, _TESTS)
    found = rows(
        db,
        f"""select l.id, l.happened_at, l.member_id, m.name as who, l.act, l.about, l.what
        from ledger l left join members m on m.id = l.member_id
        where {conditions} and l.id < :before
        order by l.id desc limit :at_most offset :after""",
        {**values, "at_most": at_most, "after": after, "before": before},
    )
    return [Entry(**{**one, "act": Act(one["act"])}) for one in found]


def broken_at(db: Database) -> int | None:
    """The number of the first entry that was changed, or that is missing; none when the ledger is whole."""
    before, expected = _FIRST, 1
    for number, *fields, kept in db.execute(
        "select id, happened_at, member_id, act, about, what, hash from ledger order by id"
    ):
        if number != expected or kept != _hash(before, (number, *fields)):
            return expected
        before, expected = kept, expected + 1
    given_out = value(db, "select seq from sqlite_sequence where name = 'ledger'") or 0
    return expected if given_out >= expected else None


def _hash(before: str, entry: tuple[object, ...]) -> str:
    written = json.dumps([before, *entry], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()
