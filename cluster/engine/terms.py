"""Key terms: the words that tell a group of texts from all others."""

import math
import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from cluster.engine.lexical import SAYS_LITTLE, fold, stem

_WORD = re.compile(r"[^\W\d_]{4,}(?:-[^\W\d_]{2,})*|[^\W\d_]{2,3}-[^\W\d_]{2,}(?:-[^\W\d_]{2,})*")

# These tell texts apart, but read badly in a name.
_NO_TERM = SAYS_LITTLE | {
    "aanvragen",
    "automatiseren",
    "begrijpt",
    "beslissen",
    "digitaliseren",
    "loketten",
    "nieuw",
    "online",
    "regelen",
    "toekennen",
}

# Endings of adjectives, which are no name by themselves ('automatische').
_DESCRIBES = ("ische", "tieve", "lijke", "iale", "tale", "uele", "bare")


@dataclass(frozen=True, slots=True)
class Term:
    """A telling word, as most texts of the group write it; `texts` is how many of them have it."""

    word: str
    texts: int
    score: float


def key_terms(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    *,
    at_most: int = 6,
    ignore: Set[str] = frozenset(),
) -> list[list[Term]]:
    """The most telling words of each group, best first.

    c-TF-IDF (Grootendorst 2022): how often a word stands in the group, times log(1 + A / f), where f is how often it
    stands anywhere and A is the mean length of a group; a text alone is a group of its own. Times the share of
    the group's texts that have it, for a term must hold for the group and not for one long text. Words with the
    same stem count as one. Equal scores are ordered by the word.

    Parameters
    ----------
    texts : sequence of str of length n; may be empty strings
    labels : ndarray of shape (n,), int — group of each text from 0, -1 for a text alone
    at_most : int — terms per group
    ignore : folded words that are no terms, such as names of places

    Returns
    -------
    list of length max(labels) + 1 — for each label its terms, which may be none
    """
    bags = [_words(text, ignore) for text in texts]
    roots = [[_root(word) for word in bag] for bag in bags]
    anywhere = Counter(chain.from_iterable(roots))
    groups = int(labels.max(initial=-1)) + 1
    classes = groups + int((labels < 0).sum())
    mean = sum(anywhere.values()) / max(classes, 1)
    rarity = {root: math.log(1 + mean / times) for root, times in anywhere.items()}
    by_label = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[by_label], np.arange(groups + 1))
    found = []
    for start, end in pairwise(starts.tolist()):
        members = by_label[start:end].tolist()
        inside = Counter(chain.from_iterable(roots[member] for member in members))
        spread = Counter(chain.from_iterable(set(roots[member]) for member in members))
        written = Counter(chain.from_iterable(bags[member] for member in members))
        length = max(sum(inside.values()), 1)
        ranked = sorted(
            (-(times / length * rarity[root] * spread[root] / len(members)), root) for root, times in inside.items()
        )
        chosen: dict[str, float] = {}
        for score, root in ranked:
            if len(chosen) == at_most:
                break
            # 'fusiegemeenten' adds little where 'fusie' stands already.
            if not any(root.startswith(one) or one.startswith(root) for one in chosen):
                chosen[root] = -score
        spellings = _spellings(written, chosen.keys())
        terms = [Term(word=spellings[root], texts=spread[root], score=score) for root, score in chosen.items()]
        found.append(terms)
    return found


def name_of(terms: Sequence[Term], titles: Sequence[str], *, at_most: int = 3) -> str | None:
    """A readable name from two or three terms, or none if they are too weak to tell what it is about.

    A term counts if more than one text has it and a title does: what people put in titles reads as a name. Terms
    that follow each other in a title stay together ('virtuele assistent').
    """
    written: dict[str, dict[str, str]] = {}
    for title in titles:
        for word in _WORD.findall(title):
            # 'GIS-operatoren' and 'Zuid-West-Vlaanderen' keep their capitals, the first word of a title does not.
            shown = word if word[1:] != word[1:].lower() else word.lower()
            written.setdefault(_root(word), {}).setdefault(word.lower(), shown)
    words = []
    for term in terms:
        spellings = written.get(_root(term.word), {})
        if term.texts > 1 and spellings:
            words.append(spellings.get(term.word, next(iter(spellings.values()))))
    words = words[:at_most]
    for first, second in permutations(words, 2):
        if any(f"{first} {second}".lower() in title.lower() for title in titles):
            at = min(words.index(first), words.index(second))
            words = [word for word in words if word not in (first, second)]
            words.insert(at, f"{first} {second}")
            break
    words = [word for word in words if " " in word or not word.endswith(_DESCRIBES)]
    if len(" ".join(words).split()) < 2:
        return None
    name = " en ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    return name[0].upper() + name[1:]


@lru_cache(maxsize=100_000)
def _root(word: str) -> str:
    """The stem without the ending of a plural, so that 'premie' and 'premies' are one term."""
    folded = fold(word)
    for ending in ("en", "s"):
        if folded.endswith(ending) and len(folded) - len(ending) >= 4:
            folded = folded[: -len(ending)]
            break
    return stem(folded)


def _words(text: str, ignore: Set[str]) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if (folded := _term(word)) and folded not in ignore]


@lru_cache(maxsize=100_000)
def _term(word: str) -> str | None:
    """The folded word, or none for one that is no term."""
    folded = fold(word)
    return None if folded in _NO_TERM else folded


def _spellings(written: Counter[str], roots: Set[str]) -> dict[str, str]:
    """For each of these stems the word most often written, the shortest of equals."""
    known = [(-times, len(word), word) for word, times in written.items() if _root(word) in roots]
    best: dict[str, str] = {}
    for *_, word in sorted(known):
        best.setdefault(_root(word), word)
    return best
