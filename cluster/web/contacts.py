"""Me too, and the introductions that come of it."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import login_required

import cluster.contacts
import cluster.ideas
import cluster.matches
import cluster.moderation
import cluster.project_requests
import cluster.threads
from cluster.web import calendars
from cluster.web.context import db, encoder, index, member, services
from cluster.web.exports import response
from cluster.web.languages import say, utc_now
from models.circles import About
from models.contacts import Endorsement, Introduction, IntroductionState
from models.errors import Invalid, NotFound
from models.ideas import Idea
from models.matches import Kind
from models.moderation import Subject

door = Blueprint("contacts", __name__)

_FIELDS = ("role", "message", "amount", "days")


@door.get("/ideas/<int:idea_id>/endorse")
@login_required  # type: ignore[untyped-decorator]
def endorse(idea_id: int) -> str:
    """The form to say *ook wij*, or to change what one said."""
    idea, mine = _idea_and_mine(idea_id)
    typed = {name: getattr(mine, name) for name in _FIELDS} if mine else {}
    return _form(idea, mine, typed, {})


@door.post("/ideas/<int:idea_id>/endorse")
@login_required  # type: ignore[untyped-decorator]
def send_endorsement(idea_id: int) -> ResponseReturnValue:
    """Say *ook wij*; with `do=change`, change what one said.

    What a colleague said first stays; what was typed then comes back, to be saved as a change.
    """
    typed = {name: request.form.get(name, "") for name in _FIELDS}
    idea, mine = _idea_and_mine(idea_id)
    changes = request.form.get("do") == "change"
    say_it = cluster.contacts.change if changes else cluster.contacts.endorse
    try:
        stands = say_it(db(), member=member(), idea_id=idea_id, **typed)
    except Invalid as refused:
        return _form(idea, mine, typed, {wrong.field: say(wrong) for wrong in refused.every}), refused.status
    if not cluster.contacts.says(stands, **typed):
        return _form(idea, stands, typed, {}, was_first=True), 409
    if changes:
        flash(gettext("Je wijziging is bewaard."))
    elif mine:
        flash(gettext("Jullie bestuur had al ‘ook wij’ gezegd. Er is niets veranderd."))
    else:
        return _said(stands)
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


def _said(endorsement: Endorsement) -> ResponseReturnValue:
    """After *ook wij*: at the contact if the poster consented beforehand, else at the idea with what happens now."""
    found = cluster.contacts.asked_with(db(), member=member(), endorsement=endorsement)
    if found.state is IntroductionState.AGREED:
        met = gettext(
            "Jullie zijn in contact met %(organisation)s. Jullie kregen allebei een e-mail met de gegevens van de "
            "ander.",
            organisation=found.poster_organisation,
        )
        beforehand = gettext("%(organisation)s zei vooraf al ja.", organisation=found.poster_organisation)
        at_once = cluster.contacts.introduces_at_once(db(), idea_id=endorsement.idea_id)
        flash(f"{met} {beforehand}" if at_once else met)
        return redirect(url_for("contacts.show", introduction_id=found.id), code=303)
    if found.state is IntroductionState.ASKED and found.poster_has_account:
        then = gettext(
            "We vroegen %(organisation)s per e-mail of jullie kennis mogen maken. Zodra ze ja zeggen, zie je hun "
            "gegevens bij Contacten.",
            organisation=found.poster_organisation,
        )
    elif found.state is IntroductionState.ASKED:
        then = gettext(
            "De coördinatoren zoeken wie bij dat bestuur kan antwoorden. Bij Contacten zie je hoe het verdergaat."
        )
    else:
        then = gettext("Bij Contacten zie je hoe het verdergaat.")
    flash(gettext("Jullie zeiden ‘ook wij’.") + " " + then)
    return redirect(url_for("ideas.show", idea_id=endorsement.idea_id), code=303)


@door.post("/ideas/<int:idea_id>/endorsement/withdraw")
@login_required  # type: ignore[untyped-decorator]
def withdraw(idea_id: int) -> ResponseReturnValue:
    """Take *ook wij* back."""
    cluster.contacts.withdraw(db(), member=member(), idea_id=idea_id)
    flash(gettext("Jullie ‘ook wij’ is ingetrokken."))
    back = url_for("ideas.show", idea_id=idea_id) if _readable(idea_id) else url_for("contacts.inbox")
    return redirect(back, code=303)


@door.post("/ideas/<int:idea_id>/endorsement/confirm")
@login_required  # type: ignore[untyped-decorator]
def confirm(idea_id: int) -> ResponseReturnValue:
    """Ask to meet who adopted the idea since."""
    cluster.contacts.confirm(db(), member=member(), idea_id=idea_id)
    flash(gettext("We brengen jullie in contact met wie het idee nu trekt. Bij Contacten zie je hoe het verdergaat."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.get("/introductions")
@login_required  # type: ignore[untyped-decorator]
def inbox() -> str:
    """What others asked of us, and what we asked of others."""
    asking = member()
    return render_template(
        "contacts/inbox.html",
        inbox=cluster.contacts.inbox(db(), member=asking),
        left=cluster.contacts.without_contact(db(), member=asking),
        conversations=cluster.threads.followed(db(), member=asking) if asking else [],
    )


_EXPORTED = ("idea", "posted_by", "endorsed_by", "role", "state", "asked_at", "answered_at")
_CONTACT = ("name", "function", "email")


@door.get("/introductions/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same contacts as a file; the other's contact person once both consented, as on the page."""
    asking = member()
    found = cluster.contacts.inbox(db(), member=asking)

    def row(one: Introduction) -> dict[str, object]:
        contact = cluster.contacts.contacts_of(db(), member=asking, introduction_id=one.id)
        return {
            "idea": one.idea_title,
            "posted_by": one.poster_organisation,
            "endorsed_by": one.endorser_organisation,
            **{name: getattr(one, name) for name in _EXPORTED[3:]},
            **{name: getattr(contact, name, None) for name in _CONTACT},
        }

    columns = [(name, name) for name in (*_EXPORTED, *_CONTACT)]
    return response(format, "contacten", columns, [row(one) for one in (*found.received, *found.sent)])


