"""Explanations: what is told of a score is the score itself in pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.engine import explanations
from cluster.engine.encoder import Encoder, sentences

TEXTS = [
    "Online een zwembad reserveren. Inwoners boeken zelf een baan. De kassa volgt vanzelf. Enz.",
    "Un rendez-vous à la piscine. Les habitants réservent eux-mêmes. L'accueil ne doit plus répondre au téléphone.",
    "Strooien",
]
LONG = " ".join(f"Dit is zin nummer {number} over het onderhoud van straten en pleinen." for number in range(80))


@pytest.mark.parametrize("text", [*TEXTS, LONG])
def test_the_parts_of_the_sentences_are_the_vector(encoder: Encoder, text: str) -> None:
    (reading,) = encoder.read([text]) or []
    assert list(reading.sentences) == encoder.sentences(text)
    assert len(reading.parts) == len(reading.sentences)
    assert np.allclose(reading.vector, encoder.encode([text])[0], atol=1e-5)
    assert np.allclose(reading.parts.sum(axis=0), reading.vector, atol=1e-5)


def test_texts_read_together_are_read_as_alone(encoder: Encoder) -> None:
    together = encoder.read([*TEXTS, LONG]) or []
    for text, reading in zip([*TEXTS, LONG], together, strict=True):
        (alone,) = encoder.read([text]) or []
        assert np.allclose(alone.parts, reading.parts, atol=1e-4)


def test_an_encoder_that_is_no_mean_of_pieces_explains_too(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_is_mean", False)
    (reading,) = encoder.read([TEXTS[0]]) or []
    assert np.allclose(reading.vector, encoder.encode([TEXTS[0]])[0], atol=1e-5)
    assert reading.parts.shape == (len(encoder.sentences(TEXTS[0])), encoder.dimensions)
    assert np.linalg.norm(reading.parts.sum(axis=0)) == pytest.approx(1, abs=1e-5)


def test_pairs_of_sentences_add_up_to_the_cosine(encoder: Encoder) -> None:
    mine, theirs = (encoder.read(TEXTS[:2]) or [])[:2]
    adds = explanations.by_sentences(mine.parts, theirs.parts)
    assert adds.sum() == pytest.approx(float(mine.vector @ theirs.vector), abs=1e-5)


def test_the_sentences_told_carry_the_score(encoder: Encoder) -> None:
    mine, theirs = (
        "Wij verhuizen. Ons zwembad krijgt een website om een baan te boeken. De tuin krijgt een hek.",
        "De burgemeester is jarig. Reserveer een baan in het zwembad via internet. Er komt taart.",
    )
    told = explanations.pairs(*(reading.parts for reading in encoder.read([mine, theirs]) or []))
    assert (encoder.sentences(mine)[told[0][0]], encoder.sentences(theirs)[told[0][1]]) == (
        "Ons zwembad krijgt een website om een baan te boeken.",
        "Reserveer een baan in het zwembad via internet.",
    )
    assert len({one for one, _ in told}) == len({other for _, other in told}) == len(told)


@settings(deadline=None)
@given(text=st.text(alphabet="ab.!? \n", min_size=1).filter(str.strip), at_most=st.integers(1, 6))
def test_sentences_are_the_text_again(text: str, at_most: int) -> None:
    found = sentences(text, at_most=at_most)
    assert " ".join(found) == " ".join(text.split())
    assert 1 <= len(found) <= at_most
