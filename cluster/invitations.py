"""Invitations: a letter with a link that opens an account, once, within a week."""

from sqlite_utils import Database

import cluster.letters
import cluster.tokens
import data.invitations
import data.ledger
import data.people
from cluster.engine.texts import one_line
from cluster.passwords import hasher, password_wrong
from cluster.people import (
    NAME_AT_MOST,
    email_wrong,
    locale_wrong,
    must_belong,
    not_too_often,
    text_wrong,
)
from data.store import now, transaction
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.ledger import Act
from models.people import Guest, Invitation, InvitationState, Member, Role

DAYS = 7
PER_PAGE = 50
_DAY_S = 24 * 3600
_LETTERS_A_DAY = 50


def invite(
    db: Database,
    throttles: Database,
    *,
    member: Member,
    email: str,
    name: str,
    locale: str,
    organisation_id: int | None,
    coordinator: bool = False,
    moment: float,
) -> tuple[Invitation, bool]:
    """Invite somebody by letter, and tell whether that is new: the same invitation twice is sent once.

    A coordinator invites for any organisation, or a fellow coordinator; a member invites for their own.
    """
    email, name, wrong = email.strip(), one_line(name), list[Invalid]()
    if coordinator:
        must_belong(member, None)
        organisation_id = None
    elif not member.is_coordinator:
        must_belong(member, member.organisation_id)
        organisation_id = member.organisation_id
    elif organisation_id is None or data.people.organisation(db, organisation_id=organisation_id) is None:
        wrong.append(Invalid("organisation", N_("Kies een bestuur uit de lijst.")))
    wrong += [*email_wrong(email), *text_wrong("name", name, at_most=NAME_AT_MOST), *locale_wrong(locale)]
    refuse(wrong)
    not_too_often(throttles, keys={f"invite:{member.id}": _LETTERS_A_DAY}, window_s=_DAY_S, moment=moment)
    role = Role.COORDINATOR if coordinator else Role.MEMBER
    guest = Guest(email=email, name=name, locale=locale)
    with transaction(db):
        waiting = data.invitations.open_for(db, email=email)
        if waiting and waiting.organisation_id == organisation_id and waiting.expires_at > now():
            return waiting, False
        return write(db, guest=guest, by=member, organisation_id=organisation_id, role=role), True


def write(
    db: Database,
    *,
    guest: Guest,
    by: Member,
    organisation_id: int | None,
    role: Role = Role.MEMBER,
    function: str = "",
    request_id: int | None = None,
) -> Invitation:
    """Add an invitation and its letter; the caller holds the transaction.

    Refused when the address has an account, or an invitation elsewhere that did not expire. A member hears no more
    than that: whose an address is, is not theirs to know.
    """
    known = data.people.by_email(db, email=guest.email)
    waiting = data.invitations.open_for(db, email=guest.email)
    same = waiting is not None and (waiting.organisation_id, waiting.role) == (organisation_id, role)
    if known and (by.is_coordinator or known.organisation_id == by.organisation_id):
        said = N_("%(name)s heeft al een account met dit e-mailadres.")
        closed = N_("%(name)s had een account met dit e-mailadres. Een coördinator kan het weer openen.")
        raise Invalid("email", said if known.active else closed, name=known.name)
    if waiting and waiting.expires_at > now() and not same and by.is_coordinator:
        raise Invalid("email", N_("Voor dit e-mailadres staat al een andere uitnodiging open. Trek die eerst in."))
    if known or (waiting and waiting.expires_at > now() and not same):
        raise Invalid("email", N_("Dit e-mailadres kunnen we niet uitnodigen. Vraag het aan een coördinator."))
    if waiting:
        data.invitations.end(db, invitation_id=waiting.id, state=InvitationState.WITHDRAWN)
    token, token_hash = cluster.tokens.new()
    invitation_id = data.invitations.add(
        db,
        values={
            "organisation_id": organisation_id,
            "role": role.value,
            "email": guest.email,
            "name": guest.name,
            "function": function,
            "locale": guest.locale,
            "token_hash": token_hash,
            "invited_by": by.id,
            "request_id": request_id,
            "created_at": now(),
            "expires_at": cluster.tokens.until(days=DAYS),
        },
    )
    return _send(db, invitation_id=invitation_id, token=token)


