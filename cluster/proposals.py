"""Runs: group everything public into proposals, and never change what a person decided."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

import cluster.fits
import cluster.matches
import data.clusters
import data.judgements
import data.matches
import data.proposals
import data.steps
import data.work
from cluster.engine import areas, grouping, lexical, proposals
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.joins import Standing
from cluster.engine.proposals import Proposal, Text
from cluster.people import must_coordinate
from data.store import now, transaction
from models.clusters import (
    NAME_AT_MOST,
    Action,
    Cluster,
    ClusterItem,
    ClusterState,
    Draft,
    ItemKey,
    Judgement,
    Progress,
    Run,
)
from models.errors import N_, Conflict, Refusal
from models.people import Member

# Mean P(same need) from which groups merge, chosen on the development ideas with the bundled encoder: there pairs are
# right in 0.61 of cases at 0.15, and in 0.72 at 0.25, which finds a third less. A coordinator sees every proposal, so
# this asks for less than *same need* in words.
MERGE_AT_LEAST = 0.15
# To an accepted cluster an item is only suggested if it fits well: readers see these as they are.
JOIN_AT_LEAST = 0.25

# Somebody may decide while a run computes; it then starts again from what stands.
_TRIES = 3

# A proposal that fell apart comes back with its id within this time; one that a person named, always.
_BACK_WITHIN_DAYS = 30

Tell = Callable[[Progress], None]


def propose(db: Database, *, encoder: Encoder | None, tell: Tell = lambda _: None) -> Run:
    """Group everything public and bring the proposals up to date; with nothing new nothing changes.

    Judgements are always obeyed, contradictory ones reported. Accepted clusters and locked proposals stay as they are
    and their members are not proposed elsewhere; rejected ones stay too. What may belong to an accepted cluster is
    suggested for it, to be answered by a person. A proposal stays and grows, unless what is known now groups its texts
    clearly better. A group keeps the id of the proposal it continues, and the name if a person gave it; a proposal that
    fell apart is dissolved. Clusters that are related come to share an area. `tell` hears how far it is.
    """
    if encoder is None:
        raise Refusal(N_("De encoder is niet geladen. Zonder encoder kunnen we geen clusters zoeken."))
    cluster.matches.embed_missing(db, encoder=encoder, told=lambda done: tell(Progress("reading", done)))
    for _ in range(_TRIES):
        stamp = data.proposals.stamp(db)
        tell(Progress("comparing"))
        found = _found(db, encoder=encoder)
        tell(Progress("writing"))
        with transaction(db):
            if data.proposals.stamp(db) == stamp:
                run = _reconcile(db, found, encoder=encoder.name)
                data.proposals.set_suggestions(db, found=found.joins)
                data.proposals.add_run(db, run=run)
                return run
    raise Conflict(N_("Er werd intussen te veel beslist. Zoek later opnieuw naar clusters."))


def queue_run(db: Database, *, member: Member | None) -> None:
    """Ask the worker for a run, now; asking again while one is due or under way changes nothing."""
    must_coordinate(member)
    with transaction(db):
        if not data.work.queued(db, kind="propose"):
            data.work.queue(db, kind="propose", key="clusters")


def keep_progress(db: Database, *, progress: Progress) -> None:
    """Keep how far the run under way is, for who looks."""
    with transaction(db):
        data.proposals.set_progress(db, progress=progress)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a run found: drafts of proposals, items that may join accepted clusters, and contradictory judgements.

    `areas` names the area of each draft, `areas_of_kept` that of each cluster that stays as it is.
    """

    drafts: list[Draft]
    joins: dict[int, list[tuple[ItemKey, float]]]
    areas: list[str | None]
    areas_of_kept: dict[int, str | None]
    contradictions: tuple[tuple[ItemKey, ItemKey], ...]
    items: int


