"""Asking for access without an account, and deciding on who asked."""

import time

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.access
import data.people
from cluster.access import MESSAGE_AT_MOST, REASON_AT_MOST, AccessForm
from cluster.people import NAME_AT_MOST
from cluster.web.context import db, services
from cluster.web.exports import of_fields, whole
from cluster.web.languages import language, say, utc_now
from cluster.web.matches import page_number
from cluster.web.people import asking, said, stale
from cluster.web.requests import number
from models.errors import Conflict, Invalid, NotFound
from models.people import AccessState

door = Blueprint("access", __name__)


@door.route("/ask-access", methods=["GET", "POST"])
def ask() -> ResponseReturnValue:
    """Ask for an account for one's organisation; how it stands comes by letter."""
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        form = AccessForm(
            organisation_id=number(request.form.get("organisation")),
            **{name: request.form.get(name, "") for name in ("email", "name", "function", "message")},
        )
        try:
            cluster.access.ask(
                db(),
                services().throttles(),
                form=form,
                locale=language(),
                address=request.remote_addr or "",
                moment=time.time(),
            )
        except Invalid as refused:
            errors, status = said(refused), refused.status
        else:
            return redirect(url_for("access.sent"), code=303)
    page = render_template(
        "people/ask_access.html",
        values=request.form,
        errors=errors,
        organisations=data.people.every_organisation(db()),
        name_at_most=NAME_AT_MOST,
        message_at_most=MESSAGE_AT_MOST,
    )
    return page, status


@door.get("/ask-access/sent")
def sent() -> str:
    """What happens next, whoever asked."""
    return render_template("people/access_sent.html")


@door.get("/ask-access/<token>")
def state(token: str) -> ResponseReturnValue:
    """How a question stands, for who has the link."""
    try:
        found, invitation = cluster.access.by_token(db(), token=token)
    except NotFound as gone:
        return stale(gone, again=url_for("access.ask"), words=gettext("Vraag toegang")), gone.status
    return render_template("people/access_state.html", asked=found, invitation=invitation, now=utc_now())


@door.get("/access-requests")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """Who asks for access: to any organisation for coordinators, else to one's own."""
    page, chosen = page_number(), _chosen()
    found, has_more = cluster.access.listed(db(), member=asking(), state=chosen, page=page)
    return render_template("people/access_requests.html", requests=found, chosen=chosen, page=page, has_more=has_more)


_EXPORTED = (
    *("organisation", "name", "function", "email", "message", "state", "reason"),
    *("asked_at", "decided_by", "decided_at"),
)


@door.get("/access-requests/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same questions as a file."""
    who, chosen = asking(), _chosen()
    found = whole(lambda page: cluster.access.listed(db(), member=who, state=chosen, page=page))
    return of_fields(format, "vragen-om-toegang", _EXPORTED, list(found))


def _chosen() -> AccessState:
    wanted = request.args.get("state")
    return AccessState(wanted) if wanted in set(AccessState) else AccessState.ASKED


@door.get("/access-requests/<int:request_id>")
@login_required  # type: ignore[untyped-decorator]
def show(request_id: int) -> str:
    """One question, and the two answers to it."""
    return _page(request_id)


@door.post("/access-requests/<int:request_id>/approve")
@login_required  # type: ignore[untyped-decorator]
def approve(request_id: int) -> ResponseReturnValue:
    """Invite who asked."""
    try:
        found = cluster.access.approve(db(), member=asking(), request_id=request_id)
    except Conflict as conflict:
        return _page(request_id, overtaken=say(conflict)), conflict.status
    except Invalid as refused:
        return _page(request_id, errors={"approve": say(refused)}), refused.status
    flash(gettext("%(name)s kan nu een account openen.", name=found.name))
    return redirect(url_for("access.browse"), code=303)


@door.post("/access-requests/<int:request_id>/decline")
@login_required  # type: ignore[untyped-decorator]
def decline(request_id: int) -> ResponseReturnValue:
    """Say no, with a reason."""
    reason = request.form.get("reason", "")
    try:
        found = cluster.access.decline(db(), member=asking(), request_id=request_id, reason=reason)
    except Conflict as conflict:
        return _page(request_id, overtaken=say(conflict), typed=reason), conflict.status
    except Invalid as refused:
        return _page(request_id, errors=said(refused), typed=reason), refused.status
    flash(gettext("%(name)s krijgt je uitleg per e-mail.", name=found.name))
    return redirect(url_for("access.browse"), code=303)


def _page(request_id: int, *, errors: dict[str, str] | None = None, overtaken: str = "", typed: str = "") -> str:
    return render_template(
        "people/access_request.html",
        asked=cluster.access.get(db(), member=asking(), request_id=request_id),
        values={"reason": typed},
        errors=errors or {},
        overtaken=overtaken,
        reason_at_most=REASON_AT_MOST,
    )
