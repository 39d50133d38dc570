"""Steps: what people and runs do to clusters, each kept with what stood before, so that it can be undone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

import data.ledger
from data.store import change, insert, now, row, rows, value
from models.clusters import Action, Event, ItemKey
from models.ledger import Act
from models.matches import Kind

_KEPT = (
    *("state", "name", "named_by_person", "terms", "cohesion", "weakest", "reason", "decided_at", "decided_by"),
    *("locked", "snoozed_until", "merged_into"),
)

Members = Sequence[tuple[ItemKey, float | None]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one step did to one cluster: the revision it led to, and what stood before."""

    cluster_id: int
    revision: int
    action: Action
    member_id: int | None
    undone: bool
    before: dict[str, Any]

    @property
    def items(self) -> set[ItemKey]:
        """The members before the step."""
        return {(Kind(kind), item_id) for kind, item_id, _, _ in self.before["members"]}


def take(
    db: Database,
    *,
    cluster_id: int,
    action: Action,
    member_id: int | None = None,
    why: str | None = None,
    items: Sequence[ItemKey] = (),
    step: int | None = None,
    members: Members | None = None,
    **columns: Any,
) -> int:
    """Change a cluster and keep what stood before; returns the number of the step, to go on with it elsewhere.

    The caller compared the revision in this transaction. With `members` these replace all members.
    """
    before, moment = _snapshot(db, cluster_id), now()
    assigned = "".join(f"{name} = ?, " for name in columns)
    change(
        db,
        f"update clusters set {assigned}revision = revision + 1, updated_at = ? where id = ?",
        [*columns.values(), moment, cluster_id],
    )
    if members is not None:
        set_members(db, cluster_id=cluster_id, members=members)
    return _note(
        db,
        cluster_id=cluster_id,
        action=action,
        member_id=member_id,
        why=why,
        items=items,
        step=step,
        before=before,
        moment=moment,
    )


def begin(db: Database, *, name: str, terms: Sequence[str] = ()) -> int:
    """A new cluster without members or history, for a step to fill; undoing that step leaves it like this."""
    moment = now()
    return insert(
        db,
        """insert into clusters (state, name, terms, revision, created_at, updated_at)
        values ('dissolved', ?, ?, 0, ?, ?)""",
        [name, json.dumps(list(terms)), moment, moment],
    )


def set_members(db: Database, *, cluster_id: int, members: Members) -> None:
    """Let these be the members, in this order."""
    change(db, "delete from cluster_members where cluster_id = ?", [cluster_id])
    for position, ((kind, item_id), fit) in enumerate(members):
        db.execute(
            "insert into cluster_members (cluster_id, kind, item_id, position, fit) values (?, ?, ?, ?, ?)",
            [cluster_id, kind, item_id, position, fit],
        )


def members(db: Database, *, cluster_id: int) -> list[tuple[ItemKey, float | None]]:
    """All members with their fits, those that are not public now too."""
    found = rows(
        db, "select kind, item_id, fit from cluster_members where cluster_id = ? order by position", [cluster_id]
    )
    return [((Kind(one["kind"]), one["item_id"]), one["fit"]) for one in found]


def history(db: Database, *, cluster_id: int) -> list[Event]:
    """What happened to a cluster, latest first; two queries."""
    found = rows(
        db,
        """select h.revision, h.action, m.name as who, h.member_id, h.reason, h.happened_at, h.step,
          h.undone_by is not null as undone, h.items
        from cluster_history h left join members m on m.id = h.member_id
        where h.cluster_id = ? order by h.id desc""",
        [cluster_id],
    )
    others: dict[int, list[tuple[int, str]]] = {}
    steps = json.dumps([one["step"] for one in found if one["step"]])
    for one in rows(
        db,
        """select distinct h.step, c.id, c.name from cluster_history h join clusters c on c.id = h.cluster_id
        where h.step in (select value from json_each(?)) and c.id <> ? order by c.id""",
        [steps, cluster_id],
    ):
        others.setdefault(one["step"], []).append((one["id"], one["name"]))
    return [
        Event(
            **{
                **one,
                "action": Action(one["action"]),
                "undone": bool(one["undone"]),
                "items": tuple((Kind(kind), item_id) for kind, item_id in json.loads(one["items"])),
                "others": tuple(others.get(one["step"], ())),
            }
        )
        for one in found
    ]


def last(db: Database, *, cluster_id: int) -> Event | None:
    """What happened to a cluster last."""
    found = history(db, cluster_id=cluster_id)
    return found[0] if found else None


def undoable(db: Database, *, cluster_id: int) -> int | None:
    """The step that may be undone on a cluster: the last that stands, if a person took it."""
    found = row(
        db,
        """select step, member_id from cluster_history where cluster_id = ? and undone_by is null and action <> 'undone'
        order by id desc limit 1""",
        [cluster_id],
    )
    return found["step"] if found and found["member_id"] is not None else None


