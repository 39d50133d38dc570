"""What the service learns from answers: fits of the relation model, what the newest would change, and using it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.fits
from cluster.web.assessments import decimal, percent
from cluster.web.context import db, encoder, member

door = Blueprint("fits", __name__)


@door.get("/matches/fits")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """The fits, for coordinators."""
    found = cluster.fits.listed(db(), encoder=encoder(), member=member())
    # A refusal of ours is in the catalogue; anything else is shown as it is.
    reason = gettext(found.failed.removeprefix("Invalid: ")) if found.failed else ""
    return render_template("matches/fits.html", found=found, reason=reason, percent=percent, decimal=decimal)


@door.post("/matches/fits")
@login_required  # type: ignore[untyped-decorator]
def fit() -> ResponseReturnValue:
    """Ask for a new fit; the worker does it."""
    cluster.fits.queue_fit(db(), member=member())
    flash(gettext("Medestanders leert uit de antwoorden. Laad deze pagina zo meteen opnieuw."))
    return redirect(url_for("fits.browse"), code=303)


@door.post("/matches/fits/<int:fit_id>/use")
@login_required  # type: ignore[untyped-decorator]
def use(fit_id: int) -> ResponseReturnValue:
    """Put a fit in use, a former one too."""
    cluster.fits.put_in_use(db(), fit_id=fit_id, member=member())
    flash(gettext("In gebruik. Nieuwe suggesties en zoektochten rekenen hiermee."))
    return redirect(url_for("fits.browse"), code=303)
