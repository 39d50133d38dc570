"""Signing in and out, and one's own account."""

import time

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required, login_user, logout_user

import cluster.drafts
import cluster.ideas
import cluster.people
import data.people
from cluster.people import Preferences
from cluster.web.context import SignedIn, db, member, services
from cluster.web.pages import same_origin
from models.errors import Invalid, NotSignedIn, TooMany

door = Blueprint("people", __name__)

DEMO_PASSWORD = "samen sta je sterker"  # noqa: S105 - demo accounts only, which production refuses


@door.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Sign in with e-mail address and password, then go on where one was."""
    target = same_origin(request.values.get("next"))
    if member():
        return redirect(target or url_for("pages.home"), code=303)
    refused: Invalid | TooMany | None = None
    if request.method == "POST":
        try:
            found = cluster.people.sign_in(
                db(),
                services().throttles(),
                email=request.form.get("email", ""),
                password=request.form.get("password", ""),
                address=request.remote_addr or "",
                moment=time.time(),
                demo=services().settings.demo,
            )
        except (Invalid, TooMany) as error:
            refused = error
        else:
            session.clear()
            session.permanent = True
            login_user(SignedIn(found))
            return redirect(target or url_for("pages.home"), code=303)
    demo = data.people.demo_members(db()) if services().settings.demo else []
    page = render_template(
        "people/sign_in.html", target=target, refused=refused, demo=demo, demo_password=DEMO_PASSWORD
    )
    return page, refused.status if refused else 200


@door.post("/sign-out")
@login_required  # type: ignore[untyped-decorator]
def sign_out() -> ResponseReturnValue:
    """Sign out here and everywhere else."""
    asking = member()
    assert asking is not None
    cluster.people.sign_out(db(), member=asking)
    logout_user()
    session.clear()
    flash(gettext("Je bent afgemeld."))
    return redirect(url_for("pages.home"), code=303)


@door.route("/account", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def account() -> ResponseReturnValue:
    """One's own data and preferences."""
    asking = member()
    assert asking is not None
    if request.method == "POST":
        preferences = Preferences(
            locale=request.form.get("locale", ""), standing_consent=request.form.get("standing_consent") == "yes"
        )
        cluster.people.set_preferences(db(), member=asking, preferences=preferences)
        session["locale"] = preferences.locale
        flash(gettext("Je voorkeuren zijn bewaard."))
        return redirect(url_for("people.account"), code=303)
    return render_template(
        "people/account.html",
        asking=asking,
        ideas=cluster.ideas.of_own(db(), member=asking),
        drafts=cluster.drafts.listed(db(), member=asking),
    )


def ask_to_sign_in() -> ResponseReturnValue:
    """Where a page needs a member: sign in first, then go on. What was typed meanwhile is shown, not lost."""
    if request.method == "GET":
        return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")))
    raise NotSignedIn
