"""Passwords: which ones are too easy to guess, choosing another one, and what to do when it is forgotten."""

import re
import unicodedata
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlite_utils import Database

import cluster.letters
import cluster.tokens
import data.addresses
import data.invitations
import data.ledger
import data.people
import data.sessions
import data.throttles
from data.store import now, transaction
from models.errors import N_, Invalid, NotFound, TooMany, refuse
from models.ledger import Act
from models.people import Member

PASSWORD_AT_LEAST = 12
_PASSWORD_AT_MOST = 200
# What is left of a password without these words must still be something.
_GUESSED_FIRST = ("medestanders", "wachtwoord", "password", "welkom", "welcome", "azerty", "qwerty", "gemeente")
_LEFT_AT_LEAST = 6
_DIFFERENT_AT_LEAST = 5
_PART_AT_LEAST = 4

_RESET_HOURS = 1
_HOUR_S = 3600
_RESETS_PER_ACCOUNT = 3
_RESETS_PER_ADDRESS = 20
_TRIES_S = 15 * 60
_TRIES_AT_MOST = 10

hasher = PasswordHasher()


def matches(stored: str, password: str) -> bool:
    """Whether a password is the one that was stored as this hash; slow on purpose."""
    try:
        return hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def password_wrong(password: str, *, email: str, name: str) -> list[Invalid]:
    """What is wrong with a password somebody chose, in the field `password`: too short, or among the first guesses."""
    if len(password) < PASSWORD_AT_LEAST:
        said = N_("Kies een wachtwoord van minstens %(count)s tekens.")
        return [Invalid("password", said, count=PASSWORD_AT_LEAST)]
    if len(password) > _PASSWORD_AT_MOST:
        said = N_("Kies een wachtwoord van hoogstens %(count)s tekens.")
        return [Invalid("password", said, count=_PASSWORD_AT_MOST)]
    plain = _plain(password)
    if any(part in plain for part in _parts(email, name)):
        return [Invalid("password", N_("Kies een wachtwoord zonder je naam of e-mailadres erin."))]
    left = plain
    for word in _GUESSED_FIRST:
        left = left.replace(word, "")
    if len(left) < _LEFT_AT_LEAST or len(set(plain)) < _DIFFERENT_AT_LEAST or _repeats(plain) or _counts(plain):
        return [Invalid("password", N_("Dit wachtwoord is makkelijk te raden. Enkele woorden na elkaar zijn sterker."))]
    return []


def forget(db: Database, throttles: Database, *, email: str, address: str, moment: float, demo: bool) -> None:
    """Send the way to a new password to who has an account with this address; it works for an hour, once.

    Whether there is such an account, nobody can tell from the answer, nor from what is written for it.
    """
    email = email.strip()[:254]
    keys = {f"reset:{email.lower()}": _RESETS_PER_ACCOUNT, f"reset-from:{address}": _RESETS_PER_ADDRESS}
    for key, at_most in keys.items():
        if data.throttles.count(throttles, key=key, window_s=_HOUR_S, moment=moment) > at_most:
            said = N_("Je vroeg dit te vaak na elkaar. Kijk je e-mail na, of probeer het over een uur opnieuw.")
            raise TooMany(said, seconds=_HOUR_S)
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        found = data.people.by_email(db, email=email)
        member = found if found and found.active and (demo or not found.demo) else None
        expires_at = cluster.tokens.until(hours=_RESET_HOURS)
        reset_id = data.invitations.add_reset(
            db, member_id=member.id if member else None, token_hash=token_hash, expires_at=expires_at
        )
        if member:
            # Who asks, waits for the letter: an address that took none may be in order by now.
            cluster.letters.take_up(db, member_id=member.id)
            cluster.letters.queue(
                db, to=member, template="reset", dedupe_key=f"reset:{reset_id}:{token_hash[:8]}", token=token
            )


