"""Rehearsals: what a coordinator's answers bring, simulated on labelled texts through the service itself."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sqlite_utils import Database

import cluster.judgements
import cluster.proposals
import data.clusters
from cluster.engine import partitions
from cluster.engine.encoder import Encoder
from cluster.engine.grouping import ALONE, Labels
from cluster.engine.quality import Labelled
from cluster.evaluations import SERVICE, filled
from cluster.imports import Row
from data.matches import Item
from models.clusters import ClusterState, Judgement, reference

# As many answers as a coordinator gives in an hour or two.
ANSWERS = 200

Pair = tuple[int, int]


def measure(
    rows: Sequence[dict[str, Any]],
    labelled: Labelled,
    *,
    encoder: Encoder,
    answers: int = ANSWERS,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, dict[str, float]]:
    """How proposals agree with the topics after so many answers: to the questions of the desk, and to random pairs.

    The texts are put into a temporary database. A run proposes; the simulated coordinator, who knows the topics,
    answers by a file as people do; and the next run goes on from what stood.
    """
    found = {}
    for name, ask in (("answers", _questions), ("random answers", _at_random)):
        name = f"{SERVICE}, {answers} {name}"
        tell(name)
        with filled(rows, encoder=encoder) as (db, items):
            cluster.proposals.propose(db, encoder=encoder)
            pairs = ask(db, items, encoder=encoder, at_most=answers)
            imported = cluster.judgements.import_rows(db, rows=_answered(pairs, items, labelled))
            cluster.proposals.propose(db, encoder=encoder)
            found[name] = partitions.agreement(_labels(db, items), labelled)
            found[name]["answers"] = float(imported.added)
    return found


def _questions(db: Database, items: Sequence[Item], *, encoder: Encoder, at_most: int) -> list[Pair]:
    """What the desk asks, all at once."""
    places = {item: at for at, item in enumerate(items)}
    asked = cluster.proposals.questions(db, encoder=encoder, at_most=at_most)
    return [(places[one.key], places[other.key]) for one, other, _ in asked]


def _at_random(db: Database, items: Sequence[Item], *, encoder: Encoder, at_most: int) -> list[Pair]:
    """Pairs that were drawn blindly."""
    every = np.stack(np.triu_indices(len(items), k=1), axis=1)
    drawn = np.random.default_rng(0).permutation(every)[:at_most]
    return [(a, b) for a, b in drawn.tolist()]


def _answered(pairs: Sequence[Pair], items: Sequence[Item], labelled: Labelled) -> list[Row]:
    """The answers as a file has them."""
    names = [reference(kind, item_id, str(at)) for at, (kind, item_id) in enumerate(items)]
    return [
        Row(number, {"a": names[a], "b": names[b], "judgement": _truth(labelled, a, b)})
        for number, (a, b) in enumerate(pairs, start=1)
    ]


def _truth(labelled: Labelled, a: int, b: int) -> Judgement:
    one, other = labelled.topics[a], labelled.topics[b]
    if one is None or other is None:
        return Judgement.DIFFERENT
    if one == other:
        return Judgement.SAME
    return Judgement.RELATED if frozenset((one, other)) in labelled.related else Judgement.DIFFERENT


def _labels(db: Database, items: Sequence[Item]) -> Labels:
    """The proposal that each item is in now, -1 for none."""
    standing = data.clusters.keys_by_cluster(db, state=ClusterState.PROPOSED)
    within = {key: cluster_id for cluster_id, keys in standing.items() for key in keys}
    return np.array([within.get(item, ALONE) for item in items], dtype=np.int64)
