"""The index answers exactly, follows changes, and never mixes encoders."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.engine.index import Index


def unit(degrees: float) -> np.ndarray:
    """A 2-d unit vector."""
    angle = np.deg2rad(degrees)
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


@pytest.fixture
def index() -> Index[str]:
    found: Index[str] = Index()
    found.clear(encoder="drawn", dimensions=2)
    return found


def test_an_empty_index_finds_nothing(index: Index[str]) -> None:
    assert index.nearest(unit(0), at_most=5) == []
    assert len(index) == 0


def test_one_vector_is_found(index: Index[str]) -> None:
    index.apply(seq=1, put=[("a", unit(10))], gone=[])
    (hit,) = index.nearest(unit(10), at_most=5)
    assert hit.key == "a"
    assert hit.cosine == pytest.approx(1, abs=1e-6)


def test_nearest_come_first_and_no_more_than_asked(index: Index[str]) -> None:
    index.apply(seq=1, put=[("far", unit(90)), ("near", unit(5)), ("middle", unit(40))], gone=[])
    assert [hit.key for hit in index.nearest(unit(0), at_most=2)] == ["near", "middle"]


def test_ties_keep_the_order_in_which_they_came(index: Index[str]) -> None:
    index.apply(seq=1, put=[("first", unit(30)), ("second", unit(30)), ("third", unit(-30))], gone=[])
    assert [hit.key for hit in index.nearest(unit(30), at_most=3)] == ["first", "second", "third"]


def test_a_changed_text_replaces_its_vector(index: Index[str]) -> None:
    index.apply(seq=1, put=[("a", unit(0)), ("b", unit(90))], gone=[])
    index.apply(seq=2, put=[("a", unit(85))], gone=[])
    assert index.cosines(unit(85), ["a", "unknown"]) == [pytest.approx(1, abs=1e-6), None]
    assert len(index) == 2


def test_a_reader_of_the_old_matrix_is_not_disturbed(index: Index[str]) -> None:
    index.apply(seq=1, put=[("a", unit(0)), ("b", unit(90))], gone=[])
    before = index._now.vectors
    copy = before.copy()
    index.apply(seq=2, put=[("b", unit(45))], gone=["a"])
    assert np.array_equal(before, copy)


keys = st.sampled_from("abcdef")
steps = st.lists(st.tuples(st.booleans(), keys, st.integers(0, 359)), max_size=40)


@given(steps)
def test_after_any_history_it_equals_a_fresh_one(history: list[tuple[bool, str, int]]) -> None:
    index: Index[str] = Index()
    index.clear(encoder="drawn", dimensions=2)
    kept: dict[str, int] = {}
    for seq, (put, key, degrees) in enumerate(history, start=1):
        if put:
            kept[key] = degrees
            index.apply(seq=seq, put=[(key, unit(degrees))], gone=[])
        else:
            kept.pop(key, None)
            index.apply(seq=seq, put=[], gone=[key])
    found = {hit.key: hit.cosine for hit in index.nearest(unit(17), at_most=10)}
    assert found == {key: pytest.approx(float(unit(degrees) @ unit(17)), abs=1e-6) for key, degrees in kept.items()}


def test_readers_beside_a_writer_see_one_matrix_or_the_next() -> None:
    """The web server follows the store in one thread while others search."""
    index: Index[int] = Index()
    index.clear(encoder="drawn", dimensions=2)
    over = threading.Event()

    def read() -> int:
        seen = 0
        while not over.is_set():
            hits = index.nearest(unit(0), at_most=100)
            # A key is its own angle: a row of another matrix would give another cosine.
            assert all(hit.cosine == pytest.approx(np.cos(np.deg2rad(hit.key)), abs=1e-5) for hit in hits)
            known = index.cosines(unit(0), range(40))
            assert all(
                found is None or found == pytest.approx(np.cos(np.deg2rad(key)), abs=1e-5)
                for key, found in enumerate(known)
            )
            seen += 1
        return seen

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        for seq in range(1, 400):
            index.apply(seq=seq, put=[(seq * 7 % 40, unit(seq * 7 % 40))], gone=[seq * 11 % 40, seq * 13 % 40])
        over.set()
        assert all(reader.result() > 0 for reader in readers)
