"""Areas: the second level, groups that are related though their needs differ, and what such an area is called."""

from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cluster.engine import grouping, neighbours, terms
from cluster.engine.encoder import Vectors
from cluster.engine.grouping import ALONE, Pairs
from cluster.engine.proposals import Text, in_one_language
from cluster.engine.relations import Relations

Places = NDArray[np.int64]

# From which P(same need or related), at the mean cosine and overlap of their items, groups share an area. Chosen on the
# development ideas: their thirty topics make eight areas with 12 of the 22 pairs that are known to be related, and five
# topics stay alone. At half of it one area holds eighteen topics, at twice 23 stay alone.
RELATED_AT_LEAST = 0.06
_NEIGHBOURS = 20
# So many items of each group are read for the name.
_READ = 3


def areas(
    groups: Sequence[Places],
    texts: Sequence[Text],
    vectors: Vectors,
    weights: csr_array,
    *,
    fitted: Relations | None,
    must: Pairs = grouping.NO_PAIRS,
    cannot: Pairs = grouping.NO_PAIRS,
    places: Set[str] = frozenset(),
) -> list[str | None]:
    """The name of the area that each group is in; none for a group without related ones, and none at all unfitted.

    The same groups always give the same areas, in whatever order they come.

    Parameters
    ----------
    groups : sequence of int arrays — the places of each group's items, one or more
    texts, vectors, weights : of all n items; rows as in `proposals.propose`
    must, cannot : ndarray of shape (k, 2), int — pairs of groups that people judged related, and not related
    places : folded words that are no terms

    Returns
    -------
    list of length len(groups) — groups with one name are in one area
    """
    if fitted is None or not groups:
        return [None] * len(groups)
    means, words = _means(groups, vectors, weights)
    edges = neighbours.by_meaning(means, at_most=_NEIGHBOURS)
    labels = grouping.group(
        edges,
        fitted.same_or_related(neighbours.cosines(means, edges), neighbours.overlaps(words, edges)),
        n=len(groups),
        at_least=RELATED_AT_LEAST,
        must=must,
        cannot=cannot,
        keys=[int(group.min()) for group in groups],
    ).labels
    names = _names(labels, groups, texts, places)
    return [None if label == ALONE else names[label] for label in labels.tolist()]


def _means(groups: Sequence[Places], vectors: Vectors, weights: csr_array) -> tuple[Vectors, csr_array]:
    """The mean rows of each group: the product of two of them is the mean over the pairs of their items."""
    sizes = np.array([len(group) for group in groups])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    shares = csr_array(
        (np.repeat(1.0 / sizes, sizes), np.concatenate(groups), starts), shape=(len(groups), len(vectors))
    )
    return (shares @ vectors).astype(np.float32), (shares @ weights).tocsr()


def _names(labels: Places, groups: Sequence[Places], texts: Sequence[Text], places: Set[str]) -> list[str]:
    """A readable name for each area: of its terms, else the title that stands first."""
    read = sorted(
        (int(item), label) for group, label in zip(groups, labels.tolist(), strict=True) for item in group[:_READ]
    )
    chosen, of = [texts[item] for item, _ in read], np.array([label for _, label in read], dtype=np.int64)
    found = []
    for label, key_terms in enumerate(terms.key_terms(in_one_language(chosen, of), of, ignore=places)):
        titles = [chosen[at].title for at in np.flatnonzero(of == label)]
        found.append(terms.name_of(key_terms, titles) or titles[0])
    return found
