"""Texts as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.engine.language import language_of
from cluster.engine.texts import clean, one_line, readable


def test_control_characters_go_and_lines_stay() -> None:
    assert clean(" a\x00b\x0cc\r\nd\re\n ") == "abc\nd\ne"
    assert one_line("een\n\n  titel\twaar") == "een titel waar"


def test_emoji_html_and_accents_stay_as_typed() -> None:
    assert clean("<b>café</b> 👩‍🏫 e\u0301") == "<b>café</b> 👩‍🏫 é"


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    clean(text).encode()


def test_another_encoding_is_noticed() -> None:
    assert not readable("caf\xe9".encode("latin-1").decode("utf8", "replace"))


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("nl", "We zoeken een manier om het zwembad online te laten reserveren."),
        ("fr", "Nous cherchons une façon de réserver la piscine en ligne."),
        ("en", "We are looking for a way to book the swimming pool online."),
        ("de", "Wir suchen einen Weg, das Schwimmbad online zu buchen."),
        ("nl", "ok"),
        ("nl", ""),
    ],
)
def test_the_language_of_a_text(lang: str, text: str) -> None:
    assert language_of(text) == lang
