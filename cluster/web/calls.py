"""The calls of the programme, with their deadlines, what was made for each, and what coordinators do with them."""

from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.calls
import cluster.ideas
import cluster.people
import cluster.projects
import data.calls
import data.ideas
import data.projects
from cluster.web import calendars
from cluster.web.context import db, member
from cluster.web.exports import response
from cluster.web.languages import instant, say, utc_now
from cluster.web.requests import number
from models.calls import Call, CallForm
from models.errors import Conflict, Invalid

door = Blueprint("calls", __name__)

_SHOWN = 20
_PAGES_AT_MOST = 10_000


@door.get("/calls")
def browse() -> str:
    """All calls by number, those that closed last, and what is known of the programme."""
    now = utc_now()
    calls = sorted(cluster.calls.every(db(), member=member()), key=lambda call: call.state_at(now) == "closed")
    return render_template("calls/browse.html", calls=calls, programme=data.calls.programme(), now=now)


_EXPORTED = (
    *("number", "name", "kind", "kind_name", "opens_at", "closes_at", "ceiling_eur", "funding_percent"),
    *("conditions", "realisation", "remark", "uri", "source", "themes"),
)


@door.get("/calls/export.<format>")
def export(format: str) -> Response:
    """All calls as a file; drafts for coordinators alone."""
    columns = [(name, name) for name in ("state", *_EXPORTED)]
    rows = (
        {"state": call.state_at(utc_now()), **{name: getattr(call, name) for name in _EXPORTED}}
        for call in cluster.calls.every(db(), member=member())
    )
    return response(format, "oproepen", columns, rows)


@door.get("/calls/<int:call_id>")
def show(call_id: int) -> str:
    """One call: conditions, deadlines with those that moved, ideas and projects."""
    return _page(cluster.calls.get(db(), call_id, member=member()))


@door.get("/calls/<int:call_id>/deadline.ics")
def calendar(call_id: int) -> ResponseReturnValue:
    """The deadline, for a calendar."""
    call = cluster.calls.get(db(), call_id)
    address = url_for("calls.show", call_id=call.id, _external=True)
    text = calendars.deadline(
        call,
        summary=gettext("Deadline %(call)s", call=call.name),
        description=gettext("Indienen kan tot %(moment)s, uur van Brussel.", moment=instant(call.closes_at)),
        address=address,
    )
    answer = Response(text, content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="oproep-{call.number}.ics"'
    return answer


@door.route("/calls/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new() -> ResponseReturnValue:
    """Draft a call."""
    cluster.people.must_coordinate(member())
    if request.method == "GET":
        return _form(values=asdict(CallForm(funding_percent="80")))
    form = _read_form()
    try:
        call_id = cluster.calls.draft(db(), member=member(), form=form)
    except Invalid as refused:
        return _form(values=asdict(form), refused=refused), 422
    flash(gettext("Het ontwerp is bewaard. Alleen coördinatoren zien het."))
    return redirect(url_for("calls.show", call_id=call_id), code=303)


@door.route("/calls/<int:call_id>/edit", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit(call_id: int) -> ResponseReturnValue:
    """Change what a call says."""
    cluster.people.must_coordinate(member())
    call = cluster.calls.get(db(), call_id, member=member())
    if request.method == "GET":
        return _form(values=asdict(cluster.calls.form_of(call)), call=call)
    form = _read_form()
    try:
        cluster.calls.edit(db(), member=member(), call_id=call_id, revision=_revision(), form=form)
    except Invalid as refused:
        return _form(values=asdict(form), call=call, revision=_revision(), refused=refused), 422
    except Conflict as conflict:
        present = cluster.calls.get(db(), call_id, member=member())
        return _form(values=asdict(form), call=present, conflict=conflict), 409
    flash(gettext("Je wijzigingen zijn bewaard."))
    return redirect(url_for("calls.show", call_id=call_id), code=303)


@door.post("/calls/<int:call_id>/open")
@login_required  # type: ignore[untyped-decorator]
def publish(call_id: int) -> ResponseReturnValue:
    """Show a draft to everybody."""
    return _do(call_id, cluster.calls.publish, gettext("De oproep is openbaar."))


@door.post("/calls/<int:call_id>/deadline")
@login_required  # type: ignore[untyped-decorator]
def move(call_id: int) -> ResponseReturnValue:
    """Move the deadline, with a reason."""
    typed = {name: request.form.get(name, "") for name in ("closes_on", "closes_time", "reason")}
    return _do(call_id, cluster.calls.move, gettext("De deadline is verschoven."), **typed)


@door.post("/calls/<int:call_id>/close")
@login_required  # type: ignore[untyped-decorator]
def close(call_id: int) -> ResponseReturnValue:
    """Close a call before its deadline."""
    return _do(call_id, cluster.calls.close, gettext("De oproep is gesloten."))


def _do(call_id: int, verb: Any, done: str, **typed: str) -> ResponseReturnValue:
    try:
        verb(db(), member=member(), call_id=call_id, revision=_revision(), **typed)
    except Invalid as refused:
        call = cluster.calls.get(db(), call_id, member=member())
        return _page(call, refused=refused, typed=typed), 422
    except Conflict as conflict:
        return _page(cast(Call, conflict.current), conflict=conflict, typed=typed), 409
    flash(done)
    return redirect(url_for("calls.show", call_id=call_id), code=303)


def _revision() -> int:
    return number(request.form.get("revision")) or 0


def _read_form() -> CallForm:
    given = {name: request.form.get(name, "") for name in CallForm.__dataclass_fields__ if name != "themes"}
    return CallForm(**given, themes=tuple(request.form.getlist("themes")))


def _form(
    *,
    values: dict[str, Any],
    call: Call | None = None,
    revision: int | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
) -> str:
    return render_template(
        "calls/form.html",
        values=values,
        call=call,
        revision=revision or (call.revision if call else None),
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
    )


def _page(
    call: Call, *, refused: Invalid | None = None, conflict: Conflict | None = None, typed: dict[str, str] | None = None
) -> str:
    at_ideas, at_projects = (min(number(request.args.get(name)) or 1, _PAGES_AT_MOST) for name in ("ideas", "projects"))
    ideas, more_ideas = cluster.ideas.browse(db(), wanted=data.ideas.Filter(call_id=call.id), page=at_ideas)
    projects, more_projects = cluster.projects.browse(
        db(), wanted=data.projects.Filter(call_id=call.id), page=at_projects, at_most=_SHOWN
    )
    asking = member()
    now = utc_now()
    deadline = cluster.calls.form_of(call)
    return render_template(
        "calls/show.html",
        call=call,
        programme=data.calls.programme(),
        ideas=ideas,
        more_ideas=more_ideas,
        at_ideas=at_ideas,
        projects=projects,
        more_projects=more_projects,
        at_projects=at_projects,
        now=now,
        state=call.state_at(now),
        history=cluster.calls.history(db(), call=call),
        coordinates=asking is not None and asking.is_coordinator,
        values=typed or {"closes_on": deadline.closes_on, "closes_time": deadline.closes_time, "reason": ""},
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
    )
