"""Every language that readers may choose is complete."""

import pytest

import cluster.people
from tests import translations


def test_every_language_has_a_catalogue_but_dutch_which_is_the_key() -> None:
    assert {"nl", *translations.languages()} == set(cluster.people.LOCALES)


@pytest.mark.parametrize("language", translations.languages())
def test_no_text_is_missing_unused_unclear_or_without_its_places(language: str) -> None:
    assert translations.faults(language) == []
