"""The projects that are known: submitted, approved, or related to the programme; read, written and decided on."""

import secrets
from collections.abc import Container
from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.calls
import cluster.clusters
import cluster.ideas
import cluster.matches
import cluster.moderation
import cluster.project_requests
import cluster.projects
import data.calls
import data.people
from cluster.web.context import db, encoder, index, member
from cluster.web.errors import typed as written
from cluster.web.exports import response
from cluster.web.face import options, themes
from cluster.web.languages import say
from cluster.web.matches import in_lanes, not_too_often, page_number
from cluster.web.requests import number
from data.projects import Filter
from models.errors import Conflict, Invalid, NotFound
from models.matches import Kind
from models.moderation import Subject
from models.people import Organisation
from models.projects import Project, ProjectForm, Status

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
        total=cluster.projects.count(db(), wanted=wanted),
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
    not_too_often()
    wanted, _ = _wanted({call.id for call in cluster.calls.every(db())})
    return response(
        format,
        "projecten",
        [(name, name) for name in cluster.projects.EXPORTED],
        cluster.projects.exported(db(), wanted=wanted),
        longer_than=lambda count: cluster.projects.more_than(db(), wanted=wanted, count=count),
    )


@door.get("/projects/<int:project_id>")
def show(project_id: int) -> str:
    """What is known of a project, and what is not."""
    return _page(cluster.projects.get(db(), project_id, member=member()))


