"""What waits for an organisation, asked in one query: every start page asks it."""

from typing import Any

from sqlite_utils import Database

from data.adoptions import OPEN, STILL
from data.contacts import LEFT
from data.people import family
from data.store import rows
from models.waiting import Chores, Wait, What

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
select 'access', count(*), '', '', '', '' from (
  select 1 from access_requests where state = 'asked' and organisation_id = :organisation_id limit :at_most)
union all
select 'contacts', count(*), '', '', '', '' from (
  select n.id from ideas i join endorsements e on e.idea_id = i.id join introductions n
    on n.endorsement_id = e.id and n.former_id is null and n.state = 'agreed' and {LEFT.format("n.poster_member_id")}
  where i.organisation_id = :organisation_id
  union select n.id from introductions n
  where n.former_id = :organisation_id and n.state = 'agreed' and {LEFT.format("n.poster_member_id")}
  union select n.id from endorsements e join introductions n on n.endorsement_id = e.id
    and (n.state = 'agreed' or n.state = 'asked' and n.former_id is null) and {LEFT.format("n.endorser_member_id")}
  where e.organisation_id = :organisation_id limit :at_most)
union all
select 'plans', count(*), '', '', '', '' from (
  select distinct p.id from plan_partners m join plans p on p.id = m.plan_id left join ideas i on i.id = p.idea_id
  where m.organisation_id in ({family(":organisation_id")}) and m.active = 1 and i.state is not 'hidden'
    and not exists (select 1 from plan_answers a
      where a.plan_id = p.id and a.number = p.number and a.organisation_id = :organisation_id)
  limit :at_most)
"""


def of_organisation(db: Database, *, organisation_id: int, before: str, at_most: int) -> tuple[list[Wait], Chores]:
    """What waits, each kind the oldest first, and what is only counted, no further than `at_most`.

    Ideas count as still since before an instant.
    """
    values: dict[str, Any] = {"organisation_id": organisation_id, "before": before, "at_most": at_most}
    found = rows(db, _WAITING + "order by 1, 6, 2", values)
    counts = {item["what"]: item["item_id"] for item in found if item["what"] not in set(What)}
    waits = [Wait(**{**item, "what": What(item["what"])}) for item in found if item["what"] in set(What)]
    return waits, Chores(**counts)
