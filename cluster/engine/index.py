"""The index: the vectors of all public items, searched exactly.

Most of them stand in a snapshot that all processes share (`cluster.engine.snapshots`); what changed since then stands
in an overlay, in the memory of this process.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar, cast

import numpy as np

from cluster.engine.encoder import Vectors
from cluster.engine.lexical import Vocabulary
from cluster.engine.lexicon import Lexicon
from cluster.engine.snapshots import Numbers, Rows, Snapshot
from models.matches import Kind

Key = TypeVar("Key", bound=tuple[Kind, int])

# Keys are kept as numbers: all ideas in the order of their ids, then all projects.
_KINDS = tuple(Kind)
_PER_KIND = 2**48


def number(key: tuple[Kind, int]) -> int:
    """The number of a key."""
    return _KINDS.index(key[0]) * _PER_KIND + key[1]


def _key(number: int) -> tuple[Kind, int]:
    kind, item_id = divmod(number, _PER_KIND)
    return _KINDS[kind], item_id


@dataclass(frozen=True, slots=True)
class Hit(Generic[Key]):
    """One neighbour; `cosine` in [-1, 1]."""

    key: Key
    cosine: float


@dataclass(frozen=True, slots=True)
class _Overlay:
    """What changed since the snapshot: keys in rising order, and where each stands in `vectors`.

    Rows of `vectors` up to `used` never change once shown; later ones may be filled for the next overlay.
    """

    numbers: Numbers
    rows: Rows
    vectors: Vectors
    used: int = 0

    @classmethod
    def empty(cls, dimensions: int) -> "_Overlay":
        return cls(np.zeros(0, np.int64), np.zeros(0, np.intp), np.zeros((0, dimensions), np.float32))

    def find(self, numbers: Numbers) -> Rows:
        """The row of each key, -1 for those that are not here."""
        if not len(self.numbers):
            return np.full(len(numbers), -1, dtype=np.intp)
        at = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[at] == numbers, self.rows[at], -1)

    def changed(self, put: dict[int, Vectors], gone: Iterable[int]) -> "_Overlay":
        """The next overlay, with `put` added or replaced and `gone` forgotten."""
        touched = np.fromiter({*put, *gone}, np.int64)
        stay = ~np.isin(self.numbers, touched)
        numbers, rows = self.numbers[stay], self.rows[stay]
        vectors, used = self.vectors, self.used
        if used + len(put) > len(vectors):
            # Twice what is needed, so that one more seldom costs a copy of all; what was replaced is left behind.
            vectors = np.zeros((2 * (len(rows) + len(put)), vectors.shape[1]), dtype=np.float32)
            vectors[: len(rows)] = self.vectors[rows]
            rows, used = np.arange(len(rows)), len(rows)
        fresh = np.arange(used, used + len(put))
        if put:
            vectors[fresh] = np.stack(list(put.values()))
        numbers = np.concatenate([numbers, np.fromiter(put, np.int64)])
        order = np.argsort(numbers)
        return _Overlay(numbers[order], np.concatenate([rows, fresh])[order], vectors, used + len(put))


@dataclass(frozen=True, slots=True)
class _Now:
    """All that is searched; never changed once it is shown."""

    overlay: _Overlay
    base: Snapshot | None = None
    # Rows of the snapshot that were replaced or are gone.
    without: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    def __len__(self) -> int:
        return len(self.overlay.numbers) + (len(self.base) - len(self.without) if self.base else 0)


class Index(Generic[Key]):
    """Exact nearest neighbours by cosine over unit rows.

    `seq` says up to which change of the store the index is; the caller brings what changed since and calls `apply`.
    Readers see either the old matrix or the new one, never half of each. `path` is where the snapshot stands; without
    one everything stays in the memory of this process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.seq = 0
        self.encoder: str | None = None
        # The last mark without a good file, which is not looked for again; and until when no file is written.
        self.refused: str | None = None
        self.not_before = 0.0
        self.vocabulary: Vocabulary | None = None
        # Made of the vocabulary, at the first search after it was read.
        self.lexicon: tuple[Vocabulary, Lexicon] | None = None
        # Replaced in one assignment, so that a reader in another thread sees all of one or all of the next.
        self._now = _Now(_Overlay.empty(0))

    def __len__(self) -> int:
        return len(self._now)

    @property
    def base(self) -> Snapshot | None:
        """The snapshot on which this index stands."""
        return self._now.base

    @property
    def own(self) -> int:
        """How many changes since the snapshot this process keeps in its own memory."""
        return len(self._now.overlay.numbers) + len(self._now.without)

    def clear(self, *, encoder: str, dimensions: int) -> None:
        """Forget everything, to start again with another encoder: vectors of different encoders never meet."""
        self.seq, self.encoder, self.refused = 0, encoder, None
        self._now = _Now(_Overlay.empty(dimensions))

    def apply(
        self, *, seq: int, put: Sequence[tuple[Key, Vectors]], gone: Sequence[Key], base: Snapshot | None = None
    ) -> None:
        """Add or replace the vectors in `put`, forget the keys in `gone`, and stand at `seq`.

        Parameters
        ----------
        put : pairs of a key and an ndarray of shape (d,), float32 — a unit vector
        gone : keys; unknown ones are fine, and those that are also in `put` go
        base : another snapshot to stand on from now; `put` and `gone` are then what changed since that one
        """
        now = _Now(_Overlay.empty(base.header.dimensions), base) if base else self._now
        lost = {number(key) for key in gone}
        kept = {number(key): vector for key, vector in put}
        kept = {one: vector for one, vector in kept.items() if one not in lost}
        if kept or lost:
            now = replace(now, overlay=now.overlay.changed(kept, lost))
            if now.base:
                rows = now.base.rows(np.fromiter({*kept, *lost}, np.int64))
                now = replace(now, without=np.union1d(now.without, rows[rows >= 0]))
        self._now, self.seq = now, seq

    def nearest(self, vector: Vectors, *, at_most: int) -> list[Hit[Key]]:
        """The nearest keys, best first; equally near ones by kind and id.

        Parameters
        ----------
        vector : ndarray of shape (d,), float32 — a unit vector
        """
        now = self._now
        if at_most < 1:
            return []
        numbers = [now.overlay.numbers]
        # The product with all rows and then a choice: choosing rows first would copy them.
        cosines = [(now.overlay.vectors[: now.overlay.used] @ vector)[now.overlay.rows]]
        if now.base:
            rows, exact = now.base.nearest(vector, at_most=at_most, without=now.without)
            numbers.append(now.base.numbers[rows])
            cosines.append(exact)
        return _best(np.concatenate(numbers), np.concatenate(cosines), at_most)

    def cosines(self, vector: Vectors, keys: Sequence[Key]) -> list[float | None]:
        """The cosine of `vector` with each key; none where the index does not know it."""
        now = self._now
        numbers = np.fromiter(map(number, keys), np.int64)
        found = np.full(len(numbers), np.nan, dtype=np.float32)
        at = now.overlay.find(numbers)
        found[at >= 0] = now.overlay.vectors[at[at >= 0]] @ vector
        if now.base:
            rows = np.where(at >= 0, -1, now.base.rows(numbers))
            rows[np.isin(rows, now.without)] = -1
            found[rows >= 0] = now.base.cosines(rows[rows >= 0], vector)
        return [None if np.isnan(cosine) else float(cosine) for cosine in found]


def _best(numbers: Numbers, cosines: Vectors, at_most: int) -> list[Hit[Key]]:
    if at_most < len(cosines):
        last = np.partition(cosines, len(cosines) - at_most)[len(cosines) - at_most]
        among = np.flatnonzero(cosines >= last)
        numbers, cosines = numbers[among], cosines[among]
    order = np.lexsort((numbers, -cosines))[:at_most]
    return [Hit(key=cast(Key, _key(int(numbers[at]))), cosine=float(cosines[at])) for at in order]
