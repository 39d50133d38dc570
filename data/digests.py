"""Digests: how often each member wants one, and when the last was written."""

from sqlite_utils import Database

from data.store import change, row, rows
from models.digests import Digest, Wish


def wish(db: Database, *, member_id: int) -> Wish:
    """How often a member wants a digest."""
    found = row(db, "select digest, digested_on from members where id = ?", [member_id])
    return Wish(Digest(found["digest"]), found["digested_on"]) if found else Wish(Digest.OFF)


def wishes(db: Database) -> dict[int, Wish]:
    """The wishes of all whose account is open and whose address takes letters, but of who wants none."""
    found = rows(
        db,
        """select id, digest, digested_on from members
        where active = 1 and bounced_at is null and digest <> 'off' order by id""",
    )
    return {item["id"]: Wish(Digest(item["digest"]), item["digested_on"]) for item in found}


def choose(db: Database, *, member_id: int, digest: Digest) -> None:
    """Set how often a member wants a digest."""
    change(db, "update members set digest = ? where id = ?", [digest, member_id])


def note(db: Database, *, member_id: int, day: str) -> None:
    """Note on which day a member had a digest."""
    change(db, "update members set digested_on = ? where id = ?", [day, member_id])
