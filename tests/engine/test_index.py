"""The index answers exactly, follows changes, and never mixes encoders."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.engine import snapshots
from cluster.engine.index import Index, number
from cluster.engine.snapshots import Snapshot
from models.matches import Kind

Item = tuple[Kind, int]


def unit(degrees: float) -> np.ndarray:
    """A 2-d unit vector."""
    angle = np.deg2rad(degrees)
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def idea(item_id: int) -> Item:
    return (Kind.IDEA, item_id)


def project(item_id: int) -> Item:
    return (Kind.PROJECT, item_id)


def snapshot(folder: Path, kept: dict[Item, float], mark: str = "m") -> Snapshot:
    """A snapshot of keys at angles."""
    ordered = sorted(kept, key=number)
    numbers = np.array([number(key) for key in ordered], dtype=np.int64)
    vectors = np.array([unit(kept[key]) for key in ordered], dtype=np.float32).reshape(-1, 2)
    place = {"encoder": "drawn", "dimensions": 2, "mark": mark}
    snapshots.write(folder / "vectors", seq=1, batches=[(numbers, vectors)], **place)  # type: ignore[arg-type]
    return Snapshot(folder / "vectors", **place)  # type: ignore[arg-type]


def empty() -> Index[Item]:
    found: Index[Item] = Index()
    found.clear(encoder="drawn", dimensions=2)
    return found


@pytest.fixture(params=["in memory", "over a snapshot"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index[Item]]:
    """An index that knows nothing, or that stands on a snapshot of which all is gone."""
    found = empty()
    if request.param == "over a snapshot":
        found.apply(seq=1, put=[], gone=[idea(1), project(9)], base=snapshot(tmp_path, {idea(1): 3, project(9): 90}))
    return found


def test_an_empty_index_finds_nothing(index: Index[Item]) -> None:
    assert index.nearest(unit(0), at_most=5) == []
    assert len(index) == 0


def test_one_vector_is_found(index: Index[Item]) -> None:
    index.apply(seq=2, put=[(idea(1), unit(10))], gone=[])
    (hit,) = index.nearest(unit(10), at_most=5)
    assert hit.key == idea(1)
    assert hit.cosine == pytest.approx(1, abs=1e-6)
    assert index.nearest(unit(10), at_most=0) == []


def test_nearest_come_first_and_no_more_than_asked(index: Index[Item]) -> None:
    index.apply(seq=2, put=[(idea(1), unit(90)), (idea(2), unit(5)), (project(1), unit(40))], gone=[])
    assert [hit.key for hit in index.nearest(unit(0), at_most=2)] == [idea(2), project(1)]


def test_equally_near_ones_come_by_kind_and_id_wherever_they_stand(tmp_path: Path) -> None:
    index = empty()
    index.apply(seq=1, put=[], gone=[], base=snapshot(tmp_path, {idea(2): 30, idea(4): 30, project(1): 30}))
    index.apply(seq=2, put=[(idea(3), unit(30)), (idea(1), unit(30))], gone=[])
    assert [hit.key for hit in index.nearest(unit(30), at_most=4)] == [idea(1), idea(2), idea(3), idea(4)]


def test_a_changed_text_replaces_its_vector(index: Index[Item]) -> None:
    index.apply(seq=2, put=[(idea(1), unit(0)), (idea(2), unit(90))], gone=[])
    index.apply(seq=3, put=[(idea(1), unit(85))], gone=[])
    assert index.cosines(unit(85), [idea(1), project(1)]) == [pytest.approx(1, abs=1e-6), None]
    assert len(index) == 2


def test_a_reader_of_the_old_matrix_is_not_disturbed(index: Index[Item]) -> None:
    index.apply(seq=2, put=[(idea(1), unit(0)), (idea(2), unit(90))], gone=[])
    before = index._now.overlay
    shown = [before.numbers, before.rows, before.vectors[: before.used]]
    copies = [array.copy() for array in shown]
    for seq in range(3, 40):
        index.apply(seq=seq, put=[(idea(2), unit(45 + seq))], gone=[idea(1)])
    assert all(np.array_equal(array, copy) for array, copy in zip(shown, copies, strict=True))


keys = st.tuples(st.sampled_from(Kind), st.integers(1, 6))
# Angles that are often the same: ties.
angles = st.sampled_from([0, 17, 17, 40, 90, 180, 301])
changes = st.dictionaries(keys, st.one_of(st.none(), angles), max_size=6)


@given(st.lists(st.tuples(changes, st.booleans()), max_size=15), angles, st.integers(1, 14))
def test_after_any_history_it_answers_as_a_plain_list(
    history: list[tuple[dict[Item, int | None], bool]], asked: int, at_most: int
) -> None:
    """Changes come in any number at once; now and then a new snapshot is taken, from which all goes on."""
    index, kept = empty(), dict[Item, float]()
    with TemporaryDirectory() as folder:
        for seq, (changed, taken) in enumerate(history, start=1):
            base = snapshot(Path(folder), kept, f"mark {seq}") if taken else None
            for key, degrees in changed.items():
                kept.pop(key, None)
                if degrees is not None:
                    kept[key] = degrees
            put = [(key, unit(degrees)) for key, degrees in changed.items() if degrees is not None]
            gone = [key for key, degrees in changed.items() if degrees is None]
            index.apply(seq=seq, put=put, gone=gone, base=base)
    assert len(index) == len(kept)
    cosines = {key: float(unit(degrees) @ unit(asked)) for key, degrees in kept.items()}
    wanted = sorted(kept, key=lambda key: (-round(cosines[key], 6), key[0] is Kind.PROJECT, key[1]))
    found = index.nearest(unit(asked), at_most=at_most)
    assert [hit.key for hit in found] == wanted[:at_most]
    assert [hit.cosine for hit in found] == pytest.approx([cosines[hit.key] for hit in found], abs=1e-6)
    every = [(one, item_id) for one in Kind for item_id in range(1, 7)]
    for key, cosine in zip(every, index.cosines(unit(asked), every), strict=True):
        assert cosine == (pytest.approx(cosines[key], abs=1e-6) if key in kept else None)


def test_readers_beside_a_writer_see_one_matrix_or_the_next(tmp_path: Path) -> None:
    """The web server follows the store in one thread while others search."""
    index = empty()
    over = threading.Event()

    def read() -> int:
        seen = 0
        while not over.is_set():
            hits = index.nearest(unit(0), at_most=100)
            # A key is its own angle: a row of another matrix would give another cosine.
            assert all(hit.cosine == pytest.approx(np.cos(np.deg2rad(hit.key[1])), abs=1e-5) for hit in hits)
            known = index.cosines(unit(0), [idea(key) for key in range(40)])
            assert all(
                found is None or found == pytest.approx(np.cos(np.deg2rad(key)), abs=1e-5)
                for key, found in enumerate(known)
            )
            seen += 1
        return seen

    bases = [snapshot(tmp_path, {idea(key): key for key in range(start, 40, 2)}, str(start)) for start in (0, 1)]
    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        for seq in range(1, 400):
            put = [(idea(seq * 7 % 40), unit(seq * 7 % 40))]
            gone = [idea(seq * 11 % 40), idea(seq * 13 % 40)]
            index.apply(seq=seq, put=put, gone=gone, base=bases[seq % 2] if seq % 10 == 0 else None)
        over.set()
        assert all(reader.result() > 0 for reader in readers)
