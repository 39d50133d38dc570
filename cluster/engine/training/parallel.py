"""Parallel sentences, joined on their Dutch side so that every language gets the English sentence as its target."""

import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from cluster.engine.training.sources import KINDS, source

LANGUAGES: Final = ("nl", "en", "fr", "de")
# English needs little: the layers come from an English model and only have to keep it.
LANGUAGE_WEIGHT: Final = {"nl": 1.0, "fr": 1.0, "de": 1.0, "en": 0.25}
HELD_OUT_ONE_IN: Final = 200

Pair = tuple[str, str, str]  # source name, foreign text, Dutch text


@dataclass
class Parallel:
    """Training rows and a development split that shares no Dutch sentence with them.

    Row ``i`` says: the vector of ``texts[i]`` should be the teacher's vector of ``english[targets[i]]``.
    ``weights[i]`` is its relative chance of being drawn. ``dev[language]`` holds (foreign, Dutch) pairs.
    """

    texts: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    english: list[str] = field(default_factory=list)
    dev: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def chances(self) -> npt.NDArray[np.float64]:
        """Return the probability of each row, shape (n,), summing to one."""
        weights = np.asarray(self.weights, dtype=np.float64)
        return np.asarray(weights / weights.sum(), dtype=np.float64)


def key(text: str) -> str:
    """Return the text without case and punctuation: two texts with one key count as the same sentence."""
    return re.sub(r"\W+", " ", text.lower()).strip()


def read_pairs(folder: Path, language: str, kinds: Collection[str] = KINDS) -> Iterator[Pair]:
    """Yield every pair of ``*.<language>-nl.tsv`` whose source has one of these kinds of licence, in file order."""
    for file in sorted(folder.glob(f"*.{language}-nl.tsv")):
        name = file.name.partition(".")[0]
        if source(name).kind not in kinds:
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            foreign, tab, dutch = line.partition("\t")
            if tab and foreign.strip() and dutch.strip():
                yield name, foreign.strip(), dutch.strip()


def held_out(dutch: str) -> bool:
    """Say whether a sentence belongs to the development split: stable, whatever the seed and the files."""
    return zlib.crc32(key(dutch).encode()) % HELD_OUT_ONE_IN == 0


def kept(dutch: str, weight: float) -> bool:
    """Say whether a sentence of a source with this weight is read at all: below one, that share of the source is.

    The choice depends on the Dutch sentence alone, so that it is kept or left out in every language together.
    """
    return zlib.crc32(b"kept " + key(dutch).encode()) % 1000 < 1000 * weight


def length_weight(text: str) -> float:
    """Return how much a text counts: labels of one or two words teach vocabulary, sentences teach meaning."""
    words = text.count(" ") + 1
    return 0.25 if words < 3 else 0.6 if words < 6 else 1.0


def read(folder: Path, *, kinds: Collection[str] = KINDS, never: Collection[str] = ()) -> Parallel:
    """Read a folder of parallel sentences.

    Parameters
    ----------
    folder : Path
        Holds ``*.en-nl.tsv``, ``*.fr-nl.tsv`` and ``*.de-nl.tsv``: foreign text, tab, Dutch text.
    kinds : collection of str
        The kinds of licence to read, see :mod:`cluster.engine.training.sources`.
    never : collection of str
        Sentences of a development set; a pair with one of them on either side is left out.
    """
    forbidden = {key(text) for text in never}
    out = Parallel(dev={language: [] for language in LANGUAGES[1:]})
    numbers: dict[str, int] = {}
    english_of: dict[str, int] = {}
    seen: set[tuple[str, str]] = set()

    def add(text: str, language: str, target: int, weight: float) -> None:
        if (language, text) not in seen:
            seen.add((language, text))
            out.texts.append(text)
            out.languages.append(language)
            out.targets.append(target)
            out.weights.append(weight * LANGUAGE_WEIGHT[language] * length_weight(text))

    for language in ("en", "fr", "de"):
        for name, foreign, dutch in read_pairs(folder, language, kinds):
            if held_out(dutch):
                out.dev[language].append((foreign, dutch))
                continue
            if forbidden and (key(dutch) in forbidden or key(foreign) in forbidden):
                continue
            if not kept(dutch, source(name).weight):
                continue
            weight = max(1.0, source(name).weight)
            if language == "en":
                number = numbers.setdefault(foreign, len(numbers))
                english_of.setdefault(key(dutch), number)
                add(dutch, "nl", number, weight)
                add(foreign, "en", number, weight)
            elif (found := english_of.get(key(dutch))) is not None:
                add(foreign, language, found, weight)
            else:
                continue
            out.used[name] = out.used.get(name, 0) + 1
    out.english = list(numbers)
    return out
