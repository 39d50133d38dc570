"""Near-copies are near, and are no copies."""

import pytest

from cluster.engine.copies import Change, copy

TITLE = "Loketten op afspraak in Genk"
BODY = "Inwoners van Genk wachten te lang. Wij willen afspraken laten maken. Dat scheelt tijd voor iedereen."


@pytest.mark.parametrize("change", Change)
def test_a_copy_differs_a_little_and_always_in_the_same_way(change: Change) -> None:
    title, body = copy(TITLE, BODY, change=change, place="Genk", places=["Genk", "Aalter"], seed=3)
    assert (title, body) == copy(TITLE, BODY, change=change, place="Genk", places=["Genk", "Aalter"], seed=3)
    assert (title, body) != (TITLE, BODY)
    words = set(f"{TITLE} {BODY}".lower().split())
    assert len(words & set(f"{title} {body}".lower().split())) >= 0.6 * len(words)


def test_another_municipality_takes_the_place_of_the_first() -> None:
    title, body = copy(TITLE, BODY, change=Change.ELSEWHERE, place="Genk", places=["Genk", "Aalter"], seed=1)
    assert "Genk" not in title + body
    assert title == "Loketten op afspraak in Aalter"
    _, body = copy("Loketten", "Wachten.", change=Change.ELSEWHERE, place="Genk", places=["Genk", "Aalter"], seed=1)
    assert body.startswith("Aalter ")


def test_short_and_wordless_texts_can_be_copied_too() -> None:
    for change in Change:
        for text in (("", ""), ("Ja", "Nee."), ("ééén", "1234 5678")):
            title, body = copy(*text, change=change, place="", places=[], seed=1)
            assert isinstance(title + body, str)
