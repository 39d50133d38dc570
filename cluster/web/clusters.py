"""The review desk of clusters, and the page of one cluster."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.clusters
import cluster.projects
from cluster.web.context import db, member
from cluster.web.exports import response
from cluster.web.languages import say
from models.clusters import NAME_AT_MOST, REASON_AT_MOST, Cluster, strength
from models.errors import Conflict, Invalid

door = Blueprint("clusters", __name__)


@door.get("/clusters")
@login_required  # type: ignore[untyped-decorator]
def desk() -> str:
    """What waits for a coordinator, and what was decided."""
    found = cluster.clusters.desk(db(), member=member())
    # A refusal of ours is in the catalogue; anything else is shown as it is.
    reason = gettext(found.failed.removeprefix("Refusal: ")) if found.failed else ""
    return render_template("clusters/desk.html", desk=found, reason=reason, strength=strength, language_of=language_of)


@door.get("/clusters/export.<format>")
@login_required  # type: ignore[untyped-decorator]
def export(format: str) -> Response:
    """All clusters as a file, a row for each of their ideas and projects."""
    columns = [(name, name) for name in cluster.clusters.EXPORTED]
    return response(format, "clusters", columns, cluster.clusters.exported(db(), member=member()))


@door.post("/clusters/propose")
@login_required  # type: ignore[untyped-decorator]
def propose() -> ResponseReturnValue:
    """Ask for a new search; the worker does it."""
    cluster.clusters.queue_run(db(), member=member())
    return redirect(url_for("clusters.desk"), code=303)


@door.get("/clusters/<int:cluster_id>")
def show(cluster_id: int) -> str:
    """One cluster: accepted ones for everybody, others for coordinators."""
    return _page(cluster.clusters.get(db(), cluster_id=cluster_id, member=member()))


@door.post("/clusters/<int:cluster_id>/accept")
@login_required  # type: ignore[untyped-decorator]
def accept(cluster_id: int) -> ResponseReturnValue:
    """Accept a proposal."""
    try:
        cluster.clusters.accept(db(), cluster_id=cluster_id, revision=_revision(), member=member())
    except Conflict as conflict:
        return _overtaken(conflict)
    flash(gettext("Het cluster is aanvaard. Iedereen kan het nu zien."))
    return redirect(url_for("clusters.show", cluster_id=cluster_id), code=303)


@door.post("/clusters/<int:cluster_id>/rename")
@login_required  # type: ignore[untyped-decorator]
def rename(cluster_id: int) -> ResponseReturnValue:
    """Give a cluster another name."""
    name = request.form.get("name", "")
    try:
        cluster.clusters.rename(db(), cluster_id=cluster_id, revision=_revision(), member=member(), name=name)
    except Conflict as conflict:
        return _overtaken(conflict)
    except Invalid as refused:
        return _refused(cluster_id, refused)
    flash(gettext("De nieuwe naam is bewaard. Hij verandert niet meer vanzelf."))
    return redirect(url_for("clusters.show", cluster_id=cluster_id), code=303)


@door.post("/clusters/<int:cluster_id>/reject")
@login_required  # type: ignore[untyped-decorator]
def reject(cluster_id: int) -> ResponseReturnValue:
    """Reject a cluster with a reason."""
    reason = request.form.get("reason", "")
    try:
        cluster.clusters.reject(db(), cluster_id=cluster_id, revision=_revision(), member=member(), reason=reason)
    except Conflict as conflict:
        return _overtaken(conflict)
    except Invalid as refused:
        return _refused(cluster_id, refused)
    flash(gettext("Het cluster is verworpen. Het komt niet terug."))
    return redirect(url_for("clusters.desk"), code=303)


def language_of(found: Cluster) -> str:
    """The language of a cluster's name and terms: Dutch where a member is, else that of the central member."""
    languages = [one.lang for one in found.members]
    return "nl" if "nl" in languages or not languages else languages[0]


def _revision() -> int:
    """Which revision the person saw; one that cannot be read is none that stands."""
    given = request.form.get("revision", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _refused(cluster_id: int, refused: Invalid) -> ResponseReturnValue:
    found = cluster.clusters.get(db(), cluster_id=cluster_id, member=member())
    return _page(found, errors={refused.field: say(refused)}), refused.status


def _overtaken(conflict: Conflict) -> ResponseReturnValue:
    """What stands now, and what happened since the person looked."""
    assert isinstance(conflict.current, Cluster)
    return _page(conflict.current, overtaken=say(conflict), seen=_revision()), conflict.status


def _page(found: Cluster, *, errors: dict[str, str] | None = None, overtaken: str = "", seen: int = 0) -> str:
    asking = member()
    coordinates = asking is not None and asking.is_coordinator
    typed = request.form if errors or overtaken else {}
    titles = {one.key: one for one in found.members}
    became = cluster.projects.became(db(), kind="cluster", item_id=found.id)
    return render_template(
        "clusters/show.html",
        found=found,
        projects=became,
        may_submit=coordinates and found.state == "accepted" and cluster.projects.may_submit(became),
        lang=language_of(found),
        strength=strength,
        municipalities=cluster.clusters.municipalities(db(), cluster_id=found.id),
        weakest=[titles[key] for key in found.weakest or () if key in titles],
        coordinates=coordinates,
        history=cluster.clusters.history(db(), cluster_id=found.id, member=asking) if coordinates else [],
        errors=errors or {},
        values={"name": typed.get("name", found.name), "reason": typed.get("reason", "")},
        overtaken=overtaken,
        seen=seen,
        name_at_most=NAME_AT_MOST,
        reason_at_most=REASON_AT_MOST,
    )
