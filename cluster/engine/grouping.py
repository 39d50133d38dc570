"""Grouping: which items have the same need, from the probabilities of pairs and what people judged."""

import heapq
from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cluster.engine import steadiness

Pairs = NDArray[np.int64]
Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]

ALONE = -1
NO_PAIRS: Pairs = np.zeros((0, 2), dtype=np.int64)
# A share of its members makes a group the heir of an older one; one member in common is a coincidence.
_SHARED_AT_LEAST = 2


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Items that people joined, directly or through others, although `pair` was judged apart."""

    items: tuple[int, ...]
    pair: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Labels of shape (n,), from 0 in the order of the keys, -1 for an item alone; and what could not be obeyed."""

    labels: Labels
    contradictions: tuple[Contradiction, ...] = ()

    def groups(self) -> list[NDArray[np.int64]]:
        """The members of each group, in the order of the labels."""
        count = int(self.labels.max(initial=ALONE)) + 1
        order = np.argsort(self.labels, kind="stable")
        return np.split(order, np.searchsorted(self.labels[order], np.arange(count + 1)))[1:-1]


def group(
    edges: Pairs,
    probabilities: Probabilities,
    *,
    n: int,
    at_least: float,
    must: Pairs = NO_PAIRS,
    cannot: Pairs = NO_PAIRS,
    keys: Sequence[int] | NDArray[np.int64] | None = None,
    before: Labels | None = None,
) -> Grouping:
    """Group items by constrained average linkage (UPGMA; Davidson & Ravi 2005 for the constraints).

    The two groups with the highest mean probability between their items merge, until no mean reaches `at_least`.
    A pair that is no edge counts as 0, so one hub that resembles everybody cannot chain the others together.
    Must-linked items always share a group and cannot-linked ones never do; where the two contradict each other, the
    items concerned stay alone and are reported, for a person to settle.

    Groups that stood `before` stay, and grow by what is new, wherever grouping afresh is not clearly better.

    Parameters
    ----------
    edges : ndarray of shape (m, 2), int — neighbours, in any order; of a pair given twice the highest counts
    probabilities : ndarray of shape (m,), float — P(same need) in [0, 1]
    n : int — number of items, may be 0
    at_least : float — lowest mean probability, in (0, 1], at which two groups merge
    must, cannot : ndarray of shape (k, 2), int — pairs that belong together, and apart
    keys : (n,) distinct ints — tell items apart in ties, so that the order of the input does not matter; by default
        the positions
    before : ndarray of shape (n,), int — the group that each item was in, -1 for none; by default there was none

    Returns
    -------
    Grouping
    """
    by_key = np.argsort(np.arange(n) if keys is None else np.asarray(keys, dtype=np.int64), kind="stable")
    rank = np.empty(n, dtype=np.int64)
    rank[by_key] = np.arange(n)
    # From here on items are ranks: everything below sees one order, whatever the order of the input.
    joined = steadiness.connected(rank[must.reshape(-1, 2)], n=n)
    apart = _sorted_pairs(rank[cannot.reshape(-1, 2)])
    broken = {int(joined[a]): (int(a), int(b)) for a, b in reversed(apart) if joined[a] == joined[b]}
    loose = np.isin(joined, list(broken))
    alone_or_joined = np.where(loose, np.arange(n), joined)
    sorted_edges, values = _highest(rank[edges.reshape(-1, 2)], probabilities)

    def merged(start: Labels) -> Labels:
        return _merge(start, sorted_edges, values, apart=apart, loose=loose, at_least=at_least)

    found = fresh = merged(alone_or_joined)
    if before is not None and (before != ALONE).any():
        stood = np.where(loose, ALONE, before[by_key])
        parted = np.array(apart, dtype=np.int64).reshape(-1, 2)
        found = merged(steadiness.seeds(stood, alone_or_joined, parted))
        free = ~(loose[sorted_edges[:, 0]] | loose[sorted_edges[:, 1]])
        choice = partial(steadiness.steadier, edges=sorted_edges[free], probabilities=values[free], at_least=at_least)
        # Groups of places that were judged apart may now merge. Until none do, or the next run would change them.
        while not np.array_equal(found, after := choice(found, fresh)):
            found = merged(after)
    contradictions = tuple(
        Contradiction(
            items=tuple(int(by_key[item]) for item in np.flatnonzero(joined == root)),
            pair=(int(by_key[pair[0]]), int(by_key[pair[1]])),
        )
        for root, pair in sorted(broken.items())
    )
    return Grouping(labels=_numbered(found)[rank] if n else np.zeros(0, dtype=np.int64), contradictions=contradictions)


