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
