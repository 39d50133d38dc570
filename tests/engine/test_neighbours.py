import numpy as np

from cluster.engine.neighbours import pairs


def on_the_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_nothing_and_one_have_no_neighbours():
    for n in (0, 1):
        ends, cosines = pairs(np.ones((n, 2), dtype=np.float32), at_most=5)
        assert ends.shape == (0, 2)
        assert cosines.shape == (0,)


def test_each_brings_its_nearest_and_a_pair_appears_once():
    ends, cosines = pairs(on_the_circle(0, 10, 90, 100), at_most=1)
    assert ends.tolist() == [[0, 1], [2, 3]]
    assert np.allclose(cosines, np.cos(np.radians(10)))


def test_more_neighbours_than_items_gives_every_pair():
    ends, _ = pairs(on_the_circle(0, 50, 200), at_most=20)
    assert ends.tolist() == [[0, 1], [0, 2], [1, 2]]


def test_a_thousand_copies_do_not_make_a_million_pairs():
    ends, _ = pairs(np.tile(on_the_circle(0), (3_000, 1)), at_most=5)
    assert len(ends) <= 3_000 * 5
    assert (ends[:, 0] < ends[:, 1]).all()
