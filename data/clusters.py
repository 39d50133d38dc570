"""Clusters, their members and their history."""

import json
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from data.people import family
from data.store import change, insert, now, row, rows, value
from models.clusters import Cluster, ClusterItem, ClusterMember, ClusterState, Draft, Event, ItemKey, Run
from models.matches import Kind

_CLUSTER = """
select c.id, c.state, c.name, c.named_by_person, c.terms, c.cohesion, c.weakest, c.reason, c.revision, c.decided_at,
  c.updated_at
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


def items(db: Database) -> list[ClusterItem]:
    """Everything that may be clustered: open ideas and all projects, by kind and id."""
    found = rows(
        db,
        """select 'idea' as kind, i.id, i.external_id, i.title, i.description as body, i.lang,
            coalesce(o.name, '') as organisation
          from ideas i left join organisations o on o.id = i.organisation_id where i.state = 'open'
        union all select 'project', id, external_id, title, summary, lang, lead from projects
          where hidden = 0 order by 1, 2""",
    )
    return [ClusterItem(**{**item, "kind": Kind(item["kind"])}) for item in found]


def stamp(db: Database) -> tuple[int, int]:
    """Rises with every judgement and every change of a cluster."""
    found = db.execute(
        "select (select coalesce(max(id), 0) from judgements), (select coalesce(max(id), 0) from cluster_history)"
    ).fetchone()
    return int(found[0]), int(found[1])


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


def of_item(db: Database, *, kind: Kind, item_id: int) -> Cluster | None:
    """The accepted cluster that an idea or project is in, if any; the latest decision if there are several."""
    found: int | None = value(
        db,
        """select c.id from clusters c join cluster_members m on m.cluster_id = c.id
        where m.kind = ? and m.item_id = ? and c.state = 'accepted' order by c.decided_at desc, c.id desc limit 1""",
        [kind, item_id],
    )
    return get(db, cluster_id=found) if found else None


def of_organisation(db: Database, *, organisation_id: int, at_most: int) -> list[Cluster]:
    """The accepted clusters with an idea or project of a government, or of one that merged into it, latest first."""
    own = family(":id")
    return _full(
        db,
        f"""where c.state = 'accepted' and exists (select 1 from cluster_members m
          left join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
          left join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
          where m.cluster_id = c.id and coalesce(i.organisation_id, p.lead_id) in ({own}))
        order by c.decided_at desc, c.id desc limit :at_most""",
        {"id": organisation_id, "at_most": at_most},
    )


def count(db: Database, *, state: ClusterState) -> int:
    """How many clusters in this state have two members or more that are public now."""
    return int(
        value(
            db,
            """select count(*) from clusters c where c.state = ? and 1 < (
              select count(*) from cluster_members m
              left join ideas i on m.kind = 'idea' and i.id = m.item_id and i.state = 'open'
              left join projects p on m.kind = 'project' and p.id = m.item_id and p.hidden = 0
              where m.cluster_id = c.id and (i.id is not null or p.id is not null))""",
            [state],
        )
    )


def totals(db: Database) -> dict[ClusterState, int]:
    """How many clusters are in each state, whatever became of their members."""
    found = {
        item["state"]: item["total"] for item in rows(db, "select state, count(*) as total from clusters group by 1")
    }
    return {state: found.get(state, 0) for state in ClusterState}


def keys_by_cluster(db: Database, *, state: ClusterState) -> dict[int, set[ItemKey]]:
    """The members of each cluster in this state, those that are not public now too."""
    return _keys(db, "where c.state = ? order by m.cluster_id", [state])


def fallen(db: Database, *, since: str) -> dict[int, set[ItemKey]]:
    """The members of the proposals that fell apart: those that a person named first, then others of late."""
    which = """where c.state = 'dissolved' and (c.named_by_person = 1 or c.updated_at >= ?)
        order by c.named_by_person desc, c.updated_at desc, m.cluster_id desc"""
    return _keys(db, which, [since])


def _keys(db: Database, which: str, parameters: Sequence[Any]) -> dict[int, set[ItemKey]]:
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


def add(db: Database, *, draft: Draft) -> int:
    """Add a proposal and return its id."""
    moment = now()
    cluster_id = insert(
        db,
        """insert into clusters (state, name, terms, cohesion, weakest, created_at, updated_at)
        values ('proposed', ?, ?, ?, ?, ?, ?)""",
        [draft.name, json.dumps(draft.terms), draft.cohesion, json.dumps(draft.weakest), moment, moment],
    )
    _set_members(db, cluster_id=cluster_id, draft=draft)
    _note(db, cluster_id=cluster_id, revision=1, action="proposed", before="{}", moment=moment)
    return cluster_id


def redraw(db: Database, *, cluster: Cluster, draft: Draft) -> None:
    """Give a proposal other members, or bring back one that fell apart; a name that a person gave stays."""
    moment = now()
    change(
        db,
        """update clusters set state = 'proposed', name = iif(named_by_person, name, ?), terms = ?, cohesion = ?,
          weakest = ?, revision = revision + 1, updated_at = ? where id = ?""",
        [draft.name, json.dumps(draft.terms), draft.cohesion, json.dumps(draft.weakest), moment, cluster.id],
    )
    _set_members(db, cluster_id=cluster.id, draft=draft)
    action = "redrawn" if cluster.state is ClusterState.PROPOSED else "proposed"
    _note(db, cluster_id=cluster.id, revision=cluster.revision + 1, action=action, before=cluster, moment=moment)


def refresh(db: Database, *, cluster: Cluster, draft: Draft) -> None:
    """Bring the figures of an unchanged group up to date; nobody needs to look at it again for that."""
    change(
        db,
        "update clusters set cohesion = ?, weakest = ? where id = ?",
        [draft.cohesion, json.dumps(draft.weakest), cluster.id],
    )
    _set_members(db, cluster_id=cluster.id, draft=draft)


def set_state(
    db: Database,
    *,
    cluster: Cluster,
    state: ClusterState,
    member_id: int | None,
    reason: str | None = None,
) -> None:
    """Decide about a cluster, or dissolve it, with history. The caller compared the revision in this transaction."""
    moment = now()
    change(
        db,
        """update clusters set state = ?, reason = ?, decided_at = ?, decided_by = ?, revision = revision + 1,
          updated_at = ? where id = ?""",
        [state, reason, moment if member_id else None, member_id, moment, cluster.id],
    )
    _note(
        db,
        cluster_id=cluster.id,
        revision=cluster.revision + 1,
        action=state,
        before=cluster,
        moment=moment,
        member_id=member_id,
        reason=reason,
    )


def rename(db: Database, *, cluster: Cluster, name: str, member_id: int) -> None:
    """Give a cluster a person's name, with history."""
    moment = now()
    change(
        db,
        "update clusters set name = ?, named_by_person = 1, revision = revision + 1, updated_at = ? where id = ?",
        [name, moment, cluster.id],
    )
    _note(
        db,
        cluster_id=cluster.id,
        revision=cluster.revision + 1,
        action="renamed",
        before=cluster,
        moment=moment,
        member_id=member_id,
    )


