"""Relations: probabilities and words, per encoder."""

import json

import numpy as np
import pytest

from cluster.engine import relations
from cluster.engine.encoder import Encoder
from cluster.engine.relations import FITTED, Relations, fitted, score
from models.matches import Relation

DRAWN = Relations(same=(10, 10, -12), related=(10, 10, -8), same_at_least=0.7)


def test_more_alike_is_more_probable_and_related_is_never_less_than_same() -> None:
    cosines, overlaps = np.array([0.1, 0.5, 0.9]), np.array([0.0, 0.3, 0.8])
    same, related = DRAWN.same_need(cosines, overlaps), DRAWN.same_or_related(cosines, overlaps)
    assert list(same) == sorted(same)
    assert (related >= same).all()
    assert ((same >= 0) & (related <= 1)).all()


def test_no_pairs_give_no_probabilities() -> None:
    assert DRAWN.same_need(np.array([]), np.array([])).shape == (0,)


@pytest.mark.parametrize(
    ("same", "related", "relation"),
    [
        (0.7, 0.7, Relation.SAME_NEED),
        (0.69, 0.6, Relation.STRONGLY_RELATED),
        (0.1, 0.35, Relation.RELATED),
        (0.1, 0.34, None),
    ],
)
def test_bands_are_named_at_their_bounds(same: float, related: float, relation: Relation | None) -> None:
    assert DRAWN.band(same, related) is relation


def test_the_encoder_that_ships_is_fitted(encoder: Encoder) -> None:
    found = fitted(encoder.name)
    assert found is not None
    assert 0 < found.same_at_least < 1


def test_an_unknown_encoder_orders_but_names_nothing() -> None:
    assert fitted("nobody/knows-me") is None
    assert score(0.8, 0.2) == pytest.approx(0.5)
    assert score(None, 0.2) == score(float("nan"), 0.2) == pytest.approx(0.1)


def test_what_was_fitted_can_be_read() -> None:
    for name in json.loads(FITTED.read_text(encoding="utf8")):
        assert relations.fitted(name)
