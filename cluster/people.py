"""Who may come in: signing in and out, preferences, and adding members."""

import re
import secrets
from dataclasses import dataclass

from sqlite_utils import Database

import data.ledger
import data.people
import data.sessions
import data.throttles
from cluster.engine.texts import one_line, readable
from cluster.passwords import hasher, matches, password_wrong
from data.store import now, transaction
from models.errors import N_, Invalid, NotAllowed, NotFound, TooMany, refuse
from models.ledger import Act
from models.people import Member, Role
from models.sessions import Means, Outcome

LOCALES = ("nl", "fr", "en", "de")
NAME_AT_MOST = 100

# Whether mail arrives only sending tells; this keeps out what cannot be an address (RFC 5321 for the length).
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_EMAIL_AT_MOST = 254

# Ten tries a quarter of an hour for one account from one place, and a wider brake for the place itself.
_WINDOW_S = 15 * 60
_TRIES_PER_ACCOUNT = 10
_TRIES_PER_ADDRESS = 60

# Verified when the account does not exist, so that the answer takes as long as when it does.
_NOBODY = hasher.hash(secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a member is named (as before unless given), and what they decide about letters and contact."""

    locale: str
    standing_consent: bool
    name: str | None = None
    function: str | None = None


def sign_in(
    db: Database,
    throttles: Database,
    *,
    email: str,
    password: str,
    address: str,
    moment: float,
    demo: bool,
    agent: str = "",
) -> Member:
    """The member behind an e-mail address and password.

    Counted before hashing (hashing is what an attacker would make us do); the refusal never tells whether
    the account exists, and takes as long and writes as much when it does not. Demo accounts, whose password everybody
    knows, exist only in a demo.
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
    if not matches(stored or _NOBODY, password) or stored is None or member is None:
        with transaction(db):
            whose = member.id if member and known else None
            data.sessions.note(db, member_id=whose, outcome=Outcome.PASSWORD, means=Means.PASSWORD, agent=agent)
            about = f"member:{whose}" if whose else ""
            data.ledger.add(db, act=Act.SIGN_IN_FAILED, member_id=None, about=about, what=Outcome.PASSWORD.value)
        raise Invalid("password", N_("Dit e-mailadres en wachtwoord horen niet bij elkaar. Kijk ze na."))
    data.throttles.forget(throttles, key=account)
    # A whole municipality may share one address: who comes in rightly must not use up the tries of the others.
    data.throttles.take_back(throttles, key=f"signin:{address}", window_s=_WINDOW_S, moment=moment)
    return member


def set_preferences(db: Database, *, member: Member, preferences: Preferences) -> None:
    """Keep a member's name and function, language and standing consent."""
    name = one_line(member.name if preferences.name is None else preferences.name)
    function = one_line((member.function if preferences.function is None else preferences.function) or "")
    refuse(
        [
            *text_wrong("name", name, at_most=NAME_AT_MOST, missing=N_("Schrijf je naam.")),
            *text_wrong("function", function, at_most=NAME_AT_MOST),
            *locale_wrong(preferences.locale),
        ]
    )
    with transaction(db):
        data.people.set_preferences(
            db,
            member_id=member.id,
            name=name,
            function=function or None,
            locale=preferences.locale,
            standing_consent=preferences.standing_consent,
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
    """Add a member with a password that is hard to guess; a second one with the same address is refused."""
    refuse(password_wrong(password, email=email, name=name))
    values = {
        "organisation_id": organisation_id,
        "email": email.strip(),
        "name": name,
        "function": function,
        "role": role.value,
        "locale": locale,
        "password_hash": hasher.hash(password),
        "standing_consent": int(standing_consent),
        "demo": int(demo),
        "created_at": now(),
    }
    with transaction(db):
        if data.people.by_email(db, email=email):
            raise Invalid("email", N_("Er is al een account met dit e-mailadres."))
        member = data.people.get(db, member_id=data.people.add_member(db, values=values))
        assert member is not None
        data.ledger.add(db, act=Act.ACCOUNT_OPENED, member_id=None, about=f"member:{member.id}", what=member.role.value)
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
    wrong = email_wrong(email)
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
    refuse([*wrong, *locale_wrong(locale)])
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


def email_wrong(email: str) -> list[Invalid]:
    """What is wrong with an e-mail address, in the field `email`."""
    if _EMAIL.fullmatch(email) and len(email) <= _EMAIL_AT_MOST and readable(email):
        return []
    return [Invalid("email", N_("Schrijf een e-mailadres zoals naam@gemeente.be."))]


def locale_wrong(locale: str) -> list[Invalid]:
    """What is wrong with a language, in the field `locale`."""
    return [] if locale in LOCALES else [Invalid("locale", N_("Kies een taal uit de lijst."))]


def text_wrong(field: str, text: str, *, at_most: int, missing: str | None = None) -> list[Invalid]:
    """What is wrong with a cleaned text; `missing` is what to say when it is empty but needed."""
    if not text:
        return [Invalid(field, missing)] if missing else []
    if not readable(text):
        return [Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))]
    if len(text) > at_most:
        said = N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s.")
        return [Invalid(field, said, count=len(text), at_most=at_most)]
    return []


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


def must_belong(member: Member | None, organisation_id: int | None) -> Member:
    """The member, if of this organisation or a coordinator; for everybody else there is nothing here."""
    if member and (member.is_coordinator or (organisation_id and member.organisation_id == organisation_id)):
        return member
    raise NotFound


def not_too_often(throttles: Database, *, keys: dict[str, int], window_s: int, moment: float) -> None:
    """Count one use of each key and refuse when one was used more often than it may be in this window."""
    for key, at_most in keys.items():
        if data.throttles.count(throttles, key=key, window_s=window_s, moment=moment) > at_most:
            raise TooMany(N_("Dit gebeurde te vaak na elkaar. Probeer het later opnieuw."), seconds=window_s)
