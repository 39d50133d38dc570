import numpy as np

from cluster.engine.terms import Term, key_terms, name_of


def words(texts: list[str], labels: list[int], **more) -> list[list[str]]:
    return [[term.word for term in terms] for terms in key_terms(texts, np.array(labels, dtype=np.int64), **more)]


def test_no_texts_have_no_terms():
    assert words([], []) == []


def test_a_term_tells_the_group_from_the_others():
    texts = [
        "Grafconcessies opvolgen op de begraafplaats",
        "De begraafplaats in kaart, met grafconcessies",
        "Parkeervergunning voor bewoners",
        "Bewoners vragen een parkeervergunning",
        "Iets over zwembaden",
    ]
    found = words(texts, [0, 0, 1, 1, -1], at_most=2)
    assert set(found[0]) == {"grafconcessies", "begraafplaats"}
    assert set(found[1]) == {"parkeervergunning", "bewoners"}


def test_a_term_that_all_share_beats_one_that_a_single_long_text_repeats():
    texts = ["zwembad kaartje kaartje kaartje kaartje", "zwembad reserveren", "zwembad", "zwembad drukte", "fietsen"]
    assert words(texts, [0, 0, 0, 0, -1], at_most=1) == [["zwembad"]]


def test_stop_words_of_four_languages_and_places_are_no_terms():
    texts = ["Wij zoeken graag samen premies in Genk", "nous cherchons aussi avec notre ville: premies"]
    assert words([*texts, "wir suchen auch eine Gemeinde"], [0, 0, -1], ignore={"genk"}) == [["premies"]]


def test_one_and_many_are_the_same_term_written_as_most_write_it():
    texts = ["vergunningen en vergunningen", "de vergunning", "vergunningen"]
    assert words(texts, [0, 0, 0]) == [["vergunningen"]]


def test_an_empty_group_of_texts_has_no_terms():
    assert words(["", "", "fietsen"], [0, 0, -1]) == [[]]


def test_a_name_joins_what_several_texts_and_a_title_share_in_readable_dutch():
    terms = [Term("premies", 3, 0.9), Term("isolatie", 2, 0.8), Term("dakwerk", 1, 0.7), Term("dossiers", 2, 0.6)]
    assert name_of(terms, ["Premie voor isolatie", "Dakwerk"]) == "Premie en isolatie"
    assert name_of(terms, ["Premies", "Isolatie", "Dossiers"]) == "Premies, isolatie en dossiers"


def test_terms_that_follow_each_other_stay_together():
    terms = [Term("assistent", 2, 0.9), Term("virtuele", 2, 0.8), Term("balie", 2, 0.7)]
    assert name_of(terms[:2], ["Een virtuele assistent"]) == "Virtuele assistent"
    assert name_of(terms, ["Een virtuele assistent", "De balie"]) == "Virtuele assistent en balie"


def test_a_name_is_written_as_titles_write_it():
    terms = [Term("gis-operatoren", 2, 0.9), Term("isolatie", 2, 0.8)]
    assert name_of(terms, ["Isolatie", "GIS-operatoren delen"]) == "GIS-operatoren en isolatie"


def test_the_spelling_most_texts_use_wins_and_an_adjective_alone_is_no_part_of_a_name():
    terms = [Term("premies", 2, 0.9), Term("automatische", 2, 0.8), Term("toelagen", 2, 0.7)]
    titles = ["Premie-, subsidie- en toelagenprocessen", "Automatische premies", "Toelagen"]
    assert name_of([terms[0], terms[2]], titles) == "Premies en toelagen"
    assert name_of(terms, ["Premies", "Automatische toekenning", "Toelagen"]) == "Premies en toelagen"


def test_one_shared_word_is_too_thin_for_a_name():
    assert name_of([Term("premies", 3, 0.9), Term("dakwerk", 1, 0.7)], ["Premies en dakwerk"]) is None
    assert name_of([], []) is None


def test_a_compound_adds_nothing_to_its_first_part():
    assert words(["fusie fusiegemeenten straatnaam", "fusie straatnaam", "x"], [0, 0, -1]) == [["fusie", "straatnaam"]]
