"""A file with projects: every row is shown before anything is imported, and then it is all or nothing."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.project_uploads
import cluster.projects
import data.store
from cluster.imports import Row
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.people import Member
from models.projects import Fate, UploadState

GOOD = {"id": "P-1", "title": "Slim loket", "description": "Tekst", "municipality": "Genk", "lang": "nl"}


def jsonl(*rows: dict[str, Any]) -> io.BytesIO:
    return io.BytesIO("\n".join(map(json.dumps, rows)).encode())


@pytest.fixture
def bring(db: Database, who: Callable[[str], Member], tmp_path: Path) -> Callable[..., str]:
    def bring_in(*rows: dict[str, Any], file: io.BytesIO | None = None, name: str = "projecten.jsonl") -> str:
        return cluster.project_uploads.bring_in(
            db, member=who("coordinator"), folder=tmp_path / "up", name=name, file=file or jsonl(*rows)
        )

    return bring_in


def projects(db: Database) -> list[str]:
    return [item["title"] for item in data.store.rows(db, "select title from projects order by id")]


def test_the_fate_of_every_row_is_shown_and_nothing_is_written(
    db: Database, who: Callable[[str], Member], tmp_path: Path, bring: Callable[..., str]
) -> None:
    cluster.projects.import_rows(db, rows=[Row(1, GOOD), Row(2, {**GOOD, "id": "P-2", "year": "2024"})])
    token = bring(
        GOOD,
        {**GOOD, "id": "P-2", "year": "2025", "status": "approved", "colour": "blauw"},
        {**GOOD, "id": "P-3"},
        {**GOOD, "id": "P-4", "title": " ", "municipality": "Atlantis"},
    )

    upload = cluster.project_uploads.get(db, member=who("coordinator"), token=token)
    rows, more = cluster.project_uploads.rows(folder=tmp_path / "up", upload=upload, fate=None, page=1)

    assert ([row.fate for row in rows], more) == ([Fate.UNCHANGED, Fate.CHANGED, Fate.NEW, Fate.REFUSED], False)
    assert rows[1].changes == (("status", "unknown", "approved"), ("year", "2024", "2025"))
    assert [name for name, message in rows[3].wrong if message] == ["municipality", "title"]
    assert (upload.added, upload.changed, upload.unchanged, upload.refused) == (1, 1, 1, 1)
    assert (upload.ignored, upload.ready) == ({"colour": 1}, False)
    only, _ = cluster.project_uploads.rows(folder=tmp_path / "up", upload=upload, fate=Fate.REFUSED, page=1)
    assert [row.line for row in only] == [4]
    assert projects(db) == ["Slim loket"] * 2
    with pytest.raises(Conflict):
        cluster.project_uploads.confirm(db, member=who("coordinator"), folder=tmp_path / "up", token=token)
    assert projects(db) == ["Slim loket"] * 2


def test_what_is_confirmed_is_imported_once_and_the_file_is_gone(
    db: Database, who: Callable[[str], Member], tmp_path: Path, bring: Callable[..., str]
) -> None:
    token = bring(GOOD, {**GOOD, "id": "P-2", "status": "approved", "source": "https://genk.example/x"})
    assert len(list((tmp_path / "up").iterdir())) == 2
    for _ in range(2):
        done = cluster.project_uploads.confirm(db, member=who("coordinator"), folder=tmp_path / "up", token=token)
        assert (done.state, done.added) == (UploadState.IMPORTED, 2)
    assert projects(db) == ["Slim loket"] * 2
    assert list((tmp_path / "up").iterdir()) == []
    project = cluster.projects.get(db, 2)
    (told,) = cluster.projects.decisions(db, project=project)
    assert (told.status, told.source, told.who) == ("approved", "https://genk.example/x", "Coordinator")


def test_what_changed_since_it_was_shown_is_shown_again_first(
    db: Database, who: Callable[[str], Member], tmp_path: Path, bring: Callable[..., str]
) -> None:
    coordinator = who("coordinator")
    token = bring(GOOD)
    cluster.projects.import_rows(db, rows=[Row(1, {**GOOD, "title": "Intussen"})])

    with pytest.raises(Conflict):
        cluster.project_uploads.confirm(db, member=coordinator, folder=tmp_path / "up", token=token)

    assert projects(db) == ["Intussen"]
    upload = cluster.project_uploads.get(db, member=coordinator, token=token)
    assert (upload.added, upload.changed) == (0, 1)
    cluster.project_uploads.confirm(db, member=coordinator, folder=tmp_path / "up", token=token)
    assert projects(db) == ["Slim loket"]


def test_a_file_is_thrown_away_by_a_coordinator_or_after_a_day(
    db: Database, who: Callable[[str], Member], tmp_path: Path, bring: Callable[..., str]
) -> None:
    coordinator, folder = who("coordinator"), tmp_path / "up"
    first, second = bring(GOOD), bring(GOOD)
    for _ in range(2):
        cluster.project_uploads.discard(db, member=coordinator, folder=folder, token=first)
    with pytest.raises(NotFound):
        cluster.project_uploads.confirm(db, member=coordinator, folder=folder, token=first)
    cluster.project_uploads.discard_old(db, folder=folder)
    assert cluster.project_uploads.get(db, member=coordinator, token=second).state is UploadState.WAITING
    with data.store.transaction(db):
        db.execute("update project_uploads set uploaded_at = '2020-01-01T00:00:00+00:00'")
    (folder / "broken.part").write_text("x")
    os.utime(folder / "broken.part", (0, 0))
    cluster.project_uploads.discard_old(db, folder=folder)
    assert list(folder.iterdir()) == []
    assert cluster.project_uploads.get(db, member=coordinator, token=second).state is UploadState.DISCARDED


def test_what_is_no_file_for_this_is_refused_and_nothing_stays(
    db: Database, tmp_path: Path, bring: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster.project_uploads, "UPLOAD_AT_MOST", 2**20)
    for name, content in (
        ("", b"x"),
        ("projecten.exe", b"x"),
        ("projecten", b"x"),
        ("leeg.csv", b""),
        ("groot.csv", b"x" * (2**20 + 1)),
    ):
        with pytest.raises(Invalid) as refused:
            bring(file=io.BytesIO(content), name=name)
        assert refused.value.field == "file"
    assert not (tmp_path / "up").exists() or list((tmp_path / "up").iterdir()) == []


def test_only_coordinators_bring_files_in(db: Database, who: Callable[[str], Member], tmp_path: Path) -> None:
    for member in (None, who("genk")):
        with pytest.raises(NotAllowed):
            cluster.project_uploads.bring_in(
                db, member=member, folder=tmp_path, name="x.csv", file=io.BytesIO(b"id\n1\n")
            )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"\xff\xfeI\x00", b'id,title\n"P-1,x\n', b"\0\0\0", b"id;title;title\nP;\xe9;x"])
def test_a_file_that_cannot_be_read_is_refused_row_by_row(
    db: Database, who: Callable[[str], Member], bring: Callable[..., str], content: bytes
) -> None:
    upload = cluster.project_uploads.get(
        db, member=who("coordinator"), token=bring(file=io.BytesIO(content), name="x.csv")
    )
    assert upload.refused
    assert not upload.ready
