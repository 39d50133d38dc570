"""Queries: what people type in a search box, read with the lexicon of the texts that are searched."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from cluster.engine.lexical import STOP, fold
from cluster.engine.lexicon import Lexicon, bare, distance
from models.searches import Group, Question

_WORDS_AT_MOST = 12
# Another form of a word joins as long as a search does not have to weigh more texts than this.
_TEXTS_AT_MOST = 15_000
# “…”, „…”, «…» and "…"; a quote without its other half is no quote.
_QUOTED = re.compile(r'(?P<minus>(?<!\S)[-−])?["“”„«](?P<text>[^"“”„«»]*)["“”»]')
_WITHOUT = re.compile(r"(?<!\S)[-−](?=\w)(\S+)")
_WORD = re.compile(r"[\w\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as it was understood, what was put right in it, and its text for the encoder."""

    question: Question
    corrected: tuple[tuple[str, str], ...]
    text: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(fold(unicodedata.normalize("NFC", text))))


def read(query: str, lexicon: Lexicon, *, known: Callable[[str], bool] = lambda word: False) -> Reading:
    """Read a query: quotes for what must stand so, a minus for what must not, and words with all they may stand for.

    `known` tells whether a word stands in a text by now although the lexicon does not have it yet.
    """
    phrases: list[tuple[str, ...]] = []
    without: list[tuple[str, ...]] = []

    def quoted(match: re.Match[str]) -> str:
        if words := _words(match["text"])[:_WORDS_AT_MOST]:
            (without if match["minus"] else phrases).append(words)
        return " "

    def excluded(match: re.Match[str]) -> str:
        if words := _words(match[1]):
            without.append(words[:_WORDS_AT_MOST])
        return " "

    free = _WITHOUT.sub(excluded, _QUOTED.sub(quoted, query))
    typed = list(dict.fromkeys(_words(free)))
    telling = [word for word in typed if len(word) > 1 and word not in STOP] or (typed if not phrases else [])
    groups, corrected = [], []
    put_right: dict[str, str] = {}
    for word in telling[:_WORDS_AT_MOST]:
        group, meant = _group(word, lexicon, known)
        groups.append(group)
        if meant:
            corrected.append((word, meant))
            put_right[word] = meant
    groups = _joined(groups, lexicon)
    said = " ".join(put_right.get(word, word) for word in typed)
    text = " ".join([*(" ".join(phrase) for phrase in phrases), said]).strip()
    question = Question(
        groups=tuple(groups), phrases=tuple(phrases[:_WORDS_AT_MOST]), without=tuple(without[:_WORDS_AT_MOST])
    )
    # The encoder reads the words as they were typed, diacritics and order kept, unless something was put right.
    plain = re.sub(r"\s+", " ", _WITHOUT.sub(" ", _QUOTED.sub(_kept, query))).strip()
    return Reading(question=question, corrected=tuple(corrected), text=text if put_right else plain)


def _kept(match: re.Match[str]) -> str:
    return " " if match["minus"] else f" {match['text']} "


def _group(word: str, lexicon: Lexicon, known: Callable[[str], bool]) -> tuple[Group, str | None]:
    """A word with all that may be meant by it, and what was put right, if anything."""
    prefixes = [one for one, least in ((word, 3), (bare(word), 5)) if len(one) >= least]
    prefixes = list(dict.fromkeys(prefixes))
    parts = lexicon.split(word)
    forms, compounds = lexicon.forms(word), lexicon.compounds(word)
    meant = None
    corrections: list[str] = []
    if not (lexicon.documents(word) or forms or compounds or parts or lexicon.beginning(word) or known(word)):
        corrections = lexicon.corrections(word)
        if corrections:
            meant = corrections[0]
            forms = [form for one in corrections for form in (one, *lexicon.forms(one)[:8])]
            compounds = lexicon.compounds(meant)
            parts = lexicon.split(meant)
        elif parts := lexicon.corrected_compound(word):
            meant = " ".join(parts)
    elif forms and not lexicon.documents(word) and distance(word, forms[0], at_most=2) <= 2:
        meant = forms[0]
    weight = lexicon.documents(word)
    also: list[str] = []
    for one in dict.fromkeys([*forms, *compounds]):
        if weight + lexicon.documents(one) > _TEXTS_AT_MOST and one not in corrections:
            continue
        weight += lexicon.documents(one)
        also.append(one)
    room = _TEXTS_AT_MOST - lexicon.documents(word)
    prefixes = [one for one in prefixes if lexicon.beginning(one) <= max(room, 0) or not lexicon.documents(word)]
    together = tuple((part, *lexicon.inflections(part)[:8]) for part in parts)
    group_parts = list(dict.fromkeys([*(form for part in together for form in part), *lexicon.ends(word)]))
    longest = max(group_parts, key=len, default="")
    # Parts are only for what no text has, and 'aanvraag' alone is not what 'omgevingsvergunningsaanvraag' asks for.
    if lexicon.documents(word) or forms or compounds:
        group_parts, longest = [], ""
    loose = [longest, *lexicon.inflections(longest)] if 2 * len(longest) >= len(word) else group_parts
    group = Group(
        exact=word,
        also=tuple(also),
        prefixes=tuple(prefixes),
        together=together,
        loosely=tuple(one for one in loose if one),
        put_right=meant or "",
    )
    return group, meant


def _joined(groups: list[Group], lexicon: Lexicon) -> list[Group]:
    """The groups, where two words may also stand as one compound: 'ophaling afval' and 'afvalophaling'."""
    found = list(groups)
    for at, one in enumerate(groups):
        for to, other in enumerate(groups):
            if at == to or len(one.exact) < 3 or len(other.exact) < 3:
                continue
            wholes = tuple(
                whole for link in ("", "s", "e", "en") if lexicon.documents(whole := one.exact + link + other.exact)
            )
            if wholes:
                for place in (at, to):
                    group = found[place]
                    found[place] = replace(group, also=tuple(dict.fromkeys((*group.also, *wholes))))
    return found