def _found(db: Database, *, encoder: Encoder) -> _Found:
    every, vectors = _items(db, encoder=encoder)
    texts = [Text(item.title, item.body, item.lang) for item in every]
    weights, fitted = proposals.word_weights(texts), cluster.fits.in_use(db, encoder=encoder.name)
    accepted = data.clusters.keys_by_cluster(db, state=ClusterState.ACCEPTED)
    locked = data.clusters.keys_by_cluster(db, state=ClusterState.PROPOSED, locked=True)
    taken = set().union(*accepted.values(), *locked.values())
    free = np.array([at for at, item in enumerate(every) if item.key not in taken], dtype=np.int64)
    items = [every[at] for at in free]
    judged = _judged(db, items)
    places = frozenset().union(*(lexical.words(item.organisation) for item in items))
    found, contradictions = proposals.propose(
        [texts[at] for at in free],
        vectors[free],
        fitted=fitted,
        must=_pairs(judged[Judgement.SAME]),
        cannot=_pairs(_apart(judged)),
        at_least=MERGE_AT_LEAST,
        weights=weights[free],
        places=places,
        before=_before(db, items),
    )
    drafts, joins = [_draft(proposal, items) for proposal in found], {}
    standing_groups = _placed(every, accepted)
    if standing_groups:
        standing = Standing(vectors, weights, groups=list(standing_groups.values()), fitted=fitted)
        joins = _joins(db, every, free, standing, ids=list(standing_groups))
        drafts = [
            replace(draft, novelty=standing.novelty(free[list(proposal.items)]))
            for draft, proposal in zip(drafts, found, strict=True)
        ]
    kept = {**standing_groups, **_placed(every, locked)}
    groups = [*(free[list(proposal.items)] for proposal in found), *kept.values()]
    related, different = _between(groups, _judged(db, every))
    named = areas.areas(
        groups, texts, vectors, weights, fitted=fitted, must=_pairs(related), cannot=_pairs(different), places=places
    )
    return _Found(
        drafts=drafts,
        joins=joins,
        areas=named[: len(found)],
        areas_of_kept=dict(zip(kept, named[len(found) :], strict=True)),
        contradictions=tuple((items[one.pair[0]].key, items[one.pair[1]].key) for one in contradictions),
        items=len(items),
    )


def _placed(every: list[ClusterItem], clusters: dict[int, set[ItemKey]]) -> dict[int, NDArray[np.int64]]:
    """The places of what is public of each cluster, but for clusters of which nothing is."""
    place = {item.key: at for at, item in enumerate(every)}
    found = {
        one: np.array(sorted(place[key] for key in keys & place.keys()), np.int64) for one, keys in clusters.items()
    }
    return {one: group for one, group in found.items() if len(group)}


