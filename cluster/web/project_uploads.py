"""Bringing in a file with projects: look at every row first, then confirm or throw away."""

from io import BytesIO
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.people
import cluster.project_uploads
from cluster.project_imports import COLUMNS
from cluster.web.context import db, member, services
from cluster.web.languages import say
from cluster.web.matches import page_number
from models.errors import Conflict, Invalid
from models.projects import Fate

door = Blueprint("project_uploads", __name__)


@door.route("/projects/import", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def bring_in() -> ResponseReturnValue:
    """Choose a file; nothing is imported yet."""
    cluster.people.must_coordinate(member())
    refused: Invalid | None = None
    if request.method == "POST":
        given = request.files.get("file")
        try:
            cluster.project_uploads.discard_old(db(), folder=_folder())
            token = cluster.project_uploads.bring_in(
                db(),
                member=member(),
                folder=_folder(),
                name=(given and given.filename) or "",
                file=given.stream if given else BytesIO(),
            )
            return redirect(url_for("project_uploads.show", token=token), code=303)
        except Invalid as wrong:
            refused = wrong
    page = render_template(
        "projects/import.html",
        errors={refused.field: say(refused)} if refused else {},
        columns=list(COLUMNS),
    )
    return page, 422 if refused else 200


@door.get("/projects/import/<token>")
@login_required  # type: ignore[untyped-decorator]
def show(token: str) -> str:
    """What every row would do."""
    return _page(token)


@door.post("/projects/import/<token>")
@login_required  # type: ignore[untyped-decorator]
def confirm(token: str) -> ResponseReturnValue:
    """Import all rows."""
    try:
        done = cluster.project_uploads.confirm(db(), member=member(), folder=_folder(), token=token)
    except Conflict as conflict:
        return _page(token, conflict=conflict), 409
    flash(
        gettext(
            "%(added)s toegevoegd, %(changed)s gewijzigd, %(unchanged)s ongewijzigd.",
            added=done.added,
            changed=done.changed,
            unchanged=done.unchanged,
        )
    )
    return redirect(url_for("project_uploads.show", token=token), code=303)


@door.post("/projects/import/<token>/discard")
@login_required  # type: ignore[untyped-decorator]
def discard(token: str) -> ResponseReturnValue:
    """Throw the file away."""
    cluster.project_uploads.discard(db(), member=member(), folder=_folder(), token=token)
    flash(gettext("Het bestand is weggegooid. Er is niets ingelezen."))
    return redirect(url_for("project_uploads.bring_in"), code=303)


def _folder() -> Path:
    return services().settings.data / "uploads"


def _page(token: str, *, conflict: Conflict | None = None) -> str:
    upload = cluster.project_uploads.get(db(), member=member(), token=token)
    given, page = request.args.get("fate"), page_number()
    fate = Fate(given) if given in set(Fate) else None
    rows, has_more = cluster.project_uploads.rows(folder=_folder(), upload=upload, fate=fate, page=page)
    return render_template(
        "projects/plan.html", upload=upload, rows=rows, has_more=has_more, page=page, fate=fate, conflict=conflict
    )
