"""Snapshots: the vectors of an index in one file, which all processes map and so keep in memory once.

The file holds every unit row twice: as float32, and as bytes with a scale for each row. The bytes are searched (a
quarter of the memory, and faster than float32: measured for 500,000 rows of 384 dimensions 28 instead of 47 ms). How
far they can be off is known for each row, so the few rows that may be among the nearest are then read as float32 from
the disk's cache, and the answer is exact: the filter-and-refine of the VA-file (Weber, Schek and Blott 1998).

A file is written beside its place and then moved there, so nobody ever sees half of one; who still has the former one
open keeps it.
"""

import json
import os
import weakref
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cluster.engine.encoder import Vectors

Numbers = NDArray[np.int64]
Rows = NDArray[np.intp]

_FORMAT = "medestanders vectors 1"
_HEADER = 4096
# Rows that are turned into float32 at once: they stay in the cache of a core (measured: 28 ms, by 4,096 rows 98 ms).
_BLOCK = 1024
_READ_AT_ONCE = 4096
# More than float32 can be off in a product of two unit vectors.
_ROUNDING = 5e-5


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself; `mark` is also kept by the store, which so knows its own file from any other."""

    encoder: str
    dimensions: int
    count: int
    seq: int
    mark: str


class Damaged(Exception):
    """This file is missing, cut off, changed, or of another store, encoder or format."""


def write(
    path: Path, *, encoder: str, dimensions: int, seq: int, mark: str, batches: Iterable[tuple[Numbers, Vectors]]
) -> None:
    """Put a new file in the place of a former one, if any. One process at a time.

    Parameters
    ----------
    batches : pairs of an int64 array of shape (m,) and a float32 array of shape (m, d)
        Keys, each once and in rising order over all batches, and their unit rows.
    """
    unfinished = path.with_name(path.name + ".new")
    try:
        with unfinished.open("w+b") as file:
            file.write(bytes(_HEADER))
            numbers = _write_rows(file, batches)
            header = Header(encoder=encoder, dimensions=dimensions, count=len(numbers), seq=seq, mark=mark)
            check = _write_bytes(file, header, numbers)
            file.seek(0)
            said = json.dumps({"format": _FORMAT, "check": check, **asdict(header)}).encode()
            file.write(said.ljust(_HEADER - 1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_rows(file: BufferedIOBase | BinaryIO, batches: Iterable[tuple[Numbers, Vectors]]) -> Numbers:
    found = [np.zeros(0, dtype=np.int64)]
    for numbers, vectors in batches:
        file.write(np.ascontiguousarray(vectors, dtype=np.float32).data)
        found.append(np.asarray(numbers, dtype=np.int64))
    every: Numbers = np.concatenate(found)
    if not (np.diff(every) > 0).all():
        raise ValueError("keys must rise")
    return every


def _write_bytes(file: BufferedIOBase | BinaryIO, header: Header, numbers: Numbers) -> int:
    """Write what is mapped: keys, scales, errors and bytes; returns a checksum over these and the header."""
    scales, errors = (np.empty(header.count, dtype=np.float32) for _ in range(2))
    layout = _Layout(header)
    file.seek(layout.codes)
    check = _check(header)
    for start, rows in _blocks(file, layout):
        part = slice(start, start + len(rows))
        codes, scales[part], errors[part] = _coded(rows)
        file.seek(layout.codes + start * header.dimensions)
        file.write(codes.data)
        check = zlib.crc32(codes.data, check)
    file.seek(layout.numbers)
    for array in (numbers, scales, errors):
        file.write(array.data)
        check = zlib.crc32(array.data, check)
    return check


def _blocks(file: BufferedIOBase | BinaryIO, layout: "_Layout") -> Iterator[tuple[int, Vectors]]:
    """The rows that were just written, read again from the disk's cache: memory holds one block at a time."""
    count, width = layout.header.count, layout.header.dimensions
    for start in range(0, count, _READ_AT_ONCE):
        file.seek(_HEADER + start * width * 4)
        size = min(_READ_AT_ONCE, count - start) * width * 4
        yield start, np.frombuffer(file.read(size), dtype=np.float32).reshape(-1, width)


def _coded(rows: Vectors) -> tuple[NDArray[np.int8], Vectors, Vectors]:
    """Rows as bytes, what one step of each is worth, and how far (Euclidean) the bytes are from the row."""
    scales = np.abs(rows).max(axis=1) / np.float32(127)
    scales[scales == 0] = 1
    codes = np.rint(rows / scales[:, None]).astype(np.int8)
    errors = np.linalg.norm(rows - codes * scales[:, None], axis=1) * np.float32(1.0001) + np.float32(1e-7)
    return codes, scales.astype(np.float32), errors.astype(np.float32)


def _check(header: Header) -> int:
    return zlib.crc32(json.dumps(asdict(header), sort_keys=True).encode())


class _Layout:
    """Where things stand in a file, in bytes."""

    def __init__(self, header: Header) -> None:
        self.header = header
        cells = header.count * header.dimensions
        self.codes = _HEADER + 4 * cells
        self.numbers = self.codes + cells + -cells % 8
        self.end = self.numbers + 16 * header.count


def header(path: Path) -> Header:
    """What the file at `path` says of itself; raises Damaged when it says nothing."""
    try:
        with path.open("rb") as file:
            return _header(file)[0]
    except OSError as error:
        raise Damaged(error) from error


