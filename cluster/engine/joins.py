"""Joins: which items may belong to groups that stand, and how new a group is beside them."""

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cluster.engine.encoder import Vectors
from cluster.engine.proposals import same_need
from cluster.engine.relations import Relations

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

# Of each group only so many of the nearest items are compared member by member, and of each item so many groups.
_NEAREST = 20
_GROUPS = 3


class Standing:
    """Groups that stand, among all items that may be compared with them."""

    def __init__(
        self, vectors: Vectors, weights: csr_array, *, groups: Sequence[Places], fitted: Relations | None
    ) -> None:
        """Take all items, and the places of each group's members among them.

        Parameters
        ----------
        vectors : ndarray of shape (n, d), float32 — unit rows
        weights : sparse array of shape (n, w) — from `neighbours.word_weights`
        groups : sequence of int arrays, each of one place or more
        """
        self._vectors, self._weights, self._fitted = vectors, weights, fitted
        self._groups = groups
        means = [vectors[group].mean(axis=0) for group in groups]
        self._centres = np.stack(means) if means else np.zeros((0, vectors.shape[1]), dtype=np.float32)

    def joins(
        self, free: Places, *, must: Set[tuple[int, int]], cannot: Set[tuple[int, int]], at_least: float
    ) -> list[list[tuple[int, float]]]:
        """For each group the free items whose mean P(same need) with its members is `at_least` so much, best first.

        Parameters
        ----------
        free : places of items in no group
        must, cannot : pairs (a, b), a < b, that people judged; one item judged apart from a member does not join
        """
        if not len(free):
            return [[] for _ in self._groups]
        cosines = self._centres @ self._vectors[free].T
        found = []
        for group, row in zip(self._groups, cosines, strict=True):
            near = free[np.argsort(-row, kind="stable")[:_NEAREST]]
            linked = [item for item in free.tolist() if any(_pair(item, member) in must for member in group.tolist())]
            fits = self._between(np.unique(np.concatenate([near, np.array(linked, dtype=np.int64)])), group, must)
            joining = [
                (item, round(float(fit), 3))
                for item, fit in fits
                if fit >= at_least and not any(_pair(item, member) in cannot for member in group.tolist())
            ]
            found.append(sorted(joining, key=lambda one: (-one[1], one[0])))
        return found

    def novelty(self, members: Places) -> float:
        """1 less the highest mean P(same need) of a group with a standing one, in [0, 1]; 1 when none stands."""
        if not self._groups:
            return 1.0
        near = np.argsort(-(self._centres @ self._vectors[members].mean(axis=0)), kind="stable")[:_GROUPS]
        likest = max(
            float(np.mean([fit for _, fit in self._between(members, self._groups[at], frozenset())])) for at in near
        )
        return round(1.0 - likest, 3)

    def _between(self, items: Places, group: Places, must: Set[tuple[int, int]]) -> list[tuple[int, float]]:
        """Each item with its mean P(same need) with the members of a group; 1 for what a person judged the same."""
        pairs = np.stack([np.repeat(items, len(group)), np.tile(group, len(items))], axis=1)
        values = same_need(pairs, vectors=self._vectors, weights=self._weights, fitted=self._fitted)
        values[[_pair(a, b) in must for a, b in pairs.tolist()]] = 1.0
        means = values.reshape(len(items), len(group)).mean(axis=1)
        return list(zip(items.tolist(), means.tolist(), strict=True))


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)
