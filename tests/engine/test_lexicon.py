"""The lexicon: forms, compounds and misspellings, learnt from the texts alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.engine.lexicon import Lexicon, distance, key

WORDS = {
    "afval": 9, "ophaling": 4, "ophalen": 3, "omgeving": 2, "omgevingsvergunning": 8, "vergunning": 7, "aanvraag": 9,
    "aanvragen": 5, "parkeerkaart": 3, "parkeerverbod": 2, "kaart": 9, "zwembad": 6, "reserveren": 5, "boek": 2,
    "boekenkast": 1, "kast": 2, "overeenkomst": 2, "eenkomst": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon(WORDS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("huis", "huizen"),
        ("zaal", "zalen"),
        ("brief", "brieven"),
        ("digitaal", "digitale"),
        ("premie", "premies"),
        ("fiets", "fietsen"),
        ("inschrijving", "inschrijven"),
        ("reservatie", "reserveren"),
        ("mogelijkheid", "mogelijkheden"),
        ("décision".replace("é", "e"), "decisions"),
        ("permit", "permits"),
    ],
)
def test_forms_of_a_word_share_a_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), [("kaart", "kaars"), ("raad", "rand"), ("afval", "aanval")])
def test_other_words_do_not(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_forms_come_with_the_words_that_begin_with_the_stem(lexicon: Lexicon) -> None:
    assert lexicon.forms("aanvraging") == ["aanvraag", "aanvragen"]
    assert lexicon.forms("parkeren") == ["parkeerkaart", "parkeerverbod"]
    assert lexicon.forms("xyz") == []


def test_compounds_have_the_word_inside_or_at_the_end(lexicon: Lexicon) -> None:
    assert lexicon.compounds("vergunning") == ["omgevingsvergunning"]
    assert lexicon.compounds("kaart") == ["parkeerkaart"]
    assert lexicon.compounds("afval") == []


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("afvalophaling", ("afval", "ophaling")),
        ("omgevingsvergunningsaanvraag", ("omgevingsvergunning", "aanvraag")),
        ("boekenkast", ("boek", "kast")),
        ("parkeeraanvraag", ("parkeer", "aanvraag")),
        ("overeenkomst", ()),
        ("zwembad", ()),
        ("xyzxyzxyz", ()),
    ],
)
def test_a_compound_is_split_into_known_words(lexicon: Lexicon, whole: str, parts: tuple[str, ...]) -> None:
    assert lexicon.split(whole) == parts


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zwmebad", "zwembad"),
        ("zwembat", "zwembad"),
        ("zwembaad", "zwembad"),
        ("vergunnig", "vergunning"),
        ("afvl", "afval"),
    ],
)
def test_a_misspelt_word_is_put_right(lexicon: Lexicon, typed: str, meant: str) -> None:
    assert lexicon.corrections(typed)[0] == meant


def test_what_is_far_is_not_put_right(lexicon: Lexicon) -> None:
    assert lexicon.corrections("tractor") == []
    assert lexicon.corrections("ab") == []


def test_a_compound_with_a_mistake_in_one_part_is_put_right(lexicon: Lexicon) -> None:
    assert lexicon.corrected_compound("afvalophalnig") == ("afval", "ophaling")


def test_an_empty_lexicon_knows_nothing() -> None:
    empty = Lexicon({})
    assert (len(empty), empty.forms("kaart"), empty.compounds("kaart")) == (0, [], [])
    assert (empty.corrections("kaart"), empty.split("parkeerkaart"), empty.beginning("k")) == ([], (), 0)


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_distance_is_the_same_both_ways_and_bounded(a: str, b: str) -> None:
    assert distance(a, b, at_most=3) == distance(b, a, at_most=3) <= 4
    assert (distance(a, b, at_most=3) == 0) == (a == b)


@given(st.text(max_size=40))
def test_no_word_breaks_the_lexicon(word: str) -> None:
    lexicon = Lexicon(WORDS)
    told = [*lexicon.forms(word), *lexicon.compounds(word), *lexicon.ends(word), *lexicon.corrections(word)]
    assert set(told) <= {*WORDS, word}
    assert all(lexicon.documents(part) or lexicon.inflections(part) for part in lexicon.corrected_compound(word))
    assert "".join(lexicon.split(word)) in word
