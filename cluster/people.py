"""Who may come in: signing in and out, preferences, and adding members."""

import re
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

import data.people
import data.throttles
from cluster.engine.texts import one_line
from data.store import now, transaction
from models.errors import N_, Invalid, NotAllowed, TooMany, refuse
from models.people import Member, Role

LOCALES = ("nl", "en")
PASSWORD_AT_LEAST = 12

# Whether mail arrives only sending tells; this keeps out what cannot be an address (RFC 5321 for the length).
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_EMAIL_AT_MOST = 254

# Ten tries a quarter of an hour for one account from one place, and a wider brake for the place itself.
_WINDOW_S = 15 * 60
_TRIES_PER_ACCOUNT = 10
_TRIES_PER_ADDRESS = 60

_hasher = PasswordHasher()
# Verified when the account does not exist, so that the answer takes as long as when it does.
_NOBODY = _hasher.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a member decides about letters and contact."""

    locale: str
    standing_consent: bool


def sign_in(
    db: Database, throttles: Database, *, email: str, password: str, address: str, moment: float, demo: bool
) -> Member:
    """The member behind an e-mail address and password.

    Counted before hashing (hashing is what an attacker would make us do); the refusal never tells whether
    the account exists. Demo accounts, whose password everybody knows, exist only in a demo.
    """
    account = f"signin:{address}:{email.strip().lower()[:254]}"
    for key, at_most in ((account, _TRIES_PER_ACCOUNT), (f"signin:{address}", _TRIES_PER_ADDRESS)):
        if data.throttles.count(throttles, key=key, window_s=_WINDOW_S, moment=moment) > at_most:
            raise TooMany(
                N_("Te veel pogingen om aan te melden. Wacht een kwartier en probeer het opnieuw."), seconds=_WINDOW_S
            )
    member = data.people.by_email(db, email=email)
    known = member is not None and member.active and (demo or not member.demo)
    stored = data.people.password_hash(db, member_id=member.id) if member and known else None
    if not _matches(stored or _NOBODY, password) or stored is None or member is None:
        raise Invalid("password", N_("Dit e-mailadres en wachtwoord horen niet bij elkaar. Kijk ze na."))
    data.throttles.forget(throttles, key=account)
    # A whole municipality may share one address: who comes in rightly must not use up the tries of the others.
    data.throttles.take_back(throttles, key=f"signin:{address}", window_s=_WINDOW_S, moment=moment)
    return member


def sign_out(db: Database, *, member: Member) -> None:
    """End all sessions of a member, here and on every other device."""
    with transaction(db):
        data.people.set_session_key(db, member_id=member.id, session_key=secrets.token_urlsafe(24))


def set_preferences(db: Database, *, member: Member, preferences: Preferences) -> None:
    """Keep a member's language and standing consent."""
    if preferences.locale not in LOCALES:
        raise Invalid("locale", N_("Kies een taal uit de lijst."))
    with transaction(db):
        data.people.set_preferences(
            db, member_id=member.id, locale=preferences.locale, standing_consent=preferences.standing_consent
        )


def add_member(
    db: Database,
    *,
    email: str,
    name: str,
    role: Role,
    organisation_id: int | None,
    password: str,
    function: str | None = None,
    locale: str = "nl",
    standing_consent: bool = False,
    demo: bool = False,
) -> Member:
    """Add a member with a password of at least twelve characters; a second one with the same address is refused."""
    if len(password) < PASSWORD_AT_LEAST:
        raise Invalid("password", N_("Kies een wachtwoord van minstens %(count)s tekens."), count=PASSWORD_AT_LEAST)
    values = {
        "organisation_id": organisation_id,
        "email": email.strip(),
        "name": name,
        "function": function,
        "role": role.value,
        "locale": locale,
        "password_hash": _hasher.hash(password),
        "standing_consent": int(standing_consent),
        "session_key": secrets.token_urlsafe(24),
        "demo": int(demo),
        "created_at": now(),
    }
    with transaction(db):
        if data.people.by_email(db, email=email):
            raise Invalid("email", N_("Er is al een account met dit e-mailadres."))
        member = data.people.get(db, member_id=data.people.add_member(db, values=values))
    assert member is not None
    return member


def open_account(
    db: Database,
    *,
    email: str,
    name: str,
    organisation: str | None,
    coordinator: bool,
    function: str | None,
    locale: str,
    password: str,
) -> Member:
    """Add a member for an organisation given by name, code or URI, or a coordinator, who needs none."""
    email, name = email.strip(), one_line(name)
    found = data.people.find_organisation(db, text=organisation) if organisation else None
    wrong = []
    if not _EMAIL.fullmatch(email) or len(email) > _EMAIL_AT_MOST:
        wrong.append(Invalid("email", N_("Schrijf een e-mailadres zoals naam@gemeente.be.")))
    if not name:
        wrong.append(Invalid("name", N_("Geef de naam van het lid.")))
    if organisation and found is None:
        wrong.append(
            Invalid(
                "organisation",
                N_("“%(text)s” kennen we niet. Geef de naam, de NIS- of KBO-code of de URI van een bestuur."),
                text=organisation,
            )
        )
    elif found is None and not coordinator:
        wrong.append(Invalid("organisation", N_("Geef het bestuur waarvoor dit lid werkt (--organisation).")))
    if locale not in LOCALES:
        wrong.append(Invalid("locale", N_("Kies een taal uit de lijst.")))
    refuse(wrong)
    return add_member(
        db,
        email=email,
        name=name,
        role=Role.COORDINATOR if coordinator else Role.MEMBER,
        organisation_id=found.id if found else None,
        password=password,
        function=one_line(function or "") or None,
        locale=locale,
    )


def must_coordinate(member: Member | None) -> Member:
    """The member, if a coordinator; refused otherwise."""
    if member is None or not member.is_coordinator:
        raise NotAllowed(N_("Deze pagina is voor de coördinatoren van het programma."))
    return member


def must_act(member: Member | None) -> tuple[Member, int]:
    """The member and the organisation acted for; refused for visitors and for coordinators without one."""
    if member is None or member.organisation_id is None:
        raise NotAllowed(N_("Meld je aan als medewerker van een lokaal bestuur om dit te doen."))
    return member, member.organisation_id


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
