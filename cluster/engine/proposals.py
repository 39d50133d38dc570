"""Proposals: from texts, vectors and judgements to groups with their key terms, central item and weakest pair."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cluster.engine import grouping, lexical, neighbours, relations, steadiness, terms
from cluster.engine.encoder import Vectors
from cluster.engine.grouping import Contradiction, Labels, Pairs
from cluster.engine.relations import Relations

NEIGHBOURS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Text:
    """What is read of an item."""

    title: str
    body: str
    lang: str

    @property
    def whole(self) -> str:
        """What the encoder and the comparison of words read."""
        return f"{self.title}. {self.body}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One group: its items, the central one first, and for each its fit; the items of its weakest pair."""

    items: tuple[int, ...]
    fits: tuple[float, ...]
    cohesion: float
    weakest: tuple[int, int]
    terms: tuple[str, ...]
    name: str


def propose(
    texts: Sequence[Text],
    vectors: Vectors,
    *,
    fitted: Relations | None,
    must: Pairs,
    cannot: Pairs,
    at_least: float,
    weights: csr_array | None = None,
    places: Set[str] = frozenset(),
    before: Labels | None = None,
) -> tuple[list[Proposal], tuple[Contradiction, ...]]:
    """Groups of items with the same need. The same items in the same order always give the same answer.

    Parameters
    ----------
    texts : sequence of length n — in an order of their own (say, by id), which settles ties
    vectors : ndarray of shape (n, d), float32 — unit rows
    fitted : the weights of the encoder; without, the mean of cosine and overlap stands in for P(same need)
    must, cannot : ndarray of shape (k, 2), int — pairs that people judged
    at_least : float — lowest mean P(same need) at which groups merge
    weights : sparse array of shape (n, w) — from `neighbours.word_weights`; by default of these texts alone
    places : folded words that are no terms
    before : ndarray of shape (n,), int — the proposal that each item is in, -1 for none; it stays, and grows by what is
        new, unless grouping afresh is clearly better

    Returns
    -------
    list of Proposal, by first item — and the contradictions among the judgements
    """
    weights, edges, probabilities = graph(texts, vectors, fitted=fitted, weights=weights)
    found = grouping.group(
        edges,
        probabilities,
        n=len(texts),
        at_least=at_least,
        must=must,
        cannot=cannot,
        before=before,
    )
    joined = {(min(a, b), max(a, b)) for a, b in must.tolist()}
    words = terms.key_terms(in_one_language(texts, found.labels), found.labels, ignore=places)
    groups = found.groups()
    matrices = _matrices(groups, vectors=vectors, weights=weights, fitted=fitted, joined=joined)
    proposals = [
        _proposal(members, matrix, key_terms, texts)
        for members, matrix, key_terms in zip(groups, matrices, words, strict=True)
    ]
    return proposals, found.contradictions


def graph(
    texts: Sequence[Text], vectors: Vectors, *, fitted: Relations | None, weights: csr_array | None = None
) -> tuple[csr_array, Pairs, Floats]:
    """The weights of the words, the pairs of neighbours by meaning or words, shape (m, 2), and P(same need) of each."""
    if weights is None:
        weights = word_weights(texts)
    near = (neighbours.by_meaning(vectors, at_most=NEIGHBOURS), neighbours.by_words(weights, at_most=NEIGHBOURS))
    edges = np.unique(np.concatenate(near), axis=0)
    return weights, edges, same_need(edges, vectors=vectors, weights=weights, fitted=fitted)


def word_weights(texts: Sequence[Text]) -> csr_array:
    """The weights of the words of each text, rare among these texts."""
    return neighbours.word_weights([lexical.words(text.whole) for text in texts])


