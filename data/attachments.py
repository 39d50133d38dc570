"""Attachments: which files belong to which message or idea."""

from collections.abc import Sequence

from sqlite_utils import Database

from data.store import change, insert, now, placeholders, row, rows, value
from models.attachments import Attachment

_ATTACHMENT = "select id, message_id, idea_id, organisation_id, name, type, size, digest, added_at from attachments "


def add(
    db: Database,
    *,
    message_id: int | None,
    idea_id: int | None,
    member_id: int,
    organisation_id: int | None,
    name: str,
    type: str,
    size: int,
    digest: str,
) -> int:
    """Let a file that stands on disk belong to a message or an idea, and return the id of this."""
    return insert(
        db,
        """insert into attachments (message_id, idea_id, member_id, organisation_id, name, type, size, digest, added_at)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [message_id, idea_id, member_id, organisation_id, name, type, size, digest, now()],
    )


def get(db: Database, *, attachment_id: int) -> Attachment | None:
    """One attachment by id."""
    found = row(db, _ATTACHMENT + "where id = ?", [attachment_id])
    return Attachment(**found) if found else None


def of_messages(db: Database, *, ids: Sequence[int]) -> list[Attachment]:
    """The attachments of these messages, in the order in which they came."""
    found = rows(db, f"{_ATTACHMENT} where message_id in ({placeholders(len(ids))}) order by id", list(ids))
    return [Attachment(**item) for item in found]


def of_idea(db: Database, *, idea_id: int) -> list[Attachment]:
    """The attachments of an idea, in the order in which they came."""
    return [Attachment(**item) for item in rows(db, _ATTACHMENT + "where idea_id = ? order by id", [idea_id])]


def item_of_message(db: Database, *, message_id: int) -> tuple[int, bool]:
    """The conversation that a message stands in, and whether a coordinator hid it."""
    found = row(db, "select thread_id, hidden from messages where id = ?", [message_id])
    assert found is not None
    return int(found["thread_id"]), bool(found["hidden"])


def size_of(db: Database, *, organisation_id: int | None) -> int:
    """How many bytes the files of an organisation take, or those of the coordinators together."""
    sql = "select coalesce(sum(size), 0) from attachments where organisation_id is ?"
    return int(value(db, sql, [organisation_id]))


def remove(db: Database, *, attachment_id: int) -> None:
    """Let a file belong to its message or idea no more."""
    change(db, "delete from attachments where id = ?", [attachment_id])


def has(db: Database, *, digest: str) -> bool:
    """Whether anything still has this content."""
    return bool(value(db, "select exists (select 1 from attachments where digest = ?)", [digest]))
