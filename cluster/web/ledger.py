"""The ledger's page and its file, for coordinators."""

from flask import Blueprint, Response, render_template, request
from flask_login import login_required

import cluster.ledger
from cluster.web.context import db, member
from cluster.web.exports import of_fields, whole
from cluster.web.matches import page_number
from cluster.web.moderation import as_day, midnight_after, midnight_of
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
    since, until = as_day(request.args.get("since")), as_day(request.args.get("until"))
    return render_template(
        "ledger.html",
        entries=entries,
        has_more=has_more,
        page=page,
        wanted=wanted,
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
    )


@door.get("/ledger/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same as a file."""
    asking, wanted = member(), _wanted()
    found = whole(lambda page: cluster.ledger.browse(db(), member=asking, wanted=wanted, page=page))
    return of_fields(format, "logboek", _EXPORTED, list(found))


def _wanted() -> Filter:
    args = request.args
    act, about = args.get("act"), args.get("about") or ""
    since, until = as_day(args.get("since")), as_day(args.get("until"))
    return Filter(
        act=act if act in set(Act) else None,
        member_id=number(args.get("member")),
        about=about[:40] or None,
        since=midnight_of(since) if since else None,
        until=midnight_after(until) if until else None,
    )
