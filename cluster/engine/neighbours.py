"""Neighbours: the sparse graph of pairs that may have the same need, by meaning and by words.

Both are exact and go block by block, so that memory grows with n and not with its square.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cluster.engine.encoder import Vectors
from cluster.engine.lexical import stem

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
    return _nearest((vectors[at : at + _BLOCK] @ vectors.T for at in range(0, len(vectors), _BLOCK)), at_most=at_most)


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
    return _nearest(
        ((weights[at : at + _BLOCK] @ columns).toarray() for at in range(0, n, _BLOCK)), at_most=at_most, above=0.0
    )


def word_weights(bags: Sequence[frozenset[str]]) -> csr_array:
    """The idf weights of each text's stems as unit rows: the product of two rows is `cluster.engine.lexical.overlap`.

    Parameters
    ----------
    bags : sequence of length n — the telling words of each text

    Returns
    -------
    sparse array of shape (n, w), float64 — rows of length 1, or 0 for a text without words
    """
    documents = Counter(word for bag in bags for word in bag)
    columns: dict[str, int] = {}
    rows: list[dict[int, float]] = []
    for bag in bags:
        row: dict[int, float] = {}
        for word in sorted(bag):
            column = columns.setdefault(stem(word), len(columns))
            row[column] = max(row.get(column, 0.0), math.log((len(bags) + 1) / (documents[word] + 1)) + 0.1)
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


def _nearest(blocks: Iterator[NDArray[np.floating]], *, at_most: int, above: float = -np.inf) -> Pairs:
    """The pairs of each row with its `at_most` highest columns above a bound, from the rows of a square matrix."""
    found, start, n = [np.zeros(0, dtype=np.int64)], 0, 0
    for block in blocks:
        n = block.shape[1]
        wanted = min(at_most, n - 1)
        if wanted < 1:
            break
        rows = np.arange(len(block))
        block[rows, start + rows] = -np.inf
        # Exactly `wanted` each, also where many are equal: a thousand copies of a text must not make a million pairs.
        column = np.argpartition(-block, wanted - 1, axis=1)[:, :wanted].ravel()
        row = np.repeat(rows, wanted)
        keep = block[row, column] > above
        row, column = row[keep] + start, column[keep]
        found.append(np.minimum(row, column) * n + np.maximum(row, column))
        start += len(block)
    codes = np.unique(np.concatenate(found))
    return np.stack([codes // max(n, 1), codes % max(n, 1)], axis=1)
