"""Placements: a new text goes into the proposal where it belongs at once, without a run."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
from sqlite_utils import Database

import cluster.matches
import data.clusters
import data.judgements
import data.matches
import data.proposals
from cluster.figures import Reader, draw, likeness
from cluster.proposals import MERGE_AT_LEAST
from data.store import transaction
from models.clusters import Cluster, ClusterState, ItemKey, Judgement

_NEAREST = 20
# So many proposals are compared member by member: those that most of the nearest texts are in.
_COMPARED = 3


def place(db: Database, *, reader: Reader, item: ItemKey) -> int | None:
    """Put a public item that is in no cluster into the proposal that it fits best, and tell which; or leave it alone.

    It fits by the bound of runs. What people judged apart stays apart, and what is locked or decided is left alone: for
    accepted clusters the next run suggests. Doing it twice changes nothing.
    """
    if reader.encoder is None or data.clusters.live_of(db, keys=[item]):
        return None
    best: tuple[float, Cluster] | None = None
    for found in _candidates(db, reader, item):
        alike = likeness(db, reader=reader, keys=[item, *(one.key for one in found.members)])
        if len(alike.keys) < 2 or alike.keys[0] != item:
            continue
        fit = float(np.round(alike.matrix[0, 1:].mean(), 3))
        if fit >= MERGE_AT_LEAST and (best is None or fit > best[0]):
            best = fit, found
    return _into(db, reader, item, best[1]) if best else None


def _candidates(db: Database, reader: Reader, item: ItemKey) -> list[Cluster]:
    """Proposals that may take an item: those with most of its nearest texts first, of equals the older one."""
    assert reader.encoder is not None
    kept = data.matches.vectors_of(db, items=[item], encoder=reader.encoder.name).get(item)
    if kept is None:
        return []
    cluster.matches.follow(db, index=reader.index, encoder=reader.encoder)
    near = reader.index.nearest(np.frombuffer(kept, dtype=np.float32), at_most=_NEAREST + 1)
    judged = data.judgements.about(db, keys=[item])
    apart = {key for pair, one in judged.items() if one in (Judgement.DIFFERENT, Judgement.RELATED) for key in pair}
    held = data.clusters.live_of(db, keys=[hit.key for hit in near if hit.key != item])
    counts: dict[int, int] = defaultdict(int)
    for one in held.values():
        counts[one.id] += 1
    open_ones = {
        one.id: one
        for one in held.values()
        if one.state is ClusterState.PROPOSED and not one.locked and not {member.key for member in one.members} & apart
    }
    return sorted(open_ones.values(), key=lambda one: (-counts[one.id], one.id))[:_COMPARED]


def _into(db: Database, reader: Reader, item: ItemKey, found: Cluster) -> int | None:
    """Let a proposal grow, unless it changed meanwhile; its name and terms stay until the next run."""
    members = [(one.key, one.fit) for one in found.members]
    draft = draw(db, reader=reader, members=[*members, (item, None)])
    draft = replace(draft, name=found.name, terms=found.terms, novelty=found.novelty)
    with transaction(db):
        current = data.clusters.get(db, cluster_id=found.id)
        if current is None or current.seen != found.seen or data.clusters.live_of(db, keys=[item]):
            return None
        data.proposals.redraw(db, cluster=current, draft=draft)
    return found.id
