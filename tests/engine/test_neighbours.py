import numpy as np

from cluster.engine import lexical
from cluster.engine.neighbours import by_meaning, by_words, cosines, overlaps, word_weights


def on_the_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def bags(*texts: str) -> list[frozenset[str]]:
    return [lexical.words(text) for text in texts]


def test_nothing_and_one_have_no_neighbours():
    for n in (0, 1):
        assert by_meaning(np.ones((n, 2), dtype=np.float32), at_most=5).shape == (0, 2)
        assert by_words(word_weights(bags("kerkhof")[:n]), at_most=5).shape == (0, 2)


def test_each_brings_its_nearest_and_a_pair_appears_once():
    vectors = on_the_circle(0, 10, 90, 100)
    edges = by_meaning(vectors, at_most=1)
    assert edges.tolist() == [[0, 1], [2, 3]]
    assert np.allclose(cosines(vectors, edges), np.cos(np.radians(10)))


def test_more_neighbours_than_items_gives_every_pair():
    assert by_meaning(on_the_circle(0, 50, 200), at_most=20).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_among_many_the_nearest_are_those_that_plain_sorting_finds():
    vectors = np.random.default_rng(3).standard_normal((1_700, 16), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -np.inf)
    nearest = np.argsort(-alike, axis=1)[:, :7]
    plainly = {(min(row, one), max(row, one)) for row, found in enumerate(nearest.tolist()) for one in found}
    assert by_meaning(vectors, at_most=7).tolist() == [list(pair) for pair in sorted(plainly)]


def test_a_thousand_copies_do_not_make_a_million_pairs():
    edges = by_meaning(np.tile(on_the_circle(0), (3_000, 1)), at_most=5)
    assert len(edges) <= 3_000 * 5
    assert (edges[:, 0] < edges[:, 1]).all()


def test_words_bring_texts_together_that_share_some_and_no_others():
    weights = word_weights(bags("een kerkhof digitaliseren", "kerkhof in kaart", "parkeren", ""))
    assert by_words(weights, at_most=3).tolist() == [[0, 1]]


def test_the_overlap_is_the_one_that_single_pairs_have():
    texts = bags("vergunning voor evenement aanvragen", "vergunningen, evenementen en feesten", "kerkhof en vergunning")
    edges = np.array([[0, 1], [0, 2], [1, 2]])
    stems = [{lexical.stem(word) for word in text} for text in texts]
    known = lexical.Vocabulary({one: sum(one in text for text in stems) for text in stems for one in text}, total=3)
    one_by_one = [known.overlap(stems[a], stems[b]) for a, b in edges]
    assert np.allclose(overlaps(word_weights(texts), edges), one_by_one)