def questions(
    texts: Sequence[Text],
    vectors: Vectors,
    *,
    fitted: Relations | None,
    must: Pairs,
    cannot: Pairs,
    at_least: float,
    asked: Set[tuple[int, int]],
    at_most: int,
) -> list[tuple[int, int, float]]:
    """The pairs whose answer helps most, with P(same need): those of which the model is least sure.

    Of two groups, and of two texts that people joined with others, one pair is asked: its answer tells of the rest.
    On the development ideas 200 answers lift pairwise F1 from 0.64 to 0.78, 200 answers about random pairs to no more
    than 0.641 (`flask evaluate clusters`).

    Parameters
    ----------
    asked : pairs (a, b), a < b, that people answered or passed over; they are not asked again
    """
    _, edges, probabilities = graph(texts, vectors, fitted=fitted)
    n = len(texts)
    labels = grouping.group(edges, probabilities, n=n, at_least=at_least, must=must, cannot=cannot).labels
    joined = steadiness.connected(must, n=n)
    barred = {frozenset((int(joined[a]), int(joined[b]))) for a, b in cannot.tolist()}
    found: list[tuple[int, int, float]] = []
    told: set[tuple[int, int]] = set()
    for at in np.lexsort((edges[:, 1], edges[:, 0], np.abs(probabilities - 0.5))).tolist():
        a, b = (int(one) for one in edges[at])
        one, other = int(joined[a]), int(joined[b])
        alike = labels[a] == labels[b] != grouping.ALONE
        # Items alone are groups of their own, told apart from the others by a negative number.
        names = [int(labels[end]) if labels[end] != grouping.ALONE else -1 - end for end in (a, b)]
        between = (min(one, other), max(one, other)) if alike else (min(names), max(names))
        if (a, b) in asked or one == other or frozenset((one, other)) in barred or between in told:
            continue
        told.add(between)
        found.append((a, b, float(probabilities[at])))
        if len(found) == at_most:
            break
    return found


def same_need(edges: Pairs, *, vectors: Vectors, weights: csr_array, fitted: Relations | None) -> Floats:
    """P(same need) of each pair, shape (m,)."""
    cosines, overlaps = neighbours.cosines(vectors, edges), neighbours.overlaps(weights, edges)
    if fitted is not None:
        return fitted.same_need(cosines, overlaps)
    scores = [relations.score(cosine, overlap) for cosine, overlap in zip(cosines, overlaps, strict=True)]
    return np.array(scores, dtype=np.float64)


def draw(texts: Sequence[Text], matrix: Floats, *, places: Set[str] = frozenset()) -> Proposal:
    """One group of all these texts, as a person made it.

    Parameters
    ----------
    texts : sequence of length n, at least 2
    matrix : ndarray of shape (n, n), float — P(same need) of each pair
    """
    labels = np.zeros(len(texts), dtype=np.int64)
    words = terms.key_terms(in_one_language(texts, labels), labels, ignore=places)
    return _proposal(np.arange(len(texts)), matrix, words[0], texts)


def _matrices(
    groups: Sequence[NDArray[np.int64]],
    *,
    vectors: Vectors,
    weights: csr_array,
    fitted: Relations | None,
    joined: Set[tuple[int, int]],
) -> list[Floats]:
    """P(same need) of every two members of each group, shape (g, g); 1 for what a person judged the same."""
    ends = [members[np.stack(np.triu_indices(len(members), k=1), axis=1)] for members in groups]
    if not ends:
        return []
    values = same_need(np.concatenate(ends), vectors=vectors, weights=weights, fitted=fitted)
    values[[(a, b) in joined for a, b in np.concatenate(ends).tolist()]] = 1.0
    found, start = [], 0
    for members, pairs in zip(groups, ends, strict=True):
        rows, columns = np.triu_indices(len(members), k=1)
        matrix = np.eye(len(members))
        matrix[rows, columns] = matrix[columns, rows] = values[start : start + len(pairs)]
        found.append(matrix)
        start += len(pairs)
    return found


def _proposal(
    members: NDArray[np.int64], matrix: Floats, key_terms: list[terms.Term], texts: Sequence[Text]
) -> Proposal:
    # Rounded before they are compared and kept: the last bits depend on how a machine adds.
    fits = np.round(grouping.fits(matrix), 3)
    order = np.lexsort((members, -fits))
    pair = grouping.weakest(np.round(matrix, 3))
    assert pair is not None
    items = members[order].tolist()
    titles = [texts[item].title for item in items]
    central = next((item for item in items if texts[item].lang == "nl"), items[0])
    return Proposal(
        items=tuple(items),
        fits=tuple(fits[order].tolist()),
        cohesion=round(float(fits.mean()), 3),
        weakest=(int(members[pair[0]]), int(members[pair[1]])),
        terms=tuple(term.word for term in key_terms),
        name=terms.name_of(key_terms, titles) or texts[central].title,
    )


def in_one_language(texts: Sequence[Text], labels: NDArray[np.int64]) -> list[str]:
    """The texts that terms are taken from: in a group with Dutch texts only those; the title counts twice."""
    dutch = {int(label) for label, text in zip(labels, texts, strict=True) if text.lang == "nl"}
    return [
        f"{text.title}. {text.whole}" if text.lang == "nl" or int(label) not in dutch or label < 0 else ""
        for label, text in zip(labels, texts, strict=True)
    ]
