"""Circles: read from ideas, introductions and clusters, never stored."""

from typing import Any

from sqlite_utils import Database

from data.people import family
from data.store import row, rows, value
from models.circles import About, Circle, Party

# Who has an idea, who said *ook wij* and was introduced, and to whom, also if another has it since: who met stays in
# contact.
_OF_IDEA = """
select organisation_id as id from ideas where id = :id and organisation_id is not null
union select e.organisation_id from endorsements e
  join introductions n on n.endorsement_id = e.id and n.state = 'agreed' where e.idea_id = :id
union select n.former_id from endorsements e
  join introductions n on n.endorsement_id = e.id and n.state = 'agreed' and n.former_id is not null
  where e.idea_id = :id
"""

# Who shares the costs works together, also who was invited to.
_PARTNERS = """
union select pp.organisation_id from plans p join plan_partners pp on pp.plan_id = p.id and pp.active = 1
  where p.{} = :id
"""

# Who stands behind the ideas and projects of a cluster.
_OF_CLUSTER = """
select i.organisation_id as id from cluster_members m join ideas i on m.kind = 'idea' and i.id = m.item_id
  and i.state = 'open' where m.cluster_id = :id and i.organisation_id is not null
union select e.organisation_id from cluster_members m
  join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
  join endorsements e on e.idea_id = i.id and e.active = 1 where m.cluster_id = :id
union select p.lead_id from cluster_members m join projects p on m.kind = 'project' and p.id = m.item_id
  and p.hidden = 0 where m.cluster_id = :id and p.lead_id is not null
union select pp.organisation_id from cluster_members m
  join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
  join project_partners pp on pp.project_id = p.id where m.cluster_id = :id and pp.organisation_id is not null
"""

_IDEAS = {
    About.IDEA: "select :id as id",
    About.CLUSTER: "select item_id from cluster_members where kind = 'idea' and cluster_id = :id",
}


def get(db: Database, *, about: About, item_id: int) -> Circle | None:
    """The circle around an idea or a cluster, its parties of today by name; two queries."""
    found = row(db, _ITEM[about], {"id": item_id})
    if found is None:
        return None
    parties = rows(db, parties_of(about, ":id"), {"id": item_id})
    return Circle(
        **{**found, "open": bool(found["open"])},
        about=about,
        item_id=item_id,
        parties=tuple(Party(**item) for item in parties),
    )


_ITEM = {
    About.IDEA: """select iif(state = 'hidden', '', title) as title, lang, state = 'open' as open, theme, call_id
      from ideas where id = :id""",
    About.CLUSTER: """select c.name as title, coalesce(i.lang, 'nl') as lang, c.state = 'accepted' as open,
        i.theme, i.call_id
      from clusters c left join cluster_members m on m.cluster_id = c.id and m.position = (
          select min(position) from cluster_members where cluster_id = c.id and kind = 'idea') and m.kind = 'idea'
        left join ideas i on i.id = m.item_id where c.id = :id""",
}


def _parties(which: str) -> str:
    """SQL for the governments of today among these, whoever they merged into."""
    return f"""with recursive behind (id) as (
        select id from ({which})
        union select o.successor_id from behind b join organisations o on o.id = b.id where o.successor_id is not null)
      select o.id, o.name, coalesce(o.inhabitants, (
          select sum(m.inhabitants) from stands_for s join organisations m on m.id = s.municipality_id
          where s.body_id = o.id)) as inhabitants
      from behind b join organisations o on o.id = b.id and o.successor_id is null
      order by o.name collate nocase, o.id"""


def parties_of(about: About, mark: str) -> str:
    """SQL for the governments of today around an idea or cluster; `mark` stands for its id."""
    which = _OF_IDEA if about is About.IDEA else _OF_CLUSTER
    return _parties((which + _PARTNERS.format(f"{about}_id")).replace(":id", mark))


def party(db: Database, *, organisation_id: int) -> Party | None:
    """One government, as a party of a circle."""
    found = row(db, _parties("select :id as id"), {"id": organisation_id})
    return Party(**found) if found else None


def speaker(db: Database, *, about: About, item_id: int, organisation_id: int) -> int | None:
    """Who of a government a letter about this goes to: who posted or said *ook wij*, else the eldest account."""
    parameters: dict[str, Any] = {"id": item_id, "organisation_id": organisation_id}
    found: int | None = value(
        db,
        f"""select m.id from members m where m.organisation_id in ({family(":organisation_id")}) and m.active = 1
        order by exists (select 1 from ideas i where i.author_id = m.id and i.id in ({_IDEAS[about]}))
          or exists (select 1 from introductions n join endorsements e on e.id = n.endorsement_id
            where n.poster_member_id = m.id and n.state = 'agreed' and e.idea_id in ({_IDEAS[about]}))
          or exists (select 1 from endorsements e where e.member_id = m.id and e.idea_id in ({_IDEAS[about]})) desc,
          m.id limit 1""",
        parameters,
    )
    return found
