"""Figures that can be worked out by hand, and the cases where there is nothing to work out."""

import math

import numpy as np
import pytest

from cluster.engine import quality
from cluster.engine.quality import Labelled, Material

EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
NONE = np.zeros((0, 2), dtype=np.float32)


def rows(*directions: list[float]) -> quality.Floats:
    return np.asarray(directions, dtype=np.float32)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert list(quality.ranks([10, 20, 20, 30])) == [1, 2.5, 2.5, 4]


def test_spearman_sees_the_order_and_not_the_size() -> None:
    assert quality.spearman([1, 2, 3], [0, 5, 500]) == pytest.approx(1)
    assert quality.spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


@pytest.mark.parametrize("scores", [[], [1.0], [2.0, 2.0, 2.0]])
def test_spearman_is_not_a_number_where_there_is_no_order(scores: list[float]) -> None:
    assert math.isnan(quality.spearman(scores, list(range(len(scores)))))


def test_unit_rows_have_length_one_and_zero_stays_zero() -> None:
    assert quality.unit([[3, 4], [0, 0]]).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]
    assert quality.unit(NONE).shape == (0, 2)


def test_cosines_of_pairs() -> None:
    assert quality.pair_cosines(rows(EAST, EAST), rows(EAST, WEST)).tolist() == [1, -1]
    assert quality.pair_cosines(NONE, NONE).shape == (0,)


def test_a_translation_is_found_if_it_is_the_nearest_on_the_other_side() -> None:
    assert quality.bitext_accuracy(rows(EAST, NORTH), rows(EAST, NORTH)) == (1, 1)
    assert quality.bitext_accuracy(rows(EAST, NORTH), rows(NORTH, EAST)) == (0, 0)
    assert quality.bitext_accuracy(rows(EAST), rows(WEST)) == (1, 1)


def test_no_sentences_have_no_accuracy() -> None:
    assert all(math.isnan(share) for share in quality.bitext_accuracy(NONE, NONE))


def test_ndcg_by_hand() -> None:
    # gains 3 and 1, discounts 1 and 1 / log2(3)
    assert quality.ndcg([2, 1, 0], [0, 1, 2]) == pytest.approx(1)
    assert quality.ndcg([1, 2], [1, 2]) == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert quality.ndcg([0, 0], [0, 2]) == 0
    assert math.isnan(quality.ndcg([0], [0]))
    assert math.isnan(quality.ndcg([], []))


def test_only_the_first_k_answers_count() -> None:
    assert quality.ndcg([0, 2], [2, 0], k=1) == 0


def test_ideas_are_graded_by_topic_and_related_topic() -> None:
    labelled = Labelled(
        texts=["a", "b", "c", "d"],
        topics=["x", "x", "y", None],
        languages=["nl", "fr", "nl", "nl"],
        queries=[0, 1],
        related=frozenset({frozenset({"x", "y"})}),
    )
    assert quality.relevance(labelled, 0).tolist() == [2, 2, 1, 0]
    vectors = rows(EAST, EAST, [0.8, 0.6], WEST)
    assert quality.ideas_ndcg(vectors, labelled) == {"fr": pytest.approx(1), "nl": pytest.approx(1)}


def test_an_idea_never_finds_itself_and_one_idea_finds_nothing() -> None:
    alone = Labelled(texts=["a"], topics=["x"], languages=["nl"], queries=[0])
    assert quality.ideas_ndcg(rows(EAST), alone) == {}


@pytest.mark.parametrize("words", [True, False])
def test_the_word_baselines_are_measured_like_an_encoder(words: bool) -> None:
    material = Material(
        scored={
            "pairs": [("de kat slaapt", "de kat slaapt", 5), ("de kat", "het plein", 0), ("een kat", "een hond", 2)]
        },
        bitext={"nl-en": [("open data portaal", "open data portal"), ("burgemeester", "burgemeester mayor")]},
        labelled={"ideas": Labelled(["open data", "data open", "fiets"], ["x", "x", None], ["nl"] * 3, [0])},
    )
    figures = quality.measure(quality.tfidf(words=words), material)
    assert figures["pairs Spearman"] == pytest.approx(1)
    assert figures["bitext nl-en"] == figures["bitext en-nl"] == 1
    assert figures["ideas nDCG@10 nl"] == pytest.approx(1)


def test_the_table_has_a_row_per_measure_and_says_what_was_not_measured() -> None:
    table = quality.table({"a": {"STS": 0.5}, "b": {"SICK": 0.25}})
    assert table.splitlines() == [
        "| measure | a | b |",
        "| --- | ---: | ---: |",
        "| STS | 0.500 | nan |",
        "| SICK | nan | 0.250 |",
    ]
