"""Processes share one file of vectors: who writes it when, and that nobody ever answers from a wrong one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlite_utils import Database

import cluster.matches
import cluster.snapshots
import data.matches
from cluster.engine import snapshots
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.snapshots import refresh
from data.matches import Item
from data.migrations import migrate
from data.store import close, connect, now, transaction
from models.matches import Kind

DIMENSIONS = 8


class Silent:
    """A model that is only asked for its size."""

    def get_embedding_dimension(self) -> int:
        return DIMENSIONS


ENCODER, OTHER = Encoder("drawn", Silent()), Encoder("other", Silent())


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster.snapshots, "KEPT_AT_LEAST", 10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """A database on disk with a hundred ideas."""
    db = connect(tmp_path / "store.sqlite")
    with transaction(db):
        migrate(db)
    add(db, range(1, 101))
    yield db
    close(db)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


def vector(item_id: int) -> np.ndarray:
    """A unit vector that only this idea has."""
    drawn = np.random.default_rng(item_id).standard_normal(DIMENSIONS)
    return np.asarray(drawn / np.linalg.norm(drawn), dtype=np.float32)


def add(db: Database, ids: range, encoder: Encoder = ENCODER) -> None:
    """Add ideas with their vectors."""
    with transaction(db):
        for item_id in ids:
            db.execute(
                """insert or ignore into ideas (id, title, description, created_at, updated_at)
                values (?, 'x', 'y', ?2, ?2)""",
                [item_id, now()],
            )
            data.matches.put(
                db,
                kind=Kind.IDEA,
                item_id=item_id,
                encoder=encoder.name,
                text_hash="h",
                vector=vector(item_id).tobytes(),
                parts=b"",
            )


def follow(db: Database, index: Index[Item], encoder: Encoder = ENCODER) -> set[int]:
    """Let an index follow, check that it knows each vector, and return the ids that it knows."""
    cluster.matches.follow(db, index=index, encoder=encoder)
    hits = index.nearest(vector(1), at_most=10_000)
    assert len(hits) == len(index)
    for hit in hits:
        assert hit.cosine == pytest.approx(float(vector(hit.key[1]) @ vector(1)), abs=1e-6)
    return {hit.key[1] for hit in hits}


def test_the_first_who_searches_writes_it_and_others_take_it(store: Database, path: Path) -> None:
    one, two = Index[Item](path), Index[Item](path)
    assert follow(store, one) == set(range(1, 101))
    written = path.stat().st_ino
    assert one.base is not None
    assert one.own == 0
    assert follow(store, two) == set(range(1, 101))
    assert two.base is not None
    assert path.stat().st_ino == written


def test_a_small_store_needs_no_file(store: Database, path: Path) -> None:
    with transaction(store):
        store.execute("delete from ideas where id > 5")
        store.execute("delete from item_changes")
        store.execute("update ideas set title = title || '.'")
    assert follow(store, Index(path)) == set(range(1, 6))
    assert not path.exists()


def test_few_changes_stay_in_memory_and_many_are_written_again(store: Database, path: Path) -> None:
    index = Index[Item](path)
    follow(store, index)
    first = index.base
    add(store, range(101, 109))
    with transaction(store):
        store.execute("update ideas set state = 'withdrawn' where id = 3")
    assert follow(store, index) == set(range(1, 109)) - {3}
    assert index.base is first
    add(store, range(109, 120))
    assert follow(store, index) == set(range(1, 120)) - {3}
    assert index.base is not first
    assert index.own == 0


def test_the_worker_writes_it_again_and_everybody_takes_the_new_one(
    store: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index[Item](path)
    assert not refresh(store, path=path), "there is none yet, and the worker knows no encoder"
    follow(store, index)
    assert not refresh(store, path=path), "nothing changed"
    add(store, range(101, 106))
    monkeypatch.setattr(cluster.snapshots, "KEPT_AT_LEAST", 3)
    assert refresh(store, path=path)
    assert not refresh(store, path=path)
    assert follow(store, index) == set(range(1, 106))
    assert index.own == 0


def test_a_deleted_file_does_no_harm(store: Database, path: Path) -> None:
    index = Index[Item](path)
    follow(store, index)
    path.unlink()
    add(store, range(101, 104))
    assert follow(store, index) == set(range(1, 104))
    assert not refresh(store, path=path)
    assert follow(store, Index(path)) == set(range(1, 104))
    assert path.exists()
    assert follow(store, index) == set(range(1, 104))


@pytest.mark.parametrize("wrong", ["empty", "half", "of another store", "noise"])
def test_a_file_that_cannot_be_believed_is_written_again(store: Database, path: Path, wrong: str) -> None:
    follow(store, Index(path))
    whole = path.read_bytes()
    if wrong == "of another store":
        numbers, vectors = np.arange(1, 101), np.stack([vector(item_id + 1) for item_id in range(1, 101)])
        snapshots.write(
            path, encoder="drawn", dimensions=DIMENSIONS, seq=10**6, mark="other", batches=[(numbers, vectors)]
        )
    else:
        path.unlink()
        path.write_bytes({"empty": b"", "half": whole[: len(whole) // 2], "noise": os.urandom(len(whole))}[wrong])
    assert not refresh(store, path=path)
    index = Index[Item](path)
    assert follow(store, index) == set(range(1, 101))
    assert index.base is not None
    assert snapshots.header(path).mark == data.matches.snapshot_mark(store)


def test_a_backup_that_was_put_back_does_not_believe_what_came_after_it(
    store: Database, path: Path, tmp_path: Path
) -> None:
    """Its counter may be beyond the file's by then, with another history."""
    follow(store, Index(path))
    store.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(tmp_path / "store.sqlite", tmp_path / "backup.sqlite")
    add(store, range(101, 150))
    follow(store, Index(path))
    backup = connect(tmp_path / "backup.sqlite")
    add(backup, range(201, 300))
    assert follow(backup, Index(path)) == {*range(1, 101), *range(201, 300)}
    close(backup)


