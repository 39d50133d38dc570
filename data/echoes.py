"""Echoes: open ideas, and what came later and relates to them."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from data.store import change, now, rows
from models.echoes import Echo
from models.matches import Kind, Relation

# What its owners may still gain from: both can be seen, and they said neither 'not related' nor 'ook wij'.
_ECHO = """
select e.idea_id, i.title as idea_title, i.lang as idea_lang, e.kind, e.item_id, coalesce(o.title, p.title) as title,
  coalesce(o.lang, p.lang) as lang, coalesce(n.name, p.lead, '') as organisation, e.relation, e.found_at
from ideas i join echoes e on e.idea_id = i.id
left join ideas o on e.kind = 'idea' and o.id = e.item_id and o.state = 'open'
left join organisations n on n.id = o.organisation_id
left join projects p on e.kind = 'project' and p.id = e.item_id and p.hidden = 0
where i.organisation_id = :organisation_id and i.state = 'open' and (o.id is not null or p.id is not null)
  and not exists (select 1 from endorsements s
    where s.idea_id = o.id and s.organisation_id = i.organisation_id and s.active = 1)
  and not exists (select 1 from judgements j join members m on m.id = j.member_id
    where j.superseded_by is null and j.judgement = 'different' and m.organisation_id = i.organisation_id
      and ((j.a_kind = 'idea' and j.a_id = e.idea_id and j.b_kind = e.kind and j.b_id = e.item_id)
        or (j.b_kind = 'idea' and j.b_id = e.idea_id and j.a_kind = e.kind and j.a_id = e.item_id)))
"""


def add(db: Database, *, item: tuple[Kind, int], found: Mapping[int, Relation]) -> None:
    """Note of which open ideas of others an item is an echo: of those that stood before it. Twice changes nothing."""
    later = {
        Kind.IDEA: "select id, organisation_id as by_id, created_at from ideas",
        Kind.PROJECT: "select null as id, lead_id as by_id, created_at from projects",
    }[item[0]]
    for idea_id, relation in found.items():
        db.execute(
            f"""insert into echoes (idea_id, kind, item_id, relation, found_at)
            select i.id, :kind, :item_id, :relation, :now from ideas i join ({later} where id = :item_id) l
            where i.id = :idea_id and i.state = 'open' and i.organisation_id is not null
              and i.organisation_id is not l.by_id and i.created_at <= l.created_at and (l.id is null or i.id < l.id)
            on conflict do nothing""",
            {"idea_id": idea_id, "kind": item[0], "item_id": item[1], "relation": relation, "now": now()},
        )


def newest(db: Database, *, organisation_id: int, since: str, at_most: int) -> list[Echo]:
    """The echoes of an organisation's open ideas found since an instant, newest first."""
    sql = _ECHO + "and e.found_at >= :since order by e.found_at desc, e.idea_id, e.item_id limit :at_most"
    found = rows(db, sql, {"organisation_id": organisation_id, "since": since, "at_most": at_most})
    return [_echo(item) for item in found]


def untold(db: Database, *, member_id: int, organisation_id: int, at_most: int) -> list[Echo]:
    """The echoes of which this member is to hear: of their own ideas, and as the first colleague of who left."""
    sql = (
        _ECHO
        + """and e.told_at is null and :member_id = (
          select m.id from members m where m.organisation_id = i.organisation_id and m.active = 1
          order by m.id = i.author_id desc, m.id limit 1)
        order by e.found_at desc, e.idea_id, e.item_id limit :at_most"""
    )
    values = {"member_id": member_id, "organisation_id": organisation_id, "at_most": at_most}
    return [_echo(item) for item in rows(db, sql, values)]


def told(db: Database, *, echo: Echo) -> bool:
    """Note that an echo was told; false when it was before."""
    return bool(
        change(
            db,
            "update echoes set told_at = ? where idea_id = ? and kind = ? and item_id = ? and told_at is null",
            [now(), echo.idea_id, echo.kind, echo.item_id],
        )
    )


def _echo(item: Mapping[str, Any]) -> Echo:
    return Echo(**{**item, "kind": Kind(item["kind"]), "relation": Relation(item["relation"])})
