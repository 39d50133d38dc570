"""One's own e-mail address: asking for another one, and confirming it with the link in the letter."""

import time

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.addresses
from cluster.web.context import db, services
from cluster.web.people import end_session, said, stale
from cluster.web.sessions import signed_in
from models.errors import Invalid, NotFound, TooMany
from models.sessions import Means

door = Blueprint("addresses", __name__)


@door.route("/account/email", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def change() -> ResponseReturnValue:
    """Ask for another address; nothing changes until it is confirmed there."""
    who = signed_in()
    errors: dict[str, str] = {}
    status = 200
    typed = request.form.get("email", "")
    if request.method == "POST":
        try:
            cluster.addresses.ask(
                db(),
                services().throttles(),
                member=who.member,
                session=who.session,
                email=typed,
                password=request.form.get("current", ""),
                moment=time.time(),
            )
        except (Invalid, TooMany) as refused:
            errors, status = said(refused, at="email"), refused.status
        else:
            flash(gettext("We stuurden een e-mail naar %(email)s. Open de link erin om te bevestigen.", email=typed))
            return redirect(url_for("addresses.change"), code=303)
    page = render_template(
        "people/address.html",
        asked=cluster.addresses.asked(db(), member=who.member),
        by_password=who.session.means is Means.PASSWORD,
        values={"email": typed},
        errors=errors,
    )
    return page, status


@door.post("/account/email/forget")
@login_required  # type: ignore[untyped-decorator]
def forget() -> ResponseReturnValue:
    """Keep the address one has."""
    cluster.addresses.forget(db(), member=signed_in().member)
    flash(gettext("Je e-mailadres blijft zoals het is."))
    return redirect(url_for("addresses.change"), code=303)


@door.route("/new-address/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Confirm the new address; for who has the link of the letter, without signing in."""
    try:
        whose, email = cluster.addresses.confirmable(db(), token=token)
        if request.method == "POST":
            cluster.addresses.confirm(db(), token=token)
            end_session()
            flash(gettext("Je e-mailadres is gewijzigd. Meld je ermee aan."))
            return redirect(url_for("people.sign_in"), code=303)
    except NotFound as gone:
        return stale(gone, again=url_for("addresses.change"), words=gettext("Vraag een nieuwe link")), gone.status
    return render_template("people/address_confirm.html", whose=whose, email=email, token=token)
