"""The ledger's page and its file, for coordinators."""

from flask import Blueprint, Response, render_template, request
from flask_login import login_required

import cluster.ledger
from cluster.web.context import db, member
from cluster.web.exports import of_fields
from cluster.web.matches import page_number
from cluster.web.moderation import days, period
from cluster.web.requests import number
from data.ledger import Filter
from models.ledger import Act

door = Blueprint("ledger", __name__)

_EXPORTED = ("id", "happened_at", "member_id", "who", "act", "about", "what")


@door.get("/ledger")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """What happened, newest first."""
    page, wanted = page_number(), _wanted()
    entries, has_more = cluster.ledger.browse(db(), member=member(), wanted=wanted, page=page)
    return render_template(
        "ledger.html",
        entries=entries,
        has_more=has_more,
        page=page,
        wanted=wanted,
        **days(),
    )


@door.get("/ledger/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same as a file."""
    found = cluster.ledger.every(db(), member=member(), wanted=_wanted())
    return of_fields(format, "logboek", _EXPORTED, found)


def _wanted() -> Filter:
    args = request.args
    act, about = args.get("act"), args.get("about") or ""
    since, until = period()
    return Filter(
        act=act if act in set(Act) else None,
        member_id=number(args.get("member")),
        about=about[:40] or None,
        since=since,
        until=until,
    )
