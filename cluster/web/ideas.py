"""Browsing, reading, posting and editing ideas."""

import secrets
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.adoptions
import cluster.calls
import cluster.clusters
import cluster.contacts
import cluster.drafts
import cluster.ideas
import cluster.matches
import cluster.moderation
import cluster.people
import cluster.projects
import cluster.themes
import cluster.versions
import data.people
from cluster.drafts import KEY_AT_MOST, Saved
from cluster.engine.texts import one_line
from cluster.web.context import db, encoder, index, member
from cluster.web.exports import response
from cluster.web.languages import say
from cluster.web.matches import in_lanes, not_too_often, page_number
from cluster.web.requests import number
from data.ideas import Filter
from models.clusters import Judgement
from models.errors import Conflict, Invalid
from models.ideas import (
    TARGET_GROUP_AT_MOST,
    TITLE_AT_MOST,
    Budget,
    DraftMark,
    Idea,
    IdeaForm,
    IdeaState,
    Intent,
    Seek,
    Stage,
)
from models.matches import Asked, Kind
from models.moderation import Subject
from models.people import Member

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
        total=cluster.ideas.count(db(), wanted=wanted),
        page=page,
        wanted=wanted,
        order=order if order in cluster.ideas.ORDERS else "newest",
        filtered=any(asdict(wanted).values()),
        provinces=data.people.provinces(db()),
        municipalities=data.people.municipalities(db()),
        supporter=data.people.organisation(db(), organisation_id=wanted.supporter_id) if wanted.supporter_id else None,
        calls=cluster.calls.every(db()),
    )


_CHOICES: dict[str, type[StrEnum]] = {"intent": Intent, "stage": Stage, "seek": Seek, "budget": Budget}


def _wanted() -> Filter:
    given = request.args
    return Filter(
        theme=given.get("theme") or None,
        call_id=number(given.get("call")),
        province=given.get("province") or None,
        organisation_id=number(given.get("municipality")),
        supporter_id=number(given.get("supporter")),
        **{name: _among(name, known) for name, known in _CHOICES.items()},
        target_group=one_line(given.get("target_group", ""))[:TARGET_GROUP_AT_MOST] or None,
    )


def _among(name: str, known: type[StrEnum]) -> str | None:
    given = request.args.get(name)
    return given if given in set(known) else None


@door.get("/ideas/export.<format>")
def export(format: str) -> Response:
    """The same ideas, all of them, as a file that an import reads."""
    not_too_often()
    wanted = _wanted()
    return response(
        format,
        "ideeen",
        [(name, name) for name in cluster.ideas.EXPORTED],
        cluster.ideas.exported(db(), wanted=wanted),
        longer_than=lambda count: cluster.ideas.more_than(db(), wanted=wanted, count=count),
    )


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
        limit=24,
        asked=_asked(cluster.ideas.form_of(idea), idea.organisation_id),
    )
    answers = cluster.matches.answers(db(), member=asking, idea=idea)
    said = cluster.contacts.endorsements(db(), idea_id=idea.id, member=asking)
    mine = None
    if asking and asking.organisation_id:
        mine = cluster.contacts.mine(db(), idea_id=idea.id, organisation_id=asking.organisation_id)
    became = cluster.projects.became(db(), kind="idea", item_id=idea.id)
    own = cluster.ideas.is_own(idea, asking)
    # Who just posted does not have to come back for it once the worker was there.
    guessed = idea.guessed_theme or (cluster.themes.told_by(db(), matches=matches) if own and not idea.theme else None)
    return render_template(
        "ideas/show.html",
        idea=idea,
        own=own,
        guessed_theme=None if idea.theme else guessed,
        projects=became,
        may_submit=(own or (asking and asking.is_coordinator)) and cluster.projects.may_submit(became),
        edited_at=cluster.versions.edited_at(db(), idea=idea),
        reads_versions=idea.revision > 1 and cluster.versions.readable_from(db(), idea=idea, member=asking) is not None,
        hiding=cluster.moderation.hidden_case(db(), member=asking, kind=Subject.IDEA, item_id=idea.id)
        if idea.state is IdeaState.HIDDEN
        else None,
        my_hiding=cluster.moderation.hidden_case(db(), member=asking, kind=Subject.ENDORSEMENT, item_id=mine.id)
        if mine and mine.hidden
        else None,
        lanes=in_lanes(matches, answers),
        dismissed=[one for one in matches if answers.get((one.kind, one.id)) == Judgement.DIFFERENT],
        answers=answers,
        ours=cluster.contacts.said(db(), member=asking, idea_ids=[one.id for one in matches if one.kind is Kind.IDEA]),
        may_judge=cluster.matches.may_judge(idea, asking),
        words_only=encoder() is None,
        support=cluster.contacts.support(db(), idea=idea, found=said),
        endorsements=said,
        mine=mine,
        standing=cluster.adoptions.standing(db(), member=asking, idea=idea),
        cluster=cluster.clusters.of_item(db(), kind=Kind.IDEA, item_id=idea.id),
        call=cluster.calls.get(db(), call_id=idea.call_id) if idea.call_id else None,
    )


