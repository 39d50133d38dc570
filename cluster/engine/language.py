"""The language of a text: Dutch, French, English or German."""

from functools import cache
from typing import Any

LANGUAGES = ("nl", "fr", "en", "de")


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def language_of(text: str) -> str:
    """The most likely of the four languages; Dutch when a text is too short or too mixed to tell."""
    if len(text) < 20:
        return "nl"
    found, certainty = _identifier().classify(text[:2_000])
    return str(found) if certainty >= 0.8 else "nl"
