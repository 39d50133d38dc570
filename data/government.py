"""Whom the login of the Flemish government knows: accounts by issuer and subject, and people on their way to one."""

from typing import Any

from sqlite_utils import Database

from data.people import MEMBER_COLUMNS, MEMBER_TABLES, member_of, today
from data.store import change, now, row, value
from models.government import Arrival, Person
from models.people import Member, Organisation, Role


def member(db: Database, *, issuer: str, subject: str) -> Member | None:
    """The member, active or not, whom the provider knows by this subject."""
    found = row(
        db,
        f"""select {MEMBER_COLUMNS} from identities i join {MEMBER_TABLES} on m.id = i.member_id
        where i.issuer = ? and i.subject = ?""",
        [issuer, subject],
    )
    return member_of(found) if found else None


def add(db: Database, *, person: Person, member_id: int) -> None:
    """Let a subject of the provider sign in to this account; it must sign in to no other yet."""
    db.execute(
        "insert into identities (issuer, subject, member_id, since) values (?, ?, ?, ?)",
        [person.issuer, person.subject, member_id, now()],
    )


def since(db: Database, *, member_id: int) -> str | None:
    """Since when the provider's login opens this account; none if it does not."""
    found: str | None = value(db, "select min(since) from identities where member_id = ?", [member_id])
    return found


def refresh(db: Database, *, member_id: int, role: Role, organisation_id: int | None) -> None:
    """Set what the provider says of a member; how they are named, they say themselves."""
    sql = "update members set role = ?, organisation_id = ? where id = ?"
    change(db, sql, [role.value, organisation_id, member_id])


def organisation(db: Database, *, code: str) -> Organisation | None:
    """The organisation of today with this KBO number or OVO code, of now or of before a merger."""
    found = row(
        db,
        """select o.id from organisations o left join organisation_names n on n.organisation_id = o.id
        where :code in (o.kbo, o.ovo, n.kbo, n.ovo)
        order by o.valid_until is null desc, o.kind = 'municipality' desc, n.valid_until is null desc limit 1""",
        {"code": code},
    )
    return today(db, organisation_id=found["id"]) if found else None


def arrive(db: Database, *, token_hash: str, person: Person, ends_at: str) -> None:
    """Note somebody who has no account yet, under the secret their browser holds; what expired is forgotten."""
    change(db, "delete from arrivals where ends_at <= ?", [now()])
    db.execute(
        """insert into arrivals (token_hash, issuer, subject, name, role, organisation_id, ends_at)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [token_hash, person.issuer, person.subject, person.name, person.role.value, person.organisation_id, ends_at],
    )


def set_email(db: Database, *, token_hash: str, email: str, confirm_hash: str) -> bool:
    """Note at which address somebody says to be reached, and the hash of what was sent there; false if expired."""
    sql = "update arrivals set email = ?, confirm_hash = ? where token_hash = ? and ends_at > ?"
    return bool(change(db, sql, [email, confirm_hash, token_hash, now()]))


def arrival(db: Database, *, token_hash: str | None = None, confirm_hash: str | None = None) -> Arrival | None:
    """Who is on their way to an account, by the secret of their browser or by the one in their letter."""
    column, given = ("a.token_hash", token_hash) if token_hash is not None else ("a.confirm_hash", confirm_hash)
    found = row(
        db,
        f"""select a.issuer, a.subject, a.name, a.role, a.organisation_id, a.email, o.name as organisation
        from arrivals a left join organisations o on o.id = a.organisation_id where {column} = ? and a.ends_at > ?""",
        [given, now()],
    )
    return _arrival(found) if found else None


def _arrival(found: dict[str, Any]) -> Arrival:
    organisation, email = found.pop("organisation"), found.pop("email")
    return Arrival(person=Person(**{**found, "role": Role(found["role"])}), organisation=organisation, email=email)


def forget_arrivals(db: Database, *, person: Person) -> None:
    """Forget that somebody was on their way."""
    change(db, "delete from arrivals where issuer = ? and subject = ?", [person.issuer, person.subject])