@door.route("/projects/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new() -> ResponseReturnValue:
    """Add a project: one's own, or what an idea or a cluster became."""
    cluster.projects.must_add(member())
    origin = {f"{kind}_id": number(request.values.get(kind)) for kind in ("idea", "cluster")}
    form, key = _read_form(), request.form.get("submission_key", "")[:64] or None
    try:
        if request.method == "GET":
            form = cluster.projects.draft(db(), member=member(), **origin)
            return _form(form, origin=origin, submission_key=secrets.token_urlsafe(16))
        project_id = cluster.projects.add(db(), member=member(), form=form, submission_key=key, **origin)
    except Invalid as refused:
        return _form(form, origin=origin, submission_key=key, refused=refused), 422
    except Conflict as conflict:
        current = cast(Project, conflict.current)
        return _page(current, conflict=conflict, kept=written()), 409
    flash(gettext("Het project staat online."))
    return redirect(url_for("projects.show", project_id=project_id), code=303)


@door.route("/projects/<int:project_id>/edit", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit(project_id: int) -> ResponseReturnValue:
    """Change a project; earlier versions are kept."""
    _, project = cluster.projects.must_edit(db(), member=member(), project_id=project_id)
    if request.method == "GET":
        return _form(cluster.projects.form_of(db(), project), project=project)
    form, revision = _read_form(), number(request.form.get("revision")) or 0
    try:
        cluster.projects.edit(db(), member=member(), project_id=project_id, revision=revision, form=form)
    except Invalid as refused:
        return _form(form, project=project, revision=revision, refused=refused), 422
    except Conflict as conflict:
        current = cast(Project, conflict.current)
        return _form(form, project=current, conflict=conflict), 409
    flash(gettext("Je wijzigingen zijn bewaard."))
    return redirect(url_for("projects.show", project_id=project_id), code=303)


@door.get("/projects/<int:project_id>/versions")
@login_required  # type: ignore[untyped-decorator]
def versions(project_id: int) -> str:
    """How a project stood after each change, and what each changed."""
    page = page_number()
    found, has_more = cluster.projects.versions(db(), member=member(), project_id=project_id, page=page)
    return render_template(
        "projects/versions.html",
        project=cluster.projects.get(db(), project_id, member=member()),
        versions=found[: cluster.projects.VERSIONS_PER_PAGE],
        changes=cluster.projects.differences(found),
        page=page,
        has_more=has_more,
        calls={call.id: call.name for call in cluster.calls.every(db())},
    )


@door.post("/projects/<int:project_id>/decisions")
@login_required  # type: ignore[untyped-decorator]
def decide(project_id: int) -> ResponseReturnValue:
    """Record that a project was submitted, approved or refused."""
    typed = {name: request.form.get(name, "") for name in ("status", "status_source", "status_on", "note")}
    try:
        cluster.projects.decide(
            db(),
            member=member(),
            project_id=project_id,
            revision=number(request.form.get("revision")) or 0,
            status=typed["status"],
            source=typed["status_source"],
            happened_on=typed["status_on"],
            note=typed["note"],
        )
    except Invalid as refused:
        return _page(cluster.projects.get(db(), project_id, member=member()), typed=typed, refused=refused), 422
    except Conflict as conflict:
        current = cast(Project, conflict.current)
        return _page(current, typed=typed, conflict=conflict), 409
    flash(gettext("De uitkomst is vastgelegd."))
    return redirect(url_for("projects.show", project_id=project_id, _anchor="history"), code=303)


@door.post("/projects/<int:project_id>/contact")
@login_required  # type: ignore[untyped-decorator]
def ask_contact(project_id: int) -> ResponseReturnValue:
    """Ask the coordinators for contact with who is behind a project."""
    message = request.form.get("message", "")
    try:
        cluster.project_requests.ask(db(), member=member(), project_id=project_id, message=message)
    except Invalid as refused:
        return _page(
            cluster.projects.get(db(), project_id, member=member()), typed={"message": message}, refused=refused
        ), 422
    flash(gettext("Je vraag is onderweg naar de coördinatoren."))
    return redirect(url_for("projects.show", project_id=project_id, _anchor="meedoen"), code=303)


def _read_form() -> ProjectForm:
    return ProjectForm(**{name: request.form.get(name, "") for name in ProjectForm.__dataclass_fields__})


def _form(
    form: ProjectForm,
    *,
    project: Project | None = None,
    origin: dict[str, int | None] | None = None,
    revision: int | None = None,
    submission_key: str | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
) -> str:
    asking = member()
    coordinates = asking is not None and asking.is_coordinator
    return render_template(
        "projects/form.html",
        values=asdict(form),
        project=project,
        origin=origin or {},
        revision=revision or (project.revision if project else None),
        submission_key=submission_key,
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
        standing=asdict(cluster.projects.form_of(db(), project)) if conflict and project else {},
        calls=cluster.calls.every(db()),
        coordinates=coordinates,
        municipalities=data.people.municipalities(db()) if coordinates else [],
    )


def _page(
    project: Project,
    *,
    typed: dict[str, str] | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
    kept: list[tuple[str, str]] | None = None,
) -> str:
    matches = cluster.matches.similar_to(
        db(),
        encoder=encoder(),
        index=index(),
        item=(Kind.PROJECT, project.id),
        title=project.title,
        description=project.summary,
    )
    asking = member()
    form = cluster.projects.form_of(db(), project)
    may_edit = cluster.projects.may_edit(project, asking)
    return render_template(
        "projects/show.html",
        project=project,
        partners=cluster.projects.partners(db(), project=project),
        call=data.calls.get(db(), call_id=project.call_id) if project.call_id else None,
        asked=cluster.project_requests.asked(db(), member=asking, kind=Kind.PROJECT, item_id=project.id),
        decisions=cluster.projects.decisions(db(), project=project),
        origin=_origin(project),
        may_edit=may_edit,
        typed={"status": form.status, "status_source": "", "status_on": "", "note": "", "message": ""} | (typed or {}),
        hiding=cluster.moderation.hidden_case(db(), member=member(), kind=Subject.PROJECT, item_id=project.id),
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
        kept=kept,
        lanes=in_lanes(matches),
        words_only=encoder() is None,
    )


def _origin(project: Project) -> dict[str, Any]:
    """The idea or the cluster that became this project, if this reader may see it."""
    try:
        if project.idea_id:
            return {"idea": cluster.ideas.get(db(), idea_id=project.idea_id, member=member())}
        if project.cluster_id:
            return {"cluster": cluster.clusters.get(db(), cluster_id=project.cluster_id, member=member())}
    except NotFound:
        pass
    return {}
