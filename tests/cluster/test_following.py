"""An index that follows the store step by step always equals one that was made from it afresh."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import cluster.ideas
import cluster.matches
import cluster.projects
import cluster.snapshots
import data.ideas
import data.matches
import data.people
import data.projects
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.index import Index
from cluster.imports import Row
from data.matches import Item
from data.store import close, connect, row, transaction
from models.errors import NotAllowed
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member


class Drawn:
    """A model with hand-drawn vectors: the longer a text, the further the hand goes round."""

    max_seq_length = None

    def get_embedding_dimension(self) -> int:
        return 2

    def encode(self, texts: Sequence[str], **_: object) -> Vectors:
        angles = np.array([len(text) / 10 for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


DRAWN, OTHER = Encoder("drawn", Drawn()), Encoder("other", Drawn())


@pytest.fixture
def template(db: Database, tmp_path: Path) -> Path:
    """The furnished database as a file, to be copied for every example."""
    path = tmp_path / "template.sqlite"
    copy = connect(path)
    db.conn.backup(copy.conn)
    close(copy)
    return path


def contents(index: Index[Item]) -> dict[Item, list[float]]:
    """The vectors of an index by key: the cosines with the axes are the coordinates."""
    axes = np.eye(2, dtype=np.float32)
    keys = [hit.key for hit in index.nearest(axes[0], at_most=max(len(index), 1))]
    assert len(keys) == len(set(keys)) == len(index)
    x, y = (index.cosines(axis, keys) for axis in axes)
    return {key: [one, other] for key, one, other in zip(keys, x, y, strict=True) if one is not None and other}


def fresh(db: Database, encoder: Encoder = DRAWN, path: Path | None = None) -> Index[Item]:
    """An index made from the store as it is."""
    index: Index[Item] = Index(path)
    cluster.matches.follow(db, index=index, encoder=encoder)
    return index


def form(title: str) -> IdeaForm:
    return IdeaForm(title=title, description="Iets.")


def post(db: Database, member: Member, at: int, title: str) -> None:
    cluster.ideas.post(db, encoder=DRAWN, member=member, form=form(title))


def post_without_encoder(db: Database, member: Member, at: int, title: str) -> None:
    cluster.ideas.post(db, encoder=None, member=member, form=form(title))


def edit(db: Database, member: Member, at: int, title: str, encoder: Encoder | None = DRAWN) -> None:
    if idea := data.ideas.get(db, idea_id=at):
        cluster.ideas.edit(db, encoder=encoder, member=member, idea_id=at, revision=idea.revision, form=form(title))


def edit_without_encoder(db: Database, member: Member, at: int, title: str) -> None:
    edit(db, member, at, title, None)


def withdraw(db: Database, member: Member, at: int, title: str) -> None:
    if data.ideas.get(db, idea_id=at):
        cluster.ideas.withdraw(db, member=member, idea_id=at)


def restore(db: Database, member: Member, at: int, title: str) -> None:
    if data.ideas.get(db, idea_id=at):
        cluster.ideas.restore(db, member=member, idea_id=at)


def import_ideas(db: Database, member: Member, at: int, title: str) -> None:
    given = [{"id": f"I-{n}", "title": title, "description": "Iets.", "municipality": "Genk"} for n in (at, at + 1)]
    cluster.ideas.import_rows(db, rows=[Row(line, fields) for line, fields in enumerate(given, 1)])


def import_projects(db: Database, member: Member, at: int, title: str) -> None:
    given = {"id": f"P-{at}", "title": title, "description": "Iets.", "municipality": "Genk", "status": "approved"}
    cluster.projects.import_rows(db, rows=[Row(1, given)])


def embed(db: Database, member: Member, at: int, title: str) -> None:
    for kind in Kind:
        cluster.matches.embed(db, encoder=DRAWN, kind=kind, item_id=at)


def embed_missing(db: Database, member: Member, at: int, title: str) -> None:
    cluster.matches.embed_missing(db, encoder=DRAWN)


def embed_by_another_encoder(db: Database, member: Member, at: int, title: str) -> None:
    cluster.matches.embed_missing(db, encoder=OTHER)


def put_by_hand(db: Database, member: Member, at: int, title: str) -> None:
    vector = DRAWN.encode([title])[0].tobytes()
    if data.projects.get(db, project_id=at) is None:
        return
    with transaction(db):
        data.matches.put(db, kind=Kind.PROJECT, item_id=at, encoder="drawn", text_hash=title, vector=vector, parts=b"")


def hide(db: Database, member: Member, at: int, title: str) -> None:
    with transaction(db):
        db.execute("update ideas set state = 'hidden' where id = ? and state = 'open'", [at])
        db.execute("update ideas set state = 'open' where id = ? and state = 'hidden'", [at + 1])


def erase(db: Database, member: Member, at: int, title: str) -> None:
    with transaction(db):
        db.execute("delete from projects where id = ?", [at])
        if row(db, "select 1 from idea_versions where idea_id = ?", [at]):
            db.execute("delete from idea_versions where idea_id = ?", [at])
            db.execute("delete from ideas where id = ?", [at])


def nothing(db: Database, member: Member, at: int, title: str) -> None:
    pass


def beside(db: Database) -> Path:
    """Where the snapshot of a database stands."""
    return Path(str(db.conn.execute("pragma database_list").fetchone()[2])).with_suffix(".vectors")


def refresh(db: Database, member: Member, at: int, title: str) -> None:
    cluster.snapshots.refresh(db, path=beside(db))


def lose_the_snapshot(db: Database, member: Member, at: int, title: str) -> None:
    beside(db).unlink(missing_ok=True)


def damage_the_snapshot(db: Database, member: Member, at: int, title: str) -> None:
    """Put a file with one wrong byte in its place; never the very file, which others may have mapped."""
    if beside(db).exists():
        damaged = bytearray(beside(db).read_bytes())
        damaged[at * 997 % len(damaged)] ^= 1 << at
        other = beside(db).with_suffix(".damaged")
        other.write_bytes(damaged)
        other.replace(beside(db))


def snapshot_of_another_encoder(db: Database, member: Member, at: int, title: str) -> None:
    cluster.matches.follow(db, index=Index(beside(db)), encoder=OTHER)


Step = Callable[[Database, Member, int, str], None]
STEPS: list[Step] = [
    post,
    post_without_encoder,
    edit,
    edit_without_encoder,
    withdraw,
    restore,
    import_ideas,
    import_projects,
    embed,
    embed_missing,
    embed_by_another_encoder,
    put_by_hand,
    hide,
    erase,
    refresh,
    lose_the_snapshot,
    damage_the_snapshot,
    snapshot_of_another_encoder,
    nothing,
]
history = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(1, 4), st.sampled_from(["a", "bb", "ccc", "dddd"]), st.booleans()),
    min_size=5,
    max_size=40,
)


@given(history)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_every_follower_equals_a_fresh_index(
    template: Path, steps: list[tuple[Step, int, str, bool]]
) -> None:
    """Two processes write by turns; each follows at its own pace, one of them after every step.

    Both share a snapshot, of which every second change is already too many to keep beside it, and which is lost,
    damaged and taken by another encoder meanwhile. A third keeps everything in its own memory.
    """
    with TemporaryDirectory() as folder, patch.object(cluster.snapshots, "KEPT_AT_LEAST", 2):
        path = shutil.copy(template, Path(folder) / "copy.sqlite")
        one, two = connect(path), connect(path)
        for db in (one, two):
            db.execute("pragma synchronous = off")  # no power will fail here
        member = data.people.by_email(one, email="genk@test.example")
        assert member is not None
        eager, lazy, alone = fresh(one, path=beside(one)), fresh(two, path=beside(one)), fresh(one)
        for step, at, title, look in steps:
            with suppress(NotAllowed):  # hidden ideas cannot be changed
                step(two if look else one, member, at, title)
            cluster.matches.follow(one, index=eager, encoder=DRAWN)
            cluster.matches.follow(one, index=alone, encoder=DRAWN)
            assert contents(eager) == contents(alone)
            if look:
                cluster.matches.follow(two, index=lazy, encoder=DRAWN)
                assert contents(lazy) == contents(eager)
        cluster.matches.follow(two, index=lazy, encoder=DRAWN)
        whole, late = fresh(one), fresh(one, path=beside(one))
        assert contents(eager) == contents(lazy) == contents(alone) == contents(whole) == contents(late)
        assert eager.seq == lazy.seq == whole.seq
        public = {(Kind.IDEA, idea.id) for idea in cluster.ideas.browse(one, wanted=data.ideas.Filter())[0]}
        assert {key for key in contents(whole) if key[0] is Kind.IDEA} <= public
        close(one)
        close(two)


def test_another_encoder_starts_afresh_and_never_mixes(db: Database) -> None:
    member = data.people.by_email(db, email="genk@test.example")
    post(db, member, 0, "a")  # type: ignore[arg-type]
    index = fresh(db)
    assert len(index) == 1
    cluster.matches.follow(db, index=index, encoder=OTHER)
    assert len(index) == 0
    cluster.matches.embed_missing(db, encoder=OTHER)
    cluster.matches.follow(db, index=index, encoder=OTHER)
    assert contents(index) == contents(fresh(db, OTHER))


def test_what_does_not_change_is_not_read_again(db: Database) -> None:
    member = data.people.by_email(db, email="genk@test.example")
    post(db, member, 0, "a")  # type: ignore[arg-type]
    index = fresh(db)
    before = index._now
    cluster.matches.follow(db, index=index, encoder=DRAWN)
    assert index._now is before


def test_an_edit_is_never_overtaken_by_the_slow_encoding_of_the_former_text(db: Database) -> None:
    """The worker reads a text and encodes it; meanwhile the author saves another one, whose vector is kept at once."""
    member = data.people.by_email(db, email="genk@test.example")
    assert member is not None
    idea_id = cluster.ideas.post(db, encoder=None, member=member, form=form("first"))

    class Slow(Drawn):
        def encode(self, texts: Sequence[str], **more: object) -> Vectors:
            edit(db, member, idea_id, "second and longer")
            return super().encode(texts)

    for work in (
        lambda: cluster.matches.embed(db, encoder=Encoder("drawn", Slow()), kind=Kind.IDEA, item_id=idea_id),
        lambda: cluster.matches.embed_missing(db, encoder=Encoder("drawn", Slow())),
    ):
        work()
        kept = data.matches.get(db, kind=Kind.IDEA, item_id=idea_id, encoder="drawn")
        assert kept == DRAWN.encode(["second and longer. Iets."])[0].tobytes()
        with transaction(db):
            db.execute("delete from embeddings")
        edit(db, member, idea_id, "first", None)


def test_an_idea_withdrawn_before_its_vector_came_has_one_when_it_is_restored(db: Database) -> None:
    member = data.people.by_email(db, email="genk@test.example")
    assert member is not None
    idea_id = cluster.ideas.post(db, encoder=None, member=member, form=form("a"))
    cluster.ideas.withdraw(db, member=member, idea_id=idea_id)
    cluster.matches.embed(db, encoder=DRAWN, kind=Kind.IDEA, item_id=idea_id)
    assert len(fresh(db)) == 0
    cluster.ideas.restore(db, member=member, idea_id=idea_id)
    assert list(contents(fresh(db))) == [(Kind.IDEA, idea_id)]