def _header(file: BinaryIO) -> tuple[Header, int]:
    try:
        said = json.loads(file.read(_HEADER))
        if said.pop("format") != _FORMAT:
            raise Damaged("another format")
        check = int(said.pop("check"))
        found = Header(**said)
        numbers = (found.count, found.dimensions, found.seq)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged("no header") from error
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise Damaged("no header")
    if os.fstat(file.fileno()).st_size != _Layout(found).end:
        raise Damaged("another size")
    return found, check


class Snapshot:
    """A file that was checked and is searched; several threads may share one. Its rows never change.

    `damaged` is set when a row as float32 turns out to differ from its bytes: these are then answered with, and the
    file should be written again.
    """

    def __init__(self, path: Path, *, encoder: str, dimensions: int, mark: str) -> None:
        """Map the file at `path`; raises Damaged unless it is whole and by this encoder and mark."""
        self.damaged = False
        try:
            # Rows are read at their place, also by several threads and after a fork.
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Damaged(error) from error
        # Closed when the last question to it was answered.
        weakref.finalize(self, os.close, self._file)
        with os.fdopen(self._file, "rb", closefd=False) as file:
            self.header, check = _header(file)
            self._belongs(encoder, dimensions, mark)
            self._map(file, check)

    def _belongs(self, encoder: str, dimensions: int, mark: str) -> None:
        if (self.header.encoder, self.header.dimensions, self.header.mark) != (encoder, dimensions, mark):
            raise Damaged("of another encoder or store")

    def _map(self, file: BinaryIO, check: int) -> None:
        layout, count = _Layout(self.header), self.header.count
        if count:
            whole = np.memmap(file, dtype=np.uint8, mode="r", offset=layout.codes).view(np.ndarray)
        else:
            whole = np.zeros(0, dtype=np.uint8)
        cells, rest = count * self.header.dimensions, layout.numbers - layout.codes
        self.codes = whole[:cells].view(np.int8).reshape(count, self.header.dimensions)
        self.numbers = whole[rest : rest + 8 * count].view(np.int64)
        self.scales = whole[rest + 8 * count : rest + 12 * count].view(np.float32)
        self.errors = whole[rest + 12 * count :].view(np.float32)
        found = _check(self.header)
        for array in (self.codes, self.numbers, self.scales, self.errors):
            found = zlib.crc32(array.data, found) if count else found
        if found != check:
            raise Damaged("another checksum")

    def __len__(self) -> int:
        return self.header.count

    def rows(self, numbers: Numbers) -> Rows:
        """The row of each key, -1 for those that are not here."""
        if not len(self):
            return np.full(len(numbers), -1, dtype=np.intp)
        at = np.minimum(np.searchsorted(self.numbers, numbers), len(self) - 1)
        return np.where(self.numbers[at] == numbers, at, -1)

    def cosines(self, rows: Rows, vector: Vectors) -> Vectors:
        """The exact cosine of a unit vector with each of these rows."""
        parts = [self._read(rows[start : start + _READ_AT_ONCE]) for start in range(0, len(rows), _READ_AT_ONCE)]
        return np.concatenate([np.zeros(0, dtype=np.float32), *(part @ vector for part in parts)])

    def nearest(self, vector: Vectors, *, at_most: int, without: Rows) -> tuple[Rows, Vectors]:
        """All rows that are among the `at_most` nearest, equally near ones included, with their exact cosines.

        Parameters
        ----------
        vector : ndarray of shape (d,), float32 — a unit vector
        without : rows that do not count
        """
        guesses = self._guesses(vector)
        guesses[without] = -np.inf
        if len(guesses) - len(without) <= at_most:
            rows = np.flatnonzero(np.isfinite(guesses))
            return rows, self.cosines(rows, vector)
        likely = np.argpartition(guesses, len(guesses) - at_most)[-at_most:]
        cosines = self.cosines(likely, vector)
        # Whatever is as near as the last of these must have a guess that is at most its error below.
        reach = np.float32(np.linalg.norm(vector)) * self.errors + np.float32(_ROUNDING)
        guesses[likely] = -np.inf
        others = np.flatnonzero(guesses + reach >= cosines.min())
        return np.concatenate([likely, others]), np.concatenate([cosines, self.cosines(others, vector)])

    def _guesses(self, vector: Vectors) -> Vectors:
        """The cosines of all rows by their bytes."""
        found = np.empty(len(self), dtype=np.float32)
        block = np.empty((_BLOCK, self.header.dimensions), dtype=np.float32)
        for start in range(0, len(self), _BLOCK):
            codes = self.codes[start : start + _BLOCK]
            size = len(codes)
            np.copyto(block[:size], codes)
            np.dot(block[:size], vector, out=found[start : start + size])
        found *= self.scales
        return found

    def _read(self, rows: Rows) -> Vectors:
        """These rows as float32, each read by itself: what is mapped would count as memory of this process for good."""
        width = self.header.dimensions
        found = np.empty((len(rows), width), dtype=np.float32)
        read = 0
        for place, row in zip(found, rows.tolist(), strict=True):
            read += os.preadv(self._file, [place.data], _HEADER + row * width * 4)
        coded = self.codes[rows] * self.scales[rows, None]
        with np.errstate(over="ignore", invalid="ignore"):  # whatever stands on a damaged disk
            same = np.linalg.norm(found - coded, axis=1) <= self.errors[rows] * 1.001 + 1e-6
        if read != found.nbytes or not same.all():
            self.damaged = True
            found[~same] = coded[~same]
        return found
