"""Clusters as people read them: the desk where coordinators review, the page of one, and lists that leave."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlite_utils import Database

import data.clusters
import data.people
import data.proposals
import data.steps
import data.work
from cluster.people import must_coordinate
from models.clusters import Cluster, ClusterItem, ClusterState, Event, ItemKey, Progress, Run, Seen, Suggestion
from models.errors import NotFound
from models.matches import Kind
from models.people import Member, Organisation
from models.reminders import day_of
from models.waiting import COUNTED_AT_MOST

# Each list of the desk shows this many.
ON_DESK_AT_MOST = 50

_BATCH = 200
# A list to choose from of bearable length, the latest first.
_OTHERS_AT_MOST = 200
_RELATED_AT_MOST = 12


@dataclass(frozen=True, slots=True)
class Desk:
    """What coordinators review: proposals by worth, and what was decided, latest first, each list of bearable length.

    `totals` tells how many there are of each, of proposals those that wait now; `reviewed` how many were dealt with
    since the last run; `failed` why the last run that was asked for did not succeed, `progress` how far the one under
    way is. `areas` are those in which several proposals wait, with how many, most first; with an `area` only its own
    proposals are shown.
    """

    proposed: list[Cluster]
    snoozed: list[Cluster]
    accepted: list[Cluster]
    rejected: list[Cluster]
    reviewed: int
    totals: dict[ClusterState, int]
    suggestions: list[Suggestion]
    queued: bool
    progress: Progress | None
    failed: str | None
    last_run: Run | None
    contradictions: list[tuple[ClusterItem, ClusterItem]]
    areas: list[tuple[str, int]]
    area: str | None


def desk(db: Database, *, member: Member | None, area: str | None = None) -> Desk:
    """The review desk, for coordinators only; of an area in which nothing waits any more, all that waits."""
    must_coordinate(member)
    proposed, snoozed = _proposals(db)
    areas = Counter(one.area for one in proposed if one.area)
    chosen = area if area in areas else None
    shown = [one for one in proposed if chosen in (None, one.area)]
    last_run = data.proposals.last_run(db)
    queued = data.work.queued(db, kind="propose")
    pairs = last_run.contradictions if last_run else ()
    items = {item.key: item for item in data.clusters.items(db)} if pairs else {}
    return Desk(
        proposed=shown[:ON_DESK_AT_MOST],
        snoozed=snoozed[:ON_DESK_AT_MOST],
        accepted=data.clusters.listed(db, states=[ClusterState.ACCEPTED], at_most=ON_DESK_AT_MOST),
        rejected=data.clusters.listed(db, states=[ClusterState.REJECTED], at_most=ON_DESK_AT_MOST),
        reviewed=data.steps.reviewed(db, since=last_run.ended_at, today=today()) if last_run else 0,
        totals={**data.clusters.totals(db), ClusterState.PROPOSED: len(proposed)},
        suggestions=data.proposals.suggestions(db, at_most=ON_DESK_AT_MOST),
        queued=queued,
        progress=data.proposals.progress(db) if queued else None,
        failed=None if queued else data.proposals.run_error(db),
        last_run=last_run,
        contradictions=[(items[a], items[b]) for a, b in pairs if a in items and b in items],
        areas=[(name, count) for name, count in areas.most_common() if count > 1 or name == chosen],
        area=chosen,
    )


def _proposals(db: Database) -> tuple[list[Cluster], list[Cluster]]:
    """The proposals that wait, by worth, and those that come back later, the first to come back first."""
    found = listed(db, states=[ClusterState.PROPOSED])
    later = [one for one in found if one.snoozed_until and one.snoozed_until > today()]
    waiting = [one for one in found if one not in later]
    return (
        sorted(waiting, key=lambda one: (-one.worth, -len(one.members), one.id)),
        sorted(later, key=lambda one: (one.snoozed_until or "", one.id)),
    )


def next_after(db: Database, *, cluster_id: int) -> int | None:
    """The proposal to review next: the most worthwhile one that waits, but for the one in hand."""
    return next((one.id for one in _proposals(db)[0] if one.id != cluster_id), None)


def waiting(db: Database) -> int:
    """How many proposals wait for a coordinator; as many as the desk tells, up to a bound."""
    return data.clusters.waiting(db, today=today(), at_most=COUNTED_AT_MOST)


def today() -> str:
    """The day in Brussels, as it is stored."""
    return day_of(datetime.now(UTC)).isoformat()


def tomorrow() -> str:
    """The first day until which a proposal can be left."""
    return (date.fromisoformat(today()) + timedelta(days=1)).isoformat()


def listed(db: Database, *, states: list[ClusterState]) -> list[Cluster]:
    """Clusters of two members or more in these states, by id; for scripts on this machine."""
    found = data.clusters.listed(db, states=states)
    return sorted((one for one in found if len(one.members) > 1), key=lambda one: one.id)


# What leaves of a cluster: one row for each idea or project in it.
EXPORTED = (
    *("cluster", "state", "name", "area", "terms", "reason", "decided_at"),
    *("municipalities", "own", "bodies", "inhabitants"),
    *("item", "title", "organisation", "lang"),
)


def exported(db: Database, *, member: Member | None) -> Iterator[dict[str, object]]:
    """All clusters by id, a row for each of their ideas and projects; for coordinators only."""
    must_coordinate(member)
    return _rows(db)


def _rows(db: Database) -> Iterator[dict[str, object]]:
    last = 0
    while found := data.clusters.batch(db, after_id=last, at_most=_BATCH):
        for one in found:
            for item in one.members:
                yield {
                    **{name: getattr(one, name) for name in EXPORTED if hasattr(one, name)},
                    **{name: getattr(item, name) for name in ("title", "organisation", "lang")},
                    "cluster": one.id,
                    "bodies": [f"{body.name} ({body.municipalities})" for body in one.bodies],
                    "item": item.reference,
                }
        last = found[-1].id


def references(db: Database, *, pairs: tuple[tuple[ItemKey, ItemKey], ...]) -> list[tuple[str, str]]:
    """How files and commands name these pairs of public items."""
    names = {item.key: item.reference for item in data.clusters.items(db)} if pairs else {}
    return [(names[a], names[b]) for a, b in pairs if a in names and b in names]


def of_item(db: Database, *, kind: Kind, item_id: int) -> Cluster | None:
    """The accepted cluster of an idea or project, if any."""
    return data.clusters.of_item(db, kind=kind, item_id=item_id)


def get(db: Database, *, cluster_id: int, member: Member | None) -> Cluster:
    """A cluster: accepted ones for everybody, all others for coordinators; nobody else learns that they exist."""
    found = data.clusters.get(db, cluster_id=cluster_id)
    if found is None or (found.state is not ClusterState.ACCEPTED and not (member and member.is_coordinator)):
        raise NotFound
    return found


def municipalities(db: Database, *, cluster_id: int) -> list[Organisation]:
    """The municipalities behind a cluster, each once, by name."""
    behind = data.clusters.organisations_behind(db, cluster_id=cluster_id)
    return data.people.reach(db, organisation_ids=behind)


def history(db: Database, *, cluster_id: int, member: Member | None) -> list[Event]:
    """What happened to a cluster, latest first; for coordinators only."""
    must_coordinate(member)
    return data.steps.history(db, cluster_id=cluster_id)


def related(db: Database, *, cluster_id: int, member: Member | None) -> list[Cluster]:
    """Clusters that people called related to this one or to an item in it, or that share its area, accepted ones first.

    Only coordinators see proposals among them.
    """
    states = [ClusterState.ACCEPTED, *([ClusterState.PROPOSED] if member and member.is_coordinator else [])]
    return data.clusters.related(db, cluster_id=cluster_id, states=states, at_most=_RELATED_AT_MOST)


def successor(db: Database, *, cluster_id: int) -> int | None:
    """The accepted cluster in which this one lives on since a coordinator merged them, if any."""
    found = data.clusters.get(db, cluster_id=cluster_id)
    while found and found.merged_into:
        found = data.clusters.get(db, cluster_id=found.merged_into)
        if found and found.state is ClusterState.ACCEPTED:
            return found.id
    return None


def undoable(db: Database, *, cluster_id: int, member: Member | None) -> int | None:
    """The step on a cluster that may be undone now, if any; for coordinators only."""
    must_coordinate(member)
    return data.steps.undoable(db, cluster_id=cluster_id)


def others(db: Database, *, cluster_id: int, member: Member | None) -> list[tuple[Seen, ClusterState, str]]:
    """Where an item of a cluster may go, or what it may merge with: as seen now, with state and name."""
    must_coordinate(member)
    return data.clusters.names(db, without=cluster_id, at_most=_OTHERS_AT_MOST)
