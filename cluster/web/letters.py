"""The local mailbox of a demo without a mail server: every letter that would have been sent."""

from flask import Blueprint, render_template

import data.letters
from cluster.letters import readable
from cluster.web.context import db, services
from models.errors import NotFound

door = Blueprint("letters", __name__)

_SHOWN_AT_MOST = 200


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
    return render_template("letters/letter.html", letter=found, body=readable(found, home=services().settings.home))


def _must_be_open() -> None:
    settings = services().settings
    if not settings.demo or settings.smtp_url is not None:
        raise NotFound
