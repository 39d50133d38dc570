"""Data about people: taking one's own along, erasing an account, and forgetting in time what need not be kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

import data.ledger
import data.people
import data.privacy
import data.throttles
from cluster.organisations import one_member
from data.privacy import LETTERS_DAYS, SIGN_INS_DAYS
from data.store import now, transaction
from models.errors import N_, NotAllowed
from models.ledger import Act
from models.people import Member

_THROTTLES_DAYS = 2


def export(db: Database, *, member: Member) -> dict[str, Any]:
    """All that is kept of a member, as tables, with why and for how long."""
    found = data.privacy.of_member(db, member_id=member.id, email=member.email)
    return {
        "exported_at": now(),
        "tables": {
            table: {"why": data.privacy.INVENTORY[table].why, "kept": data.privacy.INVENTORY[table].until, "rows": rows}
            for table, rows in found.items()
        },
    }


def erase(db: Database, throttles: Database, *, member: Member, member_id: int) -> None:
    """Erase who somebody is from a closed account: their own, or as a coordinator anybody's. Twice changes nothing.

    Name, addresses, sessions, letters, drafts and kept searches go. Ideas and what was written for the organisation
    stay with it, under its name.
    """
    leaving = one_member(db, member=member, member_id=member_id)
    if data.privacy.is_erased(leaving.email):
        return
    with transaction(db):
        found = data.people.get(db, member_id=member_id)
        if found is None or found.active:
            raise NotAllowed(N_("Sluit eerst het account."))
        called = leaving.organisation or "Medestanders"
        data.privacy.erase(db, member_id=member_id, email=leaving.email, name=leaving.name, called=called)
        data.ledger.add(db, act=Act.ACCOUNT_ERASED, member_id=member.id, about=f"member:{member_id}", what="")
    data.throttles.forget_about(throttles, text=leaving.email.lower())
    data.privacy.settle(db)


def is_erased(member: Member) -> bool:
    """Whether nobody can be told from this account any more."""
    return data.privacy.is_erased(member.email)


def tidy(db: Database, throttles: Database) -> None:
    """Forget letters, attempts to sign in, and what counts them, once they are past their days."""
    moment = datetime.now(UTC)

    def before(days: int) -> str:
        return (moment - timedelta(days=days)).isoformat(timespec="seconds")

    with transaction(db):
        data.privacy.tidy(db, letters_before=before(LETTERS_DAYS), sign_ins_before=before(SIGN_INS_DAYS))
    data.throttles.forget_before(throttles, moment=(moment - timedelta(days=_THROTTLES_DAYS)).timestamp())
    data.privacy.settle(db)
