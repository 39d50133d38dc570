"""Drafts of ideas and of changes to them: kept while one types, and erased by hand."""

import time

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.drafts
import cluster.people
import data.throttles
from cluster.web.context import db, member, services
from cluster.web.ideas import read_form, read_key, read_mark
from cluster.web.languages import say
from cluster.web.requests import number
from models.errors import N_, Invalid, TooMany
from models.ideas import IdeaDraft

door = Blueprint("drafts", __name__)

door.add_app_template_global(lambda draft: address(draft), "draft_at")

_WINDOW_S = 60
_SAVES_PER_WINDOW = 120


@door.post("/ideas/draft")
@login_required  # type: ignore[untyped-decorator]
def save() -> ResponseReturnValue:
    """Keep what is typed; the answer is a fragment that says when, and brings the form up to date."""
    asking, _ = cluster.people.must_act(member())
    uses = data.throttles.count(
        services().throttles(), key=f"draft:{asking.id}", window_s=_WINDOW_S, moment=time.time()
    )
    if uses > _SAVES_PER_WINDOW:
        raise TooMany(N_("Je bewaart wel heel vaak. Wacht een minuut en probeer het opnieuw."), seconds=_WINDOW_S)
    key, mark = read_key(), read_mark()
    about = {"idea_id": number(request.form.get("idea_id")), "base": number(request.form.get("revision"))}
    try:
        saved = cluster.drafts.save(db(), member=asking, form=read_form(), submission_key=key, mark=mark, **about)
    except Invalid as refused:
        # Not the status of a refusal: htmx shows the sentence, and the form itself stays as it is.
        return render_template("ideas/draft_state.html", refused=say(refused))
    answer: Response = make_response(render_template("ideas/draft_state.html", saved=saved, first=mark.revision == 0))
    if saved.draft and (mark.revision == 0 or saved.other):
        answer.headers["HX-Replace-Url"] = address(saved.draft)
    return answer


def address(draft: IdeaDraft) -> str:
    """Where a draft is open to go on with it."""
    if draft.idea_id:
        return url_for("ideas.edit", idea_id=draft.idea_id, draft=draft.id)
    return url_for("ideas.new", draft=draft.id)


@door.post("/drafts/<int:draft_id>/delete")
@login_required  # type: ignore[untyped-decorator]
def delete(draft_id: int) -> ResponseReturnValue:
    """Erase a draft for good."""
    erased = cluster.drafts.delete(db(), member=member(), draft_id=draft_id)
    flash(gettext("Het concept is verwijderd."))
    if erased.idea_id:
        return redirect(url_for("ideas.show", idea_id=erased.idea_id), code=303)
    return redirect(url_for("people.account", _anchor="drafts"), code=303)
