"""Neighbours: the sparse graph of the most similar pairs, found exactly, block by block."""

import numpy as np
from numpy.typing import NDArray

from cluster.engine.encoder import Vectors

_BLOCK = 1_024


def pairs(vectors: Vectors, *, at_most: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Each row with its nearest rows by cosine.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float32 — unit rows; n may be 0
    at_most : int — how many neighbours a row brings; it can have more, being the neighbour of others

    Returns
    -------
    ndarray of shape (m, 2), int64 — pairs (a, b) with a < b, each once, sorted
    ndarray of shape (m,), float32 — their cosines, in [-1, 1]
    """
    n = len(vectors)
    at_most = min(at_most, n - 1)
    if at_most < 1:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32)
    found = []
    for start in range(0, n, _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        # Exactly `at_most` each, also where many are equal: a thousand copies of a text must not make a million pairs.
        column = np.argpartition(-cosines, at_most - 1, axis=1)[:, :at_most].ravel()
        row = np.repeat(rows, at_most)
        one = row + start
        low, high = np.minimum(one, column), np.maximum(one, column)
        found.append(low * n + high)
    codes = np.unique(np.concatenate(found))
    ends = np.stack([codes // n, codes % n], axis=1)
    return ends, np.einsum("ij,ij->i", vectors[ends[:, 0]], vectors[ends[:, 1]])
