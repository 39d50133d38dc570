"""Reasons for which coordinators reject, as they list them."""

from collections.abc import Sequence

from sqlite_utils import Database

from data.store import change, rows


def listed(db: Database) -> list[str]:
    """The reasons, in order."""
    return [one["reason"] for one in rows(db, "select reason from rejection_reasons order by position")]


def set_all(db: Database, *, reasons: Sequence[str]) -> None:
    """Let these be the reasons, in this order."""
    change(db, "delete from rejection_reasons")
    for position, reason in enumerate(reasons):
        db.execute("insert into rejection_reasons (reason, position) values (?, ?)", [reason, position])