def taken(db: Database, *, step: int) -> list[Taken]:
    """What a step did to each of its clusters, the one that it began with first."""
    found = rows(
        db,
        """select cluster_id, revision, action, member_id, undone_by is not null as undone, before from cluster_history
        where step = ? order by id""",
        [step],
    )
    return [
        Taken(
            **{
                **one,
                "action": Action(one["action"]),
                "undone": bool(one["undone"]),
                "before": json.loads(one["before"]),
            }
        )
        for one in found
    ]


def undoable_of(db: Database, *, steps: Sequence[int], member_id: int) -> dict[int, list[tuple[int, Action]]]:
    """Of these steps, those of a member that can be undone: of each the clusters, the first one first, and what."""
    found = rows(
        db,
        """with meant as (select * from cluster_history where step in (select value from json_each(:steps))),
          last as (
            select max(id) as id from cluster_history where undone_by is null and action <> 'undone'
              and cluster_id in (select cluster_id from meant) group by cluster_id)
        select step, cluster_id, action from meant
        where member_id = :member_id and step not in (select step from meant where id not in (select id from last))
        order by id""",
        {"steps": json.dumps(list(steps)), "member_id": member_id},
    )
    clusters: dict[int, list[tuple[int, Action]]] = {}
    for one in found:
        clusters.setdefault(one["step"], []).append((one["cluster_id"], Action(one["action"])))
    return clusters


def undone_by(db: Database, *, step: int) -> int | None:
    """Who undid a step."""
    found: int | None = value(
        db,
        """select u.member_id from cluster_history h join cluster_history u on u.step = h.undone_by
        where h.step = ? limit 1""",
        [step],
    )
    return found


def restore(db: Database, *, found: Taken, member_id: int, why: str | None, step: int | None) -> int:
    """Bring a cluster back to what stood before a step, as a step of its own; judgements of the step are superseded."""
    kept = found.before["cluster"]
    members = [((Kind(kind), item_id), fit) for kind, item_id, _, fit in found.before["members"]]
    return take(
        db,
        cluster_id=found.cluster_id,
        action=Action.UNDONE,
        member_id=member_id,
        why=why,
        step=step,
        members=members,
        **{name: kept[name] for name in _KEPT},
    )


def supersede(db: Database, *, step: int, by: int) -> None:
    """Mark a step as undone, and its judgements as superseded: they stay, and count no more."""
    change(db, "update cluster_history set undone_by = ? where step = ?", [by, step])
    change(db, "update judgements set superseded_by = ? where step = ? and superseded_by is null", [by, step])


def elsewhere(db: Database, *, keys: Sequence[ItemKey], without: Sequence[int]) -> list[int]:
    """Other clusters, proposed or accepted, that hold any of these items."""
    found = rows(
        db,
        """select distinct m.cluster_id from cluster_members m join clusters c on c.id = m.cluster_id
          and c.state in ('proposed', 'accepted')
        where (m.kind, m.item_id) in (select value ->> 0, value ->> 1 from json_each(?))
          and m.cluster_id not in (select value from json_each(?)) order by 1""",
        [json.dumps(list(keys)), json.dumps(list(without))],
    )
    return [one["cluster_id"] for one in found]


def attached(db: Database, *, cluster_id: int) -> bool:
    """Whether people work on a cluster: it has a cost plan or a conversation, which stay with its id."""
    return bool(
        value(
            db,
            """select exists (select 1 from plans where cluster_id = :id)
              or exists (select 1 from threads where cluster_id = :id)""",
            {"id": cluster_id},
        )
    )


def reviewed(db: Database, *, since: str, today: str) -> int:
    """How many clusters people dealt with since a moment, so that they wait no more."""
    return int(
        value(
            db,
            """select count(distinct h.cluster_id) from cluster_history h join clusters c on c.id = h.cluster_id
            where h.member_id is not null and h.undone_by is null and h.happened_at >= ?
              and h.action in ('accepted', 'rejected', 'snoozed', 'merged')
              and (c.state <> 'proposed' or c.snoozed_until > ?)""",
            [since, today],
        )
    )


def _snapshot(db: Database, cluster_id: int) -> str:
    kept = row(db, f"select {', '.join(_KEPT)} from clusters where id = ?", [cluster_id])
    found = rows(
        db,
        "select kind, item_id, position, fit from cluster_members where cluster_id = ? order by position",
        [cluster_id],
    )
    return json.dumps({"cluster": kept, "members": [list(one.values()) for one in found]}, ensure_ascii=False)


def _note(
    db: Database,
    *,
    cluster_id: int,
    action: Action,
    member_id: int | None,
    why: str | None,
    items: Sequence[ItemKey],
    step: int | None,
    before: str,
    moment: str,
) -> int:
    number = insert(
        db,
        """insert into cluster_history
          (cluster_id, revision, action, member_id, reason, before, happened_at, step, items)
        values (?, (select revision from clusters where id = ?), ?, ?, ?, ?, ?, ?, ?)""",
        [cluster_id, cluster_id, action, member_id, why, before, moment, step, json.dumps(list(items))],
    )
    if step is None:
        change(db, "update cluster_history set step = id where id = ?", [number])
    if member_id is not None:
        about = f"cluster:{cluster_id}"
        data.ledger.add(db, act=Act.CLUSTER_DECIDED, member_id=member_id, about=about, what=action.value)
    return step or number
