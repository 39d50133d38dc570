"""The programme page of coordinators, and its tables as files."""

from flask import Blueprint, Response, render_template
from flask_babel import gettext
from flask_login import login_required

import cluster.programme
from cluster.web.assessments import month
from cluster.web.context import db, member
from cluster.web.exports import of_fields, response
from cluster.web.pictures import columns
from cluster.web.reminders import OUTCOMES
from models.errors import N_
from models.programme import Step

door = Blueprint("programme", __name__)

STEPS = {
    Step.IDEAS: N_("Open ideeën"),
    Step.ENDORSED: N_("Met ‘ook wij’"),
    Step.INTRODUCED: N_("Met een gevraagde kennismaking"),
    Step.AGREED: N_("Met besturen in contact"),
    Step.MET: N_("Met besturen die elkaar spraken"),
    Step.CLUSTERS: N_("In een aanvaard cluster"),
    Step.SUBMITTED: N_("Samen ingediend"),
    Step.APPROVED: N_("Goedgekeurd"),
}


@door.get("/programme")
@login_required  # type: ignore[untyped-decorator]
def show() -> str:
    """How far ideas come, and where a lead is missing."""
    found = cluster.programme.look(db(), member=member())
    return render_template(
        "programme.html",
        found=found,
        steps=[(gettext(words), found.funnel[step]) for step, words in STEPS.items()],
        drawn=columns([(one.ideas, one.endorsements, one.contacts) for one in found.months]),
        month=month,
        outcomes=[(gettext(words), found.outcomes.get(code, 0)) for code, words in OUTCOMES.items()],
    )


@door.get("/programme/<any(funnel, months, unserved, pairs):table>.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(table: str, format: str) -> Response:
    """One of its tables as a file."""
    found = cluster.programme.look(db(), member=member(), at_most=cluster.programme.FILED_AT_MOST)
    if table == "unserved":
        return of_fields(format, "zonder-trekker", ("id", "title", "organisation", "governments"), found.unserved)
    if table == "months":
        return of_fields(format, "per-maand", ("month", "ideas", "endorsements", "contacts"), found.months)
    if table == "pairs":
        return of_fields(format, "wie-met-wie", ("one", "other", "ideas"), found.pairs)
    counted = [{"step": str(step), "count": count} for step, count in found.funnel.items()]
    counted += [{"step": f"outcome_{code}", "count": found.outcomes.get(code, 0)} for code in OUTCOMES]
    return response(format, "trechter", [("step", "step"), ("count", "count")], counted)
