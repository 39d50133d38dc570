"""The second step of signing in: entering a code, setting the step up, and what coordinators may not do without it."""

import time
from collections.abc import Callable

import segno
from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required
from markupsafe import Markup

import cluster.second_steps
from cluster.web.context import db, present, services
from cluster.web.pages import same_origin
from cluster.web.people import HALF, begin_session, said
from cluster.web.requests import agent
from cluster.web.sessions import signed_in
from models.errors import N_, Invalid, NotAllowed, NotFound, TooMany
from models.people import Member
from models.sessions import Means

door = Blueprint("second_steps", __name__)

# What works before a coordinator has set up the second step.
_OPEN = {"static", "people.sign_out", "pages.set_language", "health.healthz", "health.readyz", "health.metrics"}


def attach(app: Flask) -> None:
    """Keep coordinators who have only a password from everything but setting up the second step."""

    @app.before_request
    def _first_the_second_step() -> ResponseReturnValue | None:
        endpoint = request.endpoint or ""
        if endpoint in _OPEN or endpoint.startswith("second_steps.") or request.path.startswith("/api/"):
            return None
        who = present()
        if who is None or who.has_second_step or who.session.means is not Means.PASSWORD or _optional(who.member):
            return None
        if request.method == "GET":
            return redirect(url_for("second_steps.show"), code=303)
        raise NotAllowed(N_("Stel eerst de tweede stap van het aanmelden in."))


def _optional(member: Member) -> bool:
    return services().settings.demo or not member.is_coordinator


@door.route("/sign-in/code", methods=["GET", "POST"])
def enter() -> ResponseReturnValue:
    """The second step: a code of the app, or a recovery code."""
    target = same_origin(request.values.get("next"))
    if HALF not in session:
        return redirect(url_for("people.sign_in", next=target), code=303)
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            found = cluster.second_steps.enter(
                db(),
                services().throttles(),
                token=session[HALF],
                code=request.form.get("code", ""),
                recovery=request.form.get("recovery", ""),
                agent=agent(),
                seals=services().seals,
                moment=time.time(),
            )
        except NotFound as gone:
            session.pop(HALF)
            flash(gettext(gone.message))
            return redirect(url_for("people.sign_in", next=target), code=303)
        except (Invalid, TooMany) as refused:
            errors, status = said(refused, at="code"), refused.status
        else:
            begin_session(found)
            return redirect(target or url_for("pages.home"), code=303)
    return render_template("people/code.html", target=target, errors=errors), status


@door.get("/account/second-step")
@login_required  # type: ignore[untyped-decorator]
def show() -> str:
    """How it stands with one's second step, and what can be done about it."""
    return _page({})


def _page(errors: dict[str, str]) -> str:
    who = signed_in().member
    stands = cluster.second_steps.stands(db(), member=who, seals=services().seals)
    picture = address = None
    if stands.candidate:
        address = cluster.second_steps.address(stands.candidate, member=who)
        # Dark on light whatever the colours of the page: that is what phones read.
        picture = Markup(segno.make(address, error="m").svg_inline(scale=5, border=3, light="#fff"))  # noqa: S704
    return render_template(
        "people/second_step.html",
        second_step=stands,
        address=address,
        picture=picture,
        errors=errors,
        optional=_optional(who),
        by_password=signed_in().session.means is Means.PASSWORD,
    )


@door.post("/account/second-step")
@login_required  # type: ignore[untyped-decorator]
def propose() -> ResponseReturnValue:
    """Make a secret for an app; it counts once a code of it is given."""
    return _done_with_password(
        lambda: cluster.second_steps.propose(
            db(),
            services().throttles(),
            member=signed_in().member,
            password=_password(),
            seals=services().seals,
            moment=time.time(),
        ),
        then="second_steps.show",
    )


@door.post("/account/second-step/settle")
@login_required  # type: ignore[untyped-decorator]
def settle() -> ResponseReturnValue:
    """Prove that the app has the secret, and see the recovery codes, once."""
    who = signed_in()
    try:
        codes = cluster.second_steps.settle(
            db(),
            services().throttles(),
            member=who.member,
            session=who.session,
            code=request.form.get("code", ""),
            seals=services().seals,
            moment=time.time(),
        )
    except (Invalid, TooMany) as refused:
        return _page(said(refused, at="code")), refused.status
    return render_template("people/recovery_codes.html", codes=codes, fresh=True)


@door.post("/account/second-step/codes")
@login_required  # type: ignore[untyped-decorator]
def renew_codes() -> ResponseReturnValue:
    """Get other recovery codes, and see them once."""
    try:
        codes = cluster.second_steps.renew_codes(
            db(), services().throttles(), member=signed_in().member, password=_password(), moment=time.time()
        )
    except (Invalid, TooMany) as refused:
        return _page(said(refused, at="current")), refused.status
    return render_template("people/recovery_codes.html", codes=codes, fresh=False)


@door.post("/account/second-step/remove")
@login_required  # type: ignore[untyped-decorator]
def remove() -> ResponseReturnValue:
    """Sign in with a password alone from now on, where that may be."""
    who = signed_in()
    return _done_with_password(
        lambda: cluster.second_steps.remove(
            db(),
            services().throttles(),
            member=who.member,
            session=who.session,
            password=_password(),
            moment=time.time(),
            optional=_optional(who.member),
        ),
        then="sessions.security",
        saying=N_("Je meldt je voortaan aan met alleen je wachtwoord."),
    )


@door.post("/members/<int:member_id>/second-step/reset")
@login_required  # type: ignore[untyped-decorator]
def reset(member_id: int) -> ResponseReturnValue:
    """Help somebody who lost phone and codes, as a coordinator who made sure who asks."""
    if cluster.second_steps.reset(db(), member=signed_in().member, member_id=member_id):
        flash(gettext("De tweede stap is weggenomen. Dit lid krijgt een e-mail en is overal afgemeld."))
    return redirect(url_for("organisations.member", member_id=member_id), code=303)


def _password() -> str:
    return request.form.get("current", "")


def _done_with_password(verb: Callable[[], None], *, then: str, saying: str | None = None) -> ResponseReturnValue:
    """Do what asks for the password and go on, or say what is wrong with it."""
    try:
        verb()
    except (Invalid, TooMany) as refused:
        return _page(said(refused, at="current")), refused.status
    if saying:
        flash(gettext(saying))
    return redirect(url_for(then), code=303)
