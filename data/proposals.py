"""What runs write: proposals, suggestions to join accepted clusters, and how the last run went."""

import json
from dataclasses import asdict
from typing import Any

from sqlite_utils import Database

import data.clusters
import data.steps
from data.store import change, now, row, rows, value
from models.clusters import Action, Cluster, ClusterItem, Draft, ItemKey, Progress, Run, Seen, Suggestion
from models.matches import Kind


def stamp(db: Database) -> tuple[int, int]:
    """Rises with every judgement and every change of a cluster."""
    found = db.execute(
        "select (select coalesce(max(id), 0) from judgements), (select coalesce(max(id), 0) from cluster_history)"
    ).fetchone()
    return int(found[0]), int(found[1])


def fallen(db: Database, *, since: str) -> dict[int, set[ItemKey]]:
    """The members of the proposals that fell apart: those that a person named first, then others of late."""
    which = """where c.state = 'dissolved' and (c.named_by_person = 1 or c.updated_at >= ?)
        order by c.named_by_person desc, c.updated_at desc, m.cluster_id desc"""
    return data.clusters.keys_of(db, which, [since])


def add(db: Database, *, draft: Draft) -> int:
    """Add a proposal and return its id."""
    cluster_id = data.steps.begin(db, name=draft.name)
    data.steps.take(
        db, cluster_id=cluster_id, action=Action.PROPOSED, state="proposed", members=draft.members, **_columns(draft)
    )
    return cluster_id


def redraw(db: Database, *, cluster: Cluster, draft: Draft) -> None:
    """Give a proposal other members, or bring back one that fell apart; a name that a person gave stays."""
    data.steps.take(
        db,
        cluster_id=cluster.id,
        action=Action.REDRAWN if cluster.live else Action.PROPOSED,
        state="proposed",
        name=cluster.name if cluster.named_by_person else draft.name,
        members=draft.members,
        **_columns(draft),
    )


def refresh(db: Database, *, cluster: Cluster, draft: Draft) -> None:
    """Bring the figures of an unchanged group up to date; nobody needs to look at it again for that."""
    change(
        db,
        "update clusters set cohesion = ?, weakest = ?, novelty = ? where id = ?",
        [draft.cohesion, json.dumps(draft.weakest), draft.novelty, cluster.id],
    )
    data.steps.set_members(db, cluster_id=cluster.id, members=draft.members)


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "terms": json.dumps(draft.terms),
        "cohesion": draft.cohesion,
        "weakest": json.dumps(draft.weakest),
        "novelty": draft.novelty,
    }


def set_suggestions(db: Database, *, found: dict[int, list[tuple[ItemKey, float]]]) -> None:
    """Let these be all items that may belong to accepted clusters, by cluster."""
    change(db, "delete from cluster_suggestions")
    for cluster_id, items in found.items():
        for (kind, item_id), fit in items:
            db.execute("insert into cluster_suggestions values (?, ?, ?, ?)", [cluster_id, kind, item_id, fit])


def set_areas(db: Database, *, found: dict[int, str]) -> None:
    """Let these be the areas of clusters, by id; all others are in none. Nobody needs to look again for that."""
    change(
        db,
        "update clusters set area = null where area is not null and id not in (select value from json_each(?))",
        [json.dumps(list(found))],
    )
    for cluster_id, area in found.items():
        change(db, "update clusters set area = ? where id = ? and area is not ?", [area, cluster_id, area])


def forget_suggestion(db: Database, *, cluster_id: int, item: ItemKey) -> None:
    """Suggest an item for a cluster no more."""
    change(db, "delete from cluster_suggestions where cluster_id = ? and kind = ? and item_id = ?", [cluster_id, *item])


def suggestions(db: Database, *, at_most: int) -> list[Suggestion]:
    """Items that may belong to an accepted cluster without a lock, and that are in no other one; best first."""
    found = rows(
        db,
        """select s.cluster_id, c.revision, c.name as cluster, s.fit, s.kind, s.item_id as id,
          coalesce(i.external_id, p.external_id) as external_id, coalesce(i.title, p.title) as title,
          coalesce(i.description, p.summary) as body, coalesce(i.lang, p.lang) as lang,
          coalesce(o.name, p.lead, '') as organisation, q.id as proposal_id, q.revision as proposal_revision
        from cluster_suggestions s
        join clusters c on c.id = s.cluster_id and c.state = 'accepted' and c.locked = 0
        left join ideas i on s.kind = 'idea' and i.id = s.item_id and i.state = 'open'
        left join organisations o on o.id = i.organisation_id
        left join projects p on s.kind = 'project' and p.id = s.item_id and p.hidden = 0
        left join cluster_members m on m.kind = s.kind and m.item_id = s.item_id
          and m.cluster_id in (select id from clusters where state in ('proposed', 'accepted'))
        left join clusters q on q.id = m.cluster_id
        where (i.id is not null or p.id is not null) and (q.id is null or (q.state = 'proposed' and q.locked = 0))
        order by s.fit desc, s.cluster_id, s.kind, s.item_id limit ?""",
        [at_most],
    )
    names = ("id", "external_id", "title", "body", "lang", "organisation")
    return [
        Suggestion(
            cluster=Seen(one["cluster_id"], one["revision"]),
            name=one["cluster"],
            item=ClusterItem(kind=Kind(one["kind"]), **{name: one[name] for name in names}),
            fit=one["fit"],
            proposal=Seen(one["proposal_id"], one["proposal_revision"]) if one["proposal_id"] else None,
        )
        for one in found
    ]


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
    pairs = tuple(data.clusters.pair(one) for one in json.loads(found["contradictions"]))
    return Run(**{**found, "contradictions": pairs})


def run_error(db: Database) -> str | None:
    """Why the last queued run failed; none if it went well, or if a run ended since."""
    found: str | None = value(
        db,
        """select error from jobs where kind = 'propose' and error is not null
          and id = (select max(id) from jobs where kind = 'propose')
          and (done_at is null or done_at > coalesce((select max(ended_at) from cluster_runs), ''))""",
    )
    return found


def set_progress(db: Database, *, progress: Progress) -> None:
    """Keep how far the run under way is; without one nothing happens."""
    change(
        db,
        "update jobs set progress = ? where kind = 'propose' and done_at is null",
        [json.dumps(asdict(progress))],
    )


def progress(db: Database) -> Progress | None:
    """How far the run under way is; none while it waits for the worker."""
    found = value(
        db, "select progress from jobs where kind = 'propose' and done_at is null and leased_until >= ?", [now()]
    )
    return Progress(**json.loads(found)) if found else None
