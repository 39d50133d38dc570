"""Texts as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.engine import texts
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90000", 9_000_000), ("90.000", 9_000_000), ("90 000", 9_000_000), ("€ 1.250,50", 125_050),
        ("1,250.50", 125_050), ("1250,5", 125_050), ("1250.5", 125_050), ("0", 0), ("10 euro", 1_000), ("", None),
        ("-1", None), ("1.2.3", None), ("1e9", None), ("99999999999999", None),
        ("٣", None), ("1.2345", None), ("EUR 5", 500),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(text: str, found: int | None) -> None:
    assert texts.cents(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("2026-03-29", "2026-03-29"), ("29/3/2026", "2026-03-29"), ("29.03.2026", "2026-03-29"), ("31/02/2026", None),
     ("2026-3-29", None), ("morgen", None), ("", None), ("20260329", None)],
)  # fmt: skip
def test_a_day_is_read_as_browsers_and_belgians_write_it(text: str, found: str | None) -> None:
    day = texts.day(text)
    assert (day.isoformat() if day else None) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("23:59", "23:59"), ("9:05", "09:05"), ("23.59", "23:59"), ("23u59", "23:59"), ("9u", "09:00"), ("12", "12:00"),
     ("23:59:00", "23:59"), ("24:00", None), ("12:60", None), ("noen", None), ("", None)],
)  # fmt: skip
def test_an_hour_is_read_as_browsers_and_belgians_write_it(text: str, found: str | None) -> None:
    hour = texts.hour(text)
    assert (f"{hour:%H:%M}" if hour else None) == found
