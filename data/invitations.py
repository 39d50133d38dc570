"""Invitations and forgotten passwords: what a secret from a letter opens, of which only the hash is here."""

from typing import Any

from sqlite_utils import Database

from data.store import change, insert, now, row, rows
from models.letters import LetterState
from models.people import Invitation, InvitationState, Role

_INVITATION = """
select i.id, i.organisation_id, o.name as organisation, i.role, i.email, i.name, i.function, i.locale, i.state,
  m.name as invited_by, i.letters, l.state as letter, i.created_at, i.expires_at
from invitations i left join letters l on l.dedupe_key = 'invitation:' || i.id || ':' || i.letters
left join organisations o on o.id = i.organisation_id left join members m on m.id = i.invited_by
"""


def _invitation(found: dict[str, Any] | None) -> Invitation | None:
    if found is None:
        return None
    return Invitation(
        **{
            **found,
            "role": Role(found["role"]),
            "state": InvitationState(found["state"]),
            "letter": LetterState(found["letter"]) if found["letter"] else None,
        }
    )


def add(db: Database, *, values: dict[str, Any]) -> int:
    """Add an open invitation; there must be no other one for the same address."""
    return insert(
        db,
        """insert into invitations (organisation_id, role, email, name, function, locale, token_hash, invited_by,
          request_id, created_at, expires_at)
        values (:organisation_id, :role, :email, :name, :function, :locale, :token_hash, :invited_by, :request_id,
          :created_at, :expires_at)""",
        values,
    )


def get(db: Database, *, invitation_id: int) -> Invitation | None:
    """One invitation by id."""
    return _invitation(row(db, _INVITATION + "where i.id = ?", [invitation_id]))


def by_token(db: Database, *, token_hash: str) -> Invitation | None:
    """The invitation that a secret opens, in whatever state."""
    return _invitation(row(db, _INVITATION + "where i.token_hash = ?", [token_hash]))


def open_for(db: Database, *, email: str) -> Invitation | None:
    """The open invitation for an address, expired or not."""
    return _invitation(row(db, _INVITATION + "where i.email = ? and i.state = 'open'", [email]))


def of_request(db: Database, *, request_id: int) -> Invitation | None:
    """The latest invitation that a question for access led to."""
    return _invitation(row(db, _INVITATION + "where i.request_id = ? order by i.id desc", [request_id]))


def listed(db: Database, *, organisation_id: int | None, at_most: int, after: int = 0) -> list[Invitation]:
    """The open invitations of an organisation (none: of all), newest first."""
    which, parameters = ("and i.organisation_id = ? ", [organisation_id]) if organisation_id else ("", [])
    found = rows(
        db,
        _INVITATION + f"where i.state = 'open' {which}order by i.id desc limit ? offset ?",
        [*parameters, at_most, after],
    )
    return [invitation for item in found if (invitation := _invitation(item))]


def renew(db: Database, *, invitation_id: int, token_hash: str, expires_at: str) -> bool:
    """Give an open invitation another secret and more time; false when it is not open any more."""
    return bool(
        change(
            db,
            """update invitations set token_hash = ?, expires_at = ?, letters = letters + 1
            where id = ? and state = 'open'""",
            [token_hash, expires_at, invitation_id],
        )
    )


def end(db: Database, *, invitation_id: int, state: InvitationState, member_id: int | None = None) -> bool:
    """Accept or withdraw an open invitation; false when it is not open any more."""
    return bool(
        change(
            db,
            "update invitations set state = ?, member_id = ?, ended_at = ? where id = ? and state = 'open'",
            [state.value, member_id, now(), invitation_id],
        )
    )


def add_reset(db: Database, *, member_id: int | None, token_hash: str, expires_at: str) -> int:
    """Note that a password was forgotten (by nobody we know: without member) and drop what expired before."""
    moment = now()
    change(db, "delete from password_resets where expires_at < ?", [moment])
    return insert(
        db,
        "insert into password_resets (member_id, token_hash, asked_at, expires_at) values (?, ?, ?, ?)",
        [member_id, token_hash, moment, expires_at],
    )


def reset_of(db: Database, *, token_hash: str) -> int | None:
    """The active member who may choose a new password with this secret; none once it was used or expired."""
    found = row(
        db,
        """select r.member_id from password_resets r join members m on m.id = r.member_id and m.active = 1
        where r.token_hash = ? and r.used_at is null and r.expires_at > ?""",
        [token_hash, now()],
    )
    return int(found["member_id"]) if found else None


def use_resets(db: Database, *, member_id: int) -> None:
    """Let no secret that was sent to a member before work any more."""
    change(db, "update password_resets set used_at = ? where member_id = ? and used_at is null", [now(), member_id])
