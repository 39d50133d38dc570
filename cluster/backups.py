"""Backups: a folder with everything that cannot be made again, taken while people work, and put back elsewhere.

Beside the database that is what people brought in as files. Vectors and throttles are not: they are made again.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlite_utils import Database

import data.backups
import data.health
import data.migrations
import data.sessions
from data.store import close, connect, now, transaction
from models.errors import N_, Conflict, Refusal

FOLDERS = ("uploads", "attachments")
_LIST = "backup.json"
_FORM = 1
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: rows by table, and of every file its size in bytes and its SHA-256."""

    made_at: str
    rows: dict[str, int]
    files: dict[str, tuple[int, str]]
    form: int = _FORM

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(size for size, _ in self.files.values())


def back_up(db: Database, *, folder: Path, name: str, to: Path) -> Backup:
    """Copy the store and the files of `folder` to the new folder `to`, which appears only once all of it is verified.

    `name` is the file of the database. Others write meanwhile; the copy is of one moment. Nothing is overwritten.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise Conflict(N_("%(place)s bestaat al en is niet leeg. Kies een nieuwe map."), place=to)
    with _unfinished(to) as place:
        made_at = now()
        rows = data.backups.copy(db, path=place / name)
        # The files after the database: of every row in the copy the file was there. One that is gone by now was
        # imported or thrown away meanwhile.
        for source in _files(folder):
            with _may_vanish():
                _copy(folder / source, place / source)
        files = {str(found): _fingerprint(place / found) for found in (Path(name), *_files(place))}
        made = Backup(made_at=made_at, rows=rows, files=files)
        _verify(place / name, made)
        (place / _LIST).write_text(json.dumps(asdict(made), indent=1), encoding="utf-8")
        _settle(place)
    return made


def restore(*, source: Path, folder: Path, name: str) -> Backup:
    """Put a backup into a folder that holds no database, verified before and after, and brought up to date.

    Every session ends: who was signed out since the backup must not be let in again. Nothing is overwritten; one that
    was cut short leaves no database and can be run again.
    """
    kept = _listed(source)
    for file in (*(f"{name}{end}" for end in ("", "-wal")), *(str(found) for found in _files(folder))):
        if (folder / file).exists() and (file not in kept.files or file == name or not _same(folder, file, kept)):
            raise Conflict(N_("%(place)s bestaat al. Zet een reservekopie terug in een lege map."), place=folder / file)
    for file in kept.files:
        if not (source / file).is_file() or not _same(source, file, kept):
            raise Refusal(N_("De reservekopie is beschadigd: %(file)s is niet meer wat bewaard werd."), file=file)
    folder.mkdir(parents=True, exist_ok=True)
    for file in kept.files:
        if file != name:
            _copy(source / file, folder / file)
    fresh = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        _copy(source / name, fresh)
        _verify(fresh, kept)
        _bring_up_to_date(fresh)
        fresh.rename(folder / name)
    finally:
        for left in folder.glob(f"{fresh.name}*"):
            left.unlink()
    _settle(folder)
    return kept


def _bring_up_to_date(path: Path) -> None:
    db = connect(path)
    try:
        with transaction(db):
            data.migrations.migrate(db)
            data.sessions.end_everybody(db)
    finally:
        close(db)


def _listed(source: Path) -> Backup:
    """What a backup says it holds; refused when that cannot be read, or was written by a later version."""
    try:
        found = json.loads((source / _LIST).read_text(encoding="utf-8"))
        if found["form"] != _FORM:
            raise Refusal(N_("Deze reservekopie is van een andere versie van Medestanders."))
        files = {file: (int(size), str(digest)) for file, (size, digest) in found["files"].items()}
        kept = Backup(made_at=found["made_at"], rows=found["rows"], files=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Refusal(N_("%(place)s is geen reservekopie van Medestanders."), place=source) from fault
    if any(Path(file).is_absolute() or ".." in Path(file).parts for file in kept.files):
        raise Refusal(N_("%(place)s is geen reservekopie van Medestanders."), place=source)
    return kept


def _verify(path: Path, kept: Backup) -> None:
    """Refuse a copy that is not whole: pages, indexes, references, rows by table, and a schema that is known here."""
    with data.backups.opened(path) as db:
        if wrong := data.health.damage(db):
            raise Refusal(N_("De kopie is beschadigd: %(what)s."), what="; ".join(wrong))
        if (found := data.backups.count(db)) != kept.rows:
            tables = sorted(name for name in {*found, *kept.rows} if found.get(name) != kept.rows.get(name))
            raise Refusal(N_("De kopie is niet volledig: andere aantallen in %(tables)s."), tables=", ".join(tables))
        if unknown := data.backups.unknown_steps(db):
            said = N_("Deze reservekopie is van een nieuwere versie van Medestanders (%(steps)s).")
            raise Refusal(said, steps=", ".join(unknown))


@contextmanager
def _unfinished(to: Path) -> Iterator[Path]:
    """A new folder beside `to` that becomes `to` when all went well, and otherwise leaves nothing."""
    to.parent.mkdir(parents=True, exist_ok=True)
    place = to.parent / f".{to.name}.{secrets.token_hex(4)}"
    place.mkdir(mode=0o700)
    try:
        yield place
        try:
            place.rename(to)  # fails when somebody filled that folder meanwhile
        except OSError:
            raise Conflict(N_("%(place)s bestaat al en is niet leeg. Kies een nieuwe map."), place=to) from None
        _settle(to.parent)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _may_vanish() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return


def _files(folder: Path) -> list[Path]:
    """The files that people brought in, as paths within a data folder or a backup."""
    found = (path for name in FOLDERS for path in (folder / name).rglob("*") if path.is_file())
    return sorted(path.relative_to(folder) for path in found)


def _same(folder: Path, file: str, kept: Backup) -> bool:
    return _fingerprint(folder / file) == kept.files[file]


def _fingerprint(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    """Copy a file that only its owner may read, and see it on the disk before going on."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as given, target.open("wb") as taken:
        os.fchmod(taken.fileno(), 0o600)
        shutil.copyfileobj(given, taken, _CHUNK)
        taken.flush()
        os.fsync(taken.fileno())


def _settle(folder: Path) -> None:
    """See the files of a folder, and their names, on the disk."""
    for path in (folder, *folder.iterdir()):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
