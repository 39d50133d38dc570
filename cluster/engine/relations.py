"""Relations: how two texts relate, from two measures, in probabilities and in words.

This is the one documented place of the first scoring. A pair has two features, the cosine of the encoder and the
idf-weighted overlap of words (`cluster.engine.lexical.Vocabulary`); two logistic regressions turn them into
P(same need) and P(same need or related). Weights and bounds belong to one encoder and are fitted by
`cluster.engine.fitting`. Those that ship are kept in `relations.json`, written by `flask matches fit --ship`.
Two are enough: cosines of titles and bodies apart, of sentences, rarest terms and language were measured to add
nothing (`tests.benchmarks.features`); the ratio of lengths adds two points of average precision on the labelled ideas,
which is how those were written and not what two municipalities need. An encoder without weights still orders (by the
mean of both features) but gives no probability and no words.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cluster.engine.encoder import IN_FULL
from models.matches import Relation

# The mean of both probabilities from which a pair without words may still be shown: about one chance in twenty that the
# two are at least related.
MAYBE_AT_LEAST = 0.03

FITTED = Path(__file__).with_name("relations.json")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Relations:
    """The fitted weights of one encoder: (cosine, overlap, 1) for each of the two probabilities, and the bounds."""

    same: tuple[float, float, float]
    related: tuple[float, float, float]
    same_at_least: float
    strongly_at_least: float = 0.60
    related_at_least: float = 0.35

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        """The weights and bounds as they were kept."""
        return cls(same=tuple(kept["same"]), related=tuple(kept["related"]), same_at_least=kept["same_at_least"])

    def same_need(self, cosines: Floats, overlaps: Floats) -> Floats:
        """P(same need) of pairs; both arrays of shape (m,), as is the answer."""
        return _logistic(self.same, cosines, overlaps)

    def same_or_related(self, cosines: Floats, overlaps: Floats) -> Floats:
        """P(same need or related) of pairs; shapes as above."""
        return np.maximum(_logistic(self.related, cosines, overlaps), self.same_need(cosines, overlaps))

    def band(self, same: float, related: float) -> Relation | None:
        """The relation in words; none below the lowest band."""
        if same >= self.same_at_least:
            return Relation.SAME_NEED
        if related >= self.strongly_at_least:
            return Relation.STRONGLY_RELATED
        return Relation.RELATED if related >= self.related_at_least else None


def _logistic(weights: tuple[float, float, float], cosines: Floats, overlaps: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-(weights[0] * cosines + weights[1] * overlaps + weights[2])))
    return found


@cache
def fitted(encoder: str) -> Relations | None:
    """The weights that ship for this encoder, if any: the same in eight bits as in full."""
    found = json.loads(FITTED.read_text(encoding="utf8")).get(encoder.removesuffix(IN_FULL))
    return Relations.of(found) if found else None


def score(cosine: float | None, overlap: float) -> float:
    """The order of suggestions when nothing is fitted, in [0, 1]; without a cosine the words decide alone."""
    if cosine is None or math.isnan(cosine):
        return overlap / 2
    return (max(cosine, 0.0) + overlap) / 2