def test_rows_that_were_lost_on_disk_are_written_again(store: Database, path: Path) -> None:
    follow(store, Index(path))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(DIMENSIONS * 4))
    index = Index[Item](path)
    cluster.matches.follow(store, index=index, encoder=ENCODER)
    (hit,) = index.nearest(vector(1), at_most=1)
    assert hit.key == (Kind.IDEA, 1)
    assert follow(store, index) == set(range(1, 101))
    assert index.base is not None
    assert not index.base.damaged


def test_another_encoder_has_its_own_file_and_leaves_a_running_process_alone(store: Database, path: Path) -> None:
    one, two = Index[Item](path), Index[Item](path)
    follow(store, one)
    add(store, range(50, 101), OTHER)
    assert follow(store, two, OTHER) == set(range(50, 101))
    assert snapshots.header(path).encoder == "other"
    add(store, range(101, 104))
    assert follow(store, one) == set(range(1, 104))
    assert follow(store, one, OTHER) == set(range(50, 101))


def test_a_folder_that_refuses_costs_memory_not_answers(store: Database, tmp_path: Path) -> None:
    """A name that is taken by a folder refuses like a full disk, also to the superuser."""
    path = tmp_path / "taken"
    (path / "x").mkdir(parents=True)
    index = Index[Item](path)
    assert follow(store, index) == set(range(1, 101))
    assert index.base is None
    add(store, range(101, 120))
    assert follow(store, index) == set(range(1, 120))
    assert not path.with_name("taken.new").exists()


def test_who_can_answer_does_not_wait_for_who_writes(store: Database, path: Path) -> None:
    index = Index[Item](path)
    follow(store, index)
    base = index.base
    add(store, range(101, 150))
    with cluster.snapshots._alone(path, wait=True):
        assert follow(store, index) == set(range(1, 150))
        assert index.base is base
    assert follow(store, index) == set(range(1, 150))
    assert index.base is not base


FOLLOWER = """
import json, sys
from pathlib import Path
import cluster.snapshots
from cluster.engine.index import Index
from data.store import connect
from tests.cluster.test_snapshots import ENCODER, follow
cluster.snapshots.KEPT_AT_LEAST = 10
db, index = connect(sys.argv[1]), Index(Path(sys.argv[2]))
for line in sys.stdin:
    print(json.dumps([sorted(follow(db, index)), index.own]), flush=True)
"""


class Process:
    """Another process that follows the store when it is told to."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", FOLLOWER, str(folder / "store.sqlite"), str(folder / "vectors")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self) -> None:
        assert self.process.stdin is not None
        print("look", file=self.process.stdin, flush=True)

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_several_processes_see_every_change_at_once_also_when_one_is_killed(
    store: Database, path: Path, tmp_path: Path
) -> None:
    """They start together without a file, so that all want to write it, and one dies wherever it happens to be."""
    others = [Process(tmp_path) for _ in range(3)]
    known = 100
    for round_ in range(6):
        for other in others:
            other.tell()
        if round_ == 2:
            others.pop().end()
        answers = [other.answer() for other in others]
        assert [seen for seen, _ in answers] == [list(range(1, known + 1))] * len(others)
        add(store, range(known + 1, known + 8))
        known += 7
    assert snapshots.header(path).mark == data.matches.snapshot_mark(store)
    for other in others:
        other.end()
    assert follow(store, Index(path)) == set(range(1, known + 1))
