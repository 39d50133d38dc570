"""Clusters and their members, as they stand."""

import json
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from data.judgements import counting
from data.people import family
from data.store import rows, value
from models.clusters import Body, Cluster, ClusterItem, ClusterMember, ClusterState, ItemKey, Seen
from models.matches import Kind

_CLUSTER = """
select c.id, c.state, c.name, c.named_by_person, c.terms, c.cohesion, c.weakest, c.reason, c.revision, c.decided_at,
  c.updated_at, c.locked, c.snoozed_until, c.merged_into, c.novelty, c.area
from clusters c
"""

# Members as the public sees them: what was withdrawn or hidden since does not show.
_MEMBERS = """
select m.cluster_id, m.kind, m.item_id as id, coalesce(i.external_id, p.external_id) as external_id,
  coalesce(i.title, p.title) as title, coalesce(o.name, p.lead, '') as organisation,
  coalesce(i.organisation_id, p.lead_id) as organisation_id, coalesce(i.lang, p.lang) as lang, m.fit
from cluster_members m
left join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
left join organisations o on o.id = i.organisation_id
left join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
where (i.id is not null or p.id is not null) and m.cluster_id in (select value from json_each(?))
order by m.cluster_id, m.position
"""

# Whoever stands behind a cluster: posters and endorsers of its ideas, leads and partners of its projects.
_BEHIND = """
select m.cluster_id, i.organisation_id from cluster_members m
  join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
union select m.cluster_id, e.organisation_id from cluster_members m
  join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
  join endorsements e on e.idea_id = i.id and e.active = 1
union select m.cluster_id, p.lead_id from cluster_members m
  join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
union select m.cluster_id, pp.organisation_id from cluster_members m
  join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
  join project_partners pp on m.kind = 'project' and pp.project_id = m.item_id
"""


_ITEMS = """
select 'idea' as kind, i.id, i.external_id, i.title, i.description as body, i.lang, coalesce(o.name, '') as organisation
  from ideas i left join organisations o on o.id = i.organisation_id where i.state = 'open'
union all select 'project', id, external_id, title, summary, lang, lead from projects where hidden = 0
"""


def items(db: Database) -> list[ClusterItem]:
    """Everything that may be clustered: open ideas and all projects, by kind and id."""
    return [_item(one) for one in rows(db, _ITEMS + "order by 1, 2")]


def _item(found: dict[str, Any]) -> ClusterItem:
    return ClusterItem(**{**found, "kind": Kind(found["kind"])})


def public(db: Database, *, keys: Sequence[ItemKey]) -> dict[ItemKey, ClusterItem]:
    """Those of these items that may be clustered."""
    found = rows(
        db,
        f"select * from ({_ITEMS}) where (kind, id) in (select value ->> 0, value ->> 1 from json_each(?))",
        [json.dumps(list(keys))],
    )
    return {one.key: one for one in map(_item, found)}


def listed(db: Database, *, states: Sequence[ClusterState], at_most: int | None = None) -> list[Cluster]:
    """The clusters in these states with their members, latest change first; always three queries."""
    return _full(
        db,
        """where c.state in (select value from json_each(:states))
        order by c.updated_at desc, c.id desc limit :at_most""",
        {"states": json.dumps(list(states)), "at_most": -1 if at_most is None else at_most},
    )


def batch(db: Database, *, after_id: int, at_most: int) -> list[Cluster]:
    """Clusters in whatever state with their members, by id, from the first one after `after_id`; three queries."""
    return _full(db, "where c.id > :after_id order by c.id limit :at_most", {"after_id": after_id, "at_most": at_most})


def get(db: Database, *, cluster_id: int) -> Cluster | None:
    """One cluster with its members, in whatever state."""
    found = _full(db, "where c.id = :id", {"id": cluster_id})
    return found[0] if found else None


def by_id(db: Database, *, ids: Sequence[int]) -> dict[int, Cluster]:
    """Those of these clusters that exist, with their members, in whatever state."""
    found = _full(db, "where c.id in (select value from json_each(:ids))", {"ids": json.dumps(list(ids))})
    return {one.id: one for one in found}


def of_item(db: Database, *, kind: Kind, item_id: int) -> Cluster | None:
    """The accepted cluster that an idea or project is in, if any; the latest decision if there are several."""
    found: int | None = value(
        db,
        """select c.id from clusters c join cluster_members m on m.cluster_id = c.id
        where m.kind = ? and m.item_id = ? and c.state = 'accepted' order by c.decided_at desc, c.id desc limit 1""",
        [kind, item_id],
    )
    return get(db, cluster_id=found) if found else None


