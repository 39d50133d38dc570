"""The calls of the programme, with their deadlines, and what was made for each."""

from flask import Blueprint, render_template

import cluster.calls
import cluster.ideas
import cluster.projects
import data.calls
import data.ideas
import data.projects
from cluster.web.context import db
from cluster.web.languages import utc_now

door = Blueprint("calls", __name__)

_SHOWN = 20


@door.get("/calls")
def browse() -> str:
    """All calls by number, and what is known of the programme."""
    return render_template(
        "calls/browse.html", calls=cluster.calls.every(db()), programme=data.calls.programme(), now=utc_now()
    )


@door.get("/calls/<int:call_id>")
def show(call_id: int) -> str:
    """One call: conditions, deadlines with those that moved, ideas and projects."""
    call = cluster.calls.get(db(), call_id)
    ideas, more_ideas = cluster.ideas.browse(db(), wanted=data.ideas.Filter(call_id=call.id))
    projects, more_projects = cluster.projects.browse(
        db(), wanted=data.projects.Filter(call_id=call.id), page=1, at_most=_SHOWN
    )
    return render_template(
        "calls/show.html",
        call=call,
        programme=data.calls.programme(),
        ideas=ideas,
        more_ideas=more_ideas,
        projects=projects,
        more_projects=more_projects,
        now=utc_now(),
    )
