"""What changed between two texts, word by word."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Longer passages than this many words are shown as a whole: the first one out, the second one in.
_WORDS_AT_MOST = 4_000
# A passage that keeps less than this of its words reads better as a whole, too.
_KEPT_AT_LEAST = 0.3
_TOKEN = re.compile(r"\n|[^\s]+[^\S\n]*|[^\S\n]+")
_WORD = re.compile(r"\w+")


class Fate(StrEnum):
    """What became of a passage."""

    KEPT = "kept"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Passage:
    """Some words in a row with the same fate."""

    fate: Fate
    text: str


def passages(before: str, after: str) -> list[Passage]:
    """What was kept, left out and added, in reading order.

    The kept and gone passages together are `before`, the kept and new ones `after`, but for blanks at the end of words.
    Lines are compared first, then the words of the lines that differ (difflib, after Ratcliff and Obershelp).
    """
    found: list[Passage] = []
    for passage in _by_lines(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        if not passage.text:
            continue
        if found and found[-1].fate is passage.fate:
            found[-1] = Passage(passage.fate, found[-1].text + passage.text)
        else:
            found.append(passage)
    return found


def share_changed(before: str, after: str) -> float:
    """The share of the words that changed, from 0 (none) to 1 (all); capitals, punctuation and order do not count."""
    old, new = (Counter(_WORD.findall(text.casefold())) for text in (before, after))
    longest = max(old.total(), new.total())
    return 1 - (old & new).total() / longest if longest else 0.0


def _by_lines(old: list[str], new: list[str]) -> Iterator[Passage]:
    lines = SequenceMatcher(None, old, new)
    for what, start, end, new_start, new_end in lines.get_opcodes():
        gone, added = "".join(old[start:end]), "".join(new[new_start:new_end])
        if what == "equal":
            yield Passage(Fate.KEPT, added)
        else:
            yield from _by_words(gone, added)


def _by_words(gone: str, added: str) -> Iterator[Passage]:
    old, new = _TOKEN.findall(gone), _TOKEN.findall(added)
    words = SequenceMatcher(None, [token.rstrip(" \t") for token in old], [token.rstrip(" \t") for token in new])
    if max(len(old), len(new)) > _WORDS_AT_MOST or words.ratio() < _KEPT_AT_LEAST:
        yield from (Passage(Fate.GONE, gone), Passage(Fate.NEW, added))
        return
    for what, start, end, new_start, new_end in words.get_opcodes():
        if what == "equal":
            # Of the blanks after a word the longer ones: what follows may stand in one of the texts alone.
            pairs = zip(old[start:end], new[new_start:new_end], strict=True)
            yield Passage(Fate.KEPT, "".join(max(pair, key=len) for pair in pairs))
        else:
            yield Passage(Fate.GONE, "".join(old[start:end]))
            yield Passage(Fate.NEW, "".join(new[new_start:new_end]))
