"""A backup is of one moment, whole, and elsewhere the same; it never overwrites and never half appears."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import cluster.backups
import cluster.sessions
import data.people
import data.store
from cluster.backups import back_up, restore
from data.migrations import migrate
from data.store import transaction, value
from models.errors import Conflict, Refusal
from tests.conftest import furnish

ROOT = Path(__file__).resolve().parents[2]
NAME = "medestanders.sqlite"
# Writes a pair of rows in each transaction: a copy with half a pair would be of no moment that ever was.
WRITER = """
import sys
import data.store
db = data.store.connect(sys.argv[1])
while True:
    with data.store.transaction(db):
        for _ in range(2):
            db.execute("insert into jobs (kind, key, not_before, done_at) values ('pair', '', '', 'x')")
    print("written", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a furnished database, a file that waits, and what is made again by itself."""
    found = tmp_path / "instance"
    (found / "uploads").mkdir(parents=True)
    (found / "uploads" / "wacht.rows").write_text("rij 1\n")
    (found / "medestanders.vectors").write_bytes(b"vectors")
    return found


@pytest.fixture
def store(folder: Path) -> Iterator[Database]:
    db = data.store.connect(folder / NAME)
    with transaction(db):
        migrate(db)
    furnish(db)
    yield db
    data.store.close(db)


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(path) as db:
        names = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        found = {name: db.execute(f'select * from "{name}"').fetchall() for name in names}
    db.close()
    return found


def test_what_is_put_back_elsewhere_is_the_same(store: Database, folder: Path, tmp_path: Path) -> None:
    made = back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    kept = restore(source=tmp_path / "copy", folder=tmp_path / "elsewhere", name=NAME)
    assert kept == made
    assert made.rows["members"] == 4
    assert everything(tmp_path / "elsewhere" / NAME) == everything(folder / NAME)
    assert (tmp_path / "elsewhere" / "uploads" / "wacht.rows").read_text() == "rij 1\n"
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {NAME, "uploads"}
    assert (tmp_path / "copy" / NAME).stat().st_mode & 0o077 == 0


def test_who_was_signed_in_when_a_copy_was_made_is_not_in_what_is_put_back(
    store: Database, folder: Path, tmp_path: Path
) -> None:
    token = cluster.sessions.begin(store, member=data.people.coordinators(store)[0], agent="")
    back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    restore(source=tmp_path / "copy", folder=tmp_path / "elsewhere", name=NAME)
    assert cluster.sessions.present(store, token=token) is not None
    elsewhere = data.store.connect(tmp_path / "elsewhere" / NAME)
    assert cluster.sessions.present(elsewhere, token=token) is None
    data.store.close(elsewhere)


def test_a_copy_is_of_one_moment_while_others_write(store: Database, folder: Path, tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder / NAME)], cwd=ROOT, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"written\n"
        counts = []
        for number in range(5):
            before = value(store, "select count(*) from jobs")
            made = back_up(store, folder=folder, name=NAME, to=tmp_path / str(number))
            assert before <= made.rows["jobs"]
            counts.append(made.rows["jobs"])
            time.sleep(0.1)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert all(count % 2 == 0 for count in counts), counts
    assert counts[-1] > counts[0]
    restore(source=tmp_path / "4", folder=tmp_path / "elsewhere", name=NAME)
    again = data.store.connect(tmp_path / "elsewhere" / NAME)
    assert value(again, "select count(*) from jobs") == counts[-1]
    data.store.close(again)


def test_nothing_that_is_there_is_overwritten(store: Database, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine.txt").write_text("van mij")
    with pytest.raises(Conflict, match="niet leeg"):
        back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["mine.txt"]
    back_up(store, folder=folder, name=NAME, to=tmp_path / "good")
    before = (folder / NAME).read_bytes()
    with pytest.raises(Conflict, match="lege map"):
        restore(source=tmp_path / "good", folder=folder, name=NAME)
    assert (folder / NAME).read_bytes() == before
    other = tmp_path / "other"
    (other / "uploads").mkdir(parents=True)
    (other / "uploads" / "wacht.rows").write_text("een ander bestand")
    with pytest.raises(Conflict, match=r"wacht\.rows"):
        restore(source=tmp_path / "good", folder=other, name=NAME)
    assert not (other / NAME).exists()


def spoil_a_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


@pytest.mark.parametrize("spoil", [spoil_a_page, cut_short, Path.unlink])
def test_a_backup_that_was_damaged_is_not_put_back(
    store: Database, folder: Path, tmp_path: Path, spoil: object
) -> None:
    back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    spoil(tmp_path / "copy" / NAME)  # type: ignore[operator]
    with pytest.raises(Refusal, match=NAME):
        restore(source=tmp_path / "copy", folder=tmp_path / "elsewhere", name=NAME)
    assert not (tmp_path / "elsewhere").exists()


def test_damage_that_was_there_before_is_no_backup(store: Database, folder: Path, tmp_path: Path) -> None:
    store.execute("pragma foreign_keys = off")
    with transaction(store):
        store.execute("update members set organisation_id = 999 where organisation_id is not null")
    with pytest.raises(Refusal, match="members"):
        back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["instance"]


def test_a_full_disk_leaves_no_backup(
    store: Database, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cluster.backups.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["instance"]


def test_what_a_newer_version_wrote_is_refused_and_what_an_older_one_wrote_is_brought_up_to_date(
    store: Database, folder: Path, tmp_path: Path
) -> None:
    with transaction(store):
        store.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values (?, ?, ?)",
                      ["medestanders", "999_later", "2099"])  # fmt: skip
    with pytest.raises(Refusal, match="999_later"):
        back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    with transaction(store):
        store.execute("delete from _sqlite_migrations where name in ('999_later', '062_reminders')")
        for table in ("reminders", "reminder_stops", "members_without_reminders", "outcomes"):
            store.execute(f"drop table {table}")
    back_up(store, folder=folder, name=NAME, to=tmp_path / "copy")
    restore(source=tmp_path / "copy", folder=tmp_path / "elsewhere", name=NAME)
    again = data.store.connect(tmp_path / "elsewhere" / NAME)
    assert value(again, "select count(*) from reminders") == 0
    data.store.close(again)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"form": 2}', '{"form": 1, "made_at": "", "rows": {}, "files": {"../x": [1, ""]}}']
)
def test_a_folder_that_is_no_backup_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "copy").mkdir()
    if text:
        (tmp_path / "copy" / "backup.json").write_text(text)
    with pytest.raises(Refusal, match=r"reservekopie"):
        restore(source=tmp_path / "copy", folder=tmp_path / "elsewhere", name=NAME)
    assert not (tmp_path / "elsewhere").exists()
