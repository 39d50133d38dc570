"""Keeping an idea, offering it to who endorses it, and adopting one."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.adoptions
from cluster.web.context import db, member

door = Blueprint("adoptions", __name__)


@door.post("/ideas/<int:idea_id>/keep")
@login_required  # type: ignore[untyped-decorator]
def keep(idea_id: int) -> ResponseReturnValue:
    """Keep an idea, and offer it no more."""
    cluster.adoptions.keep(db(), member=member(), idea_id=idea_id)
    flash(gettext("Jullie houden dit idee. We vragen er de eerste drie maanden niet meer naar."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.post("/ideas/<int:idea_id>/offer")
@login_required  # type: ignore[untyped-decorator]
def offer(idea_id: int) -> ResponseReturnValue:
    """Offer an idea to who says *ook wij*."""
    cluster.adoptions.let_go(db(), member=member(), idea_id=idea_id)
    flash(gettext("Jullie bieden dit idee aan. Wie ‘ook wij’ zegt, kan het overnemen; tot dan blijft het van jullie."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)


@door.post("/ideas/<int:idea_id>/adopt")
@login_required  # type: ignore[untyped-decorator]
def adopt(idea_id: int) -> ResponseReturnValue:
    """Take an idea over that is on offer."""
    cluster.adoptions.adopt(db(), member=member(), idea_id=idea_id)
    flash(gettext("Dit idee is nu van jullie. Wie ‘ook wij’ zei, krijgt een e-mail."))
    return redirect(url_for("ideas.show", idea_id=idea_id), code=303)
