"""E-mail addresses that members want instead of theirs, until who reads them says so."""

from sqlite_utils import Database

from data.store import change, now, row, value


def ask(db: Database, *, member_id: int, email: str, token_hash: str, expires_at: str) -> None:
    """Note which address a member wants, instead of one asked before."""
    db.execute(
        """insert into address_changes (member_id, email, token_hash, expires_at) values (?, ?, ?, ?)
        on conflict (member_id) do update
        set email = excluded.email, token_hash = excluded.token_hash, expires_at = excluded.expires_at""",
        [member_id, email, token_hash, expires_at],
    )


def asked(db: Database, *, member_id: int) -> str | None:
    """The address that a member waits for; none once confirmed or expired."""
    sql = "select email from address_changes where member_id = ? and expires_at > ?"
    found: str | None = value(db, sql, [member_id, now()])
    return found


def asked_by(db: Database, *, token_hash: str) -> tuple[int, str] | None:
    """Which active member wants an address, and which, by the secret sent there; none once used or expired."""
    found = row(
        db,
        """select c.member_id, c.email from address_changes c join members m on m.id = c.member_id and m.active = 1
        where c.token_hash = ? and c.expires_at > ?""",
        [token_hash, now()],
    )
    return (found["member_id"], found["email"]) if found else None


def forget(db: Database, *, member_id: int) -> None:
    """Forget which address a member wants."""
    change(db, "delete from address_changes where member_id = ?", [member_id])


def take(db: Database, *, member_id: int, email: str) -> None:
    """Give a member this address; letters that wait for them go there, but not those about this very change."""
    change(db, "update members set email = ?, bounced_at = null, bounce = null where id = ?", [email, member_id])
    change(
        db,
        "update letters set recipient = ? where member_id = ? and state = 'queued' and dedupe_key not like 'address-%'",
        [email, member_id],
    )
    forget(db, member_id=member_id)
