"""Fitting the relation model: from pairs that people labelled to weights, bounds and how far they can be believed.

Two logistic regressions turn the two features of a pair, the cosine and the overlap of words, into P(same need) and
P(same need or related); see `cluster.engine.relations`. What is told of a fit is always measured across topics: no
topic is in the part that was learnt from and in the part that was measured on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from cluster.engine import calibration
from cluster.engine.calibration import Bin
from cluster.engine.relations import Relations

PRECISION_AT_LEAST = 0.85
FOLDS = 5
# Below this many pairs above a bound its precision is a matter of luck.
_ENOUGH = 10
# What a coordinator or member says of two real texts counts as so many labelled pairs, all together at most as much as
# half of those: people judge what was suggested, and so mostly pairs that are hard.
_JUDGED_WEIGHT = 20.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Labelled pairs.

    Attributes
    ----------
    cosines, overlaps : ndarray of shape (m,), float64
    levels : ndarray of shape (m,), int - 2 same need, 1 related, 0 neither
    folds : ndarray of shape (m, 2), int - the part of either end's topic; a pair is measured by what saw neither
    judged : ndarray of shape (m,), bool - answered by people about items of the service
    """

    cosines: Floats
    overlaps: Floats
    levels: Ints
    folds: Ints
    judged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit with what cross-validation says of it.

    Attributes
    ----------
    relations : the weights and bounds
    precision, found : of *same need*: how often it is true, and which share of the true pairs it names
    related_precision : the same of *strongly related* and *related*
    curve : the reliability of P(same need), in bins of equal mass over the pairs that are likely enough to be shown
    calibration_error : mean distance between promised and true over these bins, weighted by pairs
    pairs, judged : how many pairs were learnt from, and how many of them people answered
    """

    relations: Relations
    precision: float
    found: float
    related_precision: tuple[float, float]
    curve: tuple[Bin, ...]
    calibration_error: float
    pairs: int
    judged: int


def fit(pairs: Pairs) -> Fit:
    """Fit and cross-validate; ValueError when a relation is missing among the pairs: nothing can be learnt then."""
    features = np.column_stack([pairs.cosines, pairs.overlaps])
    weights = _weights(pairs)
    missing = [level for level in (0, 2) if not (pairs.levels == level).any()]
    if missing:
        raise ValueError(f"no pairs of level {missing[0]}: nothing can be learnt")
    same, related = (across(pairs, at_least=level) for level in (2, 1))
    bound, precision, found = _bound(same, pairs.levels == 2)
    relations = Relations(
        same=_logistic(features, pairs.levels >= 2, weights),
        related=_logistic(features, pairs.levels >= 1, weights),
        same_at_least=round(bound, 3),
    )
    strongly, barely = relations.strongly_at_least, relations.related_at_least
    shown = _shown(same, true=int((pairs.levels == 2).sum()))
    promised, came_true = same[shown], pairs.levels[shown] == 2
    return Fit(
        relations=relations,
        precision=precision,
        found=found,
        related_precision=(
            _share(pairs.levels[related >= strongly] >= 1),
            _share(pairs.levels[related >= barely] >= 1),
        ),
        curve=tuple(calibration.reliability(promised, came_true)),
        calibration_error=calibration.calibration_error(promised, came_true),
        pairs=len(pairs.levels),
        judged=int(pairs.judged.sum()),
    )


def _weights(pairs: Pairs) -> Floats:
    count = int(pairs.judged.sum())
    labelled = len(pairs.judged) - count
    each = min(_JUDGED_WEIGHT, labelled / 2 / count) if count and labelled else 1.0
    found: Floats = np.where(pairs.judged, each, 1.0)
    return found


def across(pairs: Pairs, *, at_least: int) -> Floats:
    """The probability that a pair is of this level or above by a fit that saw neither of its topics, shape (m,)."""
    features, weights = np.column_stack([pairs.cosines, pairs.overlaps]), _weights(pairs)
    found = np.zeros(len(features))
    for parts in combinations_with_replacement(range(FOLDS), 2):
        measured = (np.sort(pairs.folds, axis=1) == parts).all(axis=1)
        learnt = ~np.isin(pairs.folds, parts).any(axis=1)
        answers = pairs.levels[learnt] >= at_least
        if not measured.any():
            continue
        if answers.all() or not answers.any():
            found[measured] = answers.mean() if len(answers) else 0.0
            continue
        # Of fewer topics there are as much fewer pairs of the same need, and the square of that of all others.
        fewer = np.where(pairs.levels[learnt] == 2, 1.0, FOLDS / (FOLDS - len(set(parts))))
        w = _logistic(features[learnt], answers, weights[learnt] * fewer)
        found[measured] = 1 / (1 + np.exp(-(features[measured] @ np.array(w[:2]) + w[2])))
    return found


def _logistic(features: Floats, answers: NDArray[np.bool_], weights: Floats) -> tuple[float, float, float]:
    """Weights of cosine and overlap, and the constant; one below 0 would put the least alike first, so it is 0."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10).fit(features, answers, sample_weight=weights)
    useful = model.coef_[0] > 0
    if not useful.all():
        model = LogisticRegression(C=10).fit(features * useful, answers, sample_weight=weights)
    cosine, overlap = (round(float(weight), 4) for weight in model.coef_[0] * useful)
    return cosine, overlap, round(float(model.intercept_[0]), 4)


