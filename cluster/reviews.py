"""Reviews: what a coordinator looks at before deciding about a cluster. Computed when asked, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sqlite_utils import Database

import cluster.matches
import data.clusters
import data.judgements
import data.matches
from cluster.engine import grouping, lexical
from cluster.figures import Likeness, Reader, likeness
from cluster.people import must_coordinate
from models.clusters import Cluster, ClusterItem, ItemKey, Judgement
from models.matches import Explanation
from models.people import Member

NEAR_AT_MOST = 6
# Relations from "fits well" on are drawn; of a large cluster the strongest.
DRAWN_AT_LEAST = 0.25
DRAWN_AT_MOST = 40
_CANDIDATES = 30


@dataclass(frozen=True, slots=True)
class Why:
    """Why an item belongs: what it has in common with the member that it is most like, or with the central one."""

    other: ClusterItem
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Near:
    """An item outside a cluster that is much like its members, with its mean P(same need), and where it is now."""

    item: ClusterItem
    fit: float
    held: Cluster | None


@dataclass(frozen=True, slots=True)
class Review:
    """What there is to see of a cluster. Without an encoder, or when nothing was read yet, all of it is empty.

    `weakest` is the pair with the least in common, `relations` are pairs of members, as places in the list of members,
    with their P(same need), strongest first; `leaving` is who would leave in a split.
    """

    why: dict[ItemKey, Why]
    weakest: tuple[ClusterItem, ClusterItem, float, Explanation] | None
    near: tuple[Near, ...]
    relations: tuple[tuple[int, int, float], ...]
    leaving: frozenset[ItemKey]


NOTHING = Review({}, None, (), (), frozenset())


def review(db: Database, *, reader: Reader, member: Member | None, found: Cluster) -> Review:
    """What a coordinator needs to see of a cluster to decide; texts are compared as for suggestions."""
    must_coordinate(member)
    members = [one.key for one in found.members]
    # Compared at once: what is near has to be compared with the members too.
    both = likeness(db, reader=reader, keys=[*members, *_candidates(db, reader, members)])
    count = sum(key in members for key in both.keys)
    # Only the texts are weighed: once a cluster is accepted, everything in it is judged the same.
    read = both.read[:count, :count]
    alike = Likeness(both.keys[:count], both.texts[:count], read, read)
    if count < 2:
        return NOTHING
    items = data.clusters.public(db, keys=alike.keys)
    explain = _Explainer(db, reader, list(items.values()))
    parts = grouping.halves(alike.matrix) if len(alike.keys) > 3 else np.zeros(len(alike.keys))
    pair = grouping.weakest(np.round(alike.matrix, 3))
    assert pair is not None
    weak = (items[alike.keys[pair[0]]], items[alike.keys[pair[1]]])
    return Review(
        why={key: Why(items[other], explain(items[other], items[key])) for key, other in _beside(alike).items()},
        weakest=(*weak, float(alike.matrix[pair]), explain(*weak)),
        near=_near(db, both, count),
        relations=_relations(found, alike),
        leaving=frozenset(key for key, part in zip(alike.keys, parts, strict=True) if part),
    )


def _beside(alike: Likeness) -> dict[ItemKey, ItemKey]:
    """With which member each is compared: all others with the central one, this one with the one most like it."""
    central, others = alike.keys[0], alike.keys[1:]
    most = alike.keys[1 + int(np.argmax(alike.matrix[0, 1:]))]
    return {central: most, **dict.fromkeys(others, central)}


def _relations(found: Cluster, alike: Likeness) -> tuple[tuple[int, int, float], ...]:
    place = {one.key: at for at, one in enumerate(found.members)}
    drawn = [
        (place[alike.keys[a]], place[alike.keys[b]], round(float(alike.matrix[a, b]), 3))
        for a, b in combinations(range(len(alike.keys)), 2)
        if alike.matrix[a, b] >= DRAWN_AT_LEAST
    ]
    return tuple(sorted(drawn, key=lambda one: (-one[2], one[0], one[1]))[:DRAWN_AT_MOST])


def _candidates(db: Database, reader: Reader, members: Sequence[ItemKey]) -> list[ItemKey]:
    """What has the nearest vectors outside, and was not judged apart from any member."""
    if reader.encoder is None:
        return []
    vectors = data.matches.vectors_of(db, items=members, encoder=reader.encoder.name)
    if not vectors:
        return []
    cluster.matches.follow(db, index=reader.index, encoder=reader.encoder)
    centre = np.stack([np.frombuffer(one, dtype=np.float32) for one in vectors.values()]).mean(axis=0)
    hits = reader.index.nearest(centre, at_most=_CANDIDATES + len(members))
    apart = {
        key
        for pair, judgement in data.judgements.about(db, keys=members).items()
        if judgement in (Judgement.DIFFERENT, Judgement.RELATED)
        for key in pair
    }
    return [hit.key for hit in hits if hit.key not in members and hit.key not in apart][:_CANDIDATES]


def _near(db: Database, both: Likeness, count: int) -> tuple[Near, ...]:
    """What fits best of all that follows the first `count`, which are the members."""
    fits = both.matrix[count:, :count].mean(axis=1)
    best = [both.keys[count + at] for at in np.argsort(-fits, kind="stable")[:NEAR_AT_MOST]]
    items, held = data.clusters.public(db, keys=best), data.clusters.live_of(db, keys=best)
    means = dict(zip(both.keys[count:], fits.tolist(), strict=True))
    return tuple(Near(items[key], round(means[key], 3), held.get(key)) for key in best if key in items)


class _Explainer:
    """Tells why two items are alike, from what is kept of how each was read."""

    def __init__(self, db: Database, reader: Reader, items: Sequence[ClusterItem]) -> None:
        self._vocabulary = cluster.matches.read_vocabulary(db, reader.index)
        self._plain = data.matches.plain_words(db)
        assert reader.encoder is not None
        self._words: dict[ItemKey, frozenset[str]] = {}
        texts = {item.key: _whole(item) for item in items}
        self._parts = cluster.matches.parts_of(db, encoder=reader.encoder, texts=texts)

    def __call__(self, mine: ClusterItem, theirs: ClusterItem) -> Explanation:
        """What two items have in common: sentences, and words as the second one writes them."""
        spelling = lexical.as_written(_whole(theirs))
        terms = self._vocabulary.shared(self._telling(mine), self._telling(theirs), at_most=4)
        pairs = cluster.matches.quoted(self._parts.get(mine.key), self._parts.get(theirs.key))
        return Explanation(terms=tuple(spelling.get(term, term) for term in terms), pairs=pairs)

    def _telling(self, item: ClusterItem) -> frozenset[str]:
        """The telling words of an item, read once: the central one is compared with all others."""
        if item.key not in self._words:
            self._words[item.key] = lexical.words(_whole(item)) - self._plain
        return self._words[item.key]


def _whole(item: ClusterItem) -> str:
    return f"{item.title}. {item.body}"
