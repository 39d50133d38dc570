"""What came of an introduction, and who wants reminders about it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.contacts
import cluster.reminders
from cluster.web.context import db, member
from cluster.web.languages import say
from cluster.web.pages import same_origin
from models.errors import N_, Invalid
from models.reminders import Outcome

door = Blueprint("reminders", __name__)

OUTCOMES = {
    Outcome.MET: N_("We hebben elkaar gesproken"),
    Outcome.SUBMITTED: N_("We dienden samen in"),
    Outcome.NO: N_("Nee, het kwam er niet van"),
}

door.add_app_template_global(lambda introduction_id: _following(introduction_id), "following")
door.add_app_template_global(lambda: cluster.reminders.wants(db(), member=member()), "wants_reminders")  # type: ignore[arg-type]


@door.route("/introductions/<int:introduction_id>/outcome", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def outcome(introduction_id: int) -> ResponseReturnValue:
    """Tell what came of an introduction."""
    found = cluster.contacts.get(db(), member=member(), introduction_id=introduction_id)
    told = cluster.reminders.told(db(), member=member(), introduction_id=introduction_id)
    typed = {"outcome": str(told.outcome) if told else "", "reason": told.reason if told else ""}
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: request.form.get(name, "") for name in typed}
        try:
            cluster.reminders.tell(db(), member=member(), introduction_id=introduction_id, **typed)
        except Invalid as refused:
            errors = {wrong.field: say(wrong) for wrong in refused.every}
        else:
            flash(gettext("Dank je. We bewaarden wat je vertelde."))
            return redirect(url_for("contacts.show", introduction_id=introduction_id), code=303)
    page = render_template(
        "contacts/tell_outcome.html",
        introduction=found,
        outcomes=[(code, gettext(words)) for code, words in OUTCOMES.items()],
        values=typed,
        errors=errors,
    )
    return page, 422 if errors else 200


@door.post("/introductions/<int:introduction_id>/reminders")
@login_required  # type: ignore[untyped-decorator]
def stop(introduction_id: int) -> ResponseReturnValue:
    """Stop the reminders about one introduction, or allow them again."""
    stopped = request.form.get("do") != "resume"
    cluster.reminders.stop(db(), member=member(), introduction_id=introduction_id, stopped=stopped)
    flash(
        gettext("Je krijgt hierover geen herinneringen meer.") if stopped else gettext("Herinneringen staan weer aan.")
    )
    return redirect(url_for("contacts.show", introduction_id=introduction_id), code=303)


@door.post("/reminders")
@login_required  # type: ignore[untyped-decorator]
def want() -> ResponseReturnValue:
    """Have reminders, or none about anything."""
    wanted = request.form.get("do") == "resume"
    cluster.reminders.want(db(), member=member(), wanted=wanted)
    flash(gettext("Herinneringen staan weer aan.") if wanted else gettext("Je krijgt geen herinneringen meer."))
    return redirect(same_origin(request.form.get("next")) or url_for("contacts.inbox"), code=303)


def _following(introduction_id: int) -> dict[str, Any]:
    """What one's side told about an introduction, and whether it wants reminders."""
    told = cluster.reminders.told(db(), member=member(), introduction_id=introduction_id)
    return {
        "told": told,
        "words": gettext(OUTCOMES[told.outcome]) if told else "",
        "stopped": cluster.reminders.stopped(db(), member=member(), introduction_id=introduction_id),
    }
