"""Fitting: what is promised of a fit was measured on topics it did not see, and what people answered moves it."""

from dataclasses import replace

import numpy as np
import pytest

from cluster.engine import fitting
from cluster.engine.fitting import Pairs


def drawn(seed: int = 0, *, topics: int = 20, each: int = 6) -> Pairs:
    """Texts around the centre of their topic, so that the same topic means a higher cosine."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(topics, 16))
    of = np.repeat(np.arange(topics), each)
    vectors = centres[of] + 0.9 * rng.normal(size=(len(of), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    related = frozenset(frozenset((f"t{at}", f"t{at + 1}")) for at in range(0, topics - 1, 2))
    return fitting.labelled(cosines, rng.random(cosines.shape) * 0.2, topics=[f"t{one}" for one in of], related=related)


def test_the_bound_keeps_its_promise_and_finds_something() -> None:
    found = fitting.fit(drawn())
    assert found.precision >= fitting.PRECISION_AT_LEAST
    assert 0.2 < found.found <= 1
    assert found.relations.same[0] > 0
    assert found.calibration_error < 0.05
    assert sum(one.share.count for one in found.curve) >= 200
    unseen = drawn(1)
    named = found.relations.same_need(unseen.cosines, unseen.overlaps) >= found.relations.same_at_least
    assert (unseen.levels[named] == 2).mean() > 0.7


def test_a_topic_is_never_learnt_from_and_measured_on() -> None:
    pairs = drawn()
    assert (pairs.folds[pairs.levels == 2][:, 0] == pairs.folds[pairs.levels == 2][:, 1]).all()
    # Whatever is said of the topics of two parts, pairs of texts in those parts are promised the same.
    for parts in ((0, 0), (1, 3)):
        measured = (np.sort(pairs.folds, axis=1) == parts).all(axis=1)
        touched = np.isin(pairs.folds, parts).any(axis=1)
        other = replace(pairs, levels=np.where(touched, 2 - pairs.levels, pairs.levels))
        for level in (1, 2):
            mine, theirs = (fitting.across(one, at_least=level)[measured] for one in (pairs, other))
            assert np.array_equal(mine, theirs)


def test_as_many_pairs_are_promised_as_there_are() -> None:
    """Though what is learnt from has fewer topics, and so fewer pairs that are nothing to each pair of one need."""
    for seed in range(3):
        pairs = drawn(seed)
        true = int((pairs.levels == 2).sum())
        assert fitting.across(pairs, at_least=2).sum() == pytest.approx(true, rel=0.06)


def test_what_cannot_be_told_apart_gets_no_word() -> None:
    rng = np.random.default_rng(0)
    pairs = drawn()
    found = fitting.fit(replace(pairs, cosines=rng.random(len(pairs.cosines)), overlaps=rng.random(len(pairs.cosines))))
    assert found.found < 0.05


def test_answers_of_people_move_the_fit() -> None:
    pairs = drawn()
    likely = np.argsort(-pairs.cosines)[:60]
    answers = Pairs(
        cosines=pairs.cosines[likely],
        overlaps=pairs.overlaps[likely],
        levels=np.zeros(60, dtype=np.int64),
        folds=pairs.folds[likely],
        judged=np.ones(60, dtype=np.bool_),
    )
    before, after = fitting.fit(pairs), fitting.fit(fitting.together(pairs, answers))
    near = (np.array([0.9]), np.array([0.1]))
    assert after.relations.same_need(*near) < before.relations.same_need(*near)
    assert (after.judged, after.pairs) == (60, before.pairs + 60)


@pytest.mark.parametrize("level", [0, 2])
def test_pairs_of_one_kind_teach_nothing(level: int) -> None:
    pairs = drawn()
    with pytest.raises(ValueError, match="nothing can be learnt"):
        fitting.fit(replace(pairs, levels=np.full_like(pairs.levels, level)))
