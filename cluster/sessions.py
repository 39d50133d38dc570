"""Sessions: signing in opens one with a secret; signing out, leaving or another password ends them all."""

from datetime import UTC, datetime, timedelta

from sqlite_utils import Database

import cluster.tokens
import data.ledger
import data.people
import data.sessions
from data.store import transaction
from models.errors import NotAllowed, NotFound
from models.ledger import Act
from models.people import Member
from models.sessions import Means, Outcome, Present, Session, SignIn

# A working day, and no longer than lunch and a meeting without doing anything.
ABSOLUTE_HOURS = 12
IDLE_HOURS = 3
_HALF_MINUTES = 10
# So often at most is written down that somebody is there: it costs a write.
_SEEN_EVERY = timedelta(minutes=5)
_SIGN_INS_SHOWN = 20


def begin(
    db: Database,
    *,
    member: Member,
    means: Means = Means.PASSWORD,
    agent: str,
    instead_of: str = "",
    hint: str | None = None,
) -> str:
    """Open a session for a member and return the secret that opens it; `instead_of` is one that ends with it.

    `hint` is what a provider wants to hear again when somebody signs out.
    """
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        found = data.people.get(db, member_id=member.id)
        if found is None or not found.active:
            raise NotAllowed
        data.sessions.forget_ended(db, seen_since=_idle_since())
        data.sessions.end_by_token(db, token_hash=cluster.tokens.digest(instead_of))
        _open(db, member=member, token_hash=token_hash, means=means, agent=agent, hint=hint)
        data.sessions.note(db, member_id=member.id, outcome=Outcome.IN, means=means, agent=agent)
        data.ledger.add(db, act=Act.SIGNED_IN, member_id=member.id, about=f"member:{member.id}", what=means.value)
    return token


def begin_half(db: Database, *, member: Member, agent: str) -> str:
    """Return a secret that opens nothing but the question for the code of the second step, for ten minutes."""
    token, token_hash = cluster.tokens.new()
    with transaction(db):
        _open(db, member=member, token_hash=token_hash, means=Means.PASSWORD, agent=agent, half=True)
    return token


def present(db: Database, *, token: str) -> Present | None:
    """Who asks with this secret, or none when its session ended: by hand, by the clock, or with the account."""
    return data.sessions.present(db, token_hash=cluster.tokens.digest(token), seen_since=_idle_since())


def keep(db: Database, *, session: Session) -> None:
    """Let a session that is in use go on; most of the time there is nothing to write down."""
    if datetime.now(UTC) - datetime.fromisoformat(session.seen_at) > _SEEN_EVERY:
        with transaction(db):
            data.sessions.seen(db, session_id=session.id)


def hint(db: Database, *, session: Session) -> str | None:
    """What the provider wants to hear again when somebody signs out of this session."""
    return data.sessions.hint(db, session_id=session.id)


def listed(db: Database, *, member: Member) -> list[Session]:
    """Where a member is signed in, the place used last first."""
    return data.sessions.of_member(db, member_id=member.id, seen_since=_idle_since())


def sign_ins(db: Database, *, member: Member) -> list[SignIn]:
    """The latest attempts to sign in to a member's account, those that failed included."""
    return data.sessions.sign_ins(db, member_id=member.id, at_most=_SIGN_INS_SHOWN)


def end(db: Database, *, member: Member, session_id: int) -> None:
    """End one of a member's own sessions; one of somebody else is not found."""
    with transaction(db):
        if not data.sessions.end(db, member_id=member.id, session_id=session_id):
            raise NotFound


def end_others(db: Database, *, member: Member, but: Session) -> int:
    """End all sessions of a member but this one; how many there were."""
    with transaction(db):
        return data.sessions.end_all(db, member_id=member.id, but=but.id)


def end_all(db: Database, *, member: Member) -> None:
    """End all sessions of a member, here and on every other device."""
    with transaction(db):
        data.sessions.end_all(db, member_id=member.id)


def _open(
    db: Database,
    *,
    member: Member,
    token_hash: str,
    means: Means,
    agent: str,
    half: bool = False,
    hint: str | None = None,
) -> None:
    until = cluster.tokens.until(minutes=_HALF_MINUTES) if half else cluster.tokens.until(hours=ABSOLUTE_HOURS)
    values = {"token_hash": token_hash, "member_id": member.id, "half": int(half), "means": means.value}
    data.sessions.add(db, values={**values, "agent": agent, "ends_at": until, "hint": hint})


def _idle_since() -> str:
    return cluster.tokens.until(hours=-IDLE_HOURS)
