"""What a way of matching is worth on labelled texts: order, bands and probabilities, with intervals over queries."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cluster.engine import calibration, quality
from cluster.engine.quality import Labelled

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

# Probabilities are judged on so many best candidates of each query.
BEST = 20
PRECISION_AT_LEAST = 0.85
RESAMPLES = 1_000
FOLDS = 5
_CHOSEN_AT_LEAST = 10
# A figure of fewer queries says nothing.
_ASKING_AT_LEAST = 5
# Characters of title and description from which a text is no longer short, or is long.
MEDIUM_FROM, LONG_FROM = 200, 700


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its 95 % bootstrap interval over the `count` queries it was taken from."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Case:
    """What matching is measured on.

    Attributes
    ----------
    labelled : Labelled — n texts; its queries ask
    kinds : sequence of n str — idea, project, hard_negative or noise
    confusable : sequence of n (str or None) — the topic that a hard negative resembles and does not share
    """

    labelled: Labelled
    kinds: Sequence[str]
    confusable: Sequence[str | None]

    @property
    def asking(self) -> list[int]:
        """Rows that must ask: the queries, and the hard negatives that may alarm falsely."""
        return [*self.labelled.queries, *(row for row, kind in enumerate(self.kinds) if kind == "hard_negative")]


@dataclass(frozen=True)
class Answers:
    """What one way of matching answered, as arrays of shape (n, n): a row asks, a column may be found.

    Attributes
    ----------
    scores : float64 — higher is better, -inf for what was not found; rows that do not ask are -inf
    probabilities : float64 or None — P(same need), nan where none was given
    named : bool or None — called *same need*
    """

    scores: Floats
    probabilities: Floats | None = None
    named: Flags | None = None


def folds(case: Case) -> Whole:
    """Which part each text is in, shape (n,): a topic, with what resembles it, is in one part alone."""
    topics = [topic or other for topic, other in zip(case.labelled.topics, case.confusable, strict=True)]
    part = {topic: at % FOLDS for at, topic in enumerate(sorted({topic for topic in topics if topic}))}
    return np.array([part[topic] if topic else row % FOLDS for row, topic in enumerate(topics)], dtype=np.int64)


def calibrated(answers: Answers, case: Case) -> Answers:
    """The same order with probabilities and a bound for *same need* that were learnt from other topics alone.

    For each pair of parts a logistic regression on the score, and the lowest bound with a precision of 0.85, are
    fitted on the best candidates between texts of all other parts: the topics of neither text were seen. Fewer parts
    hold fewer texts that could be taken for the same need, and just as many that are, so the former weigh more. Pairs
    that no fit could be made for keep no probability.
    """
    from sklearn.linear_model import LogisticRegression

    part, same = folds(case), _same(case)
    asks, found = _best(answers.scores, case.labelled.queries, BEST)
    probabilities = np.full(answers.scores.shape, np.nan)
    named = np.zeros(answers.scores.shape, dtype=np.bool_)
    known = np.isfinite(answers.scores)
    for one in range(FOLDS):
        for other in range(one, FOLDS):
            seen = ~np.isin(part[asks], (one, other)) & ~np.isin(part[found], (one, other))
            scores, truth = answers.scores[asks[seen], found[seen]], same[asks[seen], found[seen]]
            if len(set(truth.tolist())) < 2:
                continue
            weights = np.where(truth, 1.0, len(part) / (~np.isin(part, (one, other))).sum())
            mean, spread = float(scores.mean()), float(scores.std()) or 1.0
            model = LogisticRegression(C=10).fit(((scores - mean) / spread)[:, None], truth, sample_weight=weights)
            here = known & (
                ((part[:, None] == one) & (part[None, :] == other))
                | ((part[:, None] == other) & (part[None, :] == one))
            )
            if not here.any():
                continue
            probabilities[here] = model.predict_proba(((answers.scores[here] - mean) / spread)[:, None])[:, 1]
            named[here] = answers.scores[here] >= bound(scores, truth, weights=weights)
    return Answers(answers.scores, probabilities, named)


def bound(
    scores: Floats, truth: Flags, *, weights: Floats | None = None, precision: float = PRECISION_AT_LEAST
) -> float:
    """The lowest score from which at least ten pairs are the same need with this precision; infinite for none."""
    order = np.argsort(-scores, kind="stable")
    mass = (np.ones(len(order)) if weights is None else weights)[order]
    right = (truth[order] * mass).cumsum() / mass.cumsum()
    # A bound takes in all pairs of its score.
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    good = np.flatnonzero(last & (right >= precision) & (np.arange(1, len(order) + 1) >= _CHOSEN_AT_LEAST))
    return float(scores[order][good[-1]]) if len(good) else math.inf


def measure(answers: Answers, case: Case, *, seed: int = 7) -> dict[str, Figure]:
    """Return every figure of one way of matching: name → figure.

    nDCG@10 has gain 2^grade - 1 (2 same need, 1 related). Recall@5 is the share of the texts of the same topic among
    the five best; of projects, once among everything and once among projects alone. A pair counts from the side that
    asks. Probabilities are judged on the twenty best candidates of each query, in ten bins of equal mass.
    """
    draw = np.random.default_rng(seed)
    queries = np.array(case.labelled.queries, dtype=np.int64)
    grades = np.array([quality.relevance(case.labelled, int(row)) for row in queries])
    grades[np.arange(len(queries)), queries] = 0  # nobody looks for what it has
    projects = np.array([kind == "project" for kind in case.kinds])
    ranked = [_order(answers.scores[row], without=int(row)) for row in queries]
    found = _order_figures(ranked, grades, queries, np.ones(len(case.kinds), dtype=np.bool_))
    found["nDCG@10, linear gain"] = np.array(
        [
            _linear_ndcg(mine[order], mine[np.arange(len(mine)) != row])
            for row, mine, order in zip(queries, grades, ranked, strict=True)
        ]
    )
    found["project recall@5"] = _recall(ranked, (grades == 2) & projects)
    found["project recall@5 among projects"] = _recall([one[projects[one]] for one in ranked], (grades == 2) & projects)
    figures = {name: _mean(values, draw) for name, values in found.items()}
    figures |= _groups(case, ranked, grades, queries, draw)
    if answers.named is not None:
        figures |= _band(answers.named, case, draw)
    if answers.probabilities is not None:
        figures |= _probabilities(answers, case, draw)
    return figures


def first_is(scores: Floats, rows: Sequence[int], *, seed: int = 7) -> Figure:
    """Recall@1: how often the best column of each row of scores (q, n) is the expected one; a tie is no hit."""
    wanted = scores[np.arange(len(rows)), rows]
    others = scores.copy()
    others[np.arange(len(rows)), rows] = -np.inf
    hits = np.isfinite(wanted) & (wanted > others.max(axis=1, initial=-np.inf))
    return _mean(hits.astype(np.float64), np.random.default_rng(seed))


def _same(case: Case) -> Flags:
    topics = np.array([topic or "" for topic in case.labelled.topics])
    found = (topics[:, None] == topics[None, :]) & (topics != "")[:, None]
    np.fill_diagonal(found, False)
    return np.asarray(found, dtype=np.bool_)


def _order(scores: Floats, *, without: int) -> Whole:
    """What was found, best first, ties by row, without the one that asks."""
    order = np.argsort(-scores, kind="stable")
    return np.asarray(order[np.isfinite(scores[order]) & (order != without)], dtype=np.int64)


def _best(scores: Floats, queries: Sequence[int], at_most: int) -> tuple[Whole, Whole]:
    """The best candidates of each query as two arrays: who asks, and what was found."""
    lists = [(row, _order(scores[row], without=row)[:at_most]) for row in queries]
    asks = np.concatenate([np.full(len(found), row, dtype=np.int64) for row, found in lists])
    return asks, np.concatenate([found for _, found in lists])


def _order_figures(
    ranked: Sequence[Whole], grades: Floats, queries: Whole, among: Flags, only: Flags | None = None
) -> dict[str, Floats]:
    """nDCG@10, recall@5 and reciprocal rank of each query, nan where nothing can be found, `among` some columns."""
    ndcgs, ranks = [], []
    kept = [order[among[order]] for order in ranked]
    for row, mine, order in zip(queries, grades, kept, strict=True):
        possible = among & (np.arange(len(mine)) != row)
        ndcgs.append(quality.ndcg(list(mine[order]), list(mine[possible])))
        hits = np.flatnonzero(mine[order] == 2)
        ranks.append(1 / (hits[0] + 1) if len(hits) else 0.0 if (mine[possible] == 2).any() else np.nan)
    found = {
        "nDCG@10": np.array(ndcgs),
        "recall@5": _recall(kept, (grades == 2) & among),
        "MRR": np.array(ranks),
    }
    return {name: np.where(only, values, np.nan) for name, values in found.items()} if only is not None else found


def _linear_ndcg(grades: Floats, ideal: Floats, k: int = 10) -> float:
    """nDCG@k with the grade itself as gain (Järvelin and Kekäläinen 2002)."""
    weights = 1 / np.log2(np.arange(2, k + 2))
    best = float((np.sort(ideal)[::-1][:k] * weights[: len(ideal[:k])]).sum())
    return float((grades[:k] * weights[: len(grades[:k])]).sum()) / best if best else math.nan


def _recall(ranked: Sequence[Whole], wanted: Flags, k: int = 5) -> Floats:
    """The share of what is wanted among the k best, nan where nothing is."""
    totals = [int(mine.sum()) for mine in wanted]
    return np.array(
        [
            mine[order[:k]].sum() / total if total else np.nan
            for mine, order, total in zip(wanted, ranked, totals, strict=True)
        ]
    )


def _groups(
    case: Case, ranked: Sequence[Whole], grades: Floats, queries: Whole, draw: np.random.Generator
) -> dict[str, Figure]:
    """The figures of order by language of the query, by pair of languages, and by length of the query."""
    languages = np.array(case.labelled.languages)
    lengths = np.array([len(text) for text in case.labelled.texts])
    everything = np.ones(len(languages), dtype=np.bool_)
    groups: dict[str, tuple[Flags, Flags]] = {}
    dutch = languages[queries] == "nl"
    groups |= {"queries in nl": (dutch, everything), "queries in other languages": (~dutch, everything)}
    for mine in dict.fromkeys(languages[queries].tolist()):
        for theirs in dict.fromkeys(languages.tolist()):
            groups[f"{mine} → {theirs}"] = languages[queries] == mine, languages == theirs
    asked = lengths[queries]
    groups |= {
        f"short texts (< {MEDIUM_FROM})": (asked < MEDIUM_FROM, everything),
        "medium texts": ((asked >= MEDIUM_FROM) & (asked < LONG_FROM), everything),
        f"long texts (≥ {LONG_FROM})": (asked >= LONG_FROM, everything),
    }
    found = {}
    for name, (only, among) in groups.items():
        for measure, values in _order_figures(ranked, grades, queries, among, only).items():
            if (~np.isnan(values)).sum() >= _ASKING_AT_LEAST:
                found[f"{measure}, {name}"] = _mean(values, draw)
    return found


def _band(named: Flags, case: Case, draw: np.random.Generator) -> dict[str, Figure]:
    """Precision and share found of what is called *same need*, and false alarms on hard negatives."""
    queries, same = np.array(case.labelled.queries, dtype=np.int64), _same(case)
    # An idea is found by others of its topic, a project by its ideas; hard negatives and noise are never right.
    right = (named & same)[queries].sum(axis=1)
    found = {
        "same need: precision": _ratio(right, named[queries].sum(axis=1), draw),
        "same need: share found": _ratio(right, same[queries].sum(axis=1), draw),
    }
    alarms, pairs = [], []
    topics = np.array([topic or "" for topic in case.labelled.topics])
    for row, (kind, topic) in enumerate(zip(case.kinds, case.confusable, strict=True)):
        if kind != "hard_negative" or not topic:
            continue
        like = queries[topics[queries] == topic]
        alarms.append((named[row, like] | named[like, row]).sum())
        pairs.append(len(like))
    if pairs:
        found["same need: false alarms on hard negatives"] = _ratio(np.array(alarms), np.array(pairs), draw)
    return found


def _probabilities(answers: Answers, case: Case, draw: np.random.Generator) -> dict[str, Figure]:
    """Calibration error and Brier score over the best candidates, and the Brier score of the base rate."""
    assert answers.probabilities is not None
    same = _same(case)
    lists = []
    for row in case.labelled.queries:
        best = _order(answers.scores[row], without=row)[:BEST]
        best = best[~np.isnan(answers.probabilities[row, best])]
        lists.append((answers.probabilities[row, best], same[row, best]))

    def figures(chosen: Sequence[int] | Whole) -> tuple[float, float, float]:
        promised = np.concatenate([lists[at][0] for at in chosen])
        truth = np.concatenate([lists[at][1] for at in chosen])
        return (
            calibration.calibration_error(promised, truth),
            calibration.brier(promised, truth),
            calibration.brier_of_base_rate(truth),
        )

    if not sum(len(one[0]) for one in lists):
        return {}
    values = figures(range(len(lists)))
    # Sorting is slow: fewer samples than for means.
    drawn = np.array([figures(draw.integers(0, len(lists), len(lists))) for _ in range(RESAMPLES // 4)])
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    names = ("expected calibration error", "Brier score", "Brier score of the base rate")
    return {name: Figure(values[at], float(low[at]), float(high[at]), len(lists)) for at, name in enumerate(names)}


def _mean(values: Floats, draw: np.random.Generator) -> Figure:
    kept = values[~np.isnan(values)]
    return _ratio(kept, np.ones(len(kept)), draw)


def _ratio(
    parts: NDArray[np.floating | np.integer], wholes: NDArray[np.floating | np.integer], draw: np.random.Generator
) -> Figure:
    """The sum of parts over the sum of wholes, queries drawn with replacement (Efron 1979); nan for no whole."""
    if not len(parts) or not wholes.sum():
        return Figure(math.nan, math.nan, math.nan, len(parts))
    drawn = draw.integers(0, len(parts), (RESAMPLES, len(parts)))
    bottoms = wholes[drawn].sum(axis=1)
    values = parts[drawn].sum(axis=1)[bottoms > 0] / bottoms[bottoms > 0]
    low, high = np.percentile(values, [2.5, 97.5])
    return Figure(float(parts.sum() / wholes.sum()), float(low), float(high), len(parts))


def table(figures: Mapping[str, Mapping[str, Figure]]) -> str:
    """Return the figures as a table in Markdown: one row per measure, one column per way, `value [low, high]`."""

    def cell(one: Figure | None) -> str:
        if one is None or math.isnan(one.value):
            return "–"
        return f"{one.value:.3f} [{one.low:.2f}, {one.high:.2f}]"

    measures = list(dict.fromkeys(measure for found in figures.values() for measure in found))
    counts = {name: max(one[name].count for one in figures.values() if name in one) for name in measures}
    lines = [["measure", "queries", *figures], ["---", "---:"] + ["---:"] * len(figures)]
    lines += [[name, str(counts[name]), *(cell(found.get(name)) for found in figures.values())] for name in measures]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