def _bound(same: Floats, true: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The lowest bound at which *same need* is true often enough, how often, and the share of true pairs above it."""
    order = np.argsort(-same, kind="stable")
    hits, counts = np.cumsum(true[order]), np.arange(1, len(order) + 1)
    # A bound between equal probabilities cannot be drawn.
    last = np.append(same[order][1:] < same[order][:-1], True)
    good = np.flatnonzero((hits / counts >= PRECISION_AT_LEAST) & (counts >= _ENOUGH) & last)
    if not len(good):
        return 1.0, float("nan"), 0.0
    at = int(good[-1])
    return float(same[order][at]), float(hits[at] / counts[at]), float(hits[at] / true.sum())


def _shown(same: Floats, *, true: int) -> Ints:
    """The likelier pairs, shape (k,): most are plainly nothing, and nobody is shown those."""
    return np.argsort(same, kind="stable")[-max(200, 4 * true) :]


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def labelled(
    cosines: Floats, overlaps: Floats, *, topics: Sequence[str | None], related: frozenset[frozenset[str]]
) -> Pairs:
    """Every pair of texts with a known need.

    Parameters
    ----------
    cosines, overlaps : ndarray of shape (n, n)
    topics : sequence of n - none: a text without a need that anybody shares
    related : pairs of topics that are worth a look
    """
    rows, columns = np.triu_indices(len(topics), 1)
    levels = np.array(
        [_level(topics[a], topics[b], related) for a, b in zip(rows.tolist(), columns.tolist(), strict=True)],
        dtype=np.int64,
    )
    names = sorted({topic for topic in topics if topic})
    fold_of = {topic: number % FOLDS for number, topic in enumerate(names)}
    folds = np.array([fold_of[topic] if topic else at % FOLDS for at, topic in enumerate(topics)], dtype=np.int64)
    return Pairs(
        cosines=cosines[rows, columns].astype(np.float64),
        overlaps=overlaps[rows, columns].astype(np.float64),
        levels=levels,
        folds=np.column_stack([folds[rows], folds[columns]]),
        judged=np.zeros(len(rows), dtype=np.bool_),
    )


def _level(one: str | None, other: str | None, related: frozenset[frozenset[str]]) -> int:
    if one is None or other is None:
        return 0
    return 2 if one == other else int(frozenset((one, other)) in related)


def together(*parts: Pairs) -> Pairs:
    """All pairs of several sets."""
    return Pairs(
        cosines=np.concatenate([part.cosines for part in parts]),
        overlaps=np.concatenate([part.overlaps for part in parts]),
        levels=np.concatenate([part.levels for part in parts]),
        folds=np.concatenate([part.folds for part in parts]),
        judged=np.concatenate([part.judged for part in parts]),
    )
