"""Figures of groupings that can be worked out by hand, and what is stable and what is not."""

import math

import numpy as np
import pytest

from cluster.engine import partitions
from cluster.engine.proposals import Text
from cluster.engine.quality import Labelled

TOPICS = ["pool", "pool", "snow", "snow", None, None]


def labelled(topics: list[str | None], related: tuple[str, str] | None = None) -> Labelled:
    pairs = frozenset([frozenset(related)]) if related else frozenset()
    return Labelled(texts=[""] * len(topics), topics=topics, languages=["nl"] * len(topics), queries=[], related=pairs)


def agreement(*labels: int, related: tuple[str, str] | None = None) -> dict[str, float]:
    return partitions.agreement(np.array(labels), labelled(TOPICS, related))


def test_the_topics_themselves_are_all_right() -> None:
    found = agreement(0, 0, 1, 1, -1, -1)
    assert [found[name] for name in ("V-measure", "adjusted Rand", "pairwise F1")] == [1, 1, 1]
    assert (found["share left alone"], found["groups"]) == (pytest.approx(1 / 3), 2)


def test_one_wrong_text_costs_the_pairs_it_is_in() -> None:
    # Joined: two right pairs of pool and noise more; of two true pairs one is found.
    found = agreement(0, 0, -1, -1, 0, -1)
    assert found["pairwise precision"] == pytest.approx(1 / 3)
    assert found["pairwise recall"] == pytest.approx(1 / 2)
    assert found["pairwise F1"] == pytest.approx(2 / 5)


def test_a_pair_of_related_topics_is_half_a_mistake() -> None:
    assert agreement(0, -1, 0, -1, -1, -1)["joined pairs that are at least related"] == 0
    related = agreement(0, -1, 0, -1, -1, -1, related=("pool", "snow"))
    assert (related["joined pairs that are at least related"], related["pairwise precision"]) == (1, 0)


def test_nothing_joined_has_no_precision_and_no_worth() -> None:
    found = agreement(-1, -1, -1, -1, -1, -1)
    assert math.isnan(found["pairwise precision"])
    assert (found["pairwise F1"], found["pairwise recall"], found["share left alone"]) == (0, 0, 1)


def test_a_way_that_looks_at_the_rows_alone_is_stable_and_one_that_looks_at_their_order_is_not() -> None:
    known = labelled(["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"])
    by_topic = partitions.measure(lambda rows: rows // 2, known)
    assert by_topic["stability, other order"] == by_topic["stability, 10 % added"] == 1
    by_order = partitions.measure(lambda rows: np.arange(len(rows)) // 2, known)
    assert by_order["stability, other order"] < 0.5


def test_a_way_that_goes_on_from_what_stood_is_measured_so() -> None:
    known = labelled(["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"])

    def fickle(rows: np.ndarray) -> np.ndarray:
        return rows // 2 if len(rows) == 10 else rows // 5

    assert partitions.measure(fickle, known)["stability, 10 % added"] < 1
    steady = partitions.measure(fickle, known, continued=lambda _, before: before)
    assert steady["stability, 10 % added"] == 1
    # Of the half that was there first every two neighbours were taken for one; who came later stayed alone.
    assert steady["pairwise F1"] == 1 > steady["pairwise F1, grown by tenths"]


def test_the_service_and_all_others_find_two_bundles_and_the_service_whatever_the_order() -> None:
    # HDBSCAN's leaves part each bundle further.
    turns = np.radians([0, 1, 2, 3, 90, 91, 92, 93])
    vectors = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    words = ["graf", "graf", "graf", "graf", "zwembad", "zwembad", "zwembad", "zwembad"]
    known = labelled(["a"] * 4 + ["b"] * 4)
    texts = [Text(word, word, "nl") for word in words]
    ways = partitions.others(vectors, known)
    ways["service"] = partitions.of_service(texts, vectors, fitted=None, at_least=0.5)
    continued = partitions.continued_by_service(texts, vectors, fitted=None, at_least=0.5)
    assert len(ways) == 7
    for name, way in ways.items():
        found = partitions.measure(way, known, continued=continued if name == "service" else None)
        assert found["pairwise F1"] == 1 or "leaves" in name, name
        assert found["stability, other order"] == 1 or "leaves" in name, name
