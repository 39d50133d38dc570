"""The lexicon: the words of all texts, and what else a searched word may stand for.

Everything is learnt from the texts themselves: other forms by a light stem, compounds both ways, and misspellings by
an index of letter pairs, so that a hundred thousand words answer in milliseconds.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

# What joins the parts of a Dutch compound: 'omgevingsvergunning', 'boekenkast', 'zonnepaneel'.
_LINKS = ("", "s", "e", "en", "n")
# Small words that stand in compounds without naming anything, and would split what is none ('over-eenkomst').
_NO_PART = frozenset(
    """aan achter alle als altijd ander beter bij binnen boven buiten dan dat deel deze die door een elk elke end enig
    ere erg gaan geen gem goed haar heden heel het hier hun iets ingen kan ken kens laat lang langs lijk lijke loos
    maar meer mee men met mij naar nen niet nog nodig nooit omdat onder ook open over per raat rij samen sel ser ste
    steeds ten ter tegen toe tot tussen twee uit van veel vele ver voor vrij waar want was wat wel wie zelf zijn zoals
    zonder""".split()  # noqa: SIM905 - a list to read
)
_ENDINGS = (
    ("isering", "is", 7), ("iseren", "is", 7), ("isatie", "is", 7), ("eringen", "", 5), ("ering", "", 5),
    ("eren", "", 5), ("eerde", "", 5), ("aties", "", 5), ("atie", "", 5), ("heden", "heid", 4), ("ingen", "", 4),
    ("ements", "ement", 4), ("ing", "", 4), ("ies", "ie", 4), ("aux", "al", 4), ("en", "", 3), ("es", "e", 4),
    ("ed", "", 4), ("s", "", 4), ("x", "", 4), ("e", "", 4),
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_FORMS_AT_MOST = 24
_COMPOUNDS_AT_MOST = 24


@lru_cache(maxsize=200_000)
def normal(word: str) -> str:
    """The folded word with doubled letters once: 'straat' and 'straten' both begin with 'strat'."""
    return re.sub(r"(.)\1+", r"\1", word)


@lru_cache(maxsize=200_000)
def bare(word: str) -> str:
    """The word without the endings of plurals, verbs and adjectives: 'inschrijvingen' and 'inschrijven' meet."""
    changed = True
    while changed:
        changed = False
        for ending, instead, at_least in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) + len(instead) >= at_least and ending != instead:
                word, changed = word[: -len(ending)] + instead, ending != "heden"
                break
    return word


@lru_cache(maxsize=200_000)
def key(word: str) -> str:
    """What the forms of a word share: 'huis' and 'huizen', 'zaal' and 'zalen', 'digitaal' and 'digitale'."""
    short = normal(bare(word))
    return short[:-1] + {"v": "f", "z": "s"}.get(short[-1], short[-1]) if short else short


def distance(a: str, b: str, *, at_most: int) -> int:
    """How many letters were changed, left out, added or exchanged with their neighbour; at_most + 1 when more.

    The optimal string alignment distance (Damerau 1964).
    """
    if abs(len(a) - len(b)) > at_most:
        return at_most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > at_most:
            return at_most + 1
    return min(row[-1], at_most + 1)


class Lexicon:
    """The words of all texts, each with the number of texts that have it; never changed once made."""

    def __init__(self, documents: Mapping[str, int]) -> None:
        """Take folded words with their number of texts."""
        words = sorted(word for word in documents if 1 < len(word) <= 60 and _WORD.fullmatch(word))
        self._words = words
        self._documents = {word: documents[word] for word in words}
        self._until = np.concatenate([[0], np.cumsum([self._documents[word] for word in words], dtype=np.int64)])

    def __len__(self) -> int:
        return len(self._words)

    def documents(self, word: str) -> int:
        """In how many texts this word stands."""
        return self._documents.get(word, 0)

    def beginning(self, prefix: str) -> int:
        """How often texts have a word that begins so, counted once per word and text."""
        first, after = bisect_left(self._words, prefix), bisect_left(self._words, prefix + "\uffff")
        return int(self._until[after] - self._until[first])

    def inflections(self, word: str) -> list[str]:
        """Other forms of the same word, most frequent first."""
        return self._often([one for one in self._of_key(key(word)) if one != word])

    def forms(self, word: str) -> list[str]:
        """Other forms of a word, then words that begin with its stem; each most frequent first."""
        same = self.inflections(word)
        longer = []
        start = normal(bare(word))
        if len(start) >= 5:
            known = {word, *same}
            longer = [one for one in self._between(self._normals, start) if one not in known]
        return (same + self._often(longer))[:_FORMS_AT_MOST]

    def compounds(self, word: str) -> list[str]:
        """Compounds that have a word inside or at the end, most frequent first: 'aanvraag' in 'vergunningsaanvraag'."""
        if len(word) < 4:
            return []
        found: dict[str, None] = {}
        for form in {word, *(one for one in self._of_key(key(word)) if len(one) >= 4)}:
            for whole, at in self._containing(form):
                before, behind = whole[:at], whole[at + len(form) :]
                # What a long word ends with is a compound of it, even where the rest is no word by itself.
                joined = self._joins(before, whole) or (len(form) >= 6 and len(before) >= 3 and not behind)
                if joined and (not behind or self._ends(behind)):
                    found[whole] = None
        return self._often(list(found))[:_COMPOUNDS_AT_MOST]

    def split(self, word: str) -> tuple[str, ...]:
        """The parts of a compound, the fewest and most frequent that make it up; none if none do."""
        if len(word) < 8 or not word.isalpha():
            return ()
        best: dict[int, tuple[int, float, tuple[str, ...]] | None] = {}

        def rest(at: int) -> tuple[int, float, tuple[str, ...]] | None:
            if at == len(word):
                return 0, 0.0, ()
            if at not in best:
                best[at] = None
                options = []
                for end in range(at + 4, len(word) + 1):
                    part = word[at:end]
                    begins = end < len(word) and not self.documents(word) and self._begins(part, word)
                    worth = self._part(part) or (0.3 if begins else 0.0)
                    if end - at == len(word) or not worth:
                        continue
                    for link in _LINKS if end < len(word) else ("",):
                        if word.startswith(link, end) and (after := rest(end + len(link))):
                            if link and end + len(link) == len(word):
                                continue
                            options.append((after[0] + 1, after[1] - worth, (part, *after[2])))
                best[at] = min(options, default=None)
            return best[at]

        found = rest(0)
        return found[2] if found and 1 < found[0] <= 4 else ()

    def ends(self, word: str) -> list[str]:
        """The longest word that a compound begins with, and the longest that it ends with, if they are known."""
        lengths = range(len(word) - 3, 4, -1)
        first = next((word[:size] for size in lengths if self._part(word[:size]) >= 1), None)
        last = next((word[-size:] for size in lengths if self._part(word[-size:]) >= 1), None)
        return [one for one in (first, last) if one]

    def corrections(self, word: str, *, at_most: int = 2) -> list[str]:
        """Words of the texts that a misspelt one may have meant: nearest first, the most frequent of equals."""
        if len(word) < 4 or not word.isalpha():
            return []
        reach = 1 if len(word) < 7 else 2
        near = [
            (steps, one[0] != word[0], -self._documents[one], one)
            for one in self._alike(word, reach)
            if (steps := distance(word, one, at_most=reach)) <= reach and one != word
        ]
        if not near:
            return []
        near.sort()
        steps, _, most, _ = near[0]
        return [one for away, _, often, one in near if away == steps and often * 5 <= most][:at_most]

    def corrected_compound(self, word: str) -> tuple[str, ...]:
        """The parts of a compound with a mistake in one of them, put right; none when that leads nowhere."""
        if len(word) < 9 or not word.isalpha():
            return ()
        for at in range(4, len(word) - 3):
            head, tail = word[:at], word[at:]
            if self._part(head):
                for link in _LINKS:
                    if tail.startswith(link) and (put := self.corrections(tail[len(link) :], at_most=1)):
                        return head, put[0]
            if self._part(tail) and not self.beginning(head) and (put := self.corrections(head, at_most=1)):
                return put[0], tail
        return ()

    def _part(self, part: str) -> float:
        """How likely this is a part of compounds: 0 when it is not."""
        if part in _NO_PART or len(part) < 4:
            return 0.0
        if count := self._documents.get(part, 0):
            return 1.0 + float(np.log(count))
        return 0.5 if len(part) >= 5 and any(len(form) >= 5 for form in self._of_key(key(part))) else 0.0

    def _begins(self, part: str, whole: str) -> bool:
        """Whether other words begin so, as 'parkeer' does in 'parkeerverbod' without being a word of its own."""
        return len(part) >= 5 and part not in _NO_PART and self.beginning(part) > self.documents(whole)

    def _joins(self, before: str, whole: str) -> bool:
        """Whether what stands before a word in a compound is a word, with or without a link."""
        return any(
            before.endswith(link) and (self._part(before[: len(before) - len(link)]) or self.split(before))
            for link in _LINKS
        ) or (len(before) >= 4 and self.beginning(before) > self._documents[whole])

    def _ends(self, behind: str) -> bool:
        """Whether what stands behind a word is an ending, or another word."""
        return behind in {"s", "e", "n", "en", "es"} or any(
            behind.startswith(link) and self._part(behind[len(link) :]) for link in _LINKS
        )

    def _often(self, words: Sequence[str]) -> list[str]:
        return sorted(words, key=lambda word: (-self._documents[word], word))

    @cached_property
    def _keys(self) -> tuple[list[str], list[str]]:
        pairs = sorted((key(word), word) for word in self._words)
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    @cached_property
    def _normals(self) -> tuple[list[str], list[str]]:
        pairs = sorted((normal(word), word) for word in self._words)
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _of_key(self, stem: str) -> list[str]:
        keys, words = self._keys
        return words[bisect_left(keys, stem) : bisect_left(keys, stem + "\0")]

    def _between(self, lists: tuple[list[str], list[str]], prefix: str) -> list[str]:
        return lists[1][bisect_left(lists[0], prefix) : bisect_left(lists[0], prefix + "\uffff")]

    @cached_property
    def _joined(self) -> tuple[str, Index]:
        """All words, each between line feeds, and where each begins."""
        lengths = np.array([len(word) + 1 for word in self._words], dtype=np.int64)
        return "\n" + "\n".join(self._words) + "\n", np.concatenate([[1], 1 + np.cumsum(lengths)])

    def _containing(self, part: str) -> Iterator[tuple[str, int]]:
        """Words that have a part elsewhere than at their beginning, with the place where it begins."""
        joined, starts = self._joined
        at = joined.find(part)
        while at >= 0:
            number = int(np.searchsorted(starts, at, side="right")) - 1
            if at > starts[number]:
                yield self._words[number], at - int(starts[number])
            at = joined.find(part, at + 1)

    @cached_property
    def _pairs(self) -> tuple[Index, Index, Index]:
        """For each pair of letters the words that have it, as one array with where each pair begins; and lengths."""
        codes = _codes(self._joined[0])
        owner = np.cumsum(codes == 0) - 1
        pairs = codes[:-1] * 32 + codes[1:]
        order = np.argsort(pairs, kind="stable")
        starts = np.searchsorted(pairs[order], np.arange(32 * 32 + 1))
        lengths = np.array([len(word) for word in self._words], dtype=np.int64)
        return owner[:-1][order], starts, lengths

    def _alike(self, word: str, reach: int) -> list[str]:
        """Words that share so many pairs of letters with this one that they may be within reach; at most 200."""
        if not self._words:
            return []
        owners, starts, lengths = self._pairs
        codes = _codes(f"\n{word}\n")
        asked = np.unique(codes[:-1] * 32 + codes[1:])
        # A word may have a pair twice, which then counts twice: it only lets in a few more.
        having = np.concatenate([owners[starts[pair] : starts[pair + 1]] for pair in asked])
        shared = np.bincount(having, minlength=len(self._words))
        fits = (shared >= max(len(word) + 1 - 3 * reach, 2)) & (np.abs(lengths - len(word)) <= reach)
        among = np.flatnonzero(fits)
        order = among[np.argsort(-shared[among], kind="stable")][:200]
        return [self._words[at] for at in order]


def _codes(text: str) -> Index:
    """A number below 32 for each letter; 0 for a line feed."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    return np.where(codes == 10, 0, np.where((codes >= 97) & (codes <= 122), codes - 96, 27 + codes % 5))
