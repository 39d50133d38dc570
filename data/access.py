"""Questions for access: people without an account who want to act for an organisation."""

from typing import Any

from sqlite_utils import Database

from data.store import change, insert, now, row, rows, value
from models.people import AccessRequest, AccessState

_REQUEST = """
select r.id, r.organisation_id, o.name as organisation,
  (select count(*) from members c where c.organisation_id = r.organisation_id and c.active = 1) as members,
  r.email, r.name, r.function, r.message, r.locale, r.state, r.reason, r.asked_at, m.name as decided_by, r.decided_at
from access_requests r join organisations o on o.id = r.organisation_id left join members m on m.id = r.decided_by
"""


def _request(found: dict[str, Any] | None) -> AccessRequest | None:
    return AccessRequest(**{**found, "state": AccessState(found["state"])}) if found else None


def add(db: Database, *, values: dict[str, Any]) -> int:
    """Add a question that waits; the same address may not wait for the same organisation already."""
    return insert(
        db,
        """insert into access_requests (organisation_id, email, name, function, message, locale, token_hash, asked_at)
        values (:organisation_id, :email, :name, :function, :message, :locale, :token_hash, :asked_at)""",
        {**values, "asked_at": now()},
    )


def get(db: Database, *, request_id: int) -> AccessRequest | None:
    """One question by id."""
    return _request(row(db, _REQUEST + "where r.id = ?", [request_id]))


def by_token(db: Database, *, token_hash: str) -> AccessRequest | None:
    """The question whose asker was sent this secret."""
    return _request(row(db, _REQUEST + "where r.token_hash = ?", [token_hash]))


def waiting_for(db: Database, *, email: str, organisation_id: int) -> AccessRequest | None:
    """The question of this address for this organisation that waits."""
    return _request(
        row(
            db, _REQUEST + "where r.email = ? and r.organisation_id = ? and r.state = 'asked'", [email, organisation_id]
        )
    )


def listed(
    db: Database, *, state: AccessState, organisation_id: int | None, at_most: int, after: int = 0
) -> list[AccessRequest]:
    """The questions in a state for an organisation (none: for all); who waits longest first, else the latest first."""
    which, parameters = ("and r.organisation_id = ? ", [organisation_id]) if organisation_id else ("", [])
    order = "asc" if state is AccessState.ASKED else "desc"
    found = rows(
        db,
        _REQUEST + f"where r.state = ? {which}order by r.id {order} limit ? offset ?",
        [state.value, *parameters, at_most, after],
    )
    return [request for item in found if (request := _request(item))]


def count_waiting(db: Database, *, organisation_id: int | None, at_most: int) -> int:
    """How many questions wait, for an organisation or (none) for all, counting no further than `at_most`."""
    which, parameters = (" and organisation_id = ?", [organisation_id]) if organisation_id else ("", [])
    sql = f"select count(*) from (select 1 from access_requests where state = 'asked'{which} limit ?)"
    return int(value(db, sql, [*parameters, at_most]))


def decide(db: Database, *, request_id: int, state: AccessState, member_id: int, reason: str | None = None) -> bool:
    """Note what was decided on a question that waits; false when it does not wait any more."""
    return bool(
        change(
            db,
            """update access_requests set state = ?, reason = ?, decided_by = ?, decided_at = ?
            where id = ? and state = 'asked'""",
            [state.value, reason, member_id, now(), request_id],
        )
    )
