"""What changed between two texts: whole, in reading order, and never slower for being long."""

import random
from itertools import pairwise

import pytest

from cluster.engine.difference import Fate, Passage, passages, share_changed

KEPT, GONE, NEW = Fate.KEPT, Fate.GONE, Fate.NEW


def joined(found: list[Passage], without: Fate) -> str:
    return "".join(passage.text for passage in found if passage.fate is not without)


def test_a_replaced_word_stands_between_what_was_kept() -> None:
    found = passages("Een loket voor alle burgers.", "Een balie voor alle burgers.")
    assert found == [
        Passage(KEPT, "Een "),
        Passage(GONE, "loket "),
        Passage(NEW, "balie "),
        Passage(KEPT, "voor alle burgers."),
    ]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "", []),
        ("", "Nieuw", [Passage(NEW, "Nieuw")]),
        ("Oud", "", [Passage(GONE, "Oud")]),
        ("Gelijk", "Gelijk", [Passage(KEPT, "Gelijk")]),
        ("a b", "x y", [Passage(GONE, "a b"), Passage(NEW, "x y")]),
    ],
)
def test_small_texts_have_small_differences(before: str, after: str, found: list[Passage]) -> None:
    assert passages(before, after) == found


def test_both_texts_can_be_read_from_the_difference() -> None:
    chance = random.Random(7)
    words = ["loket", "burger", "afspraak", "online", "\n", "en", "de", "\n\n"]
    for _ in range(200):
        before, after = (" ".join(chance.choices(words, k=chance.randrange(40))) for _ in range(2))
        found = passages(before, after)
        assert joined(found, GONE).split() == after.split()
        assert joined(found, NEW).split() == before.split()
        assert all(a.fate is not b.fate for a, b in pairwise(found))


def test_the_longest_text_that_may_be_posted_is_compared_too() -> None:
    before, after = "a b " * 5_000, "b c " * 5_000
    assert joined(passages(before, after), GONE) == after


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("", "", 0.0),
        ("", "iets", 1.0),
        ("een twee drie vier", "Een, twee: drie vier!", 0.0),
        ("een twee drie vier", "een twee drie vijf", 0.25),
        ("een twee", "twee een", 0.0),
        ("a a a a", "a", 0.75),
    ],
)
def test_the_share_counts_words_alone(before: str, after: str, share: float) -> None:
    assert share_changed(before, after) == pytest.approx(share)
