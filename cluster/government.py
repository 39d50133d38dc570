"""Signing in with the login of the Flemish government: who may come in, as what, and how an account comes of it.

People are known by issuer and subject, never by an e-mail address; their role follows what the provider says at each
login. An organisation is its KBO number or OVO code in our register.
"""

import re
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

import cluster.letters
import cluster.tokens
import data.government
import data.ledger
import data.people
import data.sessions
from cluster.engine.texts import one_line
from cluster.people import NAME_AT_MOST, email_wrong, locale_wrong, not_too_often, text_wrong
from data.store import now, transaction
from models.errors import N_, Conflict, NotAllowed, NotFound, refuse
from models.government import Arrival, Person, Terms
from models.ledger import Act
from models.people import Guest, Member, Role

_ARRIVAL_HOURS = 24
_LETTERS_AN_HOUR = 5
_HOUR_S = 3600


def read(db: Database, *, claims: Mapping[str, Any], terms: Terms) -> Person:
    """Whom the claims of a verified ID token describe; refused, with what to do, without a right or an organisation.

    Nothing else of the claims is kept: not the national number, should a provider send it unasked.
    """
    code, called = (one_line(str(claims.get(name) or "")) for name in ("vo_orgcode", "vo_orgnaam"))
    name = one_line(" ".join(str(claims[part]).strip() for part in ("given_name", "family_name") if claims.get(part)))
    found = data.government.organisation(db, code=_plain(code)) if code else None
    rights = _rights(claims.get(terms.rights), code, db, found.id if found else None)
    if terms.coordinator in rights:
        role, organisation_id = Role.COORDINATOR, None
    elif terms.member not in rights:
        said = N_(
            "Je hebt bij je bestuur nog geen toegang tot Medestanders. Vraag aan wie bij jullie het gebruikersbeheer "
            "van de Vlaamse overheid doet om je het recht ‘%(right)s’ te geven, en meld je dan opnieuw aan."
        )
        raise NotAllowed(said, right=terms.member)
    elif found is None:
        said = N_(
            "%(name)s (%(code)s) staat niet in onze lijst van besturen. Laat het de coördinatoren van het programma "
            "weten, met deze naam en deze code. Er is geen account gemaakt."
        )
        raise NotAllowed(said, name=called or "?", code=code or "?")
    else:
        role, organisation_id = Role.MEMBER, found.id
    return Person(terms.issuer, str(claims["sub"]), name[:NAME_AT_MOST] or called or "?", role, organisation_id)


def enter(db: Database, *, person: Person) -> Member | None:
    """The member whom this person is, in the role that the provider gives now; none without an account.

    Refused when the account was closed, or belongs to another organisation than the one they signed in for.
    """
    with transaction(db):
        member = data.government.member(db, issuer=person.issuer, subject=person.subject)
        if member is None:
            return None
        if not member.active:
            raise NotAllowed(N_("Je account is gesloten. Een coördinator kan het weer openen."))
        organisation_id = _place(db, member, person)
        data.government.refresh(db, member_id=member.id, role=person.role, organisation_id=organisation_id)
        if (member.role, member.organisation_id) != (person.role, organisation_id):
            what = f"{member.role.value}>{person.role.value}"
            data.ledger.add(db, act=Act.ROLE_CHANGED, member_id=None, about=f"member:{member.id}", what=what)
        return data.people.get(db, member_id=member.id)


def turn_away(db: Database, *, issuer: str, subject: str) -> None:
    """End the sessions of an account whose owner the provider no longer gives the right to be here."""
    with transaction(db):
        member = data.government.member(db, issuer=issuer, subject=subject)
        if member:
            data.sessions.end_all(db, member_id=member.id)


def link(db: Database, *, member: Member, person: Person) -> None:
    """Let this person sign in to the account they are signed in to; twice changes nothing.

    Refused when they have another account, or signed in for another organisation or role than this account has.
    """
    with transaction(db):
        known = data.government.member(db, issuer=person.issuer, subject=person.subject)
        if known and known.id != member.id:
            raise Conflict(N_("Bij deze aanmelding van de Vlaamse overheid hoort al een ander account."))
        if known:
            return
        if person.role is not member.role:
            said = N_("Deze aanmelding heeft een andere rol dan dit account. Vraag raad aan een coördinator.")
            raise NotAllowed(said)
        _place(db, member, person)
        data.government.add(db, person=person, member_id=member.id)
        data.government.forget_arrivals(db, person=person)
        data.ledger.add(db, act=Act.ACCOUNT_LINKED, member_id=member.id, about=f"member:{member.id}", what="")
        key = f"linked:{member.id}:{now()}"
        cluster.letters.queue(db, to=member, template="linked", dedupe_key=key)


def arrive(db: Database, *, person: Person) -> str:
    """Return the secret with which somebody without an account asks for one, for a day."""
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        ends_at = cluster.tokens.until(hours=_ARRIVAL_HOURS)
        data.government.arrive(db, token_hash=token_hash, person=person, ends_at=ends_at)
    return token


