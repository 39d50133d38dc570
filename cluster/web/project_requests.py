"""Questions for contact about projects: the coordinators' queue, and where one's own stand."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.project_requests
from cluster.web.context import db, member
from cluster.web.exports import of_fields, whole
from cluster.web.languages import say
from cluster.web.matches import page_number
from cluster.web.requests import number
from models.errors import Conflict, Invalid
from models.projects import ContactRequest, RequestState

door = Blueprint("project_requests", __name__)


@door.get("/projects/requests")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """For coordinators the queue, for members what their organisation asked."""
    asking, page = member(), page_number()
    if asking is None or not asking.is_coordinator:
        found, has_more = cluster.project_requests.own(db(), member=asking, page=page)
        return render_template("projects/requests.html", requests=found, has_more=has_more, page=page, counts=None)
    state = _state()
    found, has_more, counts = cluster.project_requests.listed(db(), member=asking, state=state, page=page)
    return render_template(
        "projects/requests.html", requests=found, has_more=has_more, page=page, counts=counts, state=state
    )


_EXPORTED = (
    *("id", "project_id", "idea_id", "title", "lead", "organisation", "state", "message", "answer"),
    *("asked_at", "changed_at"),
)


@door.get("/projects/requests/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same questions as a file, without the name or address of who asked."""
    asking, state = member(), _state()

    def page(number: int) -> tuple[list[ContactRequest], bool]:
        if asking is None or not asking.is_coordinator:
            return cluster.project_requests.own(db(), member=asking, page=number)
        return cluster.project_requests.listed(db(), member=asking, state=state, page=number)[:2]

    found = list(whole(page))
    return of_fields(format, "vragen-om-contact", _EXPORTED, found)


def _state() -> RequestState:
    given = request.args.get("state")
    return RequestState(given) if given in set(RequestState) else RequestState.ASKED


@door.get("/projects/requests/<int:request_id>")
@login_required  # type: ignore[untyped-decorator]
def show(request_id: int) -> str:
    """One question, where it stands, and for coordinators who asked."""
    return _page(request_id)


@door.post("/projects/requests/<int:request_id>/take-up")
@login_required  # type: ignore[untyped-decorator]
def take_up(request_id: int) -> ResponseReturnValue:
    """Tell the asker that somebody is looking."""
    try:
        cluster.project_requests.take_up(db(), member=member(), request_id=request_id, revision=_revision())
    except Conflict as conflict:
        return _page(request_id, conflict=conflict), 409
    flash(gettext("De vrager ziet nu dat jij zoekt."))
    return redirect(url_for("project_requests.show", request_id=request_id), code=303)


@door.post("/projects/requests/<int:request_id>/answer")
@login_required  # type: ignore[untyped-decorator]
def answer(request_id: int) -> ResponseReturnValue:
    """Answer, or say that nobody can be reached."""
    typed = {"answer": request.form.get("answer", ""), "found": request.form.get("found", "")}
    try:
        cluster.project_requests.answer(
            db(),
            member=member(),
            request_id=request_id,
            revision=_revision(),
            text=typed["answer"],
            found=typed["found"] != "no",
        )
    except Invalid as refused:
        return _page(request_id, typed=typed, refused=refused), 422
    except Conflict as conflict:
        return _page(request_id, typed=typed, conflict=conflict), 409
    flash(gettext("Je antwoord is bewaard. De vrager krijgt een e-mail."))
    return redirect(url_for("project_requests.show", request_id=request_id), code=303)


def _revision() -> int:
    return number(request.form.get("revision")) or 0


def _page(
    request_id: int,
    *,
    typed: dict[str, Any] | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
) -> str:
    asking = member()
    found = cluster.project_requests.get(db(), member=asking, request_id=request_id)
    coordinates = asking is not None and asking.is_coordinator
    standing = {"answer": found.answer, "found": "no" if found.state is RequestState.UNREACHABLE else "yes"}
    return render_template(
        "projects/request.html",
        asked=found,
        coordinates=coordinates,
        asker=cluster.project_requests.asker(db(), member=asking, request=found) if coordinates else None,
        values=typed or standing,
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
    )
