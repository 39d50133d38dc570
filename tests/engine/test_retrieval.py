"""What a way of matching is worth: hand-made answers with figures that can be counted on fingers."""

import math

import numpy as np
import pytest

from cluster.engine import retrieval
from cluster.engine.quality import Labelled
from cluster.engine.retrieval import Answers, Case

# Two of "a" in Dutch, one in French, a project of "a", one of "b", a look-alike of "a", noise.
TOPICS = ["a", "a", "a", "a", "b", None, None]
KINDS = ["idea", "idea", "idea", "project", "idea", "hard_negative", "noise"]
LANGUAGES = ["nl", "nl", "fr", "nl", "nl", "nl", "nl"]
CASE = Case(
    labelled=Labelled(
        texts=["kort"] * 7,
        topics=TOPICS,
        languages=LANGUAGES,
        queries=[0, 1, 2, 4],
        related=frozenset({frozenset(("a", "b"))}),
    ),
    kinds=KINDS,
    confusable=[None] * 5 + ["a", None],
)


def answers(lists: dict[int, list[int]], *, named: dict[int, list[int]] | None = None) -> Answers:
    """Answers in which each row that asks found these columns, best first."""
    scores = np.full((7, 7), -np.inf)
    words = np.zeros((7, 7), dtype=np.bool_)
    for row, found in lists.items():
        scores[row, found] = -np.arange(len(found))
    for row, found in (named or {}).items():
        words[row, found] = True
    return Answers(scores, named=words)


PERFECT = {0: [1, 2, 3, 4, 5, 6], 1: [0, 2, 3, 4], 2: [0, 1, 3, 4], 4: [0, 1, 2, 3]}


def test_who_finds_everything_first_has_all_ones() -> None:
    found = retrieval.measure(answers(PERFECT), CASE)
    for name in ("nDCG@10", "nDCG@10, linear gain", "recall@5", "MRR"):
        assert (found[name].value, found[name].low, found[name].high) == pytest.approx((1, 1, 1)), name
    assert found["project recall@5"].value == found["project recall@5 among projects"].value == 1
    # Topic b has nothing of its own to find: it has a place in nDCG by its kin alone.
    assert (found["nDCG@10"].count, found["recall@5"].count) == (4, 3)


def test_who_finds_nothing_has_noughts() -> None:
    found = retrieval.measure(answers({}), CASE)
    assert found["nDCG@10"].value == found["recall@5"].value == found["MRR"].value == 0
    assert math.isnan(found["same need: precision"].value)
    assert found["same need: share found"].value == 0


def test_the_text_that_asks_is_never_an_answer() -> None:
    lists = {row: [row, *others] for row, others in PERFECT.items()}
    assert retrieval.measure(answers(lists), CASE)["MRR"].value == 1


def test_a_later_answer_counts_for_less() -> None:
    lists = {0: [6, 1], 1: [6, 5, 0], 2: [6, 5, 4, 0]}
    assert retrieval.measure(answers(lists), CASE)["MRR"].value == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)
    assert retrieval.measure(answers(lists), CASE)["recall@5"].value == pytest.approx(1 / 3)


def test_a_project_behind_five_ideas_is_found_among_projects_alone() -> None:
    found = retrieval.measure(answers({0: [1, 2, 4, 5, 6, 3], 1: [3], 2: []}), CASE)
    assert found["project recall@5"].value == pytest.approx(1 / 3)
    assert found["project recall@5 among projects"].value == pytest.approx(2 / 3)


def test_the_band_is_counted_from_the_side_that_asks_and_a_look_alike_alarms_from_either() -> None:
    found = retrieval.measure(answers(PERFECT, named={0: [1, 5], 1: [0], 5: [2]}), CASE)
    assert found["same need: precision"].value == pytest.approx(2 / 3)
    assert found["same need: share found"].value == pytest.approx(2 / 9)
    # Ideas 0 and 2 are taken for the look-alike, once by asking and once by being found; idea 1 is not.
    assert found["same need: false alarms on hard negatives"].value == pytest.approx(2 / 3)


def many(topics: int, *, per_topic: int = 5) -> Case:
    count = topics * per_topic
    labelled = Labelled(
        texts=["tekst"] * count,
        topics=[f"t{at // per_topic}" for at in range(count)],
        languages=["nl"] * count,
        queries=list(range(count)),
    )
    return Case(labelled, kinds=["idea"] * count, confusable=[None] * count)


def test_no_topic_is_in_two_parts_and_a_look_alike_is_where_its_topic_is() -> None:
    part = retrieval.folds(CASE)
    assert len(set(part[:4].tolist()) | {int(part[5])}) == 1
    assert set(retrieval.folds(many(10)).tolist()) == set(range(retrieval.FOLDS))


def test_probabilities_learnt_from_other_topics_are_calibrated_and_beat_the_base_rate() -> None:
    case, draw = many(30), np.random.default_rng(1)
    topic = np.arange(150) // 5
    scores = draw.normal(size=(150, 150)) + 2.5 * (topic[:, None] == topic[None, :])
    found = retrieval.measure(retrieval.calibrated(Answers(scores), case), case)
    assert found["Brier score"].value < 0.8 * found["Brier score of the base rate"].value
    assert found["expected calibration error"].value < 0.05
    assert 0.7 < found["same need: precision"].value <= 1


def test_what_a_topic_alone_teaches_is_not_used_on_it() -> None:
    # In one topic the same need scores high, in all others low: who learns from those must not trust a high score.
    case = many(10)
    topic = np.arange(50) // 5
    same = topic[:, None] == topic[None, :]
    scores = np.where(same, -0.5, 0.0) + np.random.default_rng(2).normal(scale=0.5, size=(50, 50))
    scores[:5, :5] = 5.0
    found = retrieval.calibrated(Answers(scores), case)
    assert found.probabilities is not None
    own = found.probabilities[:5, :5]
    assert own.max() < 0.5


def test_a_bound_needs_ten_pairs_and_takes_equal_scores_together() -> None:
    scores = np.array([3.0] * 9 + [2.0] * 4 + [1.0] * 4)
    truth = np.array([True] * 9 + [True, True, False, False] + [False] * 4)
    assert retrieval.bound(scores[:9], truth[:9]) == math.inf
    assert retrieval.bound(scores, truth, precision=0.8) == 2.0
    assert retrieval.bound(scores, truth, precision=0.9) == math.inf


def test_a_tie_for_the_first_place_is_no_hit() -> None:
    scores = np.array([[2.0, 1.0], [1.0, 1.0], [-np.inf, -np.inf]])
    assert retrieval.first_is(scores, [0, 1, 0]).value == pytest.approx(1 / 3)


def test_the_table_shows_intervals_and_leaves_open_what_was_not_measured() -> None:
    one = retrieval.Figure(0.5, 0.25, 0.75, 4)
    table = retrieval.table({"a": {"x": one}, "b": {"x": retrieval.Figure(math.nan, math.nan, math.nan, 4)}, "c": {}})
    assert table.splitlines()[2] == "| x | 4 | 0.500 [0.25, 0.75] | – | – |"
