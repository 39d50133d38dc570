"""Signing in with the login of the Flemish government, and the way from there to an account."""

import time

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.government
from cluster.people import NAME_AT_MOST
from cluster.web import provider
from cluster.web.context import db, present, services
from cluster.web.languages import language
from cluster.web.pages import same_origin
from cluster.web.people import ELSEWHERE, begin_session, said, stale
from models.errors import Invalid, NotAllowed, NotFound, TooMany
from models.government import Person
from models.sessions import Means

door = Blueprint("government", __name__)

# What the cookie holds on the way to the provider and back: where to go on, and whether to link the account.
_THEN, _LINK, _ARRIVAL = "then", "link", "arrival"
# What is of no use where nobody signs in with a password.
_LOCAL = {"people.password", "people.forgot", "people.reset", "people.reset_sent", "second_steps.enter"}
_LOCAL |= {"invitations.invite", "invitations.resend", "invitations.accept", "access.ask", "second_steps.propose"}


def attach(app: Flask) -> None:
    """Know the provider, and close what is for local accounts where those are switched off."""
    provider.attach(app)

    @app.before_request
    def _only_the_government() -> None:
        if request.endpoint in _LOCAL and not services().settings.local_accounts:
            raise NotAllowed(ELSEWHERE)

    @app.context_processor
    def _known() -> dict[str, object]:
        settings = services().settings
        return {"government_login": settings.oidc_issuer is not None, "local_accounts": settings.local_accounts}


@door.get("/sign-in/government")
def begin() -> ResponseReturnValue:
    """Go to the provider and sign in there."""
    target = same_origin(request.args.get("next"))
    if present():
        return redirect(target or url_for("pages.home"), code=303)
    answer = provider.send_there()
    session[_THEN] = target
    session.pop(_LINK, None)
    return answer


@door.post("/account/government")
@login_required  # type: ignore[untyped-decorator]
def link() -> ResponseReturnValue:
    """Go to the provider to let its login open this account too."""
    answer = provider.send_there()
    session[_LINK] = True
    return answer


@door.get("/sign-in/government/callback")
def callback() -> ResponseReturnValue:
    """Come back from the provider: to an account, to linking it, to asking for one, or to a refusal that says why."""
    claims, token = provider.take_back()
    terms = provider.terms()
    linking = session.pop(_LINK, False)
    try:
        person = cluster.government.read(db(), claims=claims, terms=terms)
    except NotAllowed:
        cluster.government.turn_away(db(), issuer=terms.issuer, subject=str(claims["sub"]))
        raise
    if linking:
        return _linked(person)
    target = same_origin(session.pop(_THEN, None))
    found = cluster.government.enter(db(), person=person)
    if found is None:
        session[_ARRIVAL] = cluster.government.arrive(db(), person=person)
        return redirect(url_for("government.arrival"), code=303)
    # The provider's hint holds what it said of somebody; with a national number in it, it is not kept.
    begin_session(found, means=Means.PROVIDER, hint=None if "rrn" in claims else token)
    return redirect(target or url_for("pages.home"), code=303)


def _linked(person: Person) -> ResponseReturnValue:
    who = present()
    if who is None:
        raise NotAllowed
    cluster.government.link(db(), member=who.member, person=person)
    flash(gettext("Voortaan meld je je ook aan met de aanmelding van de Vlaamse overheid."))
    return redirect(url_for("sessions.security"), code=303)


@door.route("/sign-in/government/account", methods=["GET", "POST"])
def arrival() -> ResponseReturnValue:
    """Say at which address one is reached: an account needs one, and the provider gives none."""
    if _ARRIVAL not in session:
        return redirect(url_for("people.sign_in"), code=303)
    errors: dict[str, str] = {}
    status = 200
    try:
        found = cluster.government.arrival(db(), token=session[_ARRIVAL])
        if request.method == "POST":
            cluster.government.reach(
                db(),
                services().throttles(),
                token=session[_ARRIVAL],
                email=request.form.get("email", ""),
                locale=language(),
                address=request.remote_addr or "",
                moment=time.time(),
            )
            return redirect(url_for("government.sent"), code=303)
    except NotFound as gone:
        session.pop(_ARRIVAL)
        flash(gettext(gone.message))
        return redirect(url_for("people.sign_in"), code=303)
    except (Invalid, TooMany) as refused:
        errors, status = said(refused, at="email"), refused.status
    page = render_template("people/arrival.html", arrival=found, values=request.form, errors=errors)
    return page, status


@door.get("/sign-in/government/sent")
def sent() -> str:
    """What happens next, whoever asked."""
    return render_template("people/arrival_sent.html")


@door.route("/sign-in/government/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Open the account with the link of the letter; signing in is done with the provider."""
    errors: dict[str, str] = {}
    status = 200
    try:
        found = cluster.government.confirmable(db(), secret=token)
        values = {"name": found.person.name, "function": "", "locale": language(), "standing_consent": "no"}
        if request.method == "POST":
            values |= request.form.to_dict()
            cluster.government.open_account(
                db(),
                secret=token,
                name=values["name"],
                function=values["function"],
                locale=values["locale"],
                standing_consent=values["standing_consent"] == "yes",
            )
            flash(gettext("Je account is klaar. Meld je nog één keer aan."))
            return redirect(url_for("people.sign_in"), code=303)
    except NotFound as gone:
        return stale(gone, again=url_for("people.sign_in"), words=gettext("Aanmelden")), gone.status
    except Invalid as refused:
        errors, status = said(refused), refused.status
    page = render_template(
        "people/arrival_confirm.html",
        token=token,
        arrival=found,
        values=values,
        errors=errors,
        name_at_most=NAME_AT_MOST,
    )
    return page, status
