"""Browsing, reading, posting and editing ideas."""

import secrets
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.calls
import cluster.clusters
import cluster.contacts
import cluster.ideas
import cluster.matches
import cluster.people
import data.people
from cluster.web.context import db, encoder, index, member
from cluster.web.exports import response
from cluster.web.languages import say
from cluster.web.matches import in_lanes, page_number
from cluster.web.requests import number
from data.ideas import Filter
from models.errors import Conflict, Invalid
from models.ideas import Idea, IdeaForm, Intent
from models.matches import Kind

door = Blueprint("ideas", __name__)


@door.get("/ideas")
def browse() -> ResponseReturnValue:
    """Open ideas, filtered, sorted, page by page."""
    wanted = _wanted()
    order, page = request.args.get("sort", "newest"), page_number()
    found, has_more = cluster.ideas.browse(db(), wanted=wanted, order=order, page=page)
    return render_template(
        "ideas/browse.html",
        ideas=found,
        has_more=has_more,
        page=page,
        wanted=wanted,
        order=order if order in cluster.ideas.ORDERS else "newest",
        filtered=any(asdict(wanted).values()),
        provinces=data.people.provinces(db()),
        municipalities=data.people.municipalities(db()),
        supporter=data.people.organisation(db(), organisation_id=wanted.supporter_id) if wanted.supporter_id else None,
        calls=cluster.calls.every(db()),
    )


def _wanted() -> Filter:
    given = request.args
    return Filter(
        theme=given.get("theme") or None,
        call_id=number(given.get("call")),
        province=given.get("province") or None,
        organisation_id=number(given.get("municipality")),
        supporter_id=number(given.get("supporter")),
        intent=given.get("intent") if given.get("intent") in set(Intent) else None,
    )


@door.get("/ideas/export.<format>")
def export(format: str) -> Response:
    """The same ideas, all of them, as a file that an import reads."""
    columns = [(name, name) for name in cluster.ideas.EXPORTED]
    return response(format, "ideeen", columns, cluster.ideas.exported(db(), wanted=_wanted()))


@door.get("/ideas/<int:idea_id>")
def show(idea_id: int) -> ResponseReturnValue:
    """One idea, who stands behind it, and what is similar."""
    asking = member()
    idea = cluster.ideas.get(db(), idea_id=idea_id, member=asking)
    matches = cluster.matches.similar_to(
        db(),
        encoder=encoder(),
        index=index(),
        item=(Kind.IDEA, idea.id),
        title=idea.title,
        description=idea.description,
    )
    said = cluster.contacts.endorsements(db(), idea_id=idea.id, member=asking)
    mine = None
    if asking and asking.organisation_id:
        mine = cluster.contacts.mine(db(), idea_id=idea.id, organisation_id=asking.organisation_id)
    return render_template(
        "ideas/show.html",
        idea=idea,
        own=cluster.ideas.is_own(idea, asking),
        lanes=in_lanes(matches),
        words_only=encoder() is None,
        support=cluster.contacts.support(db(), idea=idea, found=said),
        endorsements=said,
        mine=mine,
        cluster=cluster.clusters.of_item(db(), kind=Kind.IDEA, item_id=idea.id),
        call=cluster.calls.get(db(), call_id=idea.call_id) if idea.call_id else None,
    )


@door.route("/ideas/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new() -> ResponseReturnValue:
    """Post an idea. What is similar stands beside the form: a panel, never a step."""
    asking, _ = cluster.people.must_act(member())
    if request.method == "GET":
        return _form(values=asdict(IdeaForm(title="", description="")), submission_key=secrets.token_urlsafe(16))
    form, key = _read_form(), request.form.get("submission_key", "")[:64] or None
    if request.form.get("action") == "similar":
        return _form(values=_typed(form), submission_key=key, lanes=_lanes(form))
    try:
        idea_id = cluster.ideas.post(db(), encoder=encoder(), member=asking, form=form, submission_key=key)
    except Invalid as refused:
        return _form(values=_typed(form), submission_key=key, refused=refused, lanes=_lanes(form)), 422
    except Conflict as conflict:
        posted = conflict.current if isinstance(conflict.current, Idea) else None
        return _form(values=_typed(form), idea=posted, conflict=conflict), 409
    flash(gettext("Je idee staat online. Hieronder zie je wat erop lijkt."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.route("/ideas/<int:idea_id>/edit", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit(idea_id: int) -> ResponseReturnValue:
    """Change an idea of one's own organisation; earlier versions are kept."""
    asking, _ = cluster.people.must_act(member())
    idea = cluster.ideas.own(db(), member=asking, idea_id=idea_id)
    if request.method == "GET":
        return _form(values=_typed(cluster.ideas.form_of(idea)), idea=idea)
    form, revision = _read_form(), number(request.form.get("revision")) or 0
    if request.form.get("action") == "similar":
        return _form(values=_typed(form), idea=idea, revision=revision, lanes=_lanes(form, idea))
    try:
        cluster.ideas.edit(db(), encoder=encoder(), member=asking, idea_id=idea_id, revision=revision, form=form)
    except Invalid as refused:
        return _form(values=_typed(form), idea=idea, revision=revision, refused=refused), 422
    except Conflict as conflict:
        present = cluster.ideas.own(db(), member=asking, idea_id=idea_id)
        return _form(values=_typed(form), idea=present, conflict=conflict), 409
    flash(gettext("Je wijzigingen zijn bewaard."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.post("/ideas/<int:idea_id>/withdraw")
@login_required  # type: ignore[untyped-decorator]
def withdraw(idea_id: int) -> ResponseReturnValue:
    """Take an idea offline; it can be put back."""
    cluster.ideas.withdraw(db(), member=member(), idea_id=idea_id)
    flash(gettext("Je idee staat niet meer online. Alles blijft bewaard."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.post("/ideas/<int:idea_id>/restore")
@login_required  # type: ignore[untyped-decorator]
def restore(idea_id: int) -> ResponseReturnValue:
    """Put a withdrawn idea back online."""
    cluster.ideas.restore(db(), member=member(), idea_id=idea_id)
    flash(gettext("Je idee staat weer online."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


def _read_form() -> IdeaForm:
    given = request.form
    return IdeaForm(
        title=given.get("title", ""),
        description=given.get("description", ""),
        theme=given.get("theme") or None,
        # A call that is no number at all must be refused like one that does not exist.
        call_id=(number(given["call"]) or -1) if given.get("call") else None,
        stage=given.get("stage") or "idee",
        intent=given.get("intent") or "need",
        seeks=tuple(given.getlist("seeks")),
        budget=given.get("budget") or None,
        target_group=given.get("target_group") or None,
    )


def _typed(form: IdeaForm) -> dict[str, Any]:
    return {**asdict(form), "call": form.call_id}


def _lanes(form: IdeaForm, own: Idea | None = None) -> Any:
    matches = cluster.matches.similar(
        db(),
        encoder=encoder(),
        index=index(),
        title=form.title,
        description=form.description,
        limit=24,
        exclude=(Kind.IDEA, own.id) if own else None,
    )
    return in_lanes(matches)


def _form(
    *,
    values: dict[str, Any],
    idea: Idea | None = None,
    revision: int | None = None,
    submission_key: str | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
    lanes: Any = None,
) -> str:
    return render_template(
        "ideas/form.html",
        values=values,
        idea=idea,
        revision=revision or (idea.revision if idea else None),
        submission_key=submission_key,
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
        lanes=lanes,
        words_only=encoder() is None,
        calls=cluster.calls.every(db()),
    )
