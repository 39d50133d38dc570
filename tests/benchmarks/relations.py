"""Fit the first scoring on labelled ideas and say how good it is.

`python -m tests.benchmarks.relations IDEAS.jsonl RELATED.json [ENCODER]`

Cross-validated by topic (no topic in both parts). Prints nDCG@10 beside each single feature, and writes the weights
of the present encoder to cluster/engine/relations.json. With ENCODER, a folder, the figures are those of that encoder:
of a training run that ended without ideas on the topics of IDEAS, so that the weights do not promise what holds only
for topics the present encoder has learnt from.
"""

import json
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from cluster.engine import lexical, relations
from cluster.engine.encoder import load

PRECISION_AT_LEAST = 0.85


def ndcg(gains: list[float], *, best: list[float], at: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002)."""
    cut = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains[:at]))
    ideal = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(sorted(best, reverse=True)[:at]))
    return cut / ideal if ideal else 0.0


def fit(features: np.ndarray, answers: np.ndarray) -> list[float]:
    """Weights of cosine and overlap, and the constant; a weight below 0 would put the least alike first, so it is 0."""
    model = LogisticRegression(C=10).fit(features, answers)
    useful = model.coef_[0] > 0
    if not useful.all():
        model = LogisticRegression(C=10).fit(features * useful, answers)
    return [round(float(weight), 4) for weight in (*(model.coef_[0] * useful), model.intercept_[0])]


def main(ideas: Path, related: Path, sibling: str | None = None) -> None:
    """Fit, cross-validate, print, write."""
    items = [json.loads(line) for line in ideas.read_text(encoding="utf8").splitlines()]
    kin = {frozenset(pair) for pair in json.loads(related.read_text(encoding="utf8"))}
    encoder = load(sibling)
    titles = [f"{item['title']}. {item['description']}" for item in items]
    vectors = encoder.encode(titles)
    bags = [lexical.stems(text) for text in titles]
    vocabulary = lexical.Vocabulary(Counter(one for bag in bags for one in bag), total=len(bags))
    n = len(items)
    cosines = (vectors @ vectors.T).astype(np.float64)
    overlaps = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            overlaps[i, j] = overlaps[j, i] = vocabulary.overlap(bags[i], bags[j])
    topics = [item["topic"] if item["kind"] in {"idea", "project"} else None for item in items]
    gain = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j and topics[i] and topics[j]:
                gain[i, j] = 2 if topics[i] == topics[j] else float(frozenset((topics[i], topics[j])) in kin)
    queries = [i for i in range(n) if items[i]["kind"] == "idea"]
    rows, columns = np.triu_indices(n, 1)
    features = np.column_stack([cosines[rows, columns], overlaps[rows, columns]])
    level = gain[rows, columns]
    names = sorted({topic for topic in topics if topic})
    fold_of = {topic: index % 5 for index, topic in enumerate(names)}
    fold = np.array(
        [
            fold_of.get(topic, hash(item["id"]) % 5) if topic else index % 5
            for index, (topic, item) in enumerate(zip(topics, items, strict=True))
        ]
    )
    same, kindred = np.zeros(len(rows)), np.zeros(len(rows))
    for part in range(5):
        train = (fold[rows] != part) & (fold[columns] != part)
        test = (fold[rows] == part) | (fold[columns] == part)
        same[test] = (
            LogisticRegression(C=10).fit(features[train], level[train] == 2).predict_proba(features[test])[:, 1]
        )
        kindred[test] = (
            LogisticRegression(C=10).fit(features[train], level[train] >= 1).predict_proba(features[test])[:, 1]
        )
    combined = np.zeros((n, n))
    combined[rows, columns] = combined[columns, rows] = same
    for name, matrix in (("cosine", cosines), ("overlap", overlaps), ("both", combined)):
        for label, langs in (("nl", {"nl"}), ("fr/en/de", {"fr", "en", "de"})):
            figures = []
            for i in queries:
                if items[i]["lang"] not in langs:
                    continue
                order = [j for j in np.argsort(-matrix[i], kind="stable") if j != i]
                figures.append(ndcg([gain[i, j] for j in order], best=list(gain[i])))
            print(f"{encoder.name}  {name:8} nDCG@10 {label:9} {np.mean(figures):.3f}  ({len(figures)} queries)")
    bound, share = 1.0, 0.0
    for at_least in np.unique(np.round(same, 3))[::-1]:
        chosen = same >= at_least
        if chosen.sum() >= 10 and (level[chosen] == 2).mean() >= PRECISION_AT_LEAST:
            bound, share = float(at_least), float((level[chosen] == 2).sum() / (level == 2).sum())
    print(f"same need: P ≥ {bound:.3f} has precision ≥ {PRECISION_AT_LEAST}, finds {share:.1%} of the true pairs")
    for at_least in (0.60, 0.35):
        chosen = kindred >= at_least
        precision = (level[chosen] >= 1).mean() if chosen.any() else 0
        print(f"P(related) ≥ {at_least}: precision {precision:.2f} over {chosen.sum()} pairs")
    written = json.loads(relations.FITTED.read_text(encoding="utf8"))
    weights = [fit(features, level == 2), fit(features, level >= 1)]
    name = load(None).name if sibling else encoder.name
    written[name] = {"same": weights[0], "related": weights[1], "same_at_least": round(bound, 3)}
    relations.FITTED.write_text(json.dumps(written, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
