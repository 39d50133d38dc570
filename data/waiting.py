"""What waits for an organisation, asked in one query: every start page asks it."""

from typing import Any

from sqlite_utils import Database

from data.adoptions import OPEN, STILL
from data.store import rows
from models.waiting import Wait, What

# A start page is no list: the longest still come first, and the others follow as these are decided.
STILL_AT_MOST = 10

_WAITING = f"""
select 'offered' as what, i.id as item_id, i.title, i.lang, o.name as organisation, a.offered_at as at
from endorsements e join adoptions a on a.idea_id = e.idea_id and {OPEN}
join ideas i on i.id = a.idea_id and i.state = 'open' join organisations o on o.id = a.from_id
where e.organisation_id = :organisation_id and e.active = 1
union all
select 'invited', n.id, v.content ->> 'title', 'nl', coalesce(o.name, ''), n.invited_at
from plan_invitations n join plans p on p.id = n.plan_id
join plan_versions v on v.plan_id = p.id and v.number = p.number
left join organisations o on o.id = n.by_id left join ideas i on i.id = p.idea_id
where n.organisation_id = :organisation_id and n.state = 'asked' and i.state is not 'hidden'
union all
select 'still', idea_id, title, lang, '', since from (
  select * from ({STILL}) where since <= :before order by since, idea_id limit {STILL_AT_MOST})
union all
select 'access', count(*), '', '', '', '' from access_requests
where state = 'asked' and organisation_id = :organisation_id
"""


def of_organisation(db: Database, *, organisation_id: int, before: str) -> tuple[list[Wait], int]:
    """What waits, each kind the oldest first, and how many ask access; ideas count as still since before an instant."""
    values: dict[str, Any] = {"organisation_id": organisation_id, "before": before}
    found = rows(db, _WAITING + "order by 1, 6, 2", values)
    waits = [Wait(**{**item, "what": What(item["what"])}) for item in found if item["what"] != "access"]
    return waits, next(item["item_id"] for item in found if item["what"] == "access")
