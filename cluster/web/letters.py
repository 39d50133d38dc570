"""Which letters a member gets, the one click that ends them, and the local mailbox of a demo without a mail server."""

from functools import partial

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required
from itsdangerous import BadSignature, URLSafeSerializer

import cluster.digests
import cluster.letters
import cluster.mail
import cluster.reminders
import cluster.threads
import data.letters
from cluster.web.context import db, index, member, services
from cluster.web.languages import say
from cluster.web.people import asking
from models.errors import N_, Invalid, NotFound

door = Blueprint("letters", __name__)

_SHOWN_AT_MOST = 200


@door.route("/account/letters", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def preferences() -> ResponseReturnValue:
    """How often one hears of news, and which letters one has no more."""
    errors: dict[str, str] = {}
    values = {"digest": str(cluster.digests.wanted(db(), member=asking()))}
    if request.method == "POST":
        values = {"digest": request.form.get("digest", "")}
        try:
            cluster.digests.choose(db(), index=index(), member=member(), digest=values["digest"])
        except Invalid as refused:
            errors = {wrong.field: say(wrong) for wrong in refused.every}
        else:
            flash(gettext("Je keuze is bewaard."))
            return redirect(url_for("letters.preferences"), code=303)
    page = render_template(
        "letters/preferences.html",
        values=values,
        errors=errors,
        waiting=data.letters.waiting_for(db(), member_id=asking().id),
        followed=cluster.threads.muted(db(), member=asking()),
    )
    return page, 422 if errors else 200


@door.post("/members/<int:member_id>/letters")
@login_required  # type: ignore[untyped-decorator]
def resume(member_id: int) -> ResponseReturnValue:
    """Try an address again to which nothing arrived."""
    found = cluster.letters.resume(db(), member=member(), member_id=member_id)
    flash(gettext("We proberen %(email)s opnieuw. Wat wachtte, vertrekt nu.", email=found.email))
    own = found.id == asking().id
    to = url_for("letters.preferences") if own else url_for("organisations.member", member_id=member_id)
    return redirect(to, code=303)


@door.route("/unsubscribe/<token>", methods=["GET", "POST"])
def unsubscribe(token: str) -> ResponseReturnValue:
    """End the letters that a link in one of them names, for who has it; nobody signs in for that.

    Mail programs post here by themselves when somebody presses their button (RFC 8058), without a page or a token of
    ours before; that is why this one post needs none. Fetching it changes nothing.
    """
    try:
        member_id, what = _signer(*services().settings.secrets()).loads(token)
    except (BadSignature, ValueError, TypeError):
        raise NotFound(N_("Deze link werkt niet (meer). Meld je aan om te kiezen welke e-mails je krijgt.")) from None
    done = request.method == "POST"
    if done:
        cluster.digests.stop(db(), member_id=int(member_id), what=str(what))
    return render_template("letters/unsubscribe.html", token=token, what=str(what).partition("-")[0], done=done)


def sign(secret: str, member_id: int, what: str) -> str:
    """What proves that a link that ends letters came in one to this member."""
    return str(_signer(secret).dumps([member_id, what]))


def _signer(*secrets: str) -> URLSafeSerializer:
    return URLSafeSerializer(secrets[::-1], salt="letters")  # signs with the last, reads with any


@door.get("/mailbox")
def mailbox() -> str:
    """The newest letters."""
    _must_be_open()
    return render_template("letters/mailbox.html", letters=data.letters.recent(db(), at_most=_SHOWN_AT_MOST))


@door.get("/mailbox/<int:letter_id>")
def letter(letter_id: int) -> str:
    """One letter as its receiver reads it."""
    _must_be_open()
    found = data.letters.get(db(), letter_id=letter_id)
    if found is None:
        raise NotFound
    signed = partial(sign, str(current_app.secret_key))
    body = cluster.mail.readable(found, home=services().settings.home, sign=signed)
    return render_template("letters/letter.html", letter=found, body=body)


def _must_be_open() -> None:
    settings = services().settings
    if not settings.demo or settings.smtp_url is not None:
        raise NotFound