def behind(mark: str) -> str:
    """SQL for the ids of the clusters that a government stands behind, or one that merged into it."""
    own = family(mark)
    # "cross join" holds SQLite to this order: from what is the government's own to the clusters that it is in.
    return f"""select m.cluster_id from (
        select 'idea' as kind, id from ideas where organisation_id in ({own}) and state = 'open'
        union select 'idea', i.id from endorsements e cross join ideas i on i.id = e.idea_id and i.state = 'open'
          where e.organisation_id in ({own}) and e.active = 1
        union select 'project', id from projects where lead_id in ({own}) and hidden = 0
        union select 'project', p.id from project_partners pp join projects p on p.id = pp.project_id
          and p.hidden = 0 where pp.organisation_id in ({own})
      ) mine cross join cluster_members m on m.kind = mine.kind and m.item_id = mine.id"""


def of_organisation(db: Database, *, organisation_id: int, at_most: int) -> list[Cluster]:
    """The accepted clusters that a government stands behind, or one that merged into it, latest first."""
    return _full(
        db,
        f"""where c.state = 'accepted' and c.id in ({behind(":id")})
        order by c.decided_at desc, c.id desc limit :at_most""",
        {"id": organisation_id, "at_most": at_most},
    )


def waiting(db: Database, *, today: str, at_most: int) -> int:
    """How many proposals with two members or more that are public now wait for a decision today, up to `at_most`."""
    return int(
        value(
            db,
            """select count(*) from (select 1 from clusters c
            where c.state = 'proposed' and coalesce(c.snoozed_until, '') <= ? and 1 < (
              select count(*) from cluster_members m
              left join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
              left join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
              where m.cluster_id = c.id and (i.id is not null or p.id is not null)) limit ?)""",
            [today, at_most],
        )
    )


def names(db: Database, *, without: int, at_most: int) -> list[tuple[Seen, ClusterState, str]]:
    """Proposed and accepted clusters without a lock, latest change first, but for one."""
    found = rows(
        db,
        """select id, revision, state, name from clusters
        where state in ('proposed', 'accepted') and locked = 0 and id <> ?
        order by state, updated_at desc, id desc limit ?""",
        [without, at_most],
    )
    return [(Seen(one["id"], one["revision"]), ClusterState(one["state"]), one["name"]) for one in found]


def live_of(db: Database, *, keys: Sequence[ItemKey]) -> dict[ItemKey, Cluster]:
    """Of these items, which proposed or accepted cluster each is in."""
    found = _full(
        db,
        """where c.state in ('proposed', 'accepted') and c.id in (select m.cluster_id from cluster_members m
          where (m.kind, m.item_id) in (select value ->> 0, value ->> 1 from json_each(:keys)))""",
        {"keys": json.dumps(list(keys))},
    )
    wanted = set(keys)
    return {member.key: one for one in found for member in one.members if member.key in wanted}


def related(db: Database, *, cluster_id: int, states: Sequence[ClusterState], at_most: int) -> list[Cluster]:
    """Other clusters in these states that are related to this one, the accepted ones first.

    Those that people called so, by the answer that counts of any two members; and those in the same area.
    """
    return _full(
        db,
        f"""where c.state in (select value from json_each(:states)) and c.id <> :id and (
          c.area = (select area from clusters where id = :id)
          or c.id in (select m.cluster_id from ({counting(_WITH_MEMBER)}) l join cluster_members m
              on (m.kind = l.a_kind and m.item_id = l.a_id) or (m.kind = l.b_kind and m.item_id = l.b_id)
            where l.judgement = 'related'))
        order by c.state, c.decided_at desc, c.id desc limit :at_most""",
        {"id": cluster_id, "states": json.dumps(list(states)), "at_most": at_most},
    )


_WITH_MEMBER = """(j.a_kind, j.a_id) in (select kind, item_id from cluster_members where cluster_id = :id)
  or (j.b_kind, j.b_id) in (select kind, item_id from cluster_members where cluster_id = :id)"""


def totals(db: Database) -> dict[ClusterState, int]:
    """How many clusters are in each state, whatever became of their members."""
    found = {
        item["state"]: item["total"] for item in rows(db, "select state, count(*) as total from clusters group by 1")
    }
    return {state: found.get(state, 0) for state in ClusterState}


