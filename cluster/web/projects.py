"""The projects that are known: submitted, approved, or related to the programme."""

from collections.abc import Container

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.calls
import cluster.matches
import cluster.projects
import data.calls
import data.people
from cluster.web.context import db, encoder, index, member
from cluster.web.exports import response
from cluster.web.face import options, themes
from cluster.web.languages import say
from cluster.web.matches import in_lanes, page_number
from cluster.web.requests import number
from data.projects import Filter
from models.errors import Invalid
from models.matches import Kind
from models.people import Organisation
from models.projects import Status

door = Blueprint("projects", __name__)

_PER_PAGE = 20
_PROGRAMME = {"yes": True, "no": False}


@door.get("/projects")
def browse() -> str:
    """Projects that fit the filters; a filter that means nothing is left out."""
    calls = {call.id: call.name for call in cluster.calls.every(db())}
    wanted, organisation = _wanted(calls)
    page = page_number()
    projects, has_more = cluster.projects.browse(db(), wanted=wanted, page=page, at_most=_PER_PAGE)
    return render_template(
        "projects/browse.html",
        projects=projects,
        has_more=has_more,
        page=page,
        wanted=wanted,
        organisation=organisation,
        calls=calls,
        statuses=options("status"),
    )


def _wanted(calls: Container[int | None]) -> tuple[Filter, Organisation | None]:
    organisation_id = number(request.args.get("organisation"))
    organisation = data.people.organisation(db(), organisation_id=organisation_id) if organisation_id else None
    status, theme, call_id = request.args.get("status"), request.args.get("theme"), number(request.args.get("call"))
    wanted = Filter(
        status=status if status in set(Status) else None,
        theme=theme if theme in themes() else None,
        call_id=call_id if call_id in calls else None,
        programme=_PROGRAMME.get(request.args.get("programme", "")),
        organisation_id=organisation.id if organisation else None,
    )
    return wanted, organisation


@door.get("/projects/export.<format>")
def export(format: str) -> Response:
    """The same projects, all of them, as a file that an import reads."""
    wanted, _ = _wanted({call.id for call in cluster.calls.every(db())})
    columns = [(name, name) for name in cluster.projects.EXPORTED]
    return response(format, "projecten", columns, cluster.projects.exported(db(), wanted=wanted))


@door.get("/projects/<int:project_id>")
def show(project_id: int) -> str:
    """What is known of a project, and what is not."""
    return _page(project_id)


@door.post("/projects/<int:project_id>/contact")
@login_required  # type: ignore[untyped-decorator]
def ask_contact(project_id: int) -> ResponseReturnValue:
    """Ask the coordinators for contact with who is behind a project."""
    message = request.form.get("message", "")
    try:
        cluster.projects.ask_contact(db(), member=member(), project_id=project_id, message=message)
    except Invalid as refused:
        return _page(project_id, typed={"message": message}, refused=refused), 422
    flash(gettext("Je vraag is onderweg naar de coördinatoren."))
    return redirect(url_for("projects.show", project_id=project_id, _anchor="meedoen"), code=303)


def _page(project_id: int, *, typed: dict[str, str] | None = None, refused: Invalid | None = None) -> str:
    project = cluster.projects.get(db(), project_id)
    matches = cluster.matches.similar_to(
        db(),
        encoder=encoder(),
        index=index(),
        item=(Kind.PROJECT, project.id),
        title=project.title,
        description=project.summary,
    )
    return render_template(
        "projects/show.html",
        project=project,
        partners=cluster.projects.partners(db(), project=project),
        call=data.calls.get(db(), call_id=project.call_id) if project.call_id else None,
        asked_at=cluster.projects.asked_contact(db(), member=member(), project_id=project_id),
        typed=typed or {},
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        lanes=in_lanes(matches),
        words_only=encoder() is None,
    )
