"""Every language that readers may choose is complete."""

import pytest
from babel.messages.catalog import Message

from tests import translations


@pytest.mark.parametrize("language", translations.languages())
def test_no_text_is_missing_unused_unclear_or_without_its_places(language: str) -> None:
    assert translations.faults(language) == []


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("Zoek %(what)s", "Search %(that)s", "other placeholders"),
        ("Zoek %(what)s", "Search", "other placeholders"),
        ("Hoogstens %(share)s %% subsidie", "At most %(share)s % subsidy", "other placeholders"),
        ("Halve prijs", "50 % off", "other placeholders"),
        (("%(num)s idee", "%(num)s ideeën"), ("one idea", "%(num)s ideas"), "other placeholders"),
        (("%(num)s idee", "%(num)s ideeën"), ("%(num)s idea", ""), "empty"),
        ("Zoek", "", "empty"),
    ],
)
def test_a_text_that_would_break_a_page_is_a_fault(
    key: str | tuple[str, str], text: str | tuple[str, str], fault: str
) -> None:
    assert translations.fault(Message(key, text)) == fault


def test_a_guess_is_a_fault_until_somebody_looked() -> None:
    assert translations.fault(Message("Zoek", "Search", flags=["fuzzy"])) == "unclear (fuzzy)"
    assert translations.fault(Message("Zoek", "Search")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Quoi?",
        "Quoi ?",
        "Lieu: ici",
        "Lieu : ici",
        "« Nous aussi »",
        "«\u00a0Nous aussi»",
        "Oui!",
        "a; b",
        "80 %%",
        "5 €",
    ],
)
def test_a_french_text_that_may_break_before_its_punctuation_is_a_fault(text: str) -> None:
    assert "does not break" in str(translations.fault(Message("Wat", text), "fr"))
    assert "does not break" not in str(translations.fault(Message("Wat", text), "en"))


def test_a_french_text_with_spaces_that_do_not_break_is_right() -> None:
    text = "Lieu\u00a0: «\u00a0ici\u00a0» à 23:59, https://a.be\u00a0; quoi\u202f? 80\u00a0%%"
    assert translations.fault(Message("80 %%", text), "fr") is None


@pytest.mark.parametrize("line", ['<b>{{ _("Trekker") }}:</b> x', "<a>x</a>: y", "“{{ name }}”", "{% endif %}; "])
def test_punctuation_outside_a_text_is_found(line: str) -> None:
    assert translations.loose(line) == [line]


def test_no_template_has_punctuation_outside_a_text() -> None:
    assert translations.loose('{{ _("Trekker") }}{{ _(":") }} {{ at }}, {{ by }}.') == []
    assert translations.outside() == []
