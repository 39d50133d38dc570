"""Questions for contact about projects, and ideas of nobody here: the coordinators' queue."""

from typing import Any

from sqlite_utils import Database

from data.store import change, row, rows
from models.matches import Kind
from models.projects import ContactRequest, RequestState

_REQUEST = """
select r.id, r.project_id, r.idea_id, coalesce(p.title, i.title) as title, coalesce(p.lang, i.lang) as lang,
  coalesce(p.lead, b.name, '') as lead, coalesce(p.lead_id, i.organisation_id) as lead_id,
  (select count(*) from members m
    where m.organisation_id = coalesce(p.lead_id, i.organisation_id) and m.active = 1) as lead_members,
  r.organisation_id, o.name as organisation, r.member_id, r.message, r.state, r.answer, r.revision, r.asked_at,
  r.changed_at, coalesce(p.hidden, i.state = 'hidden') as hidden
from contact_requests r join organisations o on o.id = r.organisation_id
  left join projects p on p.id = r.project_id left join ideas i on i.id = r.idea_id
  left join organisations b on b.id = i.organisation_id
"""


def _request(found: dict[str, Any]) -> ContactRequest:
    return ContactRequest(**{**found, "state": RequestState(found["state"]), "hidden": bool(found["hidden"])})


def add(
    db: Database, *, kind: Kind, item_id: int, organisation_id: int, member_id: int, message: str, moment: str
) -> ContactRequest | None:
    """Ask once about a project or an idea; none when this organisation asked already."""
    added = change(
        db,
        f"""insert into contact_requests ({kind}_id, organisation_id, member_id, message, asked_at, changed_at)
        values (?, ?, ?, ?, ?, ?) on conflict ({kind}_id, organisation_id) do nothing""",
        [item_id, organisation_id, member_id, message, moment, moment],
    )
    return of_organisation_about(db, kind=kind, item_id=item_id, organisation_id=organisation_id) if added else None


def take_back(db: Database, *, idea_id: int, organisation_id: int) -> None:
    """Erase a question about an idea that no coordinator answered yet."""
    change(
        db,
        "delete from contact_requests where idea_id = ? and organisation_id = ? and state in ('asked', 'looking')",
        [idea_id, organisation_id],
    )


def get(db: Database, *, request_id: int) -> ContactRequest | None:
    """One question by id."""
    found = row(db, _REQUEST + "where r.id = ?", [request_id])
    return _request(found) if found else None


def of_organisation_about(db: Database, *, kind: Kind, item_id: int, organisation_id: int) -> ContactRequest | None:
    """What an organisation asked about a project or an idea, if it did."""
    found = row(db, _REQUEST + f"where r.{kind}_id = ? and r.organisation_id = ?", [item_id, organisation_id])
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


def counts(db: Database, *, at_most: int) -> dict[RequestState, int]:
    """How many questions are in each state, counting no further than `at_most`."""
    one = "(select count(*) from (select 1 from contact_requests where state = '{0}' limit :at_most)) as {0}"
    found = row(db, f"select {', '.join(one.format(state.value) for state in RequestState)}", {"at_most": at_most})
    assert found is not None
    return {state: found[state.value] for state in RequestState}


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
