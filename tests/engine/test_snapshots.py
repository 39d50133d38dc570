"""A snapshot answers exactly, is whole or refused, and may disappear or be replaced under who reads it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cluster.engine import snapshots
from cluster.engine.snapshots import Damaged, Snapshot

NONE = np.zeros(0, dtype=np.intp)


def write(path: Path, vectors: np.ndarray, *, encoder: str = "drawn", mark: str = "m", each: int = 3) -> None:
    """Write rows under the numbers 10, 20, 30 …, a few at a time."""
    numbers = np.arange(1, len(vectors) + 1) * 10
    batches = [(numbers[at : at + each], vectors[at : at + each]) for at in range(0, len(vectors), each)]
    snapshots.write(path, encoder=encoder, dimensions=vectors.shape[1], seq=7, mark=mark, batches=batches)


def opened(path: Path, *, dimensions: int = 16, encoder: str = "drawn", mark: str = "m") -> Snapshot:
    return Snapshot(path, encoder=encoder, dimensions=dimensions, mark=mark)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def some(count: int, seed: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((count, 16)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


def test_none_at_all_can_be_kept(path: Path) -> None:
    write(path, np.zeros((0, 16), dtype=np.float32))
    kept = opened(path)
    assert len(kept) == 0
    assert kept.rows(np.array([10])).tolist() == [-1]
    rows, cosines = kept.nearest(some(1)[0], at_most=3, without=NONE)
    assert len(rows) == len(cosines) == 0


def test_rows_are_found_by_their_number(path: Path) -> None:
    write(path, some(5))
    assert opened(path).rows(np.array([50, 10, 0, 15, 60])).tolist() == [4, 0, -1, -1, -1]


def test_numbers_that_do_not_rise_are_refused(path: Path) -> None:
    batches = [(np.array([1, 2]), some(2)), (np.array([2]), some(1))]
    with pytest.raises(ValueError, match="rise"):
        snapshots.write(path, encoder="drawn", dimensions=16, seq=1, mark="m", batches=batches)
    assert list(path.parent.iterdir()) == []


cells = st.sampled_from([0.0, 0.0, 1.0, -1.0, 0.5, 0.501, 100.0, -0.01, 1e-4])
matrices = st.integers(1, 40).flatmap(lambda count: arrays.arrays(np.float32, (count, 8), elements=cells))


@given(matrices, st.integers(1, 12), st.integers(0, 39), st.sets(st.integers(0, 39), max_size=5))
@settings(max_examples=150, deadline=None)
def test_the_nearest_are_exact_whatever_the_rows(
    tmp_path_factory: pytest.TempPathFactory, drawn: np.ndarray, at_most: int, asked: int, gone: set[int]
) -> None:
    """Rows with one large value and rows that are nearly the same are what bytes are worst at; twins are ties."""
    vectors = unit(drawn + np.eye(8, dtype=np.float32)[0] * 1e-3)
    count = len(vectors)
    path = tmp_path_factory.getbasetemp() / "exact"
    write(path, vectors)
    without = np.array(sorted(row for row in gone if row < count), dtype=np.intp)
    rows, cosines = opened(path, dimensions=8).nearest(vectors[asked % count], at_most=at_most, without=without)
    exact = vectors @ vectors[asked % count]
    assert len(set(rows.tolist())) == len(rows)
    assert not set(rows.tolist()) & set(without.tolist())
    assert cosines == pytest.approx(exact[rows], abs=1e-6)
    counting = np.delete(np.arange(count), without)
    if len(counting):
        last = np.sort(exact[counting])[::-1][min(at_most, len(counting)) - 1]
        assert set(counting[exact[counting] > last + 1e-6].tolist()) <= set(rows.tolist())
        # As many as there are with exactly the last cosine, since another order may yet choose among them.
        assert len(rows) >= min(at_most, len(counting))


def test_among_many_rows_the_nearest_are_those_of_the_whole_product(path: Path) -> None:
    vectors = some(5_000)
    write(path, vectors, each=999)
    kept = opened(path)
    for vector in some(20, seed=2):
        rows, cosines = kept.nearest(vector, at_most=10, without=NONE)
        best = rows[np.argsort(-cosines)][:10]
        assert best.tolist() == np.argsort(-(vectors @ vector))[:10].tolist()
        assert len(rows) < 500, "nearly all rows were read"


def test_rows_that_do_not_count_are_not_found(path: Path) -> None:
    vectors = some(3_000)
    write(path, vectors)
    rows, _ = opened(path).nearest(vectors[5], at_most=3, without=np.array([5, 1_100]))
    assert not {5, 1_100} & set(rows.tolist())


def test_another_encoder_size_or_mark_is_refused(path: Path) -> None:
    write(path, some(5))
    opened(path)
    for wrong in ({"encoder": "other"}, {"dimensions": 8}, {"mark": "of another store"}):
        with pytest.raises(Damaged):
            opened(path, **wrong)  # type: ignore[arg-type]


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(Damaged):
        opened(path)
    with pytest.raises(Damaged):
        snapshots.header(path)


def test_a_file_that_was_cut_off_or_grew_is_refused(path: Path) -> None:
    write(path, some(5))
    whole = path.read_bytes()
    for size in (0, 1, 100, 4096, 4097, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(Damaged):
            opened(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(Damaged):
        opened(path)


@pytest.mark.parametrize(
    "header", [b"", b"null", b"[]", b"{}", b'{"format": 1}', b"\xff\xfe", b"[" * 4000, b"\0" * 4096]
)
def test_what_is_no_header_is_refused(path: Path, header: bytes) -> None:
    write(path, some(5))
    path.write_bytes(header.ljust(4096) + path.read_bytes()[4096:])
    with pytest.raises(Damaged):
        opened(path)


def test_a_header_that_lies_is_refused(path: Path) -> None:
    write(path, some(5))
    whole = path.read_bytes()
    said = json.loads(whole[:4096])
    for name, value in (("seq", 8), ("count", -5), ("count", 10**12), ("count", "5"), ("seq", None), ("check", 0)):
        path.write_bytes(json.dumps({**said, name: value}).encode().ljust(4096) + whole[4096:])
        with pytest.raises(Damaged):
            opened(path)


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=200, deadline=None)
def test_a_wrong_bit_is_refused_or_seen_when_it_matters(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "bits"
    vectors = some(30)
    write(path, vectors)
    whole = bytearray(path.read_bytes())
    at %= len(whole)
    whole[at] ^= 1 << bit
    path.write_bytes(whole)
    try:
        kept = opened(path)
    except Damaged:
        return
    # The blanks of the header say nothing; rows as float32 are compared with their bytes when they are read.
    assert at < 4096 + vectors.nbytes
    for number, vector in enumerate(vectors):
        cosines = kept.cosines(np.array([number]), vector)
        assert cosines[0] == pytest.approx(1, abs=0.02), "a wrong row was believed"


def test_rows_that_were_lost_are_answered_with_their_bytes_and_reported(path: Path) -> None:
    vectors = some(30)
    write(path, vectors)
    with path.open("r+b") as file:
        file.seek(4096 + 64)
        file.write(bytes(64))
    kept = opened(path)
    assert kept.cosines(np.array([0]), vectors[0]) == pytest.approx([1], abs=1e-6)
    assert not kept.damaged
    rows, cosines = kept.nearest(vectors[1], at_most=1, without=NONE)
    assert rows[np.argmax(cosines)] == 1
    assert cosines.max() == pytest.approx(1, abs=0.02)
    assert kept.damaged


def test_who_reads_a_file_goes_on_when_it_is_deleted_or_replaced(path: Path) -> None:
    first, second = some(30), some(30, seed=2)
    write(path, first)
    kept = opened(path)
    path.unlink()
    write(path, second, mark="n")
    for seen, vectors in ((kept, first), (opened(path, mark="n"), second)):
        assert seen.cosines(np.arange(30), vectors[3]) == pytest.approx(vectors @ vectors[3], abs=1e-6)


def test_files_are_closed_when_nobody_asks_any_more(path: Path) -> None:
    open_now = []
    for mark in "abcdefgh":
        write(path, some(30), mark=mark)
        kept = opened(path, mark=mark)
        open_now.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    assert open_now[-1] == open_now[1]
    assert len(kept) == 30


KILLED = """
import sys
from pathlib import Path
import numpy as np
from cluster.engine import snapshots
vectors = np.tile(np.eye(16, dtype=np.float32), (500, 1))
def batches():
    for at in range(0, 8000, 100):
        yield np.arange(at, at + 100), vectors[at:at + 100]
        print(at, flush=True)
for mark in range(1000):
    snapshots.write(Path(sys.argv[1]), encoder="drawn", dimensions=16, seq=1, mark="m", batches=batches())
    print("whole", flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40, 79, 80, 81, 100, 163])
def test_a_writer_that_is_killed_leaves_the_former_file_or_a_new_one(path: Path, lines: int) -> None:
    former = some(30)
    write(path, former)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(opened(path)) in {30, 8_000}
    # What was left unfinished is in nobody's way.
    write(path, former, mark="after")
    assert len(opened(path, mark="after")) == 30
    assert [file.name for file in path.parent.iterdir()] == ["vectors"]


def test_a_disk_that_is_full_leaves_the_former_file(path: Path) -> None:
    write(path, some(30))

    def full() -> object:
        yield np.array([1]), some(1)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        snapshots.write(path, encoder="drawn", dimensions=16, seq=1, mark="m", batches=full())  # type: ignore[arg-type]
    assert len(opened(path)) == 30
    assert [file.name for file in path.parent.iterdir()] == ["vectors"]
