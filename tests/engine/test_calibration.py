"""Calibration: shares with Wilson's interval, bins of equal mass, and what probabilities promised."""

import math

import numpy as np
import pytest

from cluster.engine import calibration


def test_wilsons_interval_is_the_published_one() -> None:
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20.
    for (hits, count), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
    }.items():
        found = calibration.share(hits, count)
        assert (found.value, found.low, found.high) == pytest.approx((hits / count, low, high), abs=1e-4)
    assert calibration.share(5, 5).high == 1
    assert math.isnan(calibration.share(0, 0).value)


@pytest.mark.parametrize(("count", "bins"), [(0, 10), (1, 10), (7, 10), (10, 10), (23, 10), (1_000, 10)])
def test_parts_hold_everything_once_and_about_as_much(count: int, bins: int) -> None:
    found = calibration.parts(count, bins=bins)
    assert [at for part in found for at in range(count)[part]] == list(range(count))
    sizes = [len(range(count)[part]) for part in found]
    assert len(sizes) == min(count, bins)
    assert not sizes or (min(sizes) >= 1 and max(sizes) - min(sizes) <= 1)


def test_a_promise_that_is_kept_has_no_error() -> None:
    promised = np.array([0.0] * 10 + [0.5] * 10 + [1.0] * 10)
    kept = np.array([False] * 10 + [True, False] * 5 + [True] * 10)
    assert calibration.calibration_error(promised, kept, bins=3) == pytest.approx(0)
    assert calibration.calibration_error(promised, ~kept, bins=3) == pytest.approx(2 / 3)
    assert [(one.mean, one.share.hits) for one in calibration.reliability(promised, kept, bins=3)] == [
        (0, 0),
        (0.5, 5),
        (1, 10),
    ]


def test_the_brier_score_is_beaten_by_knowing_more_than_the_base_rate() -> None:
    truth = np.array([True, False, False, False])
    assert calibration.brier_of_base_rate(truth) == pytest.approx(0.1875)
    assert calibration.brier(np.full(4, 0.25), truth) == pytest.approx(0.1875)
    assert calibration.brier(np.array([0.9, 0.1, 0.1, 0.1]), truth) == pytest.approx(0.01)
    nothing = np.zeros(0)
    figures = (calibration.brier(nothing, nothing > 0), calibration.calibration_error(nothing, nothing > 0))
    assert all(map(math.isnan, (*figures, calibration.brier_of_base_rate(nothing > 0))))
