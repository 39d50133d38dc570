"""Conversations: the page with messages and facts, and the form of what a government uses."""

import secrets
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.circles
import cluster.contacts
import cluster.people
import cluster.plans
import cluster.threads
from cluster.threads import Thread
from cluster.web.attachments import folder, given, together
from cluster.web.context import db, member, services
from cluster.web.languages import say
from cluster.web.markup import markdown
from cluster.web.matches import page_number
from cluster.web.requests import number
from models.circles import About
from models.errors import N_, Conflict, Invalid, NotFound
from models.reminders import day_of
from models.threads import Again, Fact, FactForm, Sight, windows

door = Blueprint("threads", __name__)

AGAIN = {Again.YES: N_("Ja, opnieuw"), Again.PERHAPS: N_("Misschien"), Again.NO: N_("Nee")}
SIGHT = {
    Sight.CIRCLE: N_("Alleen wie in dit gesprek zit"),
    Sight.MEMBERS: N_("Elk bestuur met een account"),
    Sight.PUBLIC: N_("Iedereen"),
}

door.add_app_template_filter(lambda text: markdown(text), "markdown")
door.add_app_template_global(lambda about, item_id: _shown_facts(About(about), item_id), "shown_facts")
door.add_app_template_global(lambda code: gettext(AGAIN[Again(code)]), "again_words")


@door.get("/conversations/<about>/<int:item_id>")
@login_required  # type: ignore[untyped-decorator]
def show(about: str, item_id: int) -> str:
    """What those in contact write each other, and what each uses."""
    page = page_number()
    found = cluster.threads.read(db(), member=member(), about=_about(about), item_id=item_id, page=page)
    if page == 1:
        cluster.threads.open_up(db(), member=member(), thread=found)
    return _page(found, page=page)


@door.post("/conversations/<about>/<int:item_id>/messages")
@login_required  # type: ignore[untyped-decorator]
def write(about: str, item_id: int) -> ResponseReturnValue:
    """Write a message."""
    text = request.form.get("text", "")
    try:
        message_id = cluster.threads.write(
            db(),
            services().throttles(),
            member=member(),
            about=_about(about),
            item_id=item_id,
            text=text,
            submission_key=request.form.get("submission_key", "")[:64] or None,
            moment=time.time(),
            files=given(),
            folder=folder(),
        )
    except Invalid as refused:
        found = cluster.threads.read(db(), member=member(), about=_about(about), item_id=item_id, page=1)
        return _page(found, page=1, refused=refused, typed=text), refused.status
    # Said beside the message, for that is where the reader comes back.
    place = f"message-{message_id}"
    flash(
        gettext(
            "Je bericht is verstuurd. De anderen zien het bij Contacten. "
            "Wie het daar niet opent, krijgt het met de nieuwsmail."
        ),
        place,
    )
    return redirect(url_for("threads.show", about=about, item_id=item_id, _anchor=place), code=303)


@door.post("/conversations/<about>/<int:item_id>/follow")
@login_required  # type: ignore[untyped-decorator]
def follow(about: str, item_id: int) -> ResponseReturnValue:
    """Mute a conversation, leave it, or come back."""
    do = request.form.get("do")
    cluster.threads.follow(
        db(), member=member(), about=_about(about), item_id=item_id, muted=do == "mute", left=do == "leave"
    )
    said = {
        "mute": gettext("Je krijgt geen e-mails meer over dit gesprek."),
        "leave": gettext("Je verliet het gesprek. Je kunt altijd terugkomen."),
    }
    flash(said.get(str(do), gettext("Je volgt dit gesprek. Nieuwe berichten komen in je nieuwsmail.")))
    return _back(_about(about), item_id)


