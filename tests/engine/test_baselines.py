"""What matching has to beat is measured as it would be there, not as a straw man."""

import numpy as np
import pytest

from cluster.engine import baselines
from cluster.engine.baselines import similarity, trigrams

TEXTS = [("Zwembad reserveren", "Een baan in het zwembad."), ("Graven in kaart", "Een register van graven.")]


def test_trigrams_are_those_of_postgresql() -> None:
    # The examples of PostgreSQL's documentation of pg_trgm.
    assert trigrams("cat") == {"  c", " ca", "cat", "at "}
    assert trigrams("foo|bar") == {"  f", " fo", "foo", "oo ", "  b", " ba", "bar", "ar "}
    assert similarity(trigrams("word"), trigrams("two words")) == pytest.approx(0.36363637)
    assert similarity(trigrams(""), trigrams("")) == 0
    assert similarity(trigrams("Loket"), trigrams("loket")) == 1


def test_decidim_takes_the_better_of_title_and_body() -> None:
    scores = baselines.by_trigrams(TEXTS)([("Zwembad reserveren", "x"), ("x", "Een register van graven.")])
    assert scores[0, 0] == scores[1, 1] == 1
    assert scores[0, 1] < baselines.DECIDIM_AT_LEAST


@pytest.mark.parametrize("words", [True, False])
def test_tfidf_finds_a_text_by_itself(words: bool) -> None:
    scores = baselines.by_tfidf(TEXTS, words=words)(TEXTS)
    assert scores.shape == (2, 2)
    assert np.diag(scores) == pytest.approx([1, 1])
    assert scores[0, 1] < 0.5


def test_a_cosine_is_that_of_title_and_description_together() -> None:
    seen = []

    def encode(texts: list[str]) -> np.ndarray:
        seen.extend(texts)
        return np.eye(2, dtype=np.float32)[: len(texts)]

    scores = baselines.by_cosine(TEXTS, encode=encode)(TEXTS[:1])
    assert scores.tolist() == [[1, 0]]
    assert seen[0] == "Zwembad reserveren. Een baan in het zwembad."
