"""Neighbours: the sparse graph of pairs that may have the same need, by meaning and by words.

Both are exact and go block by block, so that memory grows with n and not with its square.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cluster.engine.encoder import Vectors
from cluster.engine.lexical import Vocabulary, stem

Pairs = NDArray[np.int64]
Floats = NDArray[np.float64]

_BLOCK = 1_024
# Words in more than a tenth of many texts bring nobody together, and would make every pair a candidate.
_COMMON = 0.1
_MANY = 200


def by_meaning(vectors: Vectors, *, at_most: int) -> Pairs:
    """Each row with its nearest rows by cosine.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float32 — unit rows; n may be 0
    at_most : int — how many neighbours a row brings; it can have more, being the neighbour of others

    Returns
    -------
    ndarray of shape (m, 2), int64 — pairs (a, b) with a < b, each once, sorted
    """
    n = len(vectors)
    at_most = min(at_most, n - 1)
    found = []
    for start in range(0, n if at_most > 0 else 0, _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        rows = np.arange(len(block))
        block[rows, start + rows] = -np.inf
        # Exactly `at_most` each, also where many are equal: a thousand copies of a text must not make a million pairs.
        nearest = np.argpartition(block, n - at_most, axis=1)[:, n - at_most :]
        found.append(_coded(np.repeat(rows + start, at_most), nearest.ravel(), n))
    return _decoded(found, n)


def by_words(weights: csr_array, *, at_most: int) -> Pairs:
    """Each row with the rows that share most of its rare words; rows that share nothing are no neighbours.

    Parameters
    ----------
    weights : sparse array of shape (n, w) — from `word_weights`

    Returns
    -------
    ndarray of shape (m, 2), int64 — as in `by_meaning`
    """
    n = weights.shape[0]
    if n >= _MANY:
        texts_with = np.bincount(weights.indices, minlength=weights.shape[1])
        weights = weights[:, np.flatnonzero(texts_with <= n * _COMMON)]
    columns = weights.T.tocsr()
    found = []
    for start in range(0, n, _BLOCK):
        block = (weights[start : start + _BLOCK] @ columns).tocsr()
        for row, (begin, end) in enumerate(pairwise(block.indptr)):
            column, value = block.indices[begin:end], block.data[begin:end]
            column, value = column[column != start + row], value[column != start + row]
            if len(column) > at_most:
                column = column[np.argpartition(value, -at_most)[-at_most:]]
            found.append(_coded(np.full(len(column), start + row), column, n))
    return _decoded(found, n)


def word_weights(bags: Sequence[frozenset[str]], *, known: Vocabulary | None = None) -> csr_array:
    """The idf weights of each text's stems as unit rows: the product of two rows is `Vocabulary.overlap`.

    Parameters
    ----------
    bags : sequence of length n — the telling words of each text
    known : how rare words are; by default in these texts

    Returns
    -------
    sparse array of shape (n, w), float64 — rows of length 1, or 0 for a text without words
    """
    texts = [{stem(word) for word in bag} for bag in bags]
    known = known or Vocabulary(Counter(one for text in texts for one in text), total=len(texts))
    columns: dict[str, int] = {}
    rows: list[dict[int, float]] = []
    for text in texts:
        row = {columns.setdefault(one, len(columns)): known.weight(one) for one in sorted(text)}
        norm = math.sqrt(sum(weight * weight for weight in row.values()))
        rows.append({column: weight / norm for column, weight in row.items()})
    starts = np.cumsum([0, *map(len, rows)])
    indices = np.array([column for row in rows for column in row], dtype=np.int64)
    values = np.array([weight for row in rows for weight in row.values()], dtype=np.float64)
    return csr_array((values, indices, starts), shape=(len(bags), len(columns)))


def cosines(vectors: Vectors, edges: Pairs) -> Floats:
    """The cosine of each pair of rows, shape (m,)."""
    found: Floats = np.einsum("ij,ij->i", vectors[edges[:, 0]], vectors[edges[:, 1]]).astype(np.float64)
    return found


def overlaps(weights: csr_array, edges: Pairs) -> Floats:
    """The overlap of words of each pair of rows, shape (m,)."""
    found: Floats = np.asarray((weights[edges[:, 0]] * weights[edges[:, 1]]).sum(axis=1), dtype=np.float64).ravel()
    return found


def _coded(rows: NDArray[np.integer], columns: NDArray[np.integer], n: int) -> NDArray[np.int64]:
    """Each pair as one number, smaller end first."""
    found: NDArray[np.int64] = np.minimum(rows, columns).astype(np.int64) * n + np.maximum(rows, columns)
    return found


def _decoded(codes: list[NDArray[np.int64]], n: int) -> Pairs:
    """The pairs behind these numbers, each once, sorted."""
    every = np.unique(np.concatenate(codes)) if codes else np.zeros(0, dtype=np.int64)
    return np.stack([every // max(n, 1), every % max(n, 1)], axis=1)