def heirs(old: Sequence[Set[Hashable]], new: Sequence[Set[Hashable]]) -> list[int | None]:
    """Which old group each new one continues, by the most members in common; each old one has one heir at most.

    An heir shares at least two members, and at least half of the smaller of the two. Equal claims go to the closest
    in size, then to the first.

    Returns
    -------
    list of length len(new) — a position in `old`, or None for a group that is new
    """
    where: dict[Hashable, list[int]] = {}
    for position, members in enumerate(old):
        for member in members:
            where.setdefault(member, []).append(position)
    claims = []
    for position, members in enumerate(new):
        for before in sorted({found for member in members for found in where.get(member, ())}):
            shared = len(members & old[before])
            if shared >= max(_SHARED_AT_LEAST, min(len(members), len(old[before])) / 2):
                claims.append((-shared, abs(len(members) - len(old[before])), before, position))
    found: list[int | None] = [None] * len(new)
    taken: set[int] = set()
    for _, _, before, position in sorted(claims):
        if before not in taken and found[position] is None:
            found[position] = before
            taken.add(before)
    return found


def fits(matrix: Probabilities) -> Probabilities:
    """How well each item of a group belongs: its mean probability with the others.

    Parameters
    ----------
    matrix : ndarray of shape (g, g), float — P(same need) of each pair; the diagonal is ignored

    Returns
    -------
    ndarray of shape (g,), float — in [0, 1]; 1 for an item without others
    """
    size = len(matrix)
    if size < 2:
        return np.ones(size)
    found: Probabilities = (matrix.sum(axis=1) - np.diagonal(matrix)) / (size - 1)
    return found


def weakest(matrix: Probabilities) -> tuple[int, int] | None:
    """The pair of a group with the lowest probability, the first of equals; none without a pair."""
    rows, columns = np.triu_indices(len(matrix), k=1)
    if len(rows) == 0:
        return None
    lowest = int(np.argmin(matrix[rows, columns]))
    return int(rows[lowest]), int(columns[lowest])


def halves(matrix: Probabilities) -> Labels:
    """The two parts of a group that have least to do with each other, each of two items or more.

    Average linkage until two parts are left; to a part of one the item that fits it best is added.

    Parameters
    ----------
    matrix : ndarray of shape (g, g), float — P(same need) of each pair; g is at least 4

    Returns
    -------
    ndarray of shape (g,), int — 0 for the part of the first item, 1 for the other
    """
    # Loaded only here: every start of the service would wait for it, and few pages need it.
    from scipy.cluster.hierarchy import fcluster, linkage

    rows, columns = np.triu_indices(len(matrix), k=1)
    tree = linkage(1.0 - matrix[rows, columns], method="average")
    labels = fcluster(tree, 2, criterion="maxclust")
    parts: Labels = (labels != labels[0]).astype(np.int64)
    for part in (0, 1):
        if (parts == part).sum() == 1:
            alone = int(np.flatnonzero(parts == part)[0])
            others = np.flatnonzero(parts != part)
            # Not the first item: it names the first part.
            others = others[others != 0]
            parts[others[int(np.argmax(matrix[alone, others]))]] = part
    return parts


def _sorted_pairs(pairs: Pairs) -> list[tuple[int, int]]:
    return sorted({(min(int(a), int(b)), max(int(a), int(b))) for a, b in pairs})


def _highest(edges: Pairs, probabilities: Probabilities) -> tuple[Pairs, Probabilities]:
    """Each pair once, smaller rank first, sorted; loops are dropped."""
    ordered = np.sort(edges, axis=1)
    keep = ordered[:, 0] != ordered[:, 1]
    ordered, values = ordered[keep], np.asarray(probabilities, dtype=np.float64)[keep]
    order = np.lexsort((-values, ordered[:, 1], ordered[:, 0]))
    ordered, values = ordered[order], values[order]
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[first], values[first]


