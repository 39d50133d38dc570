"""Near and alike: distances that are right on the ground, and a score that says nothing of what is not known."""

import numpy as np
import pytest

from cluster.engine.likeness import NEARNESS, PROVINCE, SIZE, THEMES, Places, distances, first, likeness

NAN = float("nan")


def places(*known: tuple[float, float, float, int, tuple[int, ...]]) -> Places:
    inhabitants, lat, lon, provinces, themes = zip(*known, strict=True)
    return Places(
        inhabitants=np.array(inhabitants, dtype=np.float64),
        lat=np.array(lat, dtype=np.float64),
        lon=np.array(lon, dtype=np.float64),
        provinces=np.array(provinces, dtype=np.int64),
        themes=np.array(themes, dtype=np.bool_).reshape(len(known), -1),
    )


def test_antwerpen_lies_fifty_kilometres_from_gent() -> None:
    km = distances(np.array([51.0543, 51.2194, NAN]), np.array([3.7174, 4.4025, 4.0]), at=0)

    assert km[0] == 0
    assert km[1] == pytest.approx(51.2, abs=0.5)
    assert np.isnan(km[2])


def test_a_twin_is_as_alike_as_can_be() -> None:
    twin = (20_000.0, 51.0, 4.0, 1, (1, 0))

    assert likeness(places(twin, twin), at=0) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("other", "score"),
    [
        ((10_000, NAN, NAN, -1, (0, 0)), SIZE / 2),
        ((40_000, NAN, NAN, -1, (0, 0)), SIZE / 2),
        ((NAN, 51, 4, -1, (0, 0)), NEARNESS),
        ((NAN, NAN, NAN, 1, (0, 0)), PROVINCE),
        ((NAN, NAN, NAN, 2, (1, 0)), THEMES),
        ((NAN, NAN, NAN, 2, (1, 1)), THEMES / 2),
        ((NAN, NAN, NAN, -1, (0, 0)), 0),
    ],
)
def test_each_likeness_adds_its_share_and_what_is_unknown_adds_nothing(
    other: tuple[float, float, float, int, tuple[int, ...]], score: float
) -> None:
    assert likeness(places((20_000, 51, 4, 1, (1, 0)), other), at=0)[1] == pytest.approx(score)


def test_unknown_provinces_are_not_the_same_province() -> None:
    assert likeness(places((NAN, NAN, NAN, -1, ()), (NAN, NAN, NAN, -1, ())), at=0)[1] == 0


def test_the_first_are_the_smallest_in_order_without_itself_and_the_unknown() -> None:
    values = np.array([0.0, 3.0, 1.0, NAN, 1.0])

    assert first(values, at_most=9, without=0).tolist() == [2, 4, 1]
    assert first(values, at_most=2, without=2).tolist() == [0, 4]
    assert first(np.array([1.0]), at_most=3, without=0).tolist() == []