def keep_public_members(db: Database, *, cluster: Cluster) -> None:
    """Forget members that are not public any more: who decides, decides about what was shown."""
    change(
        db,
        """delete from cluster_members where cluster_id = ? and not exists (
          select 1 from json_each(?) where value ->> 0 = kind and value ->> 1 = item_id)""",
        [cluster.id, json.dumps([member.key for member in cluster.members])],
    )


def history(db: Database, *, cluster_id: int) -> list[Event]:
    """What happened to a cluster, latest first."""
    found = rows(
        db,
        """select h.revision, h.action, m.name as who, h.member_id, h.reason, h.happened_at
        from cluster_history h left join members m on m.id = h.member_id
        where h.cluster_id = ? order by h.id desc""",
        [cluster_id],
    )
    return [Event(**item) for item in found]


def add_run(db: Database, *, run: Run) -> None:
    """Keep what a run did."""
    db.execute(
        """insert into cluster_runs (encoder, items, added, changed, dissolved, contradictions, ended_at)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [
            run.encoder,
            run.items,
            run.added,
            run.changed,
            run.dissolved,
            json.dumps(run.contradictions),
            run.ended_at,
        ],
    )


def last_run(db: Database) -> Run | None:
    """The run that ended last."""
    found = row(
        db,
        """select encoder, items, added, changed, dissolved, contradictions, ended_at from cluster_runs
        order by id desc limit 1""",
    )
    if found is None:
        return None
    return Run(**{**found, "contradictions": tuple(_pair(pair) for pair in json.loads(found["contradictions"]))})


def run_queued(db: Database) -> bool:
    """Whether a run is due or under way; one that failed and waits for its next try is not."""
    sql = "select exists (select 1 from jobs where kind = 'propose' and done_at is null and not_before <= ?)"
    return bool(value(db, sql, [now()]))


def run_error(db: Database) -> str | None:
    """Why the last queued run failed; none if it went well, or if a run ended since."""
    found: str | None = value(
        db,
        """select error from jobs where kind = 'propose' and error is not null
          and id = (select max(id) from jobs where kind = 'propose')
          and (done_at is null or done_at > coalesce((select max(ended_at) from cluster_runs), ''))""",
    )
    return found


def _full(db: Database, which: str, parameters: dict[str, Any]) -> list[Cluster]:
    found = rows(db, _CLUSTER + which, parameters)
    wanted = json.dumps([item["id"] for item in found])
    members: dict[int, list[ClusterMember]] = {}
    for item in rows(db, _MEMBERS, [wanted]):
        members.setdefault(item.pop("cluster_id"), []).append(ClusterMember(**{**item, "kind": Kind(item["kind"])}))
    reach = {item.pop("cluster_id"): item for item in rows(db, _REACH, [wanted])}
    return [
        Cluster(
            **{
                **item,
                "state": ClusterState(item["state"]),
                "named_by_person": bool(item["named_by_person"]),
                "terms": tuple(json.loads(item["terms"])),
                "weakest": _pair(json.loads(item["weakest"])) if item["weakest"] else None,
                "members": tuple(members.get(item["id"], ())),
                **reach.get(item["id"], {}),
            }
        )
        for item in found
    ]


# As `data.people.reach`, for many clusters at once.
_REACH = f"""
with recursive behind as (select * from ({_BEHIND}) where cluster_id in (select value from json_each(?))),
reached as (
  select cluster_id, organisation_id from behind
  union select b.cluster_id, s.municipality_id from behind b join stands_for s on s.body_id = b.organisation_id
  union select r.cluster_id, o.successor_id from reached r join organisations o on o.id = r.organisation_id
    where o.successor_id is not null)
select r.cluster_id, count(*) as municipalities, coalesce(sum(o.inhabitants), 0) as inhabitants
from reached r join organisations o on o.id = r.organisation_id and o.kind = 'municipality' and o.successor_id is null
group by r.cluster_id
"""


def _pair(found: Any) -> tuple[ItemKey, ItemKey]:
    (a_kind, a_id), (b_kind, b_id) = found
    return (Kind(a_kind), a_id), (Kind(b_kind), b_id)


def _set_members(db: Database, *, cluster_id: int, draft: Draft) -> None:
    change(db, "delete from cluster_members where cluster_id = ?", [cluster_id])
    for position, ((kind, item_id), fit) in enumerate(draft.members):
        db.execute(
            "insert into cluster_members (cluster_id, kind, item_id, position, fit) values (?, ?, ?, ?, ?)",
            [cluster_id, kind, item_id, position, fit],
        )


def _note(
    db: Database,
    *,
    cluster_id: int,
    revision: int,
    action: str,
    before: Cluster | str,
    moment: str,
    member_id: int | None = None,
    reason: str | None = None,
) -> None:
    if isinstance(before, Cluster):
        kept = {"state": before.state, "name": before.name, "members": [member.key for member in before.members]}
        before = json.dumps(kept, ensure_ascii=False)
    db.execute(
        """insert into cluster_history (cluster_id, revision, action, member_id, reason, before, happened_at)
        values (?, ?, ?, ?, ?, ?, ?)""",
        [cluster_id, revision, action, member_id, reason, before, moment],
    )
