"""The second step of signing in: sealed secrets of authenticator apps, and the hashes of recovery codes."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from data.store import change, now, row, value


class Kept(NamedTuple):
    """What is kept for a member: the secret that counts, one that was not proven yet, and the last code's step."""

    secret: str | None
    candidate: str | None
    last_step: int
    since: str | None


def get(db: Database, *, member_id: int) -> Kept:
    """What is kept for a member; nothing is a row without secrets."""
    found = row(db, "select secret, candidate, last_step, since from second_steps where member_id = ?", [member_id])
    return Kept(**found) if found else Kept(None, None, 0, None)


def propose(db: Database, *, member_id: int, candidate: str | None) -> None:
    """Keep a secret that counts only once a code proves it, instead of an earlier such one; none forgets it."""
    db.execute(
        """insert into second_steps (member_id, candidate) values (?, ?)
        on conflict (member_id) do update set candidate = excluded.candidate""",
        [member_id, candidate],
    )


def settle(db: Database, *, member_id: int, candidate: str, step: int) -> bool:
    """Let the proposed secret count; false when another one was proposed meanwhile."""
    return bool(
        change(
            db,
            """update second_steps set secret = candidate, candidate = null, last_step = ?, since = ?
            where member_id = ? and candidate = ?""",
            [step, now(), member_id, candidate],
        )
    )


def secrets(db: Database) -> list[tuple[int, str | None, str | None]]:
    """Of every member with a second step: who, the secret that counts, and one that was not proven yet."""
    return list(db.execute("select member_id, secret, candidate from second_steps order by member_id"))


def set_secrets(db: Database, *, member_id: int, secret: str | None, candidate: str | None) -> None:
    """Keep the same secrets of a member in another form."""
    change(db, "update second_steps set secret = ?, candidate = ? where member_id = ?", [secret, candidate, member_id])


def use_step(db: Database, *, member_id: int, step: int) -> bool:
    """Note that the code of this step of time was used; false when it, or a later one, was used before."""
    sql = "update second_steps set last_step = ? where member_id = ? and secret is not null and last_step < ?"
    return bool(change(db, sql, [step, member_id, step]))


def remove(db: Database, *, member_id: int) -> bool:
    """Ask a member for no second step any more; false when none stood."""
    change(db, "delete from recovery_codes where member_id = ?", [member_id])
    stood = value(db, "select secret is not null from second_steps where member_id = ?", [member_id])
    change(db, "delete from second_steps where member_id = ?", [member_id])
    return bool(stood)


def set_recovery_codes(db: Database, *, member_id: int, hashes: Iterable[str]) -> None:
    """Replace the recovery codes of a member."""
    change(db, "delete from recovery_codes where member_id = ?", [member_id])
    for code_hash in hashes:
        db.execute("insert into recovery_codes (member_id, code_hash) values (?, ?)", [member_id, code_hash])


def use_recovery_code(db: Database, *, member_id: int, code_hash: str) -> bool:
    """Use a recovery code, once; false when there is none such any more."""
    sql = "update recovery_codes set used_at = ? where member_id = ? and code_hash = ? and used_at is null"
    return bool(change(db, sql, [now(), member_id, code_hash]))


def recovery_codes_left(db: Database, *, member_id: int) -> int:
    """How many recovery codes a member did not use yet."""
    return int(value(db, "select count(*) from recovery_codes where member_id = ? and used_at is null", [member_id]))
