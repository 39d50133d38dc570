"""Neighbours: the sparse graph of pairs that may have the same need, by meaning and by words.

Both are exact and go block by block, so that memory grows with n and not with its square.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cluster.engine.encoder import Vectors
from cluster.engine.lexical import Vocabulary, stem

Pairs = NDArray[np.int64]
Floats = NDArray[np.float64]

_BLOCK = 512
# So many columns of a block share a highest value, which tells whether any of them can be among the nearest.
_PER_BIN = 32
# Lower than any cosine.
_NOBODY = -2.0
# Pairs whose vectors or words are held at once.
_PAIRS = 65_536
# Words in more than a tenth of many texts bring nobody together, and would make every pair a candidate. So would
# words in a thousand of very many.
_COMMON, _COMMON_AT_MOST = 0.1, 1_000
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
    best, waiting = _NOTHING, [_NOTHING]
    bound = np.full(n, -np.inf, dtype=np.float32)
    starts = range(0, n if at_most > 0 else 0, _BLOCK)
    for number, start in enumerate(starts, start=1):
        # A cosine is the same from both ends, so each block is set beside what comes after it alone.
        end = min(start + _BLOCK, n)
        block = vectors[start:end] @ vectors[start:].T
        np.fill_diagonal(block, _NOBODY)
        rows, columns = _highest(block, at_most)
        waiting.append(_Found(start + rows, start + columns, block[rows, columns]))
        rest = block[:, end - start :]
        if number == 1:
            later, earlier = _highest(rest.T, at_most)
        else:
            # What is not above the bound cannot be among the nearest: of equals the earlier ones count.
            earlier, later = divmod(np.flatnonzero(rest > bound[end:]), max(n - end, 1))
        waiting.append(_Found(end + later, start + earlier, rest[earlier, later]))
        # At twice as many blocks: by then about as many passed the bounds as there were.
        if number & (number - 1) == 0 or end == n:
            best = _trimmed(waiting, at_most)
            waiting = [best]
            last = at_most - 1
            full = np.flatnonzero(best.rows[last:] == best.rows[: len(best.rows) - last]) + last
            bound[best.rows[full]] = best.values[full]
    return _decoded([_coded(best.rows, best.columns, n)], n)


class _Found(NamedTuple):
    """Rows with a neighbour each, and the cosine."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float32]


_NOTHING = _Found(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


def _trimmed(parts: Sequence[_Found], at_most: int) -> _Found:
    """The nearest `at_most` of each row, by row, the nearest first; of equals those that were found first."""
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    # One key, for it is sorted much faster than two; cosines lie in [-1, 1].
    order = np.argsort(rows * 4.0 - values, kind="stable")
    rows = rows[order]
    kept = np.arange(len(rows)) - np.searchsorted(rows, rows) < at_most
    return _Found(rows[kept], columns[order[kept]], values[order[kept]])


def _highest(block: NDArray[np.float32], at_most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the `at_most` highest values of each row, of all if there are fewer, as rows and columns.

    Exactly so many each, also where many are equal: a thousand copies of a text must not make a million pairs.
    """
    width = block.shape[1]
    at_most = min(at_most, width)
    bins = width // _PER_BIN
    if bins <= 2 * at_most:
        columns = np.argpartition(block, width - at_most, axis=1)[:, width - at_most :]
        return np.repeat(np.arange(len(block)), at_most), columns.ravel()
    # Every bins-th column is in one bin; the last few are in none. That many bins have a value as high as the bound.
    tops = block[:, : bins * _PER_BIN].reshape(len(block), _PER_BIN, bins).max(axis=1)
    bound = np.partition(tops, bins - at_most, axis=1)[:, bins - at_most]
    rows, within = np.nonzero(tops >= bound[:, None])
    rows, columns = np.repeat(rows, _PER_BIN), (within[:, None] + bins * np.arange(_PER_BIN)).ravel()
    left = np.arange(bins * _PER_BIN, width)
    rows = np.concatenate([rows, np.repeat(np.arange(len(block)), len(left))])
    columns = np.concatenate([columns, np.tile(left, len(block))])
    values = block[rows, columns]
    high = np.flatnonzero(values >= bound[rows])
    rows, columns, values = rows[high], columns[high], values[high]
    order = np.lexsort((columns, -values, rows))
    rows, columns = rows[order], columns[order]
    first = np.searchsorted(rows, np.arange(len(block)))
    kept = np.arange(len(rows)) - first[rows] < at_most
    return rows[kept], columns[kept]


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
        weights = weights[:, np.flatnonzero(texts_with <= min(n * _COMMON, _COMMON_AT_MOST))]
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
    texts = [sorted({stem(word) for word in bag}) for bag in bags]
    known = known or Vocabulary(Counter(chain.from_iterable(texts)), total=len(texts))
    columns: dict[str, int] = {}
    indices = np.array([columns.setdefault(one, len(columns)) for text in texts for one in text], dtype=np.int64)
    starts = np.cumsum([0, *map(len, texts)])
    values = np.array([known.weight(one) for one in columns], dtype=np.float64)[indices]
    squares = np.concatenate([[0.0], np.cumsum(values * values)])
    norms = np.sqrt(squares[starts[1:]] - squares[starts[:-1]])
    values /= np.repeat(norms, np.diff(starts))
    return csr_array((values, indices, starts), shape=(len(bags), len(columns)))


def cosines(vectors: Vectors, edges: Pairs) -> Floats:
    """The cosine of each pair of rows, shape (m,)."""
    parts = [np.einsum("ij,ij->i", vectors[part[:, 0]], vectors[part[:, 1]]) for part in _parts(edges)]
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def overlaps(weights: csr_array, edges: Pairs) -> Floats:
    """The overlap of words of each pair of rows, shape (m,)."""
    parts = [
        np.asarray((weights[part[:, 0]] * weights[part[:, 1]]).sum(axis=1), dtype=np.float64).ravel()
        for part in _parts(edges)
    ]
    return np.concatenate([np.zeros(0), *parts])


def _parts(edges: Pairs) -> list[Pairs]:
    return [edges[start : start + _PAIRS] for start in range(0, len(edges), _PAIRS)]


def _coded(rows: NDArray[np.integer], columns: NDArray[np.integer], n: int) -> NDArray[np.int64]:
    """Each pair as one number, smaller end first."""
    found: NDArray[np.int64] = np.minimum(rows, columns).astype(np.int64) * n + np.maximum(rows, columns)
    return found


def _decoded(codes: list[NDArray[np.int64]], n: int) -> Pairs:
    """The pairs behind these numbers, each once, sorted."""
    every = np.unique(np.concatenate(codes)) if codes else np.zeros(0, dtype=np.int64)
    return np.stack([every // max(n, 1), every % max(n, 1)], axis=1)
