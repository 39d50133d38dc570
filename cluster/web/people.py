"""Signing in and out, one's own account, and passwords."""

import time

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required, login_user, logout_user

import cluster.drafts
import cluster.ideas
import cluster.passwords
import cluster.people
import cluster.privacy
import cluster.second_steps
import cluster.sessions
import data.people
import data.privacy
from cluster.passwords import PASSWORD_AT_LEAST
from cluster.people import NAME_AT_MOST, Preferences
from cluster.web.context import SignedIn, db, member, services
from cluster.web.languages import say
from cluster.web.pages import same_origin
from cluster.web.provider import sign_out_address as provider_sign_out
from cluster.web.requests import agent
from models.errors import N_, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany, refuse
from models.people import Member
from models.sessions import Means

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
        if not services().settings.local_accounts:
            raise NotAllowed(ELSEWHERE)
        try:
            found = cluster.people.sign_in(
                db(),
                services().throttles(),
                email=request.form.get("email", ""),
                password=request.form.get("password", ""),
                address=request.remote_addr or "",
                moment=time.time(),
                demo=services().settings.demo,
                agent=agent(),
            )
        except (Invalid, TooMany) as error:
            refused = error
        else:
            if cluster.second_steps.is_asked(db(), member=found):
                session[HALF] = cluster.sessions.begin_half(db(), member=found, agent=agent())
                return redirect(url_for("second_steps.enter", next=target), code=303)
            begin_session(found)
            return redirect(target or url_for("pages.home"), code=303)
    demo = data.people.demo_members(db()) if services().settings.demo else []
    page = render_template(
        "people/sign_in.html", target=target, refused=refused, demo=demo, demo_password=DEMO_PASSWORD
    )
    return page, refused.status if refused else 200


ELSEWHERE = N_("Aanmelden kan hier alleen met de aanmelding van de Vlaamse overheid.")

# Where the cookie holds what opens the question for the code of the second step, and nothing else.
HALF = "half"


def begin_session(found: Member, *, means: Means = Means.PASSWORD, hint: str | None = None) -> None:
    """Sign somebody in with a session of their own, whatever was in this browser before."""
    before = str(session.get("_user_id") or "")
    token = cluster.sessions.begin(db(), member=found, means=means, agent=agent(), instead_of=before, hint=hint)
    session.clear()
    session.permanent = True
    who = cluster.sessions.present(db(), token=token)
    assert who is not None
    login_user(SignedIn(who, token))


@door.post("/sign-out")
@login_required  # type: ignore[untyped-decorator]
def sign_out() -> ResponseReturnValue:
    """Sign out here and everywhere else, and at the provider if that let one in."""
    elsewhere = provider_sign_out()
    cluster.sessions.end_all(db(), member=asking())
    end_session()
    flash(gettext("Je bent afgemeld."))
    return redirect(elsewhere or url_for("pages.home"), code=303)


def end_session() -> None:
    """Forget who was signed in here."""
    logout_user()
    session.clear()


def asking() -> Member:
    """Who asks, behind a door that only opens to members."""
    found = member()
    assert found is not None
    return found


