"""The history of an idea's text: the list of versions, the difference of two, and putting one back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.calls
import cluster.ideas
import cluster.versions
from cluster.web.context import db, encoder, member
from cluster.web.face import label, themes
from cluster.web.languages import say
from cluster.web.matches import page_number
from cluster.web.requests import number
from models.errors import Conflict

door = Blueprint("versions", __name__)


@door.get("/ideas/<int:idea_id>/versions")
@login_required  # type: ignore[untyped-decorator]
def browse(idea_id: int) -> str:
    """All versions of an idea, newest first, page by page."""
    page = page_number()
    idea, versions, has_more = cluster.versions.listed(db(), idea_id=idea_id, member=member(), page=page)
    return render_template(
        "ideas/versions.html", idea=idea, versions=versions, has_more=has_more, page=page, insider=_insider(idea_id)
    )


@door.get("/ideas/<int:idea_id>/versions/<int:revision>")
@login_required  # type: ignore[untyped-decorator]
def show(idea_id: int, revision: int) -> str:
    """One version, and how it differs from the one before or from the one named in `from`."""
    return _page(idea_id, revision)


@door.post("/ideas/<int:idea_id>/versions/<int:revision>/restore")
@login_required  # type: ignore[untyped-decorator]
def restore(idea_id: int, revision: int) -> ResponseReturnValue:
    """Put an earlier version back as a new one."""
    try:
        cluster.ideas.put_back(
            db(),
            encoder=encoder(),
            member=member(),
            idea_id=idea_id,
            version=revision,
            revision=number(request.form.get("revision")) or 0,
        )
    except Conflict as conflict:
        return _page(idea_id, revision, overtaken=say(conflict)), conflict.status
    flash(gettext("Versie %(number)s staat er weer, als een nieuwe versie.", number=revision))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


def _page(idea_id: int, revision: int, *, overtaken: str = "") -> str:
    since = number(request.args.get("from"))
    idea, version, before, differences = cluster.versions.compare(
        db(), idea_id=idea_id, member=member(), revision=revision, since=since
    )
    return render_template(
        "ideas/version.html",
        idea=idea,
        version=version,
        before=before,
        differences=differences,
        insider=_insider(idea_id),
        overtaken=overtaken,
        said=said,
    )


def _insider(idea_id: int) -> bool:
    """Whether the reader may know who wrote what, and put versions back."""
    asking = member()
    if asking is None:
        return False
    idea = cluster.ideas.get(db(), idea_id=idea_id, member=asking)
    return asking.is_coordinator or cluster.ideas.is_own(idea, asking)


def said(field: str, given: object) -> str:
    """The words for what a field that is no text holds."""
    if not given:
        return str(gettext("niets"))
    if field == "theme":
        return str(themes().get(str(given), given))
    if field == "call_id":
        call = cluster.calls.get(db(), call_id=int(str(given)))
        name: str = f"{call.name} – {call.kind_name}"
        return name
    if isinstance(given, tuple):
        return ", ".join(label("seek", one) for one in given)
    return label(field, str(given))
