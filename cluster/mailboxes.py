"""Shared mailboxes: a member may give one instead of their own address, once somebody who reads it agreed.

Nobody's address is given away by another: a mailbox confirms by the link in a letter that goes there.
"""

from sqlite_utils import Database

import cluster.letters
import cluster.tokens
import data.mailboxes
import data.people
from cluster.people import email_wrong, must_act, not_too_often
from data.store import transaction
from models.errors import N_, NotFound, refuse
from models.people import Guest, Mailbox, Member

_DAYS = 7
_HOUR_S = 3600
_ASKED_AT_MOST = 5


def of_member(db: Database, *, member: Member | None) -> Mailbox:
    """The mailbox that others see instead of this member's address, and the one that has to confirm."""
    asking, _ = must_act(member)
    return data.mailboxes.get(db, member_id=asking.id)


def ask(db: Database, throttles: Database, *, member: Member | None, email: str, moment: float) -> None:
    """Ask a mailbox by letter whether it may be the contact address of this member; works for a week, once.

    Until it agrees others see what they saw before.
    """
    asking, _ = must_act(member)
    email = email.strip()
    refuse(email_wrong(email))
    not_too_often(throttles, keys={f"mailbox:{asking.id}": _ASKED_AT_MOST}, window_s=_HOUR_S, moment=moment)
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        expires_at = cluster.tokens.until(days=_DAYS)
        data.mailboxes.ask(db, member_id=asking.id, email=email, token_hash=token_hash, expires_at=expires_at)
        cluster.letters.queue(
            db,
            to=Guest(email=email, name="", locale=asking.locale),
            template="mailbox",
            dedupe_key=f"mailbox:{asking.id}:{token_hash[:8]}",
            asking=asking,
            token=token,
        )


def asked(db: Database, *, token: str) -> tuple[Member, str]:
    """Who asked a mailbox with this secret, and its address; NotFound once it was used or expired."""
    found = data.mailboxes.asked_by(db, token_hash=cluster.tokens.digest(token))
    member = data.people.get(db, member_id=found[0]) if found else None
    if found is None or member is None:
        raise NotFound(N_("Deze link werkt niet meer: hij is ouder dan een week of al gebruikt."))
    return member, found[1]


def confirm(db: Database, *, token: str) -> None:
    """Agree for a mailbox: from now on it is shown instead of the member's own address."""
    with transaction(db):
        member, _ = asked(db, token=token)
        data.mailboxes.confirm(db, member_id=member.id)


def remove(db: Database, *, member: Member | None) -> None:
    """Show one's own address again; twice changes nothing."""
    asking, _ = must_act(member)
    with transaction(db):
        data.mailboxes.remove(db, member_id=asking.id)
