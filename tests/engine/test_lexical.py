"""Words: what two texts share of what is rare."""

import pytest

from cluster.engine import lexical


def test_words_are_folded_and_what_everyone_writes_is_left_out() -> None:
    assert lexical.words("De gemeente zoekt één Café voor senioren") == {"zoekt", "een", "cafe", "voor", "senioren"} - {
        "een",
        "voor",
    }


def test_nothing_shared_is_nought_and_the_same_text_is_one() -> None:
    a, b = lexical.words("sneeuw ruimen"), lexical.words("zwembad reserveren")
    assert lexical.overlap(a, b, documents={}, total=10) == 0
    assert lexical.overlap(a, a, documents={}, total=10) == pytest.approx(1)
    assert lexical.overlap(a, frozenset(), documents={}, total=10) == 0


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    documents = {"loketten": 90, "zwembad": 1, "fiets": 1}
    text = lexical.words("zwembad loketten")
    rare = lexical.overlap(text, lexical.words("zwembad fiets"), documents=documents, total=100)
    common = lexical.overlap(text, lexical.words("loketten fiets"), documents=documents, total=100)
    assert rare > common > 0


def test_inflections_and_compounds_with_the_same_beginning_meet() -> None:
    documents = {"omgevingsvergunning": 1, "omgevingsvergunningsaanvraag": 1}
    a, b = lexical.words("omgevingsvergunning"), lexical.words("omgevingsvergunningsaanvraag")
    assert lexical.overlap(a, b, documents=documents, total=50) == pytest.approx(1)
    assert lexical.shared_terms(a, b, documents=documents, at_most=3) == ("omgevingsvergunningsaanvraag",)


def test_shared_terms_come_rarest_first() -> None:
    a = lexical.words("chatbot whatsapp afspraak")
    b = lexical.words("afspraak via whatsapp met een chatbot")
    assert lexical.shared_terms(a, b, documents={"chatbot": 9, "whatsapp": 2, "afspraak": 30}, at_most=2) == (
        "whatsapp",
        "chatbot",
    )


def test_a_query_of_stop_words_alone_still_searches() -> None:
    assert lexical.words_of_query("de het") == ["de", "het"]
    assert lexical.words_of_query("het zwembad") == ["zwembad"]
    assert lexical.words_of_query('"zwem* NEAR(bad)') == ["zwem", "near", "bad"]
