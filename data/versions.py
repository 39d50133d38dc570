"""Versions of ideas, and which of them endorsers saw."""

import json
from dataclasses import dataclass, fields
from typing import Any

from sqlite_utils import Database

from data.store import change, now, row, rows, value
from models.ideas import IdeaForm, Version

_VERSION = """
select v.idea_id, v.revision, v.member_id, m.name as who, v.written_at, v.fields
from idea_versions v left join members m on m.id = v.member_id
"""
_NAMES = {field.name for field in fields(IdeaForm)}


def _version(found: dict[str, Any]) -> Version:
    # Versions of before a field existed do not have it; `lang` is found by us and no part of the form.
    kept = {name: given for name, given in json.loads(found.pop("fields")).items() if name in _NAMES}
    return Version(**found, form=IdeaForm(**{**kept, "seeks": tuple(json.loads(kept.get("seeks", "[]")))}))


def get(db: Database, *, idea_id: int, revision: int) -> Version | None:
    """One version of an idea."""
    found = row(db, _VERSION + "where v.idea_id = ? and v.revision = ?", [idea_id, revision])
    return _version(found) if found else None


def listed(db: Database, *, idea_id: int, at_least: int, at_most: int, after: int) -> list[Version]:
    """The versions of an idea from revision `at_least` on, newest first, skipping `after`."""
    sql = _VERSION + "where v.idea_id = ? and v.revision >= ? order by v.revision desc limit ? offset ?"
    return [_version(item) for item in rows(db, sql, [idea_id, at_least, at_most, after])]


def written_at(db: Database, *, idea_id: int) -> str | None:
    """When the present version was written."""
    found: str | None = value(
        db, "select written_at from idea_versions where idea_id = ? order by revision desc limit 1", [idea_id]
    )
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """Which version of an idea an endorsing organisation knows."""

    idea_id: int
    organisation_id: int
    revision: int


def see(db: Database, *, idea_id: int, organisation_id: int) -> None:
    """Note that an organisation endorsed the idea as it stands now."""
    db.execute(
        """insert into idea_seen (idea_id, organisation_id, since, revision)
        select id, ?, revision, revision from ideas where id = ?
        on conflict (idea_id, organisation_id) do update set revision = excluded.revision""",
        [organisation_id, idea_id],
    )


def behind(db: Database, *, member_id: int) -> list[Seen]:
    """The open ideas that changed since their endorser saw them, of which this member hears.

    That is who endorsed, else the first active colleague.
    """
    found = rows(
        db,
        """select s.idea_id, s.organisation_id, s.revision
        from members w join endorsements e on e.organisation_id = w.organisation_id and e.active = 1
        join idea_seen s on s.idea_id = e.idea_id and s.organisation_id = e.organisation_id
        join ideas i on i.id = e.idea_id and i.state = 'open' and i.revision > s.revision
        where w.id = :member_id and :member_id = (
          select m.id from members m where m.organisation_id = e.organisation_id and m.active = 1
          order by m.id = e.member_id desc, m.id limit 1)
        order by e.id""",
        {"member_id": member_id},
    )
    return [Seen(**item) for item in found]


def since(db: Database, *, idea_id: int, organisation_id: int) -> int | None:
    """From which version an active endorser may read; none for who does not endorse."""
    found: int | None = value(
        db,
        """select s.since from endorsements e
        join idea_seen s on s.idea_id = e.idea_id and s.organisation_id = e.organisation_id
        where e.idea_id = ? and e.organisation_id = ? and e.active = 1""",
        [idea_id, organisation_id],
    )
    return found


def told(db: Database, *, idea_id: int, organisation_id: int, since: int, revision: int) -> bool:
    """Note up to which version an endorser was told; false when they were told, or the idea changed, meanwhile."""
    return bool(
        change(
            db,
            """update idea_seen set revision = :revision, told_at = :now
            where idea_id = :idea_id and organisation_id = :organisation_id and revision = :since and exists (
              select 1 from ideas where id = :idea_id and revision = :revision and state = 'open')""",
            {
                "idea_id": idea_id,
                "organisation_id": organisation_id,
                "since": since,
                "revision": revision,
                "now": now(),
            },
        )
    )
