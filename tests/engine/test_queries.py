"""Queries: what is read from what people type."""

from collections.abc import Iterable

import pytest

from cluster.engine.fragments import Marker
from cluster.engine.lexicon import Lexicon
from cluster.engine.queries import read
from models.searches import Group, Piece, Question

LEXICON = Lexicon({"zwembad": 3, "kaart": 5, "fiets": 2})


def plain(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("query", "words", "phrases", "without"),
    [
        ("het zwembad van de stad", ("zwembad",), (), ()),
        ("de het", ("de", "het"), (), ()),
        ('"zwembad van de stad"', (), (("zwembad", "van", "de", "stad"),), ()),
        ("fiets „op kaart”", ("fiets",), (("op", "kaart"),), ()),
        ("fiets «op kaart» -zwembad", ("fiets",), (("op", "kaart"),), (("zwembad",),)),
        ('fiets -"op kaart"', ("fiets",), (), (("op", "kaart"),)),
        ("e-loket", ("e", "loket"), (), ()),
        ('"half', ("half",), (), ()),
        ("Één café", ("cafe",), (), ()),
        ("- fiets", ("fiets",), (), ()),
        ("", (), (), ()),
    ],
)
def test_words_quotes_and_a_minus_are_read(
    query: str, words: tuple[str, ...], phrases: tuple[tuple[str, ...], ...], without: tuple[tuple[str, ...], ...]
) -> None:
    question = read(query, LEXICON).question
    assert (question.words, question.phrases, question.without) == (words, phrases, without)


def test_the_encoder_reads_what_was_meant() -> None:
    assert read("zwmebad", LEXICON).text == "zwembad"
    assert read("“Zwembad” aan zee -fiets", LEXICON).text == "Zwembad aan zee"


def test_a_known_word_is_not_put_right() -> None:
    assert read("zwembat", LEXICON, known=lambda word: True).corrected == ()


def marked(text: str, *words: str) -> list[str]:
    marker = Marker(Question(groups=tuple(Group(exact=word, prefixes=(word,)) for word in words)))
    return [piece.text for piece in marker.marked(text) if piece.hit]


def test_marks_are_on_whole_words_as_the_text_writes_them() -> None:
    assert marked("Zwémbaden, en het zwembad", "zwembad") == ["Zwémbaden", "zwembad"]
    assert marked("Niets", "zwembad") == []


def test_pieces_make_up_the_text() -> None:
    text = "Een <b>zwembad</b> & meer: zwembaden!"
    pieces = Marker(Question(groups=(Group(exact="zwembad", prefixes=("zwembad",)),))).marked(text)
    assert plain(pieces) == text
    assert Piece("zwembad", hit=True) in pieces


def test_the_fragment_is_where_most_was_found_and_is_bounded() -> None:
    marker = Marker(Question(groups=(Group("fiets"), Group("kaart"))))
    text = "Een fiets. " + "Woord " * 60 + ". Fiets op kaart. Einde."
    assert plain(marker.fragment(text)).startswith("… Fiets op kaart.")
    long = "woord " * 200 + "kaart " + "woord " * 200
    found = plain(marker.fragment(long))
    assert "kaart" in found
    assert len(found) < 260
    assert marker.fragment("") == ()
