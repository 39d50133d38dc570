"""Who works together on a plan: what is missing for the call, who would fit, and invitations to join."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.consortia
import cluster.plans
from cluster.web import pictures
from cluster.web.context import db, encoder, index, member
from cluster.web.languages import say
from cluster.web.plans import checks
from cluster.web.requests import number
from models.consortia import What
from models.errors import Invalid, NotFound
from models.plans import Plan

door = Blueprint("consortia", __name__)


@door.get("/plans/<int:plan_id>/consortium")
@login_required  # type: ignore[untyped-decorator]
def show(plan_id: int) -> str:
    """Who leads and does what, what is missing, where the partners lie, and who would fit."""
    return _page(cluster.plans.get(db(), member=member(), plan_id=plan_id))


@door.post("/plans/<int:plan_id>/invitations")
@login_required  # type: ignore[untyped-decorator]
def invite(plan_id: int) -> ResponseReturnValue:
    """Invite a government to join."""
    organisation_id, message = number(request.form.get("organisation")), request.form.get("message", "")
    if organisation_id is None:
        raise NotFound
    try:
        cluster.consortia.invite(
            db(), member=member(), plan_id=plan_id, organisation_id=organisation_id, message=message
        )
    except Invalid as refused:
        plan = cluster.plans.get(db(), member=member(), plan_id=plan_id)
        return _page(plan, refused=refused, chosen=organisation_id, message=message), refused.status
    flash(gettext("De uitnodiging is verstuurd. Hieronder zie je of ze antwoorden."))
    return redirect(url_for("consortia.show", plan_id=plan_id) + "#invitations", code=303)


@door.get("/plan-invitations")
@login_required  # type: ignore[untyped-decorator]
def browse() -> str:
    """What one's government was invited to; for coordinators what nobody can answer."""
    return render_template("clusters/invitations.html", invitations=cluster.consortia.received(db(), member=member()))


@door.get("/plan-invitations/<int:invitation_id>")
@login_required  # type: ignore[untyped-decorator]
def invitation(invitation_id: int) -> str:
    """An invitation as the invited read it: what it is about, who takes part, and what it would cost them."""
    found, plan = cluster.consortia.get(db(), member=member(), invitation_id=invitation_id)
    asking = member()
    return render_template(
        "clusters/invitation.html",
        invitation=found,
        plan=plan,
        content=plan.content,
        share=cluster.consortia.share(db(), plan=plan, invitation=found),
        call=next(one for one in checks(plan, {}) if one.what is What.CALL),
        invited=asking is not None and asking.organisation_id == found.organisation_id,
    )


@door.post("/plan-invitations/<int:invitation_id>")
@login_required  # type: ignore[untyped-decorator]
def answer(invitation_id: int) -> ResponseReturnValue:
    """Join, or say no."""
    accepted = request.form.get("do") == "accept"
    plan = cluster.consortia.answer(db(), member=member(), invitation_id=invitation_id, accepted=accepted)
    if accepted:
        flash(gettext("Jullie doen mee. Kijk het kostenplan na en aanvaard het, of schrijf wat er anders moet."))
        return redirect(url_for("plans.show", plan_id=plan.id), code=303)
    flash(gettext("Je antwoord is bewaard. Wie jullie uitnodigde, ziet dat jullie niet meedoen."))
    return redirect(url_for("consortia.invitation", invitation_id=invitation_id), code=303)


def _page(plan: Plan, *, refused: Invalid | None = None, chosen: int | None = None, message: str = "") -> str:
    said = cluster.plans.answers(db(), plan=plan)
    covered = cluster.consortia.municipalities(db(), content=plan.content)
    values: dict[str, Any] = {f"message-{chosen}": message} if chosen else {}
    return render_template(
        "clusters/consortium.html",
        plan=plan,
        content=plan.content,
        said=said,
        checks=checks(plan, said),
        covered=covered,
        map=pictures.tile_map([one.id for one in covered]),
        suggestions=cluster.consortia.suggestions(db(), encoder=encoder(), index=index(), plan=plan, member=member()),
        invitations=cluster.consortia.listed(db(), plan=plan),
        chosen=chosen,
        values=values,
        errors={f"message-{chosen}": say(wrong) for wrong in refused.every} if refused else {},
    )
