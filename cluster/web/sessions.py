"""The page *Beveiliging*: where one is signed in, how attempts to sign in went, and ending sessions."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import login_required

import cluster.government
import cluster.second_steps
import cluster.sessions
from cluster.sessions import ABSOLUTE_HOURS, IDLE_HOURS
from cluster.web.context import db, present, services
from models.sessions import Means, Present

door = Blueprint("sessions", __name__)


def signed_in() -> Present:
    """Who asks and in which session, behind a door that only opens to members."""
    found = present()
    assert found is not None
    return found


@door.get("/account/security")
@login_required  # type: ignore[untyped-decorator]
def security() -> str:
    """How one's own account is kept safe."""
    who = signed_in()
    return render_template(
        "people/security.html",
        here_id=who.session.id,
        by_password=who.session.means is Means.PASSWORD,
        linked_since=cluster.government.since(db(), member=who.member),
        second_step=cluster.second_steps.stands(db(), member=who.member, seals=services().seals),
        sessions=cluster.sessions.listed(db(), member=who.member),
        sign_ins=cluster.sessions.sign_ins(db(), member=who.member),
        idle_hours=IDLE_HOURS,
        absolute_hours=ABSOLUTE_HOURS,
    )


@door.post("/account/sessions/<int:session_id>/end")
@login_required  # type: ignore[untyped-decorator]
def end(session_id: int) -> ResponseReturnValue:
    """Sign out on one device."""
    cluster.sessions.end(db(), member=signed_in().member, session_id=session_id)
    flash(gettext("Je bent daar afgemeld."))
    return redirect(url_for("sessions.security"), code=303)


@door.post("/account/sessions/end-others")
@login_required  # type: ignore[untyped-decorator]
def end_others() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    who = signed_in()
    count = cluster.sessions.end_others(db(), member=who.member, but=who.session)
    flash(ngettext("Je bent op %(num)s andere plaats afgemeld.", "Je bent op %(num)s andere plaatsen afgemeld.", count))
    return redirect(url_for("sessions.security"), code=303)
