"""Questions for contact about projects: the coordinators' queue."""

from typing import Any

from sqlite_utils import Database

from data.store import change, row, rows
from models.projects import ContactRequest, RequestState

_REQUEST = """
select r.id, r.project_id, p.title as project, p.lang as project_lang, p.lead,
  (select count(*) from members m where m.organisation_id = p.lead_id and m.active = 1) as lead_members,
  r.organisation_id, o.name as organisation, r.member_id, r.message, r.state, r.answer, r.revision, r.asked_at,
  r.changed_at
from contact_requests r join projects p on p.id = r.project_id join organisations o on o.id = r.organisation_id
"""


def _request(found: dict[str, Any]) -> ContactRequest:
    return ContactRequest(**{**found, "state": RequestState(found["state"])})


def add(
    db: Database, *, project_id: int, organisation_id: int, member_id: int, message: str, moment: str
) -> ContactRequest | None:
    """Ask once; none when this organisation asked already."""
    added = change(
        db,
        """insert into contact_requests (project_id, organisation_id, member_id, message, asked_at, changed_at)
        values (?, ?, ?, ?, ?, ?) on conflict (project_id, organisation_id) do nothing""",
        [project_id, organisation_id, member_id, message, moment, moment],
    )
    return of_organisation_about(db, project_id=project_id, organisation_id=organisation_id) if added else None


def get(db: Database, *, request_id: int) -> ContactRequest | None:
    """One question by id."""
    found = row(db, _REQUEST + "where r.id = ?", [request_id])
    return _request(found) if found else None


def of_organisation_about(db: Database, *, project_id: int, organisation_id: int) -> ContactRequest | None:
    """What an organisation asked about a project, if it did."""
    found = row(db, _REQUEST + "where r.project_id = ? and r.organisation_id = ?", [project_id, organisation_id])
    return _request(found) if found else None


def of_organisation(db: Database, *, organisation_id: int, at_most: int, after: int) -> list[ContactRequest]:
    """What an organisation asked, newest first."""
    found = rows(
        db,
        _REQUEST + "where r.organisation_id = ? order by r.id desc limit ? offset ?",
        [organisation_id, at_most, after],
    )
    return [_request(item) for item in found]


def queue(db: Database, *, state: RequestState, at_most: int, after: int) -> list[ContactRequest]:
    """The questions in a state: those that wait longest first, of those that ended the latest first."""
    order = "desc" if state in {RequestState.ANSWERED, RequestState.UNREACHABLE} else "asc"
    found = rows(db, _REQUEST + f"where r.state = ? order by r.id {order} limit ? offset ?", [state, at_most, after])
    return [_request(item) for item in found]


def counts(db: Database) -> dict[RequestState, int]:
    """How many questions are in each state."""
    found = {
        item["state"]: item["total"]
        for item in rows(db, "select state, count(*) as total from contact_requests group by 1")
    }
    return {state: found.get(state, 0) for state in RequestState}


def write(
    db: Database, *, request_id: int, revision: int, state: RequestState, answer: str, member_id: int, moment: str
) -> bool:
    """Write state and answer if the question still stands at `revision`; false, and nothing changed, otherwise."""
    return bool(
        change(
            db,
            """update contact_requests set state = ?, answer = ?, handled_by = ?, changed_at = ?,
              revision = revision + 1
            where id = ? and revision = ?""",
            [state, answer, member_id, moment, request_id, revision],
        )
    )
