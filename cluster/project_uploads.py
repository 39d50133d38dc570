"""Files with projects that coordinators bring in: looked at first, imported or thrown away afterwards."""

import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO

from sqlite_utils import Database

import cluster.projects
import data.project_uploads
from cluster.engine.texts import one_line
from cluster.people import must_coordinate
from cluster.project_imports import FORMATS, Plan, fates
from data.store import now, transaction
from models.errors import N_, Conflict, ImportRefused, Invalid, NotFound
from models.people import Member
from models.projects import Fate, RowFate, Upload, UploadState

UPLOAD_AT_MOST = 10 * 2**20
ROWS_PER_PAGE = 50
# A file that nobody confirmed by then is thrown away: it may hold more than anybody meant to bring in.
_KEPT_FOR = timedelta(days=1)
_CHUNK = 2**20


def bring_in(db: Database, *, member: Member | None, folder: Path, name: str, file: IO[bytes]) -> str:
    """Keep a file in `folder`, find out what every row would do, and return the token under which it waits.

    Nothing of it is imported yet.
    """
    who = must_coordinate(member)
    name = one_line(name)[:200]
    form = name.rpartition(".")[2].lower()
    if not name:
        raise Invalid("file", N_("Kies een bestand."))
    if form not in FORMATS:
        raise Invalid("file", N_("Kies een bestand dat eindigt op .csv, .xlsx of .jsonl."))
    token = secrets.token_urlsafe(16)
    try:
        _keep(folder, token, file)
        upload = Upload(
            token=token,
            member_id=who.id,
            name=name,
            format=form,
            state=UploadState.WAITING,
            plan="",
            added=0,
            changed=0,
            unchanged=0,
            refused=0,
            ignored={},
            uploaded_at=now(),
            ended_at=None,
        )
        upload = _look(db, folder=folder, upload=upload)
        with transaction(db):
            data.project_uploads.add(db, upload=upload)
    except BaseException:
        _forget(folder, token)
        raise
    return token


def get(db: Database, *, member: Member | None, token: str) -> Upload:
    """An upload, for coordinators."""
    must_coordinate(member)
    found = data.project_uploads.get(db, token=token)
    if found is None:
        raise NotFound
    return found


def rows(*, folder: Path, upload: Upload, fate: Fate | None, page: int) -> tuple[list[RowFate], bool]:
    """One page of what the dry run found, of one fate or all, and whether there is more."""
    if upload.state is not UploadState.WAITING:
        return [], False
    start = (page - 1) * ROWS_PER_PAGE
    found = list(islice(_planned(folder, upload.token, fate), start, start + ROWS_PER_PAGE + 1))
    return found[:ROWS_PER_PAGE], len(found) > ROWS_PER_PAGE


def confirm(db: Database, *, member: Member | None, folder: Path, token: str) -> Upload:
    """Import a file that waits: every row of it, or nothing. Confirming again changes nothing.

    A Conflict when the rows would do something else by now than was shown; what they would do now is then shown.
    """
    who = must_coordinate(member)
    upload = get(db, member=who, token=token)
    if upload.state is UploadState.IMPORTED:
        return upload
    try:
        with _file(folder, token).open("rb") as file:
            cluster.projects.import_rows(
                db, rows=FORMATS[upload.format](file), member=who, plan=upload.plan, upload=token
            )
    except FileNotFoundError:
        raise NotFound(N_("Dit bestand is er niet meer. Breng het opnieuw in.")) from None
    except (Conflict, ImportRefused) as fault:
        present = get(db, member=who, token=token)
        if present.state is UploadState.IMPORTED:  # by the same click, sent twice
            return present
        if present.state is UploadState.DISCARDED:
            raise NotFound(N_("Dit bestand is er niet meer. Breng het opnieuw in.")) from None
        _look_again(db, folder=folder, upload=present)
        said = N_("Intussen is er iets gewijzigd. Kijk hieronder opnieuw na wat er zou gebeuren.")
        raise Conflict(said, current=data.project_uploads.get(db, token=token)) from fault
    _forget(folder, token)
    return get(db, member=who, token=token)


def discard(db: Database, *, member: Member | None, folder: Path, token: str) -> None:
    """Throw a file away that waits; saying it twice changes nothing."""
    get(db, member=member, token=token)
    with transaction(db):
        data.project_uploads.end(db, token=token, state=UploadState.DISCARDED, moment=now())
    _forget(folder, token)


def discard_old(db: Database, *, folder: Path) -> None:
    """Throw away what nobody confirmed within a day."""
    before = datetime.now(UTC) - _KEPT_FOR
    old = data.project_uploads.waiting(db, before=before.isoformat(timespec="seconds"))
    if old:
        with transaction(db):
            for upload in old:
                data.project_uploads.end(db, token=upload.token, state=UploadState.DISCARDED, moment=now())
    for upload in old:
        _forget(folder, upload.token)
    if folder.is_dir():
        for path in folder.iterdir():  # of an upload that broke off
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()


def _keep(folder: Path, token: str, file: IO[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    size = 0
    with _file(folder, token).open("xb") as kept:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > UPLOAD_AT_MOST:
                said = N_("Het bestand is groter dan %(megabytes)s MB. Splits het op.")
                raise Invalid("file", said, megabytes=UPLOAD_AT_MOST // 2**20)
            kept.write(chunk)
    if not size:
        raise Invalid("file", N_("Het bestand is leeg."))


def _look(db: Database, *, folder: Path, upload: Upload) -> Upload:
    """Read a file, write down what every row would do, and count."""
    counts = dict.fromkeys(Fate, 0)
    ignored: dict[str, int] = {}
    plan = Plan()
    part = folder / f"{upload.token}.part"
    with _file(folder, upload.token).open("rb") as file, part.open("w", encoding="utf8") as kept:
        for row in fates(db, FORMATS[upload.format](file), ignored=ignored):
            counts[row.fate] += 1
            if row.fate is not Fate.REFUSED:
                plan.add(row)
            kept.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    part.replace(_plan(folder, upload.token))
    return replace(
        upload,
        plan=plan.fingerprint,
        added=counts[Fate.NEW],
        changed=counts[Fate.CHANGED],
        unchanged=counts[Fate.UNCHANGED],
        refused=counts[Fate.REFUSED],
        ignored=dict(sorted(ignored.items())[:50]),
    )


def _look_again(db: Database, *, folder: Path, upload: Upload) -> None:
    found = _look(db, folder=folder, upload=upload)
    with transaction(db):
        data.project_uploads.replan(db, upload=found)


def _planned(folder: Path, token: str, fate: Fate | None) -> Iterator[RowFate]:
    with suppress(FileNotFoundError), _plan(folder, token).open(encoding="utf8") as kept:
        for line in kept:
            row = json.loads(line)
            if fate is None or row["fate"] == fate:
                yield RowFate(
                    line=row["line"],
                    external_id=row["external_id"],
                    title=row["title"],
                    fate=Fate(row["fate"]),
                    changes=tuple((name, before, after) for name, before, after in row["changes"]),
                    wrong=tuple((name, message) for name, message in row["wrong"]),
                )


def _file(folder: Path, token: str) -> Path:
    return folder / f"{token}.file"


def _plan(folder: Path, token: str) -> Path:
    return folder / f"{token}.plan"


def _forget(folder: Path, token: str) -> None:
    for path in (_file(folder, token), _plan(folder, token), folder / f"{token}.part"):
        path.unlink(missing_ok=True)
