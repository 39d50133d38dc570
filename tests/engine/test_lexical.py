"""Words: what two texts share of what is rare."""

import pytest

from cluster.engine import lexical
from cluster.engine.lexical import Vocabulary


def test_words_are_folded_and_what_everyone_writes_is_left_out() -> None:
    assert lexical.words("De gemeente zoekt één Café voor senioren") == {"cafe", "senioren"}


def test_nothing_shared_is_nought_and_the_same_text_is_one() -> None:
    known = Vocabulary({}, total=10)
    a, b = lexical.stems("sneeuw ruimen"), lexical.stems("zwembad reserveren")
    assert known.overlap(a, b) == 0
    assert known.overlap(a, a) == pytest.approx(1)
    assert known.overlap(a, frozenset()) == known.overlap(frozenset(), frozenset()) == 0


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    known = Vocabulary({"loketten": 90, "zwembad": 1, "fiets": 1}, total=100)
    text = lexical.stems("zwembad loketten")
    rare = known.overlap(text, lexical.stems("zwembad fiets"))
    common = known.overlap(text, lexical.stems("loketten fiets"))
    assert rare > common > 0


def test_inflections_and_compounds_with_the_same_beginning_meet() -> None:
    known = Vocabulary({"omgevingsvergunning": 1, "omgevingsvergunningsaanvraag": 1}, total=50)
    a, b = "omgevingsvergunning", "omgevingsvergunningsaanvraag"
    assert known.overlap(lexical.stems(a), lexical.stems(b)) == pytest.approx(1)
    assert known.shared(lexical.words(a), lexical.words(b), at_most=3) == (a,)
    assert known.shared(lexical.words(b), lexical.words(a), at_most=3) == (a,)
    assert known.shared({"vergunningen"}, {"vergunning"}, at_most=3) == ("vergunning",)


@pytest.mark.parametrize(("mine", "theirs"), [("parkeerkaart", "parkeervergunning"), ("plan", "plannenviewers")])
def test_a_beginning_that_is_no_word_of_both_is_no_reason(mine: str, theirs: str) -> None:
    assert Vocabulary({}, total=10).shared({mine}, {theirs}, at_most=3) == ()


def test_shared_terms_come_rarest_first() -> None:
    known = Vocabulary({"chatbot": 9, "whatsapp": 2, "afspraak": 30}, total=40)
    a = lexical.words("chatbot whatsapp afspraak")
    b = lexical.words("afspraak via whatsapp met een chatbot")
    assert known.shared(a, b, at_most=2) == ("whatsapp", "chatbot")


def test_the_very_word_is_named_before_another_with_its_stem() -> None:
    known = Vocabulary({}, total=10)
    found = known.shared(lexical.words("parkeerkaart"), lexical.words("parkeerbedrijf parkeerkaart"), at_most=3)
    assert found == ("parkeerkaart",)


def test_a_query_of_stop_words_alone_still_searches() -> None:
    assert lexical.words_of_query("de het") == ["de", "het"]
    assert lexical.words_of_query("het zwembad") == ["zwembad"]
    assert lexical.words_of_query('"zwem* NEAR(bad)') == ["zwem", "near", "bad"]


def test_numbers_that_begin_alike_are_not_the_same() -> None:
    assert lexical.stem("vergunningen") == lexical.stem("vergunning")
    assert lexical.stem("1795611848") != lexical.stem("1795611880")
