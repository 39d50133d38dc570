"""Steadiness: groups that stood stay as they are, unless what is known now is clearly better without them."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Pairs = NDArray[np.int64]
Floats = NDArray[np.float64]
Names = NDArray[np.int64]

ALONE = -1
# How far beyond the bound, in P(same need), the pairs that would change must be on average. In ten halves of the topics
# of the development ideas it is the smallest of 0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07 and 0.1 with which groups are
# steady (an adjusted Rand index of 0.95) in every half; what is larger costs precision where a store grows for long.
BETTER_BY = 0.02


def seeds(before: Names, joined: Names, apart: Pairs) -> Names:
    """What a grouping starts from: what people joined, and the groups that stood, but for those that people parted.

    Parameters
    ----------
    before : ndarray of shape (n,), int — the group that each item was in, -1 for none
    joined : ndarray of shape (n,), int — what people joined has one number
    apart : ndarray of shape (k, 2), int — pairs that people judged apart

    Returns
    -------
    ndarray of shape (n,), int — what starts together has the number of its first item
    """
    links = np.concatenate([_to_first(joined), _to_first(before)])
    together = connected(links, n=len(before))
    parted = np.unique(together[apart[:, 0]][together[apart[:, 0]] == together[apart[:, 1]]])
    freed = np.where(np.isin(together, parted), ALONE, before)
    return connected(np.concatenate([_to_first(joined), _to_first(freed)]), n=len(before))


def steadier(
    stood: Names, fresh: Names, edges: Pairs, probabilities: Floats, *, at_least: float, better_by: float = BETTER_BY
) -> Names:
    """Of two groupings, place by place: the one that started from what stood, or the fresh one where that is better.

    Where they differ, whole groups of both hang together; each such place is judged by itself. There the fresh one is
    better by the mean, over the pairs that would change, of how far P lies beyond the bound on its side.

    Parameters
    ----------
    stood, fresh : ndarray of shape (n,), int — items of one group have one number, items alone one of their own
    edges : ndarray of shape (m, 2), int — each pair once; a pair that is none counts as 0
    probabilities : ndarray of shape (m,), float — P(same need)
    at_least : float — the bound, in (0, 1]

    Returns
    -------
    ndarray of shape (n,), int — for each item its number in one of the two; the numbers of both must agree, as those
        of first items do
    """
    n = len(stood)
    place = connected(np.concatenate([_to_first(stood), _to_first(fresh)]), n=n)
    both = (stood * (n + 1)) + fresh
    kept, new, shared = (_pairs_within(names, place, n) for names in (stood, fresh, both))
    changed = kept + new - 2 * shared
    one, other = edges[:, 0], edges[:, 1]
    gained = (fresh[one] == fresh[other]).astype(np.float64) - (stood[one] == stood[other])
    gain = np.bincount(place[one], weights=gained * probabilities, minlength=n) - at_least * (new - kept)
    # Rounded: the last bits depend on how a machine adds.
    better = np.round(gain, 9) > np.round(better_by * changed, 9)
    return np.where(better[place] & (changed[place] > 0), fresh, stood)


def connected(pairs: Pairs, *, n: int) -> Names:
    """The smallest item that each of n items is connected with, itself if with none."""
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    found: Names = first[inverse].astype(np.int64)
    return found


def _to_first(names: Names) -> Pairs:
    """Each item that has a name with the first of that name."""
    named = np.flatnonzero(names != ALONE)
    _, first, inverse = np.unique(names[named], return_index=True, return_inverse=True)
    return np.stack([named, named[first[inverse]]], axis=1).astype(np.int64)


def _pairs_within(names: Names, place: Names, n: int) -> Floats:
    """How many pairs share a name, by place: shape (n,)."""
    _, first, counts = np.unique(names, return_index=True, return_counts=True)
    return np.bincount(place[first], weights=counts * (counts - 1) / 2, minlength=n).astype(np.float64)
