"""What more features of a pair would bring to the relation model, beside the two it has.

`python -m tests.benchmarks.features IDEAS.jsonl RELATED.json` fits *same need* on labelled ideas with the cosine and
the overlap of words alone, and with each further feature. What is told comes from fits that saw neither topic of a
pair, over ten random divisions of the topics: the share of true pairs found at a precision of 0.85, the average
precision, and nDCG@10 of Dutch queries and of others.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from cluster.engine import lexical, materials, quality
from cluster.engine.encoder import load
from cluster.engine.fitting import FOLDS, PRECISION_AT_LEAST
from cluster.engine.lexical import Vocabulary
from cluster.engine.quality import Floats, Labelled, unit

DIVISIONS = 10
NAMES = ("found", "average precision", "nDCG@10 nl", "nDCG@10 other")
_ENOUGH = 10


def features(known: Labelled) -> dict[str, list[Floats]]:
    """Further features by name, each of shape (n, n), and under "" the two of the model."""
    readings = load(None).read(known.texts)
    assert readings is not None
    parts = [unit(one.parts) for one in readings]
    whole = np.array([one.vector for one in readings])
    titles = np.array([one[0] for one in parts])
    bodies = unit(np.array([one.parts[1:].sum(axis=0) if len(one.parts) > 1 else one.parts[0] for one in readings]))
    crossed = titles @ bodies.T
    best = np.array([[(one @ other.T).max(axis=1).mean() for other in parts] for one in parts])
    bags = [lexical.stems(text) for text in known.texts]
    rarity = Vocabulary(Counter(word for text in known.texts for word in lexical.words(text)), total=len(bags))
    rarest = [[max([rarity.weight(stem) for stem in one & other], default=0.0) for other in bags] for one in bags]
    lengths = np.array([len(text) for text in known.texts], dtype=np.float64)
    languages = np.array(known.languages)
    return {
        "": [whole @ whole.T, np.array([[rarity.overlap(one, other) for other in bags] for one in bags])],
        "title × title": [titles @ titles.T],
        "body × body": [bodies @ bodies.T],
        "title × body": [(crossed + crossed.T) / 2],
        "title × body, title × title": [(crossed + crossed.T) / 2, titles @ titles.T],
        "best pairs of sentences": [(best + best.T) / 2],
        "rarest shared term": [np.array(rarest)],
        "same language": [(languages[:, None] == languages).astype(np.float64)],
        "ratio of lengths": [np.minimum.outer(lengths, lengths) / np.maximum.outer(lengths, lengths)],
    }


def measured(known: Labelled, chosen: list[Floats], *, seed: int) -> tuple[float, ...]:
    """The figures of NAMES for one random division of the topics."""
    count = len(known.texts)
    rows, columns = np.triu_indices(count, 1)
    need = np.array([topic or "" for topic in known.topics])
    same = (need[rows] == need[columns]) & (need[rows] != "")
    pairs = np.column_stack([one[rows, columns] for one in chosen])
    promised = np.zeros(len(same))
    for learnt, asked in _divided(known, rows, columns, seed=seed):
        promised[asked] = LogisticRegression(C=10).fit(pairs[learnt], same[learnt]).predict_proba(pairs[asked])[:, 1]
    order = np.argsort(-promised, kind="stable")
    hits, told = np.cumsum(same[order]), np.arange(1, len(order) + 1)
    good = np.flatnonzero((hits / told >= PRECISION_AT_LEAST) & (told >= _ENOUGH))
    table = np.zeros((count, count))
    table[rows, columns] = table[columns, rows] = promised
    found = hits[good[-1]] / same.sum() if len(good) else 0.0
    return float(found), float(average_precision_score(same, promised)), *_ndcg(known, table)


def _divided(known: Labelled, rows: Floats, columns: Floats, *, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """For each part which pairs are learnt from and which are asked: no topic is on both sides."""
    chance = np.random.default_rng(seed)
    topics = sorted({topic for topic in known.topics if topic})
    part_of = dict(zip(topics, chance.permutation(len(topics)) % FOLDS, strict=True))
    parts = np.array([part_of[topic] if topic else chance.integers(FOLDS) for topic in known.topics])
    for part in range(FOLDS):
        asked = (parts[rows] == part) | (parts[columns] == part)
        yield ~asked, asked


def _ndcg(known: Labelled, table: Floats) -> tuple[float, float]:
    figures: dict[bool, list[float]] = {True: [], False: []}
    for query in known.queries:
        grades = quality.relevance(known, query)
        order = np.argsort(-table[query], kind="stable")
        ideal = sorted(np.delete(grades, query), reverse=True)
        figures[known.languages[query] == "nl"].append(quality.ndcg(grades[order[order != query]], ideal))
    return float(np.mean(figures[True])), float(np.mean(figures[False]))


def main(ideas: Path, related: Path) -> None:
    """Print a row for the model's two features and for each that is added to them."""
    known = materials.labelled(ideas, related)
    all_features = features(known)
    print(f"{'':36}" + "".join(f"{name:>20}" for name in NAMES))
    for name, extra in all_features.items():
        chosen = all_features[""] + (extra if name else [])
        figures = np.mean([measured(known, chosen, seed=seed) for seed in range(DIVISIONS)], axis=0)
        row = f"and {name}" if name else "cosine and overlap of words"
        print(f"{row:36}" + "".join(f"{figure:>20.3f}" for figure in figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
