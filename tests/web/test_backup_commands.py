"""`flask backup`, `flask restore` and `flask drill`: what a system administrator types and reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import cluster.sessions
import data.people
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import create_app
from cluster.web.settings import Settings


def said(app: Flask, *command: str, status: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=command)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return str(result.output)


@pytest.fixture
def empty(tmp_path: Path, encoder: Encoder) -> Iterator[Flask]:
    """An application over an empty data folder."""
    app = create_app(Settings(data=tmp_path / "elsewhere", secret_key="s" * 40))
    app.extensions["medestanders"].encoder = LazyEncoder(lambda: encoder)
    yield app
    app.extensions["medestanders"].close()


def test_a_backup_is_put_back_in_an_empty_place_and_pages_answer(app: Flask, empty: Flask, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy")
    assert "rijen in" in said(app, "backup", copy)
    assert "niet leeg" in said(app, "backup", copy, status=1)
    assert "meldt zich opnieuw aan" in said(empty, "restore", copy)
    assert empty.test_client().get("/municipalities").status_code == 200
    assert "lege map" in said(empty, "restore", copy, status=1)


def test_without_a_database_there_is_nothing_to_copy(empty: Flask, tmp_path: Path) -> None:
    assert "geen databank" in said(empty, "backup", str(tmp_path / "copy"), status=1)
    assert "geen reservekopie" in said(empty, "restore", str(tmp_path / "nothing"), status=1)
    assert not (tmp_path / "elsewhere" / "medestanders.sqlite").exists()


def test_the_drill_reads_pages_of_a_restored_copy_and_leaves_nothing(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    told = said(app, "drill")
    assert "7 gelezen" in told
    assert told.strip().endswith("De oefening is geslaagd.")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_drill_fails_when_a_page_of_the_copy_does(app: Flask) -> None:
    app.extensions["medestanders"].db().execute("drop table themes")
    assert "geslaagd" not in said(app, "drill", status=1)


def test_the_doctor_finds_a_ledger_that_somebody_changed(app: Flask) -> None:
    db = app.extensions["medestanders"].db()
    cluster.sessions.begin(db, member=data.people.coordinators(db)[0], agent="")
    said(app, "doctor")
    db.execute("drop trigger ledger_is_never_changed")
    db.execute("update ledger set what = 'x'")
    assert "logboek klopt niet vanaf nummer 1" in said(app, "doctor", status=1)
