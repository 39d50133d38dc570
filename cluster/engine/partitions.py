"""What a way of grouping is worth on texts with a known need, beside ready-made ways on the same vectors.

On the development ideas with the bundled encoder, pairwise F1 of the service is 0.64 and its V-measure 0.91. The best
of the others reach 0.46 (the leaves of HDBSCAN) and 0.89 (connected components, with the best bound for these very
texts). In another order the groups are the same; with those of before a tenth was added the adjusted Rand index is
0.96 (0.94 for a service that would forget what stood), and a store that grew by tenths from a half has an F1 of 0.63.
The weights of the service, three numbers, were fitted on these ideas as well.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cluster.engine import grouping, proposals, steadiness
from cluster.engine.encoder import Vectors
from cluster.engine.grouping import ALONE, Labels
from cluster.engine.proposals import Text
from cluster.engine.quality import Labelled
from cluster.engine.relations import Relations

Rows = NDArray[np.int64]
# From the places of some rows, in an order, to their labels: -1 for a row alone.
Way = Callable[[Rows], Labels]
# The same where each of these rows had a label before, -1 for none.
Continued = Callable[[Rows, Labels], Labels]

# How often the rows are shuffled, and how often some of them come later, to see whether the groups stay the same.
_AGAIN, _LATER = 5, 20
_ADDED = 0.1
# The shares of the rows that are there when a store grows.
_GROWING = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# The default of sentence-transformers; and what is tried to give a baseline the best bound there is on these texts.
_COMMUNITY_AT_LEAST = 0.75
_BOUNDS = tuple(np.arange(0.3, 0.95, 0.05).round(2).tolist())


def measure(way: Way, labelled: Labelled, *, continued: Continued | None = None) -> dict[str, float]:
    """Figures of a way of grouping: agreement with the topics, what is left alone, and how stable it is.

    A way that goes on from what stood is asked so (`continued`) once rows were added; all others forget.
    A text without topic is right alone. V-measure (Rosenberg & Hirschberg 2007) and the adjusted Rand index (Hubert &
    Arabie 1985) take each text alone for a group of its own; the F1 is over pairs of the same topic.
    """
    every = np.arange(len(labelled.texts))
    labels = way(every)
    further = continued or (lambda rows, _: way(rows))
    return {**agreement(labels, labelled), **_stability(way, further, labels), **_grown(way, further, labelled)}


def agreement(labels: Labels, labelled: Labelled) -> dict[str, float]:
    """How labels of shape (n,) agree with the topics; nan where nothing was joined, or nothing is to be joined."""
    from sklearn.metrics import v_measure_score

    true = _topics(labelled)
    mine, theirs = (_pairs(one) for one in (_each_its_own(labels), true))
    right = int((mine & theirs).sum())
    precision, recall = (right / count if (count := int(one.sum())) else float("nan") for one in (mine, theirs))
    near = np.array([[_related(a, b, labelled) for b in labelled.topics] for a in labelled.topics], dtype=np.bool_)
    return {
        "V-measure": float(v_measure_score(true, _each_its_own(labels))),
        "adjusted Rand": _rand(true, _each_its_own(labels)),
        "pairwise F1": 2 * right / (int(mine.sum()) + int(theirs.sum())) if mine.any() or theirs.any() else 1.0,
        "pairwise precision": precision,
        "pairwise recall": recall,
        "joined pairs that are at least related": float(((mine & theirs) | (mine & near)).sum() / mine.sum())
        if mine.any()
        else float("nan"),
        "share left alone": float((labels == ALONE).mean()) if len(labels) else float("nan"),
        "groups": float(labels.max(initial=ALONE) + 1),
    }


def of_service(texts: Sequence[Text], vectors: Vectors, *, fitted: Relations | None, at_least: float) -> Way:
    """As runs group: constrained average linkage over P(same need), without judgements."""

    return lambda rows: continued_by_service(texts, vectors, fitted=fitted, at_least=at_least)(rows, _none(rows))


def continued_by_service(
    texts: Sequence[Text], vectors: Vectors, *, fitted: Relations | None, at_least: float
) -> Continued:
    """As runs group what has proposals: these stay, wherever grouping afresh is not clearly better."""

    def way(rows: Rows, before: Labels) -> Labels:
        _, edges, probabilities = proposals.graph([texts[row] for row in rows], vectors[rows], fitted=fitted)
        return grouping.group(edges, probabilities, n=len(rows), at_least=at_least, before=before).labels

    return way


def _none(rows: Rows) -> Labels:
    return np.full(len(rows), ALONE, dtype=np.int64)


def others(vectors: Vectors, labelled: Labelled) -> dict[str, Way]:
    """What there is to beat, on the same vectors. Where a bound is needed, also the best one for these very texts."""
    found: dict[str, Way] = {
        "HDBSCAN": partial(_hdbscan, vectors, "eom"),
        "HDBSCAN, leaves": partial(_hdbscan, vectors, "leaf"),
        f"community detection ≥ {_COMMUNITY_AT_LEAST}": partial(_communities, vectors, _COMMUNITY_AT_LEAST),
        "k-means, best silhouette": partial(_kmeans, vectors),
    }
    every = np.arange(len(vectors))
    for name, way in (("community detection", _communities), ("connected components", _components)):
        best = max(_BOUNDS, key=lambda one: _f1(way(vectors, one, every), labelled))
        found[f"{name} ≥ {best} (best here)"] = partial(way, vectors, best)
    return found


def _hdbscan(vectors: Vectors, method: str, rows: Rows) -> Labels:
    from sklearn.cluster import HDBSCAN

    found = HDBSCAN(min_cluster_size=2, cluster_selection_method=method, copy=True).fit(
        vectors[rows].astype(np.float64)
    )
    return np.asarray(found.labels_, dtype=np.int64)


def _communities(vectors: Vectors, at_least: float, rows: Rows) -> Labels:
    from sentence_transformers.util import community_detection

    labels = np.full(len(rows), ALONE, dtype=np.int64)
    for label, members in enumerate(community_detection(vectors[rows], threshold=at_least, min_community_size=2)):
        labels[list(members)] = label
    return labels


def _components(vectors: Vectors, at_least: float, rows: Rows) -> Labels:
    near = np.argwhere(np.triu(vectors[rows] @ vectors[rows].T >= at_least, k=1))
    return _numbered(steadiness.connected(near, n=len(rows)))


def _kmeans(vectors: Vectors, rows: Rows) -> Labels:
    """K-means (sklearn) with the number of groups that has the best silhouette, out of twenty."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    chosen = vectors[rows]
    counts = sorted({int(one) for one in np.linspace(2, len(rows) // 2, 20)}) if len(rows) > 5 else []
    tries = [KMeans(count, n_init=4, random_state=0).fit_predict(chosen) for count in counts]
    best = max(tries, key=lambda labels: float(silhouette_score(chosen, labels)), default=np.arange(len(rows)))
    return _numbered(np.asarray(best, dtype=np.int64))


def _stability(way: Way, continued: Continued, labels: Labels) -> dict[str, float]:
    """The adjusted Rand index with the groups of the rows in other orders, and of before a tenth was added.

    In another order each row is told apart by its place, as runs tell items apart by their id.
    """
    n, chance = len(labels), np.random.default_rng(0)
    orders, added = [], []
    for _ in range(_AGAIN):
        order = chance.permutation(n)
        again = np.empty(n, dtype=np.int64)
        again[order] = way(order)
        orders.append(_rand(_each_its_own(labels), _each_its_own(again)))
    for _ in range(_LATER):
        kept = np.sort(chance.permutation(n)[int(n * _ADDED) :])
        before = _none(np.arange(n))
        before[kept] = way(kept)
        after = continued(np.arange(n), before)
        added.append(_rand(_each_its_own(before[kept]), _each_its_own(after)[kept]))
    return {"stability, other order": float(np.mean(orders)), "stability, 10 % added": float(np.mean(added))}


def _grown(way: Way, continued: Continued, labelled: Labelled) -> dict[str, float]:
    """How the groups agree with the topics when half of the rows were there first, and the others came by tenths."""
    n, chance, found = len(labelled.texts), np.random.default_rng(1), []
    for _ in range(_AGAIN):
        order, labels = chance.permutation(n), _none(np.arange(n))
        for share in _GROWING:
            rows = np.sort(order[: round(n * share)])
            labels[rows] = way(rows) if share == _GROWING[0] else continued(rows, labels[rows])
        found.append(agreement(labels, labelled))
    names = ("pairwise F1", "pairwise precision", "V-measure")
    return {f"{name}, grown by tenths": float(np.mean([one[name] for one in found])) for name in names}


def _topics(labelled: Labelled) -> Labels:
    """A number for each topic; texts without one have a number of their own."""
    numbers: dict[str, int] = {}
    known = [ALONE if topic is None else numbers.setdefault(topic, len(numbers)) for topic in labelled.topics]
    return _each_its_own(np.array(known, dtype=np.int64))


def _each_its_own(labels: Labels) -> Labels:
    found = labels.copy()
    alone = np.flatnonzero(labels == ALONE)
    found[alone] = labels.max(initial=ALONE) + 1 + np.arange(len(alone))
    return found


def _pairs(labels: Labels) -> NDArray[np.bool_]:
    """Which pairs share a label, shape (n, n), above the diagonal."""
    found: NDArray[np.bool_] = np.triu(labels[:, None] == labels, k=1)
    return found


def _related(one: str | None, other: str | None, labelled: Labelled) -> bool:
    return one is not None and other is not None and frozenset((one, other)) in labelled.related


def _rand(true: Labels, found: Labels) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(true, found))


def _f1(labels: Labels, labelled: Labelled) -> float:
    return agreement(labels, labelled)["pairwise F1"]


def _numbered(names: Labels) -> Labels:
    """Labels from 0; -1 for a name that appears once."""
    _, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    kept = np.cumsum(counts > 1) - 1
    return np.where(counts[inverse] > 1, kept[inverse], ALONE).astype(np.int64)