@door.route("/ideas/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new() -> ResponseReturnValue:
    """Post an idea. What is similar stands beside the form: a panel, never a step."""
    asking, _ = cluster.people.must_act(member())
    if request.method == "GET":
        return _opened(asking)
    form, key, mark = read_form(), read_key(), read_mark()
    action = request.form.get("action")
    if action == "similar":
        return _form(values=_typed(form), submission_key=key, mark=mark, lanes=_lanes(form))
    try:
        if action == "draft":
            return _kept(cluster.drafts.save(db(), member=asking, form=form, submission_key=key, mark=mark))
        idea_id = cluster.ideas.post(db(), encoder=encoder(), member=asking, form=form, submission_key=key, mark=mark)
    except Invalid as refused:
        return _form(values=_typed(form), submission_key=key, mark=mark, refused=refused, lanes=_lanes(form)), 422
    except Conflict as conflict:
        posted = conflict.current if isinstance(conflict.current, Idea) else None
        return _form(values=_typed(form), idea=posted, conflict=conflict, submission_key=key, mark=mark), 409
    flash(
        gettext(
            "Je idee staat online. Lijkt een ander idee erop? Zeg daar ‘ook wij’. "
            "Zodra jullie allebei ja zeggen, zijn jullie in contact; sommigen zeiden vooraf al ja."
        )
    )
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


def _opened(asking: Member) -> str:
    """An empty form, or the draft that is named; what other drafts there are, stands above it."""
    draft_id = number(request.args.get("draft"))
    draft = cluster.drafts.get(db(), member=asking, draft_id=draft_id) if draft_id else None
    other_id = number(request.args.get("other"))
    known = [one for one in cluster.drafts.listed(db(), member=asking) if one.idea_id is None]
    others = [one for one in known if not draft or one.id != draft.id]
    title, call_id = one_line(request.args.get("title", ""))[:TITLE_AT_MOST], number(request.args.get("call"))
    return _form(
        values=_typed(draft.form if draft else IdeaForm(title=title, description="", call_id=call_id)),
        submission_key=draft.submission_key if draft else secrets.token_urlsafe(16),
        mark=DraftMark(writer=secrets.token_urlsafe(8), revision=draft.revision if draft else 0),
        draft=draft,
        other=next((one for one in others if one.id == other_id), None),
        drafts=others,
    )


def _kept(saved: Saved) -> ResponseReturnValue:
    """After the button: the draft is open again, beside what another device had kept meanwhile."""
    if saved.idea_id:
        flash(gettext("Je plaatste dit idee al. Hieronder kun je het wijzigen."))
        return redirect(url_for("ideas.edit", idea_id=saved.idea_id), code=303)
    if saved.draft is None:
        flash(gettext("Er is nog niets om te bewaren. Typ eerst een titel of een beschrijving."))
        return redirect(url_for("ideas.new"), code=303)
    flash(gettext("Je tekst is bewaard als concept. Je vindt hem ook bij Mijn account."))
    other = saved.other.id if saved.other else None
    return redirect(url_for("ideas.new", draft=saved.draft.id, other=other), code=303)


@door.route("/ideas/<int:idea_id>/edit", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit(idea_id: int) -> ResponseReturnValue:
    """Change an idea of one's own organisation; earlier versions are kept."""
    asking, _ = cluster.people.must_act(member())
    idea = cluster.ideas.own(db(), member=asking, idea_id=idea_id)
    if request.method == "GET":
        return _opened_again(asking, idea)
    form, revision = read_form(), number(request.form.get("revision")) or 0
    # The draft comes along, until its text stands here.
    draft: dict[str, Any] = {"submission_key": read_key(), "mark": read_mark()}
    if request.form.get("action") == "similar":
        return _form(values=_typed(form), idea=idea, revision=revision, lanes=_lanes(form, idea), **draft)
    try:
        if request.form.get("action") == "draft":
            saved = cluster.drafts.save(db(), member=asking, form=form, **draft, idea_id=idea_id, base=revision)
            return _kept_for(idea, saved)
        cluster.ideas.edit(db(), encoder=encoder(), member=asking, idea_id=idea_id, revision=revision, form=form)
    except Invalid as refused:
        return _form(values=_typed(form), idea=idea, revision=revision, refused=refused, **draft), 422
    except Conflict as conflict:
        present = cluster.ideas.own(db(), member=asking, idea_id=idea_id)
        return _form(values=_typed(form), idea=present, conflict=conflict, **draft), 409
    cluster.drafts.finish(db(), member=asking, **draft)
    flash(gettext("Je wijzigingen zijn bewaard."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


def _opened_again(asking: Member, idea: Idea) -> str:
    """The form with what stands, or with the draft of a change: the one that is named, else the last one."""
    drafts = cluster.drafts.changing(db(), member=asking, idea_id=idea.id)
    draft_id, other_id = number(request.args.get("draft")), number(request.args.get("other"))
    draft = next((one for one in drafts if one.id == draft_id), drafts[0] if drafts else None)
    return _form(
        values=_typed(draft.form if draft else cluster.ideas.form_of(idea)),
        idea=idea,
        revision=draft.base if draft else None,
        submission_key=draft.submission_key if draft else secrets.token_urlsafe(16),
        mark=DraftMark(writer=secrets.token_urlsafe(8), revision=draft.revision if draft else 0),
        draft=draft,
        other=next((one for one in drafts if one.id == other_id), None),
        drafts=[one for one in drafts if one is not draft],
    )


def _kept_for(idea: Idea, saved: Saved) -> ResponseReturnValue:
    """After the button: the change is open again, and what stands online is as it was."""
    if saved.draft is None:
        flash(gettext("Er is niets gewijzigd om te bewaren."))
        return redirect(url_for("ideas.edit", idea_id=idea.id), code=303)
    flash(gettext("Je wijzigingen zijn bewaard als concept. Online staat nog de vorige tekst."))
    other = saved.other.id if saved.other else None
    return redirect(url_for("ideas.edit", idea_id=idea.id, draft=saved.draft.id, other=other), code=303)


@door.post("/ideas/<int:idea_id>/theme")
@login_required  # type: ignore[untyped-decorator]
def set_theme(idea_id: int) -> ResponseReturnValue:
    """Confirm the theme that was guessed, as a new version of the idea."""
    asking, _ = cluster.people.must_act(member())
    idea = cluster.ideas.own(db(), member=asking, idea_id=idea_id)
    form = replace(cluster.ideas.form_of(idea), theme=request.form.get("theme"))
    revision = number(request.form.get("revision")) or 0
    cluster.ideas.edit(db(), encoder=encoder(), member=asking, idea_id=idea_id, revision=revision, form=form)
    flash(gettext("Het thema is bewaard."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.post("/ideas/<int:idea_id>/withdraw")
@login_required  # type: ignore[untyped-decorator]
def withdraw(idea_id: int) -> ResponseReturnValue:
    """Take an idea offline; it can be put back."""
    cluster.ideas.withdraw(db(), member=member(), idea_id=idea_id)
    flash(
        gettext("Je idee is gearchiveerd. Alles blijft bewaard, en je zet het weer online wanneer je wilt.")
        if request.form.get("do") == "archive"
        else gettext("Je idee staat niet meer online. Alles blijft bewaard.")
    )
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.post("/ideas/<int:idea_id>/restore")
@login_required  # type: ignore[untyped-decorator]
def restore(idea_id: int) -> ResponseReturnValue:
    """Put a withdrawn idea back online."""
    cluster.ideas.restore(db(), member=member(), idea_id=idea_id)
    flash(gettext("Je idee staat weer online."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


def read_key() -> str | None:
    """The key of the form, under which it is posted once."""
    return request.form.get("submission_key", "")[:KEY_AT_MOST] or None


def read_mark() -> DraftMark:
    """Which draft the form continues."""
    return DraftMark(
        writer=request.form.get("writer", "")[:KEY_AT_MOST] or secrets.token_urlsafe(8),
        revision=number(request.form.get("draft_revision")) or 0,
    )


def read_form() -> IdeaForm:
    """What is typed, unchecked."""
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
        links=given.get("links", "").replace("\r\n", "\n"),
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
        asked=_asked(form, cluster.people.must_act(member())[1]),
    )
    return in_lanes(matches, cluster.matches.answers(db(), member=member(), idea=own) if own else {})


def _asked(form: IdeaForm, organisation_id: int | None) -> Asked:
    return Asked(
        theme=form.theme,
        stage=form.stage,
        intent=form.intent,
        target_group=form.target_group,
        organisation_id=organisation_id,
    )


def _form(
    *,
    values: dict[str, Any],
    idea: Idea | None = None,
    revision: int | None = None,
    submission_key: str | None = None,
    mark: DraftMark | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
    lanes: Any = None,
    **more: Any,
) -> str:
    return render_template(
        "ideas/form.html",
        values=values,
        idea=idea,
        revision=revision or (idea.revision if idea else None),
        submission_key=submission_key,
        mark=mark,
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
        lanes=lanes,
        words_only=encoder() is None,
        calls=cluster.calls.every(db()),
        **more,
    )
