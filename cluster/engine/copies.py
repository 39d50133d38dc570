"""Near-copies: a text posted again with a few words changed, mistyped, or in another municipality's name."""

import random
import re
from collections.abc import Sequence
from enum import StrEnum

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"[^\W\d_]{4,}")


class Change(StrEnum):
    """How a copy differs."""

    EDITED = "edited"
    MISTYPED = "mistyped"
    ELSEWHERE = "elsewhere"


def copy(
    title: str, description: str, *, change: Change, place: str, places: Sequence[str], seed: int
) -> tuple[str, str]:
    """Title and description of a near-copy; the same seed always gives the same one.

    *Edited* drops a sentence (of a text of three or more) or one word in twelve, and opens the title differently;
    *mistyped* slips in one long word out of ten; *elsewhere* puts another of `places` where the text names `place`, or
    in front.
    """
    chance = random.Random(f"{seed} {change}")  # noqa: S311 - nothing secret
    if change is Change.MISTYPED:
        return _mistyped(title, chance, at_least=1), _mistyped(description, chance, at_least=2)
    if change is Change.ELSEWHERE:
        other = chance.choice([one for one in places if one != place] or ["Elders"])
        if place and place in f"{title} {description}":
            return title.replace(place, other), description.replace(place, other)
        return title, f"{other} stelt dit voor. {description}"
    return f"Voorstel: {title[:1].lower()}{title[1:]}", _shorter(description, chance)


def _mistyped(text: str, chance: random.Random, *, at_least: int) -> str:
    words = list(_WORD.finditer(text))
    picked = chance.sample(words, min(len(words), max(at_least, len(words) // 10)))
    for word in sorted(picked, key=lambda one: -one.start()):
        at = word.start() + chance.randrange(1, len(word[0]) - 2)
        # Two letters change places, or one is left out.
        slip = text[at + 1] + text[at] if chance.random() < 0.5 else text[at + 1]
        text = text[:at] + slip + text[at + 2 :]
    return text


def _shorter(text: str, chance: random.Random) -> str:
    sentences = _SENTENCE_END.split(text)
    if len(sentences) >= 3:
        del sentences[chance.randrange(len(sentences))]
        return " ".join(sentences)
    words = text.split()
    gone = set(chance.sample(range(len(words)), len(words) // 12))
    return " ".join(word for at, word in enumerate(words) if at not in gone)
