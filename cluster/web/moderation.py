"""Reporting, the coordinators' queue of reports, answers, and the history."""

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.moderation
from cluster.web.context import db, member, services
from cluster.web.exports import of_fields, whole
from cluster.web.languages import BRUSSELS, say
from cluster.web.matches import page_number
from cluster.web.requests import number
from data.moderation import Filter
from models.errors import N_, Conflict, Invalid, NotFound
from models.moderation import TEXT_AT_MOST, Action, Decision, Item, Subject

door = Blueprint("moderation", __name__)

door.add_app_template_global(
    lambda message_id: cluster.moderation.hidden_case(db(), member=member(), kind=Subject.MESSAGE, item_id=message_id),
    "hiding_of",
)


@door.route("/report/<any(idea, project, endorsement, message):kind>/<int:item_id>", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def report(kind: str, item_id: int) -> ResponseReturnValue:
    """Report an idea, a project or a message to the coordinators."""
    asking = member()
    item = cluster.moderation.reportable(db(), member=asking, kind=Subject(kind), item_id=item_id)
    if request.method == "GET":
        return _report(item, {}, {})
    typed = {"ground": request.form.get("ground", ""), "text": request.form.get("text", "")}
    try:
        case = cluster.moderation.report(
            db(),
            services().throttles(),
            member=asking,
            kind=item.kind,
            item_id=item_id,
            moment=time.time(),
            **typed,
        )
    except Invalid as refused:
        return _report(item, typed, {wrong.field: say(wrong) for wrong in refused.every}), refused.status
    flash(gettext("Dank je. De coördinatoren kijken ernaar."))
    if asking and asking.is_coordinator:
        return redirect(url_for("moderation.show", case_id=case.id), code=303)
    return redirect(address(item.kind, item.id, item.idea_id, item.cluster_id), code=303)


@door.get("/reports")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """What was reported: what waits first."""
    which, page = request.args.get("which", "waiting"), page_number()
    cases, has_more = cluster.moderation.queue(db(), member=member(), which=which, page=page)
    which = which if which in cluster.moderation.QUEUES else "waiting"
    return render_template("reports.html", cases=cases, has_more=has_more, which=which, page=page)


_EXPORTED = (
    *("id", "kind", "item_id", "title", "organisation", "state", "waiting", "reports", "reason", "answer"),
    *("created_at", "updated_at"),
)


@door.get("/reports/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same reports as a file; who reported stays here."""
    asking, which = member(), request.args.get("which", "waiting")
    cases = whole(lambda page: cluster.moderation.queue(db(), member=asking, which=which, page=page))
    return of_fields(format, "meldingen", _EXPORTED, list(cases))


@door.get("/reports/<int:case_id>")
@login_required  # type: ignore[untyped-decorator]
def show(case_id: int) -> str:
    """One case, with all that a coordinator needs to decide."""
    return _case(case_id)


@door.post("/reports/<int:case_id>/decide")
@login_required  # type: ignore[untyped-decorator]
def decide(case_id: int) -> ResponseReturnValue:
    """Hide, dismiss, keep hidden or show again."""
    decision = request.form.get("decision", "")
    try:
        cluster.moderation.decide(
            db(),
            member=member(),
            case_id=case_id,
            revision=number(request.form.get("revision")) or 0,
            decision=decision,
            reason=request.form.get("reason", ""),
        )
    except Invalid as refused:
        return _case(case_id, errors={wrong.field: say(wrong) for wrong in refused.every}), refused.status
    except Conflict as conflict:
        return _case(case_id, overtaken=say(conflict)), conflict.status
    flash(gettext(_DONE[Decision(decision)]))
    return redirect(url_for("moderation.show", case_id=case_id), code=303)


@door.post("/reports/<int:case_id>/answer")
@login_required  # type: ignore[untyped-decorator]
def answer(case_id: int) -> ResponseReturnValue:
    """Answer a coordinator, for the organisation behind the item."""
    text = request.form.get("answer", "")
    try:
        case = cluster.moderation.answer(db(), member=member(), case_id=case_id, text=text)
    except (Invalid, Conflict) as refused:
        errors = {wrong.field: say(wrong) for wrong in refused.every} if isinstance(refused, Invalid) else {}
        case = cluster.moderation.own_case(db(), member=member(), case_id=case_id)
        overtaken = say(refused) if isinstance(refused, Conflict) else ""
        page = render_template("answer.html", hiding=case, errors=errors, values={"answer": text}, overtaken=overtaken)
        return page, refused.status
    flash(gettext("Jullie antwoord is bij de coördinatoren."))
    item = cluster.moderation.item_of(db(), case=case)
    return redirect(address(item.kind, item.id, item.idea_id, item.cluster_id), code=303)


@door.get("/messages/<int:message_id>/hidden")
@login_required  # type: ignore[untyped-decorator]
def hidden_message(message_id: int) -> str:
    """Why a message is hidden, and the form to answer, for the organisation that wrote it and for coordinators."""
    case = cluster.moderation.hidden_case(db(), member=member(), kind=Subject.MESSAGE, item_id=message_id)
    if case is None:
        raise NotFound
    return render_template("answer.html", hiding=case, errors={}, values={}, overtaken="")


@door.get("/history")
@login_required  # type: ignore[untyped-decorator]
def history() -> str:
    """Who did what, when and why; for coordinators."""
    page, wanted = page_number(), _wanted()
    events, has_more = cluster.moderation.history(db(), member=member(), wanted=wanted, page=page)
    return render_template(
        "history.html",
        events=events,
        has_more=has_more,
        page=page,
        wanted=wanted,
        **days(),
    )


_EVENTS = ("happened_at", "who", "organisation", "action", "kind", "item_id", "title", "reason")


@door.get("/history/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export_history(format: str) -> Response:
    """The same history as a file."""
    events = cluster.moderation.whole_history(db(), member=member(), wanted=_wanted())
    return of_fields(format, "geschiedenis", _EVENTS, events)


def _wanted() -> Filter:
    args = request.args
    action, kind = args.get("action"), args.get("kind")
    since, until = period()
    return Filter(
        action=action if action in set(Action) else None,
        kind=kind if kind in set(Subject) else None,
        item_id=number(args.get("item")),
        member_id=number(args.get("member")),
        since=since,
        until=until,
    )


def address(kind: Subject, item_id: int, idea_id: int | None, cluster_id: int | None = None) -> str:
    """Where an item can be read; the message of an endorsement at its idea, one of a conversation there."""
    if kind is Subject.MESSAGE:
        about, at = ("idea", idea_id) if idea_id else ("cluster", cluster_id)
        return url_for("threads.show", about=about, item_id=at or 0, _anchor=f"message-{item_id}")
    if kind is Subject.PROJECT:
        return url_for("projects.show", project_id=item_id)
    return url_for("ideas.show", idea_id=idea_id or item_id)


_DONE = {
    Decision.HIDE: N_("Het is verborgen. Het bestuur en wie het meldde, krijgen je reden per e-mail."),
    Decision.DISMISS: N_("De melding is afgewezen: het blijft zichtbaar. Wie het meldde, krijgt je reden per e-mail."),
    Decision.KEEP: N_("Het blijft verborgen. Het bestuur kreeg je reden per e-mail."),
    Decision.SHOW: N_("Iedereen ziet het weer. Het bestuur en wie het meldde, krijgen je reden per e-mail."),
}


def period() -> tuple[str | None, str | None]:
    """The moments between which a filter asks, by its days in Brussels `since` and `until`; what is no day is none.

    The last moment is the midnight that ends its day; where the calendar ends there is none.
    """
    since, until = _day("since"), _day("until")
    after = _midnight(until + timedelta(days=1)) if until and until < date.max else None
    return _midnight(since) if since else None, after


def days() -> dict[str, str]:
    """The days of a filter as its fields show them again."""
    return {name: day.isoformat() if (day := _day(name)) else "" for name in ("since", "until")}


def _day(field: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(field) or "")
    except ValueError:
        return None


def _midnight(day: date) -> str:
    return datetime.combine(day, clock(), tzinfo=BRUSSELS).astimezone(UTC).isoformat(timespec="seconds")


def _report(item: Item, typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "report.html",
        item=item,
        back=address(item.kind, item.id, item.idea_id, item.cluster_id),
        earlier=cluster.moderation.reported(db(), member=member(), item=item),
        values=typed,
        errors=errors,
        text_at_most=TEXT_AT_MOST,
    )


def _case(case_id: int, *, errors: dict[str, str] | None = None, overtaken: str = "") -> str:
    found = cluster.moderation.file(db(), member=member(), case_id=case_id)
    item = found.item
    return render_template(
        "case.html",
        file=found,
        case=found.case,
        item=item,
        at=address(item.kind, item.id, item.idea_id, item.cluster_id) if item else None,
        errors=errors or {},
        overtaken=overtaken,
        values={"reason": request.form.get("reason", "")},
        text_at_most=TEXT_AT_MOST,
    )