def resend(db: Database, throttles: Database, *, member: Member, invitation_id: int, moment: float) -> Invitation:
    """Send an open invitation again, for another week; the link that was sent before stops working."""
    _own(db, member=member, invitation_id=invitation_id)
    not_too_often(throttles, keys={f"invite:{member.id}": _LETTERS_A_DAY}, window_s=_DAY_S, moment=moment)
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        _own(db, member=member, invitation_id=invitation_id)
        expires_at = cluster.tokens.until(days=DAYS)
        if not data.invitations.renew(db, invitation_id=invitation_id, token_hash=token_hash, expires_at=expires_at):
            raise Conflict(N_("Deze uitnodiging staat niet meer open."))
        return _send(db, invitation_id=invitation_id, token=token)


def withdraw(db: Database, *, member: Member, invitation_id: int) -> None:
    """Let the link of an invitation work no more; twice changes nothing, but an account that was opened stays."""
    with transaction(db):
        found = _own(db, member=member, invitation_id=invitation_id)
        if found.state is InvitationState.ACCEPTED:
            raise Conflict(N_("Deze uitnodiging is intussen aanvaard."))
        data.invitations.end(db, invitation_id=invitation_id, state=InvitationState.WITHDRAWN)


def waiting(db: Database, *, member: Member, page: int) -> tuple[list[Invitation], bool]:
    """One page of the open invitations: all for a coordinator, else those of one's organisation; and whether more."""
    must_belong(member, member.organisation_id)
    found = data.invitations.listed(
        db,
        organisation_id=None if member.is_coordinator else member.organisation_id,
        at_most=PER_PAGE + 1,
        after=(page - 1) * PER_PAGE,
    )
    return found[:PER_PAGE], len(found) > PER_PAGE


def opened(db: Database, *, token: str) -> Invitation:
    """The invitation behind a link; NotFound when it expired, was withdrawn or accepted, or never was."""
    found = data.invitations.by_token(db, token_hash=cluster.tokens.digest(token))
    if found is None or found.state is not InvitationState.OPEN or found.expires_at <= now():
        raise NotFound(N_("Deze uitnodiging werkt niet meer: ze is verlopen, ingetrokken of al gebruikt."))
    return found


def accept(
    db: Database, *, token: str, name: str, function: str, locale: str, standing_consent: bool, password: str
) -> Member:
    """Open the account one was invited for. It works once."""
    found = opened(db, token=token)
    name, function = one_line(name), one_line(function)
    refuse(
        [
            *text_wrong("name", name, at_most=NAME_AT_MOST, missing=N_("Schrijf je naam.")),
            *text_wrong("function", function, at_most=NAME_AT_MOST),
            *locale_wrong(locale),
            *password_wrong(password, email=found.email, name=name),
        ]
    )
    password_hash = hasher.hash(password)
    with transaction(db):
        found = opened(db, token=token)
        if data.people.by_email(db, email=found.email):
            raise Conflict(N_("Er is al een account met dit e-mailadres. Meld je aan."))
        values = {
            "organisation_id": found.organisation_id,
            "email": found.email,
            "name": name,
            "function": function or None,
            "role": found.role.value,
            "locale": locale,
            "password_hash": password_hash,
            "standing_consent": int(standing_consent),
            "demo": 0,
            "created_at": now(),
        }
        member_id = data.people.add_member(db, values=values)
        data.invitations.end(db, invitation_id=found.id, state=InvitationState.ACCEPTED, member_id=member_id)
        data.ledger.add(
            db, act=Act.ACCOUNT_OPENED, member_id=member_id, about=f"member:{member_id}", what=found.role.value
        )
        member = data.people.get(db, member_id=member_id)
    assert member is not None
    return member


def _own(db: Database, *, member: Member, invitation_id: int) -> Invitation:
    found = data.invitations.get(db, invitation_id=invitation_id)
    if found is None:
        raise NotFound
    must_belong(member, found.organisation_id)
    return found


def _send(db: Database, *, invitation_id: int, token: str) -> Invitation:
    found = data.invitations.get(db, invitation_id=invitation_id)
    assert found is not None
    key = f"invitation:{found.id}:{found.letters}"
    cluster.letters.queue(
        db, to=found.guest, template="invitation", dedupe_key=key, invitation=found, token=token, days=DAYS
    )
    return found
