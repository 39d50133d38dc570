"""Snapshots: the file of vectors that all processes share, and who writes it when.

The worker writes it again when a fiftieth changed. A process that finds none, or one from long ago, writes it itself.
A file that cannot be believed or written costs memory and time, never an answer.
"""

import fcntl
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlite_utils import Database

import data.matches
from cluster.engine import snapshots
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.index import Index, number
from cluster.engine.snapshots import Damaged, Numbers, Snapshot
from data.matches import Item
from data.store import Error, transaction

# So few changes are kept in the memory of each process without a thought (1.5 kB each), and no file is made of them.
KEPT_AT_LEAST = 1_000
# Parts of the snapshot: when so much has changed the worker writes it again, and when it did not, who searches.
_SOON, _LATE = 50, 10
# What could not be written (a full disk) is not tried again at every search.
_AGAIN_AFTER_S = 300.0
_AT_ONCE = 4_096


def newer(db: Database, *, index: Index[Item], encoder: Encoder) -> Snapshot | None:
    """A snapshot that is newer than the one on which an index stands, or none; written first when it is high time."""
    if index.path is None:
        return None
    mark = data.matches.snapshot_mark(db)
    found = _taken(index, encoder, mark)
    base = found or index.base
    if time.monotonic() >= index.not_before and (
        (base is not None and base.damaged) or _is_late(db, index=index, found=found)
    ):
        # Who can answer meanwhile does not wait for another process that writes it.
        wait = index.seq == 0 and found is None
        size = {"encoder": encoder.name, "dimensions": encoder.dimensions}
        if not _write(db, path=index.path, mark=mark, wait=wait, **size):  # type: ignore[arg-type]
            index.not_before = time.monotonic() + _AGAIN_AFTER_S
        found = _taken(index, encoder, data.matches.snapshot_mark(db)) or found
    return found


def refresh(db: Database, *, path: Path) -> bool:
    """Write the snapshot again when more than a fiftieth of it has changed; tells whether it did.

    One that is missing or no good is left to a process with an encoder.
    """
    try:
        kept = snapshots.header(path)
    except Damaged:
        return False
    mark, room = data.matches.snapshot_mark(db), _room(kept.count, _SOON)
    if kept.mark != mark or data.matches.count_changes(db, seq=kept.seq, at_most=room + 1) <= room:
        return False
    return _write(db, path=path, mark=mark, wait=False, encoder=kept.encoder, dimensions=kept.dimensions)


def _is_late(db: Database, *, index: Index[Item], found: Snapshot | None) -> bool:
    """Whether more changes would be kept in the memory of this process than is reasonable."""
    base, own, seq = (found, 0, found.header.seq) if found else (index.base, index.own, index.seq)
    room = _room(len(base) if base else 0, _LATE) - own
    return room < 0 or data.matches.count_changes(db, seq=seq, at_most=room + 1) > room


def _room(count: int, parts: int) -> int:
    """How many changes may be kept beside a snapshot of `count` vectors."""
    return max(KEPT_AT_LEAST, count // parts)


def _taken(index: Index[Item], encoder: Encoder, mark: str | None) -> Snapshot | None:
    """The snapshot with this mark, unless the index stands on it or it was no good."""
    if mark is None or mark == index.refused or (index.base and index.base.header.mark == mark):
        return None
    assert index.path is not None
    try:
        return Snapshot(index.path, encoder=encoder.name, dimensions=encoder.dimensions, mark=mark)
    except Damaged:
        index.refused = mark
        return None


def _write(db: Database, *, path: Path, mark: str | None, wait: bool, encoder: str, dimensions: int) -> bool:
    """Write the file from the store, unless another process does or did; false when that fails."""
    try:
        with _alone(path, wait=wait) as alone:
            if alone and data.matches.snapshot_mark(db) == mark:
                seq, fresh = data.matches.last_change(db), secrets.token_hex(16)
                batches = _vectors(db, encoder=encoder, dimensions=dimensions)
                snapshots.write(path, encoder=encoder, dimensions=dimensions, seq=seq, mark=fresh, batches=batches)
                with transaction(db):
                    data.matches.set_snapshot_mark(db, mark=fresh)
    except (OSError, Error):  # a full disk, a folder that nobody may write to, a store that is busy
        return False
    return True


def _vectors(db: Database, *, encoder: str, dimensions: int) -> Iterator[tuple[Numbers, Vectors]]:
    for kind, ids, vectors in data.matches.vectors(db, encoder=encoder, at_once=_AT_ONCE):
        numbers = np.array(ids, dtype=np.int64) + number((kind, 0))
        yield numbers, np.frombuffer(vectors, dtype=np.float32).reshape(len(ids), dimensions)


@contextmanager
def _alone(path: Path, *, wait: bool) -> Iterator[bool]:
    """Whether this process is the one that may write; who waits is so in the end. A process that dies lets go."""
    with path.with_name(f"{path.name}.lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