@door.route("/account", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def account() -> ResponseReturnValue:
    """One's own data and preferences."""
    if request.method == "GET":
        return _account({}, {})
    preferences = Preferences(
        locale=request.form.get("locale", ""),
        standing_consent=request.form.get("standing_consent") == "yes",
        name=request.form.get("name"),
        function=request.form.get("function"),
    )
    try:
        cluster.people.set_preferences(db(), member=asking(), preferences=preferences)
    except Invalid as refused:
        return _account(request.form.to_dict(), said(refused)), refused.status
    session["locale"] = preferences.locale
    flash(gettext("Je voorkeuren zijn bewaard."))
    return redirect(url_for("people.account"), code=303)


def _account(typed: dict[str, str], errors: dict[str, str]) -> str:
    who = asking()
    stands = {
        "name": who.name,
        "function": who.function or "",
        "locale": who.locale,
        "standing_consent": "yes" if who.standing_consent else "no",
    }
    return render_template(
        "people/account.html",
        values={**stands, **typed},
        errors=errors,
        name_at_most=NAME_AT_MOST,
        letters_days=data.privacy.LETTERS_DAYS,
        sign_ins_days=data.privacy.SIGN_INS_DAYS,
        ideas=cluster.ideas.of_own(db(), member=who),
        drafts=cluster.drafts.listed(db(), member=who),
    )


@door.get("/account/data.json")
@login_required  # type: ignore[untyped-decorator]
def data_of_own() -> Response:
    """All that is kept of oneself, as a file."""
    answer = jsonify(cluster.privacy.export(db(), member=asking()))
    answer.headers["Content-Disposition"] = "attachment; filename=medestanders-mijn-gegevens.json"
    return answer


@door.route("/account/password", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def password() -> ResponseReturnValue:
    """Choose another password; every other session ends."""
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            found = cluster.passwords.change(
                db(),
                services().throttles(),
                member=asking(),
                current=request.form.get("current", ""),
                password=request.form.get("password", ""),
                moment=time.time(),
            )
        except (Invalid, TooMany) as refused:
            errors, status = said(refused, at="current"), refused.status
        else:
            begin_session(found)
            flash(gettext("Je wachtwoord is gewijzigd. Op andere toestellen ben je afgemeld."))
            return redirect(url_for("sessions.security"), code=303)
    return render_template("people/password.html", errors=errors, at_least=PASSWORD_AT_LEAST), status


@door.route("/reset-password", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Ask for a letter with the way to a new password; the answer is the same for every address."""
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        email = request.form.get("email", "").strip()
        try:
            refuse(cluster.people.email_wrong(email))
            cluster.passwords.forget(
                db(),
                services().throttles(),
                email=email,
                address=request.remote_addr or "",
                moment=time.time(),
                demo=services().settings.demo,
            )
        except (Invalid, TooMany) as refused:
            errors, status = said(refused, at="email"), refused.status
        else:
            return redirect(url_for("people.reset_sent"), code=303)
    return render_template("people/forgot.html", values=request.form, errors=errors), status


@door.get("/reset-password/sent")
def reset_sent() -> str:
    """What happens next, whoever asked."""
    return render_template("people/reset_sent.html")


@door.route("/reset-password/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password with the link from a letter."""
    errors: dict[str, str] = {}
    status = 200
    try:
        cluster.passwords.resettable(db(), token=token)
        if request.method == "POST":
            cluster.passwords.reset(db(), token=token, password=request.form.get("password", ""))
            end_session()
            flash(gettext("Je wachtwoord is gewijzigd. Meld je ermee aan."))
            return redirect(url_for("people.sign_in"), code=303)
    except NotFound as gone:
        return stale(gone, again=url_for("people.forgot"), words=gettext("Vraag een nieuwe link")), gone.status
    except Invalid as refused:
        errors, status = said(refused), refused.status
    return render_template("people/reset.html", token=token, errors=errors, at_least=PASSWORD_AT_LEAST), status


def stale(gone: NotFound, *, again: str, words: str) -> str:
    """The page for a link that does not work any more, and the way to go on."""
    return render_template("people/stale.html", message=say(gone), again=again, words=words)


def said(refused: Invalid | TooMany, *, at: str = "") -> dict[str, str]:
    """What is wrong by field, in the reader's language; what belongs to no field stands at `at`."""
    if isinstance(refused, TooMany):
        return {at: say(refused)}
    return {wrong.field: say(wrong) for wrong in refused.every}


def ask_to_sign_in() -> ResponseReturnValue:
    """Where a page needs a member: sign in first, then go on. What was typed meanwhile is shown, not lost."""
    if request.method == "GET":
        return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")))
    raise NotSignedIn
