"""Words: how much two texts share of what is rare, and which words those are."""

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]{2,}|\d{3,}")

# Words that say nothing about a need: function words of four languages, and what every municipality writes.
_STOP_WORDS = """
de het een en van in op te dat die is zijn was met voor niet aan om er ook als dan maar door over bij uit
naar tot wij we ons onze je jij jullie hun hen zij ze hij haar hem deze dit daar hier wat wie welke hoe waar
wanneer kan kunnen wil willen moet moeten zal zullen wordt worden werd hebben heeft had of nog al meer veel
zo toch via per elk elke alle geen iets iemand men onder tussen tegen zonder binnen na sinds tijdens omdat
zodat waarbij kreeg steun oproep eerste gemeente gemeenten stad steden bestuur besturen lokale lokaal
inwoner inwoners burger burgers dienst diensten digitaal digitale loket samen project idee nieuwe graag
zoeken vandaag jaar the and to a for on with that by as are be this an our you your it from or at not have
has can will their they who what how which all more into use using town city municipality municipalities
citizens residents le la les un une des du et au aux pour dans par sur avec que qui est sont nous notre nos
vous votre vos ce cette ces se sa son ses plus ou pas ne leur leurs commune communes ville citoyens
habitants der das den dem ein eine einen einer und oder zu im am vom zum zur mit von bei auf fur nicht ist
sind wir unser unsere sie ihr ihre es werden wird auch nach aus gemeinde gemeinden stadt
"""
STOP = frozenset(_STOP_WORDS.split())


def fold(text: str) -> str:
    """Lower case without diacritics, as the full-text index folds."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


@lru_cache(maxsize=8_192)  # about 6 kB each
def words(text: str) -> frozenset[str]:
    """The telling words of a text, folded."""
    return frozenset(word for word in _WORD.findall(fold(text)) if word not in STOP)


def stem(word: str) -> str:
    """A crude stem that holds for Dutch, German, French and English alike: the first seven letters."""
    return word[:7]


def overlap(a: frozenset[str], b: frozenset[str], *, documents: Mapping[str, int], total: int) -> float:
    """How much of the rare two sets of words share, in [0, 1]: cosine of their idf-weighted stems.

    Parameters
    ----------
    documents : in how many texts a word occurs; a word that is not there counts as occurring once
    total : how many texts there are
    """

    def weights(of: frozenset[str]) -> dict[str, float]:
        found: dict[str, float] = {}
        for word in of:
            idf = math.log((total + 1) / (documents.get(word, 0) + 1)) + 0.1
            found[stem(word)] = max(found.get(stem(word), 0.0), idf)
        return found

    left, right = weights(a), weights(b)
    shared = sum(left[stem_] * right[stem_] for stem_ in left.keys() & right.keys())
    norm = math.sqrt(sum(w * w for w in left.values()) * sum(w * w for w in right.values()))
    return shared / norm if norm else 0.0


def shared_terms(
    a: frozenset[str], b: frozenset[str], *, documents: Mapping[str, int], at_most: int
) -> tuple[str, ...]:
    """The words of `b` whose stem also stands in `a`, rarest first: the first reasons for a match."""
    stems = {stem(word) for word in a}
    best: dict[str, str] = {}
    for word in sorted(b):
        if stem(word) in stems and len(word) > 3:
            best.setdefault(stem(word), word)
    return tuple(sorted(best.values(), key=lambda word: (documents.get(word, 0), word))[:at_most])


def words_of_query(query: str, *, at_most: int = 12) -> list[str]:
    """The words of a search box, in lower case and in their order, each once; stop words only if nothing else is left.

    Diacritics stay: the full-text index folds what it is asked exactly as what it keeps.
    """
    found = list(dict.fromkeys(re.findall(r"[\w\u0300-\u036f]+", unicodedata.normalize("NFC", query.lower()))))
    return [word for word in found if fold(word) not in STOP][:at_most] or found[:at_most]
