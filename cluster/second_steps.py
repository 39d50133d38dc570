"""The second step of signing in: a code of an authenticator app (RFC 6238), or a recovery code when that is gone."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from sqlite_utils import Database

import cluster.letters
import cluster.tokens
import data.ledger
import data.people
import data.second_steps
import data.sessions
import data.throttles
from cluster.passwords import must_know
from cluster.people import must_coordinate
from cluster.seals import Seals
from data.store import now, transaction
from models.errors import N_, Conflict, Invalid, NotAllowed, NotFound, TooMany
from models.ledger import Act
from models.people import Member
from models.sessions import Means, Outcome, Session

ISSUER = "Medestanders"
RECOVERY_CODES = 10
# Guessing a code of six digits with three of them valid at a time: one chance in sixty thousand per quarter of an hour.
_TRIES_AT_MOST = 5
_TRIES_S = 15 * 60
_STEP_S = 30
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class SecondStep:
    """How it stands with a member's second step: since when, recovery codes left, and a secret to be proven."""

    since: str | None
    codes_left: int
    candidate: str | None


def stands(db: Database, *, member: Member, seals: Seals) -> SecondStep:
    """How it stands with a member's second step."""
    kept = data.second_steps.get(db, member_id=member.id)
    left = data.second_steps.recovery_codes_left(db, member_id=member.id)
    candidate = seals.open(kept.candidate) if kept.candidate else None
    return SecondStep(since=kept.since if kept.secret else None, codes_left=left, candidate=candidate)


def is_asked(db: Database, *, member: Member) -> bool:
    """Whether signing in to this account asks for a code."""
    return data.second_steps.get(db, member_id=member.id).secret is not None


def address(secret: str, *, member: Member) -> str:
    """What an authenticator app reads from the picture (otpauth://…)."""
    return pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name=ISSUER)


def propose(db: Database, throttles: Database, *, member: Member, password: str, seals: Seals, moment: float) -> None:
    """Make a new secret for who knows the password; it counts once a code of it was given (`settle`)."""
    must_know(db, throttles, member=member, password=password, moment=moment)
    candidate = seals.close(pyotp.random_base32())
    with transaction(db):
        data.second_steps.propose(db, member_id=member.id, candidate=candidate)


def settle(
    db: Database, throttles: Database, *, member: Member, session: Session, code: str, seals: Seals, moment: float
) -> list[str]:
    """Ask for codes of the proposed secret from now on, and return fresh recovery codes, which nobody sees again.

    Every other session ends, and a letter tells.
    """
    candidate = data.second_steps.get(db, member_id=member.id).candidate
    secret = seals.open(candidate) if candidate else None
    if candidate is None or secret is None:
        raise Conflict(N_("Er staat geen nieuwe code klaar. Begin opnieuw met instellen."))
    _not_too_often(throttles, member, moment)
    step = _step(secret, code, moment)
    if step is None:
        raise Invalid("code", _WRONG)
    _forget_tries(throttles, member)
    codes = _fresh_codes()
    with transaction(db):
        if not data.second_steps.settle(db, member_id=member.id, candidate=candidate, step=step):
            raise Conflict(N_("Er staat geen nieuwe code klaar. Begin opnieuw met instellen."))
        _keep(db, member, codes)
        data.sessions.end_all(db, member_id=member.id, but=session.id)
        _tell(db, member, "on", member)
    return codes


def renew_codes(db: Database, throttles: Database, *, member: Member, password: str, moment: float) -> list[str]:
    """Return fresh recovery codes to who knows the password; the earlier ones work no more, and a letter tells."""
    must_know(db, throttles, member=member, password=password, moment=moment)
    codes = _fresh_codes()
    with transaction(db):
        if data.second_steps.get(db, member_id=member.id).secret is None:
            raise Conflict(N_("Er is geen tweede stap ingesteld."))
        _keep(db, member, codes)
        _tell(db, member, "codes", member)
    return codes


def remove(
    db: Database, throttles: Database, *, member: Member, session: Session, password: str, moment: float, optional: bool
) -> None:
    """Ask for no code any more, at the wish of who knows the password, where that is `optional`; a letter tells."""
    if not optional:
        raise NotAllowed(
            N_("Coördinatoren melden zich altijd in twee stappen aan. Je kunt wel een ander toestel kiezen.")
        )
    must_know(db, throttles, member=member, password=password, moment=moment)
    with transaction(db):
        if data.second_steps.remove(db, member_id=member.id):
            data.sessions.end_all(db, member_id=member.id, but=session.id)
            _tell(db, member, "off", member)


def reset(db: Database, *, member: Member | None, member_id: int) -> bool:
    """Take away the second step of who lost phone and codes, as a coordinator, never one's own; false if none stood.

    Their sessions end, and a letter tells.
    """
    who = must_coordinate(member)
    if who.id == member_id:
        raise NotAllowed(N_("Je eigen tweede stap wijzig je bij je account."))
    return reset_by_hand(db, member_id=member_id, by=who)