def _between(
    groups: list[NDArray[np.int64]], judged: dict[Judgement, list[tuple[int, int]]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The pairs of groups of which people called any two items related, and of the others those called different."""
    of = {int(item): at for at, group in enumerate(groups) for item in group}

    def pairs(judgement: Judgement) -> set[tuple[int, int]]:
        found = [(of[a], of[b]) for a, b in judged[judgement] if a in of and b in of]
        return {(min(pair), max(pair)) for pair in found if pair[0] != pair[1]}

    related = pairs(Judgement.RELATED)
    return sorted(related), sorted(pairs(Judgement.DIFFERENT) - related)


def _before(db: Database, items: list[ClusterItem]) -> grouping.Labels:
    """The proposal without a lock that each item is in, -1 for none."""
    standing = data.clusters.keys_by_cluster(db, state=ClusterState.PROPOSED, locked=False)
    within = {key: cluster_id for cluster_id, keys in standing.items() for key in keys}
    return np.array([within.get(item.key, grouping.ALONE) for item in items], dtype=np.int64)


def _joins(
    db: Database, every: list[ClusterItem], free: NDArray[np.int64], standing: Standing, *, ids: list[int]
) -> dict[int, list[tuple[ItemKey, float]]]:
    """What may join each accepted cluster."""
    judged = _judged(db, every)
    found = standing.joins(free, must=set(judged[Judgement.SAME]), cannot=set(_apart(judged)), at_least=JOIN_AT_LEAST)
    return {one: [(every[at].key, fit) for at, fit in joining] for one, joining in zip(ids, found, strict=True)}


def _apart(judged: dict[Judgement, list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """What people judged no same need. Related is not the same: a cluster is one need."""
    return judged[Judgement.DIFFERENT] + judged[Judgement.RELATED]


def _judged(db: Database, items: list[ClusterItem]) -> dict[Judgement, list[tuple[int, int]]]:
    """What people judged about these items, as places in the list, the smaller first."""
    place = {item.key: at for at, item in enumerate(items)}
    judged: dict[Judgement, list[tuple[int, int]]] = {judgement: [] for judgement in Judgement}
    for (a, b), judgement in data.judgements.latest(db).items():
        if a in place and b in place:
            judged[judgement].append((min(place[a], place[b]), max(place[a], place[b])))
    return judged


def questions(db: Database, *, encoder: Encoder | None, at_most: int) -> list[tuple[ClusterItem, ClusterItem, float]]:
    """The pairs of public items outside accepted clusters whose answer helps most, with P(same need)."""
    if encoder is None:
        raise Refusal(N_("De encoder is niet geladen. Zonder encoder kunnen we geen clusters zoeken."))
    every, all_vectors = _items(db, encoder=encoder)
    taken = set().union(*data.clusters.keys_by_cluster(db, state=ClusterState.ACCEPTED).values())
    free = [at for at, item in enumerate(every) if item.key not in taken]
    items, vectors = [every[at] for at in free], all_vectors[free]
    judged = _judged(db, items)
    found = proposals.questions(
        [Text(item.title, item.body, item.lang) for item in items],
        vectors,
        fitted=cluster.fits.in_use(db, encoder=encoder.name),
        must=_pairs(judged[Judgement.SAME]),
        cannot=_pairs(_apart(judged)),
        at_least=MERGE_AT_LEAST,
        asked={pair for pairs in judged.values() for pair in pairs},
        at_most=at_most,
    )
    return [(items[a], items[b], probability) for a, b, probability in found]


def _items(db: Database, *, encoder: Encoder) -> tuple[list[ClusterItem], Vectors]:
    """Everything public that was read, with vectors of shape (n, d)."""
    vectors = dict(data.matches.all_public(db, encoder=encoder.name).put)
    items = [item for item in data.clusters.items(db) if item.key in vectors]
    rows = [np.frombuffer(vectors[item.key], dtype=np.float32) for item in items]
    return items, np.stack(rows) if rows else np.zeros((0, encoder.dimensions), dtype=np.float32)


def _pairs(pairs: list[tuple[int, int]]) -> grouping.Pairs:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _draft(proposal: Proposal, items: list[ClusterItem]) -> Draft:
    return Draft(
        name=proposal.name[:NAME_AT_MOST],
        terms=proposal.terms,
        cohesion=proposal.cohesion,
        weakest=(items[proposal.weakest[0]].key, items[proposal.weakest[1]].key),
        members=tuple((items[at].key, fit) for at, fit in zip(proposal.items, proposal.fits, strict=True)),
    )


def _reconcile(db: Database, found: _Found, *, encoder: str) -> Run:
    """Bring the proposals that stand to what a run found, inside the caller's transaction.

    A group that continues no standing proposal may be one that fell apart before: that one comes back.
    """
    drafts = found.drafts
    standing = data.clusters.keys_by_cluster(db, state=ClusterState.PROPOSED, locked=False)
    clusters = {one.id: one for one in data.clusters.listed(db, states=[ClusterState.PROPOSED])}
    ids = list(standing)
    groups = [{key for key, _ in draft.members} for draft in drafts]
    continued = _continued(standing, groups)
    new = [group for group, one in zip(groups, continued, strict=True) if one is None]
    back = iter(_continued(data.proposals.fallen(db, since=_days_ago(_BACK_WITHIN_DAYS)), new))
    added = changed = 0
    named = dict(found.areas_of_kept)
    for draft, members, cluster_id, area in zip(drafts, groups, continued, found.areas, strict=True):
        if cluster_id is None:
            named[_add(db, draft, before=next(back))] = area
            added += 1
            continue
        named[cluster_id] = area
        if standing[cluster_id] != members:
            data.proposals.redraw(db, cluster=clusters[cluster_id], draft=draft)
            changed += 1
        elif _figures(clusters[cluster_id]) != (draft.cohesion, draft.weakest, draft.novelty, draft.members):
            data.proposals.refresh(db, cluster=clusters[cluster_id], draft=draft)
    fallen = [clusters[cluster_id] for cluster_id in ids if cluster_id not in continued]
    for one in fallen:
        data.steps.take(db, cluster_id=one.id, action=Action.DISSOLVED, state=ClusterState.DISSOLVED)
    data.proposals.set_areas(db, found={one: area for one, area in named.items() if area})
    return Run(
        encoder=encoder,
        items=found.items,
        added=added,
        changed=changed,
        dissolved=len(fallen),
        contradictions=found.contradictions,
        ended_at=now(),
    )


def _continued(before: dict[int, set[ItemKey]], groups: list[set[ItemKey]]) -> list[int | None]:
    """The id of the cluster that each group continues, if any."""
    ids = list(before)
    return [None if at is None else ids[at] for at in grouping.heirs([before[one] for one in ids], groups)]


def _add(db: Database, draft: Draft, *, before: int | None) -> int:
    """Add a proposal, or bring back the one `before`, with its id and the name that a person gave; tells its id."""
    known = data.clusters.get(db, cluster_id=before) if before else None
    if known is None:
        return data.proposals.add(db, draft=draft)
    data.proposals.redraw(db, cluster=known, draft=draft)
    return known.id


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


def _figures(found: Cluster) -> tuple[object, ...]:
    return found.cohesion, found.weakest, found.novelty, tuple((one.key, one.fit) for one in found.members)