def arrival(db: Database, *, token: str) -> Arrival:
    """Who asks for an account with this secret; NotFound after a day."""
    found = data.government.arrival(db, token_hash=cluster.tokens.digest(token))
    if found is None:
        raise NotFound(N_("Dat duurde te lang. Meld je opnieuw aan."))
    return found


def reach(
    db: Database, throttles: Database, *, token: str, email: str, locale: str, address: str, moment: float
) -> None:
    """Send the way to an account to the address at which somebody says to be reached.

    Whether there is an account with that address already, only a letter to that address tells.
    """
    found, email = arrival(db, token=token), email.strip()
    refuse([*email_wrong(email), *locale_wrong(locale)])
    keys = {f"arrival:{email.lower()}": _LETTERS_AN_HOUR, f"arrival-from:{address}": 4 * _LETTERS_AN_HOUR}
    not_too_often(throttles, keys=keys, window_s=_HOUR_S, moment=moment)
    secret, secret_hash = cluster.tokens.new()
    with transaction(db):
        token_hash = cluster.tokens.digest(token)
        if not data.government.set_email(db, token_hash=token_hash, email=email, confirm_hash=secret_hash):
            raise NotFound(N_("Dat duurde te lang. Meld je opnieuw aan."))
        cluster.letters.queue(
            db,
            to=Guest(email=email, name=found.person.name, locale=locale),
            template="arrival_known" if data.people.by_email(db, email=email) else "arrival",
            dedupe_key=f"arrival:{secret_hash[:16]}",
            token=secret,
            organisation=found.organisation,
        )


def confirmable(db: Database, *, secret: str) -> Arrival:
    """Whose account the secret of a letter opens; NotFound once it did, when there is one, or after a day."""
    found = data.government.arrival(db, confirm_hash=cluster.tokens.digest(secret))
    if found is None or found.email is None or data.people.by_email(db, email=found.email):
        raise NotFound(N_("Deze link werkt niet meer: hij is ouder dan een dag of al gebruikt."))
    return found


def open_account(db: Database, *, secret: str, name: str, function: str, locale: str, standing_consent: bool) -> Member:
    """Open the account of who read the letter at their address. They sign in with the provider, not with the letter."""
    name, function = one_line(name), one_line(function)
    refuse(
        [
            *text_wrong("name", name, at_most=NAME_AT_MOST, missing=N_("Schrijf je naam.")),
            *text_wrong("function", function, at_most=NAME_AT_MOST),
            *locale_wrong(locale),
        ]
    )
    with transaction(db):
        found = confirmable(db, secret=secret)
        person = found.person
        if data.government.member(db, issuer=person.issuer, subject=person.subject):
            raise NotFound(N_("Deze link werkt niet meer: hij is ouder dan een dag of al gebruikt."))
        values = {
            "organisation_id": person.organisation_id,
            "email": found.email,
            "name": name,
            "function": function or None,
            "role": person.role.value,
            "locale": locale,
            "password_hash": None,
            "standing_consent": int(standing_consent),
            "demo": 0,
            "created_at": now(),
        }
        member_id = data.people.add_member(db, values=values)
        data.government.add(db, person=person, member_id=member_id)
        about = f"member:{member_id}"
        data.ledger.add(db, act=Act.ACCOUNT_OPENED, member_id=member_id, about=about, what=person.role.value)
        data.government.forget_arrivals(db, person=person)
        member = data.people.get(db, member_id=member_id)
    assert member is not None
    return member


def since(db: Database, *, member: Member) -> str | None:
    """Since when the login of the Flemish government opens this account; none if it does not."""
    return data.government.since(db, member_id=member.id)


def _place(db: Database, member: Member, person: Person) -> int | None:
    """The organisation of the account after this login: that of today, if it merged; refused when it is another."""
    if person.organisation_id is None or member.organisation_id == person.organisation_id:
        return member.organisation_id
    if member.organisation_id is not None:
        living = data.people.today(db, organisation_id=member.organisation_id)
        if living is None or living.id != person.organisation_id:
            said = N_(
                "Je account hoort bij %(organisation)s, en je meldde je aan voor een ander bestuur. Kies bij het "
                "aanmelden %(organisation)s. Werk je daar niet meer? Vraag een coördinator om dat account te sluiten."
            )
            raise NotAllowed(said, organisation=member.organisation or "?")
    return person.organisation_id


def _rights(given: object, code: str, db: Database, organisation_id: int | None) -> set[str]:
    """The rights that hold for the organisation somebody signed in for, of a claim `["Right:organisation,…", …]`."""
    found = set()
    for one in given if isinstance(given, list) else [given]:
        right, _, keys = str(one or "").partition(":")
        for key in keys.split(","):
            named = _plain(key)
            known = data.government.organisation(db, code=named) if named and named != _plain(code) else None
            if named and (named == _plain(code) or (known and known.id == organisation_id)):
                found.add(right.strip())
    return found


def _plain(code: str) -> str:
    """A KBO number or OVO code as the register writes it: without spaces and dots."""
    return re.sub(r"[\s.]", "", code).upper()