@door.route("/conversations/<about>/<int:item_id>/facts", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def add(about: str, item_id: int) -> ResponseReturnValue:
    """Tell what one's government uses."""
    cluster.people.must_act(member())
    circle = cluster.circles.within(db(), member=member(), about=_about(about), item_id=item_id)
    if request.method == "GET":
        return _form(FactForm(), about=circle.about, item_id=item_id)
    form = _read_form()
    try:
        cluster.threads.add_fact(db(), member=member(), about=circle.about, item_id=item_id, form=form)
    except Invalid as refused:
        return _form(form, about=circle.about, item_id=item_id, refused=refused), refused.status
    flash(gettext("Het staat erbij."))
    return _back(circle.about, item_id)


@door.route("/facts/<int:fact_id>", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def change(fact_id: int) -> ResponseReturnValue:
    """Change what one's government told."""
    fact = cluster.threads.own_fact(db(), member=member(), fact_id=fact_id)
    if request.method == "GET":
        return _form(cluster.threads.form_of(fact), about=fact.about, item_id=fact.item_id, fact=fact)
    form, seen = _read_form(), number(request.form.get("revision")) or 0
    try:
        cluster.threads.change_fact(db(), member=member(), fact_id=fact_id, revision=seen, form=form)
    except Invalid as refused:
        return _form(
            form, about=fact.about, item_id=fact.item_id, fact=fact, seen=seen, refused=refused
        ), refused.status
    except Conflict as conflict:
        fact = cast(Fact, conflict.current)
        return _form(form, about=fact.about, item_id=fact.item_id, fact=fact, conflict=conflict), conflict.status
    flash(gettext("Je wijzigingen zijn bewaard."))
    return _back(fact.about, fact.item_id)


@door.post("/facts/<int:fact_id>/remove")
@login_required  # type: ignore[untyped-decorator]
def remove(fact_id: int) -> ResponseReturnValue:
    """Take back what one's government told."""
    fact = cluster.threads.remove_fact(db(), member=member(), fact_id=fact_id)
    flash(gettext("Het is weg."))
    return _back(fact.about, fact.item_id)


def _about(given: str) -> About:
    if given not in set(About):
        raise NotFound
    return About(given)


def _back(about: About, item_id: int) -> ResponseReturnValue:
    """To the conversation; to the idea or cluster for who is not in it any more."""
    try:
        cluster.circles.within(db(), member=member(), about=about, item_id=item_id)
    except NotFound:
        idea = about is About.IDEA
        to = url_for("ideas.show", idea_id=item_id) if idea else url_for("clusters.show", cluster_id=item_id)
        return redirect(to, code=303)
    return redirect(url_for("threads.show", about=about, item_id=item_id), code=303)


def _read_form() -> FactForm:
    return FactForm(**{name: request.form.get(name, "") for name in FactForm.__dataclass_fields__})


def _form(
    form: FactForm,
    *,
    about: About,
    item_id: int,
    fact: Fact | None = None,
    seen: int | None = None,
    refused: Invalid | None = None,
    conflict: Conflict | None = None,
) -> str:
    return render_template(
        "contacts/fact.html",
        values=asdict(form),
        about=about,
        item_id=item_id,
        fact=fact,
        revision=seen or (fact.revision if fact else 0),
        again=[(code, gettext(words)) for code, words in AGAIN.items()],
        sights=[(code, gettext(words)) for code, words in SIGHT.items()],
        errors={wrong.field: say(wrong) for wrong in refused.every} if refused else {},
        conflict=conflict,
    )


def _page(found: Thread, *, page: int, refused: Invalid | None = None, typed: str = "") -> str:
    about, item_id = found.circle.about, found.circle.item_id
    today = day_of(datetime.now(UTC))
    return render_template(
        "contacts/thread.html",
        thread=found,
        circle=found.circle,
        page=page,
        met=cluster.contacts.about(db(), member=member(), idea_id=item_id) if about is About.IDEA else [],
        windows=windows(found.facts, today=today),
        timeline=_timeline(found.facts, today),
        plan=cluster.plans.of_item(db(), member=member(), about=about, item_id=item_id)[1],
        sight_words={code: gettext(words) for code, words in SIGHT.items()},
        submission_key=secrets.token_urlsafe(16),
        values={"text": typed},
        errors=together(refused) if refused else {},
    )


def _timeline(facts: list[Fact], today: date) -> list[tuple[Fact, float]]:
    """The contracts that run, soonest end first, each with how far its end lies on a scale of 100."""
    running = sorted(
        ((fact.contract_end, fact) for fact in facts if fact.contract_end and fact.contract_end >= today.isoformat()),
        key=lambda pair: (pair[0], pair[1].id),
    )
    if not running:
        return []
    whole = max((date.fromisoformat(running[-1][0]) - today).days, 1)
    return [(fact, round(100 * (date.fromisoformat(end) - today).days / whole, 2)) for end, fact in running]


def _shown_facts(about: About, item_id: int) -> list[Any]:
    """What the page of an idea or cluster shows of these facts."""
    return list(cluster.threads.facts_for(db(), member=member(), about=about, item_id=item_id))