def _merge(
    start: Labels,
    edges: Pairs,
    probabilities: Probabilities,
    *,
    apart: list[tuple[int, int]],
    loose: NDArray[np.bool_],
    at_least: float,
) -> Labels:
    """The group of each item, named by its smallest rank, after all merges.

    `total[g][h]` is the sum of probabilities between two groups. Average linkage is reducible: a mean below the
    bound can only rise by merging with one above it, so only pairs above the bound wait in the heap, and only pairs
    within what those connect are looked at. Entries that a merge made stale are recognised by the versions they carry.
    """
    pairs, sums = _between(start, edges, probabilities, loose=loose, at_least=at_least)
    names = np.unique(pairs)
    size = dict(zip(names.tolist(), np.bincount(start, minlength=len(start))[names].tolist(), strict=True))
    total: dict[int, dict[int, float]] = {name: {} for name in size}
    barred: dict[int, set[int]] = {name: set() for name in size}
    for a, b in apart:
        one, other = int(start[a]), int(start[b])
        if one != other and one in size and other in size:
            barred[one].add(other)
            barred[other].add(one)
    for (one, other), amount in zip(pairs.tolist(), sums.tolist(), strict=True):
        total[one][other] = total[other][one] = amount
    version = dict.fromkeys(size, 0)
    into = {name: name for name in size}
    waiting: list[tuple[float, int, int, int, int]] = []

    def wait(one: int, other: int) -> None:
        mean = total[one][other] / (size[one] * size[other])
        if mean >= at_least and other not in barred[one]:
            low, high = min(one, other), max(one, other)
            heapq.heappush(waiting, (-mean, low, high, version[low], version[high]))

    for one, other in pairs.tolist():
        wait(one, other)
    while waiting:
        _, low, high, version_low, version_high = heapq.heappop(waiting)
        if version.get(low) != version_low or version.get(high) != version_high:
            continue
        into[high] = low
        size[low] += size.pop(high)
        version[low] += 1
        del version[high]
        for other, amount in total.pop(high).items():
            del total[other][high]
            if other != low:
                total[low][other] = total[other][low] = total[low].get(other, 0.0) + amount
        for other in barred.pop(high):
            barred[other].discard(high)
            barred[other].add(low)
            barred[low].add(other)
        for other in sorted(total[low]):
            wait(low, other)
    found = np.arange(len(start))
    found[names] = [_last(into, name) for name in names.tolist()]
    return found[start]


def _between(
    start: Labels, edges: Pairs, probabilities: Probabilities, *, loose: NDArray[np.bool_], at_least: float
) -> tuple[Pairs, Probabilities]:
    """The pairs of groups that merges may come to look at, smaller name first, each with its sum of probabilities."""
    n = len(start)
    ends = np.sort(start[edges], axis=1)
    kept = (ends[:, 0] != ends[:, 1]) & ~loose[edges].any(axis=1)
    codes, place = np.unique(ends[kept, 0] * n + ends[kept, 1], return_inverse=True)
    sums = np.bincount(place, weights=probabilities[kept], minlength=len(codes))
    pairs = np.stack([codes // max(n, 1), codes % max(n, 1)], axis=1)
    sizes = np.bincount(start, minlength=n)
    # A little below the bound: a sum of many may round to the other side of it.
    may = sums >= (at_least - 1e-9) * sizes[pairs[:, 0]] * sizes[pairs[:, 1]]
    place = steadiness.connected(pairs[may], n=n)
    within = place[pairs[:, 0]] == place[pairs[:, 1]]
    return pairs[within], sums[within]


def _last(into: dict[int, int], name: int) -> int:
    while into[name] != name:
        into[name] = into[into[name]]
        name = into[name]
    return name


def _numbered(names: Labels) -> Labels:
    """Labels from 0 in order of appearance; -1 for a name that appears once."""
    _, first, inverse, counts = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    several = counts > 1
    numbers = np.full(len(counts), ALONE, dtype=np.int64)
    numbers[np.flatnonzero(several)[np.argsort(first[several])]] = np.arange(several.sum())
    return numbers[inverse]
