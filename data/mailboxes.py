"""Shared mailboxes that members give as their contact address, once somebody who reads them agreed."""

from sqlite_utils import Database

from data.store import change, now, row
from models.people import Mailbox


def get(db: Database, *, member_id: int) -> Mailbox:
    """The mailbox of a member, and the one that still has to be confirmed."""
    found = row(db, "select email, asked from mailboxes where member_id = ?", [member_id])
    return Mailbox(**found) if found else Mailbox()


def ask(db: Database, *, member_id: int, email: str, token_hash: str, expires_at: str) -> None:
    """Note which mailbox is asked to confirm; the one that was confirmed before stays meanwhile."""
    db.execute(
        """insert into mailboxes (member_id, asked, token_hash, expires_at) values (?, ?, ?, ?)
        on conflict (member_id) do update
        set asked = excluded.asked, token_hash = excluded.token_hash, expires_at = excluded.expires_at""",
        [member_id, email, token_hash, expires_at],
    )


def asked_by(db: Database, *, token_hash: str) -> tuple[int, str] | None:
    """Which active member asked a mailbox by this secret, and its address; none once used or expired."""
    found = row(
        db,
        """select b.member_id, b.asked from mailboxes b join members m on m.id = b.member_id and m.active = 1
        where b.token_hash = ? and b.expires_at > ?""",
        [token_hash, now()],
    )
    return (found["member_id"], found["asked"]) if found else None


def confirm(db: Database, *, member_id: int) -> None:
    """Make the mailbox that was asked the contact address of a member."""
    change(
        db,
        """update mailboxes set email = asked, asked = null, token_hash = null, expires_at = null
        where member_id = ? and asked is not null""",
        [member_id],
    )


def remove(db: Database, *, member_id: int) -> None:
    """Forget the mailbox of a member, confirmed or not."""
    change(db, "delete from mailboxes where member_id = ?", [member_id])