def reset_by_hand(db: Database, *, member_id: int, by: Member | None = None) -> bool:
    """The same for who keeps the server, as when the only coordinator lost everything."""
    with transaction(db):
        found = data.people.get(db, member_id=member_id)
        if found is None:
            raise NotFound
        if not data.second_steps.remove(db, member_id=member_id):
            return False
        data.sessions.end_all(db, member_id=member_id)
        _tell(db, found, "reset", by)
    return True


def enter(
    db: Database, throttles: Database, *, token: str, code: str, recovery: str, agent: str, seals: Seals, moment: float
) -> Member:
    """The member whose half session this secret opens, for a code of the app or a recovery code; each works once.

    NotFound when the ten minutes are over.
    """
    token_hash = cluster.tokens.digest(token)
    member = data.sessions.half(db, token_hash=token_hash)
    if member is None:
        raise NotFound(N_("Dat duurde te lang. Meld je opnieuw aan."))
    _not_too_often(throttles, member, moment)
    kept = data.second_steps.get(db, member_id=member.id).secret
    secret = seals.open(kept) if kept else None
    step = _step(secret, code, moment) if secret else None
    code_hash = cluster.tokens.digest(_plain(recovery))
    with transaction(db):
        if step is not None and data.second_steps.use_step(db, member_id=member.id, step=step):
            entered = True
        else:
            entered = data.second_steps.use_recovery_code(db, member_id=member.id, code_hash=code_hash)
        if entered:
            data.sessions.end_by_token(db, token_hash=token_hash)
        else:
            data.sessions.note(db, member_id=member.id, outcome=Outcome.CODE, means=Means.PASSWORD, agent=agent)
            about = f"member:{member.id}"
            data.ledger.add(db, act=Act.SIGN_IN_FAILED, member_id=None, about=about, what=Outcome.CODE.value)
    if not entered:
        if recovery.strip():
            raise Invalid("recovery", N_("Deze herstelcode klopt niet of is al gebruikt."))
        raise Invalid("code", _WRONG)
    _forget_tries(throttles, member)
    return member


def seal(db: Database, *, seals: Seals) -> int:
    """Seal the secrets that stand readable, or under a former key, anew; how many. Twice changes nothing."""
    anew = 0
    with transaction(db):
        for member_id, *kept in data.second_steps.secrets(db):
            sealed = [_sealed(one, seals) if one else None for one in kept]
            if sealed != kept:
                data.second_steps.set_secrets(db, member_id=member_id, secret=sealed[0], candidate=sealed[1])
                anew += 1
    return anew


def _sealed(kept: str, seals: Seals) -> str:
    if seals.is_present(kept):
        return kept
    text = kept if kept.isupper() else seals.open(kept)  # base32 is in capitals, what is sealed never
    return kept if text is None else seals.close(text)


def unreadable(db: Database, *, seals: Seals) -> int:
    """How many members have a secret that no key of ours opens: for them only recovery codes work."""
    return sum(secret is not None and seals.open(secret) is None for _, secret, _ in data.second_steps.secrets(db))


_WRONG = N_("Deze code klopt niet of is al gebruikt. Neem de code die nu in je app staat.")


def _step(secret: str, code: str, moment: float) -> int | None:
    """The step of time whose code this is: the present one, or one beside it for clocks that differ a little."""
    given = re.sub(r"\s", "", code)
    totp, at = pyotp.TOTP(secret), datetime.fromtimestamp(moment, UTC)
    codes = {beside: totp.at(at, counter_offset=beside) for beside in (-1, 0, 1)}
    found = [beside for beside, valid in codes.items() if secrets.compare_digest(valid.encode(), given.encode())]
    return int(moment // _STEP_S) + found[-1] if found else None


def _not_too_often(throttles: Database, member: Member, moment: float) -> None:
    key = f"second:{member.id}"
    if data.throttles.count(throttles, key=key, window_s=_TRIES_S, moment=moment) > _TRIES_AT_MOST:
        raise TooMany(N_("Te veel pogingen. Wacht een kwartier en probeer het opnieuw."), seconds=_TRIES_S)


def _forget_tries(throttles: Database, member: Member) -> None:
    data.throttles.forget(throttles, key=f"second:{member.id}")


def _fresh_codes() -> list[str]:
    """Codes to write down: eighty bits each in four groups, without signs that look alike."""
    return [
        "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    ]


def _plain(code: str) -> str:
    return re.sub(r"[^a-z0-9]", "", code.lower())


def _keep(db: Database, member: Member, codes: list[str]) -> None:
    hashes = [cluster.tokens.digest(_plain(code)) for code in codes]
    data.second_steps.set_recovery_codes(db, member_id=member.id, hashes=hashes)


def _tell(db: Database, member: Member, what: str, by: Member | None = None) -> None:
    """Tell the member by letter and the ledger by entry; the caller holds the transaction."""
    about = f"member:{member.id}"
    data.ledger.add(db, act=Act.SECOND_STEP_CHANGED, member_id=by.id if by else None, about=about, what=what)
    key = f"second:{member.id}:{what}:{now()}"
    cluster.letters.queue(db, to=member, template="second_step", dedupe_key=key, what=what)