@door.post("/introductions/take-over")
@login_required  # type: ignore[untyped-decorator]
def take_over() -> ResponseReturnValue:
    """Become the contact person in the place of colleagues who left."""
    count = cluster.contacts.take_over(db(), member=member())
    flash(
        ngettext(
            "Je bent nu de contactpersoon in %(num)s contact.",
            "Je bent nu de contactpersoon in %(num)s contacten.",
            count,
        )
        if count
        else gettext("Er was niets meer over te nemen.")
    )
    return redirect(url_for("contacts.inbox"), code=303)


@door.get("/introductions/<int:introduction_id>")
@login_required  # type: ignore[untyped-decorator]
def show(introduction_id: int) -> str:
    """One introduction, with the other's contact person once both consented."""
    asking = member()
    found = cluster.contacts.get(db(), member=asking, introduction_id=introduction_id)
    cluster.contacts.look(db(), member=asking, introduction=found)
    idea = _readable(found.idea_id)
    posted = asking is not None and asking.organisation_id == found.poster_organisation_id
    return render_template(
        "contacts/introduction.html",
        introduction=found,
        readable=idea is not None,
        posted=posted,
        also_posted=cluster.matches.also_posted(
            db(),
            encoder=encoder(),
            index=index(),
            member=asking,
            idea=idea,
            organisation_id=found.endorser_organisation_id,
        )
        if idea and posted
        else [],
        hiding=cluster.moderation.hidden_case(
            db(), member=asking, kind=Subject.ENDORSEMENT, item_id=found.endorsement_id
        )
        if found.message_hidden
        else None,
        unread=cluster.threads.is_unread(db(), member=asking, about=About.IDEA, item_id=found.idea_id),
        contact=cluster.contacts.contacts_of(db(), member=asking, introduction_id=introduction_id),
        question=cluster.project_requests.asked(db(), member=asking, kind=Kind.IDEA, item_id=found.idea_id)
        if not found.poster_has_account
        else None,
    )


@door.post("/introductions/<int:introduction_id>/agree")
@login_required  # type: ignore[untyped-decorator]
def agree(introduction_id: int) -> ResponseReturnValue:
    """Consent, so that both see each other's contact person."""
    cluster.contacts.agree(db(), member=member(), introduction_id=introduction_id)
    flash(gettext("Jullie zijn in contact. Jullie kregen allebei een e-mail met de gegevens van de ander."))
    return redirect(url_for("contacts.show", introduction_id=introduction_id), code=303)


@door.post("/introductions/<int:introduction_id>/decline")
@login_required  # type: ignore[untyped-decorator]
def decline(introduction_id: int) -> ResponseReturnValue:
    """Say *not now*."""
    cluster.contacts.decline(db(), member=member(), introduction_id=introduction_id)
    flash(gettext("Je antwoord is bewaard. Niemand zag je gegevens."))
    return redirect(url_for("contacts.show", introduction_id=introduction_id), code=303)


def _readable(idea_id: int) -> Idea | None:
    """The idea, if it is open to who asks; a poster may have withdrawn it since."""
    try:
        return cluster.ideas.get(db(), idea_id=idea_id, member=member())
    except NotFound:
        return None


def _idea_and_mine(idea_id: int) -> tuple[Idea, Endorsement | None]:
    asking = member()
    idea = cluster.contacts.endorsable(db(), member=asking, idea_id=idea_id)
    organisation_id = asking.organisation_id if asking else None
    return idea, cluster.contacts.mine(db(), idea_id=idea_id, organisation_id=organisation_id)


def _form(
    idea: Idea, mine: Endorsement | None, typed: dict[str, Any], errors: dict[str, str], *, was_first: bool = False
) -> str:
    return render_template(
        "contacts/endorse.html",
        idea=idea,
        mine=mine,
        values=typed,
        errors=errors,
        was_first=was_first,
        can_answer=cluster.contacts.can_answer(db(), idea_id=idea.id),
        at_once=mine is None and cluster.contacts.introduces_at_once(db(), idea_id=idea.id),
    )


@door.get("/introductions/<int:introduction_id>/meeting.ics")
@login_required  # type: ignore[untyped-decorator]
def meeting(introduction_id: int) -> Response:
    """A proposal to meet, for the calendars of the two that are in contact."""
    found = cluster.contacts.get(db(), member=member(), introduction_id=introduction_id)
    if found.state is not IntroductionState.AGREED or found.answered_at is None:
        raise NotFound
    text = calendars.meeting(
        found,
        moment=max(found.answered_at, utc_now()),
        summary=gettext(
            "Kennismaking: %(poster)s en %(endorser)s",
            poster=found.poster_organisation,
            endorser=found.endorser_organisation,
        ),
        description="" if found.idea_hidden else found.idea_title,
        address=services().settings.home + url_for("contacts.show", introduction_id=introduction_id),
    )
    answer = Response(text, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="kennismaking-{introduction_id}.ics"'
    return answer