def keys_by_cluster(db: Database, *, state: ClusterState, locked: bool | None = None) -> dict[int, set[ItemKey]]:
    """The members of each cluster in this state, those that are not public now too; with `locked` only such ones."""
    which = "where c.state = :state and (:locked is null or c.locked = :locked) order by m.cluster_id"
    return keys_of(db, which, {"state": state, "locked": locked})


def keys_of(db: Database, which: str, parameters: Any) -> dict[int, set[ItemKey]]:
    """The members of the clusters that this SQL names, by cluster in its order."""
    sql = "select m.cluster_id, m.kind, m.item_id from cluster_members m join clusters c on c.id = m.cluster_id "
    found = rows(db, sql + which, parameters)
    keys: dict[int, set[ItemKey]] = {}
    for item in found:
        keys.setdefault(item["cluster_id"], set()).add((Kind(item["kind"]), item["item_id"]))
    return keys


def organisations_behind(db: Database, *, cluster_id: int) -> list[int]:
    """Ids of the organisations behind a cluster's members and behind who says *ook wij* to them."""
    sql = f"select organisation_id from ({_BEHIND}) where cluster_id = ? and organisation_id is not null"
    return [item["organisation_id"] for item in rows(db, sql, [cluster_id])]


def _full(db: Database, which: str, parameters: dict[str, Any]) -> list[Cluster]:
    found = rows(db, _CLUSTER + which, parameters)
    wanted = json.dumps([item["id"] for item in found])
    members: dict[int, list[ClusterMember]] = {}
    for item in rows(db, _MEMBERS, [wanted]):
        members.setdefault(item.pop("cluster_id"), []).append(ClusterMember(**{**item, "kind": Kind(item["kind"])}))
    reach = {item.pop("cluster_id"): {**item, "bodies": _bodies(item["bodies"])} for item in rows(db, _REACH, [wanted])}
    return [
        Cluster(
            **{
                **item,
                "state": ClusterState(item["state"]),
                "named_by_person": bool(item["named_by_person"]),
                "locked": bool(item["locked"]),
                "terms": tuple(json.loads(item["terms"])),
                "weakest": pair(json.loads(item["weakest"])) if item["weakest"] and item["weakest"] != "null" else None,
                "members": tuple(members.get(item["id"], ())),
                **reach.get(item["id"], {}),
            }
        )
        for item in found
    ]


# As `data.people.reach`, for many clusters at once; `via` is the body that stands for a municipality, none for who
# stands there itself.
_REACH = f"""
with recursive behind as (select * from ({_BEHIND}) where cluster_id in (select value from json_each(?))),
reached (cluster_id, organisation_id, via) as (
  select cluster_id, organisation_id, null from behind
  union select b.cluster_id, s.municipality_id, s.body_id from behind b join stands_for s
    on s.body_id = b.organisation_id
  union select r.cluster_id, o.successor_id, r.via from reached r join organisations o on o.id = r.organisation_id
    where o.successor_id is not null),
spoken as (
  select r.cluster_id, r.via, count(*) as total from reached r join organisations o on o.id = r.organisation_id
    and o.kind = 'municipality' and o.successor_id is null where r.via is not null group by 1, 2),
once as (
  select r.cluster_id, o.id, o.name, o.kind = 'municipality' as counts, o.inhabitants, max(r.via is null) as itself
  from reached r join organisations o on o.id = r.organisation_id and o.successor_id is null group by 1, 2)
select n.cluster_id, sum(n.counts) as municipalities, sum(n.counts and n.itself) as own,
  coalesce(sum(iif(n.counts, n.inhabitants, 0)), 0) as inhabitants,
  json_group_array(json_array(n.name, coalesce(s.total, 0))) filter (where not n.counts) as bodies
from once n left join spoken s on s.cluster_id = n.cluster_id and s.via = n.id group by n.cluster_id
"""


def _bodies(found: str) -> tuple[Body, ...]:
    """The bodies behind a cluster, those that stand for most municipalities first."""
    return tuple(sorted((Body(*one) for one in json.loads(found)), key=lambda one: (-one.municipalities, one.name)))


def pair(found: Any) -> tuple[ItemKey, ItemKey]:
    """A pair of items as it was stored."""
    (a_kind, a_id), (b_kind, b_id) = found
    return (Kind(a_kind), a_id), (Kind(b_kind), b_id)
