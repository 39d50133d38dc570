"""Another e-mail address: it counts once who reads it says so, and who reads the old one is told at once.

Nobody learns here whether an address has an account: only a letter to that address tells.
"""

from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

import cluster.letters
import cluster.tokens
import data.addresses
import data.invitations
import data.ledger
import data.people
import data.sessions
from cluster.passwords import must_know
from cluster.people import email_wrong, not_too_often
from data.store import now, transaction
from models.errors import N_, Invalid, NotFound, refuse
from models.ledger import Act
from models.people import Guest, Member
from models.sessions import Means, Session

_HOURS = 24
_HOUR_S = 3600
_ASKED_AT_MOST = 5
# Who signs in elsewhere has no password to give here: having done so just now stands for it.
_JUST_NOW = timedelta(minutes=15)


def asked(db: Database, *, member: Member) -> str | None:
    """The address that a member asked for and that did not confirm yet."""
    return data.addresses.asked(db, member_id=member.id)


def ask(
    db: Database, throttles: Database, *, member: Member, session: Session, email: str, password: str, moment: float
) -> None:
    """Send the new address a link, for who proves to be the member; it works for a day, once.

    Nothing changes until then. A letter to the present address tells what was asked.
    """
    email = email.strip()
    wrong = email_wrong(email)
    if email.lower() == member.email.lower():
        wrong = [Invalid("email", N_("Dit is al je e-mailadres. Geef het nieuwe."))]
    refuse(wrong)
    if session.means is Means.PASSWORD:
        must_know(db, throttles, member=member, password=password, moment=moment)
    elif datetime.now(UTC) - datetime.fromisoformat(session.started_at) > _JUST_NOW:
        raise Invalid(
            "email", N_("Meld je eerst af en opnieuw aan. Daarna heb je een kwartier om je adres te wijzigen.")
        )
    keys = {f"address:{member.id}": _ASKED_AT_MOST, f"address-to:{email.lower()}": _ASKED_AT_MOST}
    not_too_often(throttles, keys=keys, window_s=_HOUR_S, moment=moment)
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        expires_at = cluster.tokens.until(hours=_HOURS)
        data.addresses.ask(db, member_id=member.id, email=email, token_hash=token_hash, expires_at=expires_at)
        known = data.people.by_email(db, email=email) is not None
        cluster.letters.queue(
            db,
            to=Guest(email=email, name="" if known else member.name, locale=member.locale),
            template="address_known" if known else "address",
            dedupe_key=f"address-to:{token_hash[:16]}",
            token=token,
        )
        key = f"address-from:{token_hash[:16]}"
        cluster.letters.queue(db, to=member, template="address_asked", dedupe_key=key, email=email)


def confirmable(db: Database, *, token: str) -> tuple[Member, str]:
    """Whose address this secret of a letter changes, and into which; NotFound once used, expired or taken."""
    found = data.addresses.asked_by(db, token_hash=cluster.tokens.digest(token))
    member = data.people.get(db, member_id=found[0]) if found else None
    if found is None or member is None or data.people.by_email(db, email=found[1]):
        raise NotFound(N_("Deze link werkt niet meer: hij is ouder dan een dag of al gebruikt."))
    return member, found[1]


def confirm(db: Database, *, token: str) -> None:
    """Give the member the address that confirmed. Every session ends, and a letter tells the old address."""
    with transaction(db):
        member, email = confirmable(db, token=token)
        data.addresses.take(db, member_id=member.id, email=email)
        data.sessions.end_all(db, member_id=member.id)
        data.invitations.use_resets(db, member_id=member.id)
        data.ledger.add(db, act=Act.EMAIL_CHANGED, member_id=member.id, about=f"member:{member.id}", what="")
        key = f"address-changed:{member.id}:{now()}"
        cluster.letters.queue(db, to=member, template="address_changed", dedupe_key=key)
        cluster.letters.take_up(db, member_id=member.id)


def forget(db: Database, *, member: Member) -> None:
    """Want no other address any more; twice changes nothing."""
    with transaction(db):
        data.addresses.forget(db, member_id=member.id)
