"""Sessions, of whose secrets only the hash is here, and attempts to sign in."""

from typing import Any

from sqlite_utils import Database

from data.people import MEMBER_COLUMNS, MEMBER_TABLES, member_of
from data.store import change, insert, now, row, rows, value
from models.people import Member
from models.sessions import Means, Outcome, Present, Session, SignIn

_SESSION = ("id", "means", "agent", "started_at", "seen_at")


def _session(found: dict[str, Any], before: str = "") -> Session:
    values = {name: found[before + name] for name in _SESSION}
    return Session(**{**values, "means": Means(values["means"])})


def add(db: Database, *, values: dict[str, Any]) -> int:
    """Add a session; `half` is one that still waits for the code of the second step."""
    return insert(
        db,
        """insert into sessions (token_hash, member_id, half, means, agent, started_at, seen_at, ends_at, hint)
        values (:token_hash, :member_id, :half, :means, :agent, :now, :now, :ends_at, :hint)""",
        {**values, "now": now()},
    )


def present(db: Database, *, token_hash: str, seen_since: str) -> Present | None:
    """The active member behind a session that did not end, and that was used since."""
    found = row(
        db,
        f"""select {MEMBER_COLUMNS}, s.id as s_id, s.means as s_means, s.agent as s_agent, s.started_at as s_started_at,
          s.seen_at as s_seen_at, f.secret is not null as s_second
        from sessions s join {MEMBER_TABLES} on m.id = s.member_id left join second_steps f on f.member_id = m.id
        where s.token_hash = ? and s.half = 0 and s.ends_at > ? and s.seen_at > ? and m.active = 1""",
        [token_hash, now(), seen_since],
    )
    if found is None:
        return None
    member = member_of({name: given for name, given in found.items() if not name.startswith("s_")})
    return Present(member=member, session=_session(found, "s_"), has_second_step=bool(found["s_second"]))


def half(db: Database, *, token_hash: str) -> Member | None:
    """The active member whose password was right and whose code is awaited in this session."""
    found = row(
        db,
        f"""select {MEMBER_COLUMNS} from sessions s join {MEMBER_TABLES} on m.id = s.member_id
        where s.token_hash = ? and s.half = 1 and s.ends_at > ? and m.active = 1""",
        [token_hash, now()],
    )
    return member_of(found) if found else None


def seen(db: Database, *, session_id: int) -> None:
    """Note that a session was used now."""
    change(db, "update sessions set seen_at = ? where id = ?", [now(), session_id])


def hint(db: Database, *, session_id: int) -> str | None:
    """What the provider wants to hear again when somebody signs out of a session."""
    found: str | None = value(db, "select hint from sessions where id = ?", [session_id])
    return found


def of_member(db: Database, *, member_id: int, seen_since: str) -> list[Session]:
    """The sessions of a member that did not end, the one used last first."""
    found = rows(
        db,
        f"""select {", ".join(_SESSION)} from sessions
        where member_id = ? and half = 0 and ends_at > ? and seen_at > ? order by seen_at desc, id desc""",
        [member_id, now(), seen_since],
    )
    return [_session(item) for item in found]


def end(db: Database, *, member_id: int, session_id: int) -> bool:
    """End a session of a member; false when there is no such session."""
    return bool(change(db, "delete from sessions where id = ? and member_id = ?", [session_id, member_id]))


def end_by_token(db: Database, *, token_hash: str) -> bool:
    """End the session that a secret opens, half or whole; false when there is none any more."""
    return bool(change(db, "delete from sessions where token_hash = ?", [token_hash]))


def end_all(db: Database, *, member_id: int, but: int = 0) -> int:
    """End all sessions of a member, but for one if named; how many there were."""
    return change(db, "delete from sessions where member_id = ? and id <> ?", [member_id, but])


def end_everybody(db: Database) -> None:
    """End every session there is."""
    change(db, "delete from sessions")


def forget_ended(db: Database, *, seen_since: str) -> None:
    """Forget the sessions that reached one of their limits."""
    change(db, "delete from sessions where ends_at <= ? or seen_at <= ?", [now(), seen_since])


def note(db: Database, *, member_id: int | None, outcome: Outcome, means: Means, agent: str) -> None:
    """Note how an attempt to sign in went; without a member it was for no account we know."""
    insert(
        db,
        "insert into sign_ins (member_id, happened_at, outcome, means, agent) values (?, ?, ?, ?, ?)",
        [member_id, now(), outcome, means, agent],
    )


def sign_ins(db: Database, *, member_id: int, at_most: int) -> list[SignIn]:
    """The latest attempts to sign in to an account, newest first."""
    found = rows(
        db,
        "select happened_at, outcome, means, agent from sign_ins where member_id = ? order by id desc limit ?",
        [member_id, at_most],
    )
    return [SignIn(**{**one, "outcome": Outcome(one["outcome"]), "means": Means(one["means"])}) for one in found]
