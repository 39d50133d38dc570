"""Drafts of ideas: forms that are not sent yet, each its member's own."""

import json
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

from data.store import change, insert, now, row, rows, value
from models.ideas import DraftMark, IdeaDraft, IdeaForm

_DRAFT = """
select id, member_id, submission_key, fields, writer, revision, created_at, saved_at, idea_id, base from idea_drafts
"""


def _draft(found: dict[str, Any]) -> IdeaDraft:
    fields = json.loads(found.pop("fields"))
    return IdeaDraft(**found, form=IdeaForm(**{**fields, "seeks": tuple(fields.get("seeks", ()))}))


def _fields(form: IdeaForm) -> str:
    return json.dumps(asdict(form), ensure_ascii=False)


def get(db: Database, *, draft_id: int) -> IdeaDraft | None:
    """One draft by id."""
    found = row(db, _DRAFT + "where id = ?", [draft_id])
    return _draft(found) if found else None


def by_key(db: Database, *, submission_key: str) -> IdeaDraft | None:
    """The draft of this very form."""
    found = row(db, _DRAFT + "where submission_key = ?", [submission_key])
    return _draft(found) if found else None


def of_member(db: Database, *, member_id: int, at_most: int) -> list[IdeaDraft]:
    """A member's drafts, last saved first."""
    found = rows(db, _DRAFT + "where member_id = ? order by saved_at desc, id desc limit ?", [member_id, at_most])
    return [_draft(item) for item in found]


def of_idea(db: Database, *, member_id: int, idea_id: int) -> list[IdeaDraft]:
    """A member's drafts that change this idea, last saved first."""
    found = rows(
        db, _DRAFT + "where member_id = ? and idea_id = ? order by saved_at desc, id desc", [member_id, idea_id]
    )
    return [_draft(item) for item in found]


def count(db: Database, *, member_id: int) -> int:
    """How many drafts a member has."""
    return int(value(db, "select count(*) from idea_drafts where member_id = ?", [member_id]))


def add(
    db: Database,
    *,
    member_id: int,
    submission_key: str,
    form: IdeaForm,
    writer: str,
    idea_id: int | None = None,
    base: int | None = None,
) -> int:
    """Add a draft and return its id; with an `idea_id` it changes that idea, from its revision `base` on."""
    moment = now()
    return insert(
        db,
        """insert into idea_drafts (member_id, submission_key, fields, writer, created_at, saved_at, idea_id, base)
        values (?, ?, ?, ?, ?, ?, ?, ?)""",
        [member_id, submission_key, _fields(form), writer, moment, moment, idea_id, base],
    )


def save(
    db: Database, *, draft_id: int, form: IdeaForm, writer: str, idea_id: int | None = None, base: int | None = None
) -> None:
    """Write a draft; the caller made sure that nothing is lost by it."""
    change(
        db,
        """update idea_drafts set fields = ?, writer = ?, saved_at = ?, revision = revision + 1,
          idea_id = coalesce(?, idea_id), base = coalesce(?, base) where id = ?""",
        [_fields(form), writer, now(), idea_id, base, draft_id],
    )


def remove(db: Database, *, draft_id: int) -> None:
    """Erase a draft."""
    change(db, "delete from idea_drafts where id = ?", [draft_id])


def finish(db: Database, *, member_id: int, submission_key: str | None, mark: DraftMark) -> None:
    """Erase a member's draft of this form, unless another device wrote a later text into it."""
    found = by_key(db, submission_key=submission_key) if submission_key else None
    if found and found.member_id == member_id and found.follows(mark):
        remove(db, draft_id=found.id)
