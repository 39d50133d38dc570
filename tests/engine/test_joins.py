"""What may join groups that stand, and how new a group is beside them; with vectors in the plane."""

import numpy as np
import pytest

from cluster.engine import neighbours
from cluster.engine.encoder import Vectors
from cluster.engine.joins import Standing


def at(*degrees: float) -> Vectors:
    turns = np.radians(degrees)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def standing(vectors: Vectors, *groups: list[int]) -> Standing:
    weights = neighbours.word_weights([frozenset({"graf"})] * len(vectors))
    return Standing(vectors, weights, groups=[np.array(group) for group in groups], fitted=None)


def test_near_items_join_and_far_ones_do_not() -> None:
    # Members at 0 and 10 degrees; of the others one stands between them, one opposite.
    found = standing(at(0, 10, 5, 180), [0, 1])
    [[(item, fit)]] = found.joins(np.array([2, 3]), must=set(), cannot=set(), at_least=0.9)
    assert item == 2
    # Without a fitted model P is the mean of cosine and overlap, and these share their only word.
    assert fit == pytest.approx((np.cos(np.radians(5)) + 1) / 2, abs=1e-3)


def test_an_item_judged_apart_from_a_member_does_not_join() -> None:
    found = standing(at(0, 10, 5), [0, 1])
    assert found.joins(np.array([2]), must=set(), cannot={(1, 2)}, at_least=0.5) == [[]]


def test_an_item_judged_the_same_as_all_members_joins_however_far() -> None:
    found = standing(at(0, 10, 180), [0, 1])
    assert found.joins(np.array([2]), must={(0, 2), (1, 2)}, cannot=set(), at_least=0.9) == [[(2, 1.0)]]


def test_the_best_comes_first_and_equals_in_their_order() -> None:
    found = standing(at(0, 0, 20, 5, 5), [0, 1])
    [joined] = found.joins(np.array([2, 3, 4]), must=set(), cannot=set(), at_least=0.5)
    assert [item for item, _ in joined] == [3, 4, 2]


def test_nothing_joins_where_nothing_stands_or_nothing_is_free() -> None:
    assert standing(at(0, 10)).joins(np.array([0, 1]), must=set(), cannot=set(), at_least=0.1) == []
    assert standing(at(0, 10), [0, 1]).joins(np.zeros(0, dtype=np.int64), must=set(), cannot=set(), at_least=0.1) == [
        []
    ]


def test_a_group_is_new_where_nothing_stands_and_old_beside_its_copy() -> None:
    assert standing(at(0, 10)).novelty(np.array([0, 1])) == 1.0
    found = standing(at(0, 0, 0, 0, 180, 180), [0, 1])
    assert found.novelty(np.array([2, 3])) == 0.0
    assert found.novelty(np.array([4, 5])) == 0.5
