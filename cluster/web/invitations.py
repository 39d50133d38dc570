"""Invitations: sending them, and accepting one."""

import time

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.invitations
import data.people
from cluster.passwords import PASSWORD_AT_LEAST
from cluster.people import NAME_AT_MOST
from cluster.web.context import db, services
from cluster.web.exports import of_fields, whole
from cluster.web.languages import language, utc_now
from cluster.web.matches import page_number
from cluster.web.people import asking, begin_session, said, stale
from cluster.web.requests import number
from models.errors import Invalid, NotAllowed, NotFound

door = Blueprint("invitations", __name__)


@door.get("/invitations")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """The invitations that are open: all of them for coordinators, else those of one's organisation."""
    page = page_number()
    found, has_more = cluster.invitations.waiting(db(), member=asking(), page=page)
    return render_template("people/invitations.html", invitations=found, page=page, has_more=has_more, now=utc_now())


_EXPORTED = ("email", "name", "organisation", "role", "invited_by", "letters", "letter", "created_at", "expires_at")


@door.get("/invitations/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """The same invitations as a file, without what opens an account."""
    who = asking()
    found = whole(lambda page: cluster.invitations.waiting(db(), member=who, page=page))
    return of_fields(format, "uitnodigingen", _EXPORTED, list(found))


@door.route("/invitations/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def invite() -> ResponseReturnValue:
    """Invite somebody: a colleague, or as coordinator somebody of any organisation, or a fellow coordinator."""
    who = asking()
    if not who.is_coordinator and who.organisation_id is None:
        raise NotAllowed
    errors: dict[str, str] = {}
    status = 200
    values = {"organisation": request.args.get("organisation", ""), "locale": language(), "role": "member"}
    if request.method == "POST":
        values |= request.form.to_dict()
        try:
            found, fresh = cluster.invitations.invite(
                db(),
                services().throttles(),
                member=who,
                email=values.get("email", ""),
                name=values.get("name", ""),
                locale=values["locale"],
                organisation_id=number(values["organisation"]),
                coordinator=who.is_coordinator and values["role"] == "coordinator",
                moment=time.time(),
            )
        except Invalid as refused:
            errors, status = said(refused), refused.status
        else:
            if fresh:
                flash(gettext("De uitnodiging voor %(email)s is onderweg.", email=found.email))
            else:
                flash(
                    gettext("Voor %(email)s stond al een uitnodiging open. Er is niets veranderd.", email=found.email)
                )
            return redirect(url_for("invitations.browse"), code=303)
    page = render_template(
        "people/invite.html",
        values=values,
        errors=errors,
        organisations=data.people.every_organisation(db()) if who.is_coordinator else [],
        name_at_most=NAME_AT_MOST,
        days=cluster.invitations.DAYS,
    )
    return page, status


@door.post("/invitations/<int:invitation_id>/resend")
@login_required  # type: ignore[untyped-decorator]
def resend(invitation_id: int) -> ResponseReturnValue:
    """Send an invitation again, with another link."""
    found = cluster.invitations.resend(
        db(), services().throttles(), member=asking(), invitation_id=invitation_id, moment=time.time()
    )
    flash(
        gettext("De uitnodiging voor %(email)s is opnieuw onderweg. De vorige link werkt niet meer.", email=found.email)
    )
    return redirect(url_for("invitations.browse"), code=303)


@door.post("/invitations/<int:invitation_id>/withdraw")
@login_required  # type: ignore[untyped-decorator]
def withdraw(invitation_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    cluster.invitations.withdraw(db(), member=asking(), invitation_id=invitation_id)
    flash(gettext("De uitnodiging is ingetrokken. De link werkt niet meer."))
    return redirect(url_for("invitations.browse"), code=303)


@door.route("/welcome/<token>", methods=["GET", "POST"])
def accept(token: str) -> ResponseReturnValue:
    """Open the account one was invited for, and be signed in."""
    errors: dict[str, str] = {}
    status = 200
    try:
        found = cluster.invitations.opened(db(), token=token)
        values = {"name": found.name, "function": found.function, "locale": found.locale, "standing_consent": "no"}
        if request.method == "POST":
            values |= request.form.to_dict()
            member = cluster.invitations.accept(
                db(),
                token=token,
                name=values["name"],
                function=values["function"],
                locale=values["locale"],
                standing_consent=values["standing_consent"] == "yes",
                password=request.form.get("password", ""),
            )
            begin_session(member)
            flash(gettext("Welkom, %(name)s. Je account is klaar.", name=member.name))
            return redirect(url_for("pages.home"), code=303)
    except NotFound as gone:
        return stale(gone, again=url_for("access.ask"), words=gettext("Vraag toegang")), gone.status
    except Invalid as refused:
        errors, status = said(refused), refused.status
    page = render_template(
        "people/welcome.html",
        token=token,
        invitation=found,
        values=values,
        errors=errors,
        name_at_most=NAME_AT_MOST,
        at_least=PASSWORD_AT_LEAST,
    )
    return page, status
