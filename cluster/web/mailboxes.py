"""A shared mailbox as contact address: asking for it, and agreeing on behalf of it."""

import time

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.mailboxes
from cluster.web.context import db, member, services
from cluster.web.people import said, stale
from models.errors import Invalid, NotFound, TooMany

door = Blueprint("mailboxes", __name__)


@door.route("/account/mailbox", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def mailbox() -> ResponseReturnValue:
    """Which address others see of a member, and asking for another one."""
    found = cluster.mailboxes.of_member(db(), member=member())
    errors: dict[str, str] = {}
    status = 200
    typed = request.form.get("email", "")
    if request.method == "POST":
        try:
            cluster.mailboxes.ask(db(), services().throttles(), member=member(), email=typed, moment=time.time())
        except (Invalid, TooMany) as refused:
            errors, status = said(refused, at="email"), refused.status
        else:
            flash(gettext("We stuurden een e-mail naar %(email)s. Open de link erin om te bevestigen.", email=typed))
            return redirect(url_for("mailboxes.mailbox"), code=303)
    page = render_template("people/mailbox.html", mailbox=found, values={"email": typed}, errors=errors)
    return page, status


@door.post("/account/mailbox/remove")
@login_required  # type: ignore[untyped-decorator]
def remove() -> ResponseReturnValue:
    """Show one's own address again."""
    cluster.mailboxes.remove(db(), member=member())
    flash(gettext("Anderen zien voortaan je eigen e-mailadres."))
    return redirect(url_for("mailboxes.mailbox"), code=303)


@door.route("/mailbox/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Agree on behalf of a mailbox; for who has the link of the letter, without signing in."""
    try:
        asking, email = cluster.mailboxes.asked(db(), token=token)
        if request.method == "POST":
            cluster.mailboxes.confirm(db(), token=token)
            return render_template("people/mailbox_confirm.html", asking=asking, email=email, done=True)
    except NotFound as gone:
        return stale(gone, again=url_for("mailboxes.mailbox"), words=gettext("Naar je contactadres")), gone.status
    return render_template("people/mailbox_confirm.html", asking=asking, email=email, token=token, done=False)
