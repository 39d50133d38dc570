"""Files with projects that wait for a coordinator's word; the files themselves lie in the data folder."""

import json
from typing import Any

from sqlite_utils import Database

from data.store import change, row, rows
from models.projects import Upload, UploadState

_UPLOAD = """
select token, member_id, name, format, state, plan, added, changed, unchanged, refused, ignored, uploaded_at, ended_at
from project_uploads
"""


def _upload(found: dict[str, Any]) -> Upload:
    return Upload(**{**found, "state": UploadState(found["state"]), "ignored": json.loads(found["ignored"])})


def add(db: Database, *, upload: Upload) -> None:
    """Note a file that was brought in."""
    db.execute(
        """insert into project_uploads (token, member_id, name, format, plan, added, changed, unchanged, refused,
          ignored, uploaded_at)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            upload.token,
            upload.member_id,
            upload.name,
            upload.format,
            upload.plan,
            upload.added,
            upload.changed,
            upload.unchanged,
            upload.refused,
            json.dumps(upload.ignored, ensure_ascii=False),
            upload.uploaded_at,
        ],
    )


def get(db: Database, *, token: str) -> Upload | None:
    """One upload by its token."""
    found = row(db, _UPLOAD + "where token = ?", [token])
    return _upload(found) if found else None


def waiting(db: Database, *, before: str) -> list[Upload]:
    """The files that wait since before this moment, oldest first."""
    return [
        _upload(item)
        for item in rows(
            db, _UPLOAD + "where state = 'waiting' and uploaded_at < ? order by uploaded_at limit 100", [before]
        )
    ]


def end(db: Database, *, token: str, state: UploadState, moment: str) -> bool:
    """Nothing waits any more; false when somebody ended it before."""
    return bool(
        change(
            db,
            "update project_uploads set state = ?, ended_at = ? where token = ? and state = 'waiting'",
            [state, moment, token],
        )
    )


def replan(db: Database, *, upload: Upload) -> None:
    """Note what a new dry run showed of a file that still waits."""
    change(
        db,
        """update project_uploads set plan = ?, added = ?, changed = ?, unchanged = ?, refused = ?
        where token = ? and state = 'waiting'""",
        [upload.plan, upload.added, upload.changed, upload.unchanged, upload.refused, upload.token],
    )
