"""Invitations to join a plan, and what they ask."""

from typing import Any

from sqlite_utils import Database

from data.store import change, now, row, rows, value
from models.consortia import Invitation, InvitationState

_INVITATION = """
select n.id, n.plan_id, n.organisation_id, o.name as organisation, n.invited_by, n.by_id, coalesce(b.name, '') as by,
  n.message, n.state, n.invited_at, n.answered_at, v.content ->> 'title' as title,
  (select count(*) from members m where m.organisation_id = n.organisation_id and m.active = 1) as members
from plan_invitations n join organisations o on o.id = n.organisation_id
join plans p on p.id = n.plan_id join plan_versions v on v.plan_id = p.id and v.number = p.number
left join organisations b on b.id = n.by_id
"""
_NOBODY = """n.state = 'asked'
  and not exists (select 1 from members m where m.organisation_id = n.organisation_id and m.active = 1)"""


def _invitation(found: dict[str, Any]) -> Invitation:
    return Invitation(**{**found, "state": InvitationState(found["state"])})


def get(db: Database, *, invitation_id: int) -> Invitation | None:
    """One invitation."""
    found = row(db, _INVITATION + "where n.id = ?", [invitation_id])
    return _invitation(found) if found else None


def of_plan(db: Database, *, plan_id: int) -> list[Invitation]:
    """The invitations to a plan, the latest first."""
    return [_invitation(one) for one in rows(db, _INVITATION + "where n.plan_id = ? order by n.id desc", [plan_id])]


def of_organisation(db: Database, *, organisation_id: int, at_most: int) -> list[Invitation]:
    """The invitations that a government got, those that wait first."""
    sql = _INVITATION + "where n.organisation_id = ? order by n.state = 'asked' desc, n.id desc limit ?"
    return [_invitation(one) for one in rows(db, sql, [organisation_id, at_most])]


def unanswerable(db: Database, *, at_most: int) -> list[Invitation]:
    """The invitations that nobody can answer, for the invited government has no account; the oldest first."""
    return [_invitation(one) for one in rows(db, _INVITATION + f"where {_NOBODY} order by n.id limit ?", [at_most])]


def count_unanswerable(db: Database) -> int:
    """How many invitations nobody can answer."""
    return int(value(db, f"select count(*) from plan_invitations n where {_NOBODY}"))


def count_since(db: Database, *, organisation_id: int, since: str) -> int:
    """How many invitations a government got since an instant."""
    sql = "select count(*) from plan_invitations where organisation_id = ? and invited_at >= ?"
    return int(value(db, sql, [organisation_id, since]))


def invite(
    db: Database, *, plan_id: int, organisation_id: int, member_id: int, by_id: int | None, message: str
) -> Invitation:
    """Invite a government to a plan, also one that answered before."""
    db.execute(
        """insert into plan_invitations (plan_id, organisation_id, invited_by, by_id, message, invited_at)
        values (:plan_id, :organisation_id, :member_id, :by_id, :message, :now)
        on conflict (plan_id, organisation_id) do update set invited_by = excluded.invited_by, by_id = excluded.by_id,
          message = excluded.message, state = 'asked', invited_at = excluded.invited_at, answered_by = null,
          answered_at = null""",
        {
            "plan_id": plan_id,
            "organisation_id": organisation_id,
            "member_id": member_id,
            "by_id": by_id,
            "message": message,
            "now": now(),
        },
    )
    return next(one for one in of_plan(db, plan_id=plan_id) if one.organisation_id == organisation_id)


def answer(db: Database, *, invitation_id: int, state: InvitationState, member_id: int) -> None:
    """Note the answer to an invitation, and who gave it."""
    change(
        db,
        "update plan_invitations set state = ?, answered_by = ?, answered_at = ? where id = ?",
        [state.value, member_id, now(), invitation_id],
    )