def resettable(db: Database, *, token: str) -> Member:
    """Whose password may be chosen anew with this secret; NotFound once it was used or expired."""
    member_id = data.invitations.reset_of(db, token_hash=cluster.tokens.digest(token))
    member = data.people.get(db, member_id=member_id) if member_id else None
    if member is None:
        raise NotFound(N_("Deze link werkt niet meer: hij is ouder dan een uur of al gebruikt."))
    return member


def reset(db: Database, *, token: str, password: str) -> Member:
    """Choose a new password with a secret from a letter. It works once, and ends every session there was."""
    member = resettable(db, token=token)
    refuse(password_wrong(password, email=member.email, name=member.name))
    password_hash = hasher.hash(password)
    with transaction(db):
        member = resettable(db, token=token)
        _set(db, member=member, password_hash=password_hash)
    return member


def change(db: Database, throttles: Database, *, member: Member, current: str, password: str, moment: float) -> Member:
    """Choose another password, knowing the present one. Every session ends."""
    wrong = _current_wrong(db, throttles, member=member, password=current, moment=moment)
    refuse([*wrong, *password_wrong(password, email=member.email, name=member.name)])
    data.throttles.forget(throttles, key=f"password:{member.id}")
    password_hash = hasher.hash(password)
    with transaction(db):
        _set(db, member=member, password_hash=password_hash)
    found = data.people.get(db, member_id=member.id)
    assert found is not None
    return found


def must_know(db: Database, throttles: Database, *, member: Member, password: str, moment: float) -> None:
    """Refuse, in the field `current`, who does not know the password of the account they are signed in to."""
    refuse(_current_wrong(db, throttles, member=member, password=password, moment=moment))
    data.throttles.forget(throttles, key=f"password:{member.id}")


def _current_wrong(db: Database, throttles: Database, *, member: Member, password: str, moment: float) -> list[Invalid]:
    """What is wrong with what should be the present password; counted before it is looked at."""
    key = f"password:{member.id}"
    if data.throttles.count(throttles, key=key, window_s=_TRIES_S, moment=moment) > _TRIES_AT_MOST:
        raise TooMany(N_("Te veel pogingen. Wacht een kwartier en probeer het opnieuw."), seconds=_TRIES_S)
    stored = data.people.password_hash(db, member_id=member.id)
    if stored is None or not matches(stored, password):
        return [Invalid("current", N_("Dit is niet je huidige wachtwoord."))]
    return []


def _set(db: Database, *, member: Member, password_hash: str) -> None:
    """Keep a new password, end sessions and what waits for a link, and tell by letter.

    The caller holds the transaction.
    """
    data.people.set_password(db, member_id=member.id, password_hash=password_hash)
    data.sessions.end_all(db, member_id=member.id)
    data.ledger.add(db, act=Act.PASSWORD_CHANGED, member_id=member.id, about=f"member:{member.id}", what="")
    data.invitations.use_resets(db, member_id=member.id)
    data.addresses.forget(db, member_id=member.id)
    cluster.letters.queue(db, to=member, template="password", dedupe_key=f"password:{member.id}:{now()}", moment=now())


def _plain(text: str) -> str:
    """A text in small letters without accents, as guessing tools compare them."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(sign))


def _parts(email: str, name: str) -> set[str]:
    """The words of a name and an e-mail address that are long enough to tell whose they are."""
    words = re.split(r"[\W_]+", f"{_plain(email.rpartition('.')[0])} {_plain(name)}")
    return {word for word in words if len(word) >= _PART_AT_LEAST}


def _repeats(text: str) -> bool:
    """Whether a text is one shorter text over and over, the last time perhaps cut short."""
    half = len(text) // 2
    return any(all(text[at] == text[at - step] for at in range(step, len(text))) for step in range(1, half + 1))


def _counts(text: str) -> bool:
    """Whether every sign follows on the one before, as in 123456 or in the alphabet, up or down."""
    steps = {
        (ord(after) - ord(before)) % 10 if after.isdigit() else ord(after) - ord(before)
        for before, after in pairwise(text)
    }
    return steps <= {1} or steps <= {9} or steps <= {-1}
