"""Grouping: which items have the same need, from the probabilities of pairs and what people judged."""

import heapq
from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        return [np.flatnonzero(self.labels == label) for label in range(count)]


def group(
    edges: Pairs,
    probabilities: Probabilities,
    *,
    n: int,
    at_least: float,
    must: Pairs = NO_PAIRS,
    cannot: Pairs = NO_PAIRS,
    keys: Sequence[int] | NDArray[np.int64] | None = None,
) -> Grouping:
    """Group items by constrained average linkage (UPGMA; Davidson & Ravi 2005 for the constraints).

    The two groups with the highest mean probability between their items merge, until no mean reaches `at_least`.
    A pair that is no edge counts as 0, so one hub that resembles everybody cannot chain the others together.
    Must-linked items always share a group and cannot-linked ones never do; where the two contradict each other, the
    items concerned stay alone and are reported, for a person to settle.

    Parameters
    ----------
    edges : ndarray of shape (m, 2), int — neighbours, in any order; of a pair given twice the highest counts
    probabilities : ndarray of shape (m,), float — P(same need) in [0, 1]
    n : int — number of items, may be 0
    at_least : float — lowest mean probability, in (0, 1], at which two groups merge
    must, cannot : ndarray of shape (k, 2), int — pairs that belong together, and apart
    keys : (n,) distinct ints — tell items apart in ties, so that the order of the input does not matter; by default
        the positions

    Returns
    -------
    Grouping
    """
    by_key = np.argsort(np.arange(n) if keys is None else np.asarray(keys, dtype=np.int64), kind="stable")
    rank = np.empty(n, dtype=np.int64)
    rank[by_key] = np.arange(n)
    # From here on items are ranks: everything below sees one order, whatever the order of the input.
    joined = _components(rank[must.reshape(-1, 2)], n)
    apart = _sorted_pairs(rank[cannot.reshape(-1, 2)])
    broken = {int(joined[a]): (int(a), int(b)) for a, b in reversed(apart) if joined[a] == joined[b]}
    loose = {item for item in range(n) if int(joined[item]) in broken}
    merged = _merge(
        [item if item in loose else int(joined[item]) for item in range(n)],
        *_highest(rank[edges.reshape(-1, 2)], probabilities),
        apart=apart,
        loose=loose,
        at_least=at_least,
    )
    contradictions = tuple(
        Contradiction(
            items=tuple(int(by_key[item]) for item in np.flatnonzero(joined == root)),
            pair=(int(by_key[pair[0]]), int(by_key[pair[1]])),
        )
        for root, pair in sorted(broken.items())
    )
    return Grouping(labels=_numbered(merged)[rank] if n else np.zeros(0, dtype=np.int64), contradictions=contradictions)


def components(pairs: Pairs, *, n: int) -> Labels:
    """What must-links join: the smallest item that each of n items is connected with, itself if with none."""
    return _components(pairs.reshape(-1, 2), n)


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


def _components(pairs: Pairs, n: int) -> Labels:
    """The smallest rank each item is connected with."""
    parent = list(range(n))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in pairs:
        low, high = sorted((root(int(a)), root(int(b))))
        parent[high] = low
    return np.array([root(item) for item in range(n)], dtype=np.int64)


def _merge(
    start: list[int],
    edges: Pairs,
    probabilities: Probabilities,
    *,
    apart: list[tuple[int, int]],
    loose: set[int],
    at_least: float,
) -> list[int]:
    """The group of each item, named by its smallest rank, after all merges.

    `total[g][h]` is the sum of probabilities between two groups. Average linkage is reducible: a mean below the
    bound can only rise by merging with one above it, so only pairs above the bound wait in the heap. Entries that
    a merge made stale are recognised by the versions they carry.
    """
    size: dict[int, int] = {}
    for name in start:
        size[name] = size.get(name, 0) + 1
    total: dict[int, dict[int, float]] = {name: {} for name in size}
    barred: dict[int, set[int]] = {name: set() for name in size}
    for a, b in apart:
        if start[a] != start[b]:
            barred[start[a]].add(start[b])
            barred[start[b]].add(start[a])
    for (a, b), probability in zip(edges.tolist(), probabilities.tolist(), strict=True):
        one, other = start[a], start[b]
        if one != other and a not in loose and b not in loose:
            total[one][other] = total[other][one] = total[one].get(other, 0.0) + probability
    version = dict.fromkeys(size, 0)
    into = {name: name for name in size}
    waiting: list[tuple[float, int, int, int, int]] = []

    def wait(one: int, other: int) -> None:
        mean = total[one][other] / (size[one] * size[other])
        if mean >= at_least and other not in barred[one]:
            low, high = min(one, other), max(one, other)
            heapq.heappush(waiting, (-mean, low, high, version[low], version[high]))

    for one, others in total.items():
        for other in others:
            if one < other:
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
    return [_last(into, name) for name in start]


def _last(into: dict[int, int], name: int) -> int:
    while into[name] != name:
        into[name] = into[into[name]]
        name = into[name]
    return name


def _numbered(names: list[int]) -> Labels:
    """Labels from 0 in order of appearance; -1 for a name that appears once."""
    counts: dict[int, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    numbers: dict[int, int] = {}
    labels = [ALONE if counts[name] == 1 else numbers.setdefault(name, len(numbers)) for name in names]
    return np.array(labels, dtype=np.int64)
