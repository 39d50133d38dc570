"""The review desk of clusters, how far a run is, and the page of one cluster."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_required

import cluster.clusters
import cluster.projects
import cluster.proposals
import cluster.reasons
import cluster.reviews
import cluster.steps
from cluster.figures import Reader
from cluster.web.context import db, encoder, index, member
from cluster.web.exports import response
from cluster.web.languages import say
from cluster.web.pictures import graph, tile_map
from cluster.web.requests import number
from models.clusters import NAME_AT_MOST, PHASES, REASON_AT_MOST, Action, Cluster, ItemKey, Progress, Seen, strength
from models.errors import Conflict, Invalid, NotFound
from models.matches import Kind

door = Blueprint("clusters", __name__)

# The page of a run asks again after so many seconds, for who did not turn that off.
_AGAIN_S = 3

# So many steps can have been taken with one press.
DONE_AT_MOST = cluster.clusters.ON_DESK_AT_MOST


@door.get("/clusters")
@login_required  # type: ignore[untyped-decorator]
def desk() -> str:
    """What waits for a coordinator, and what was decided."""
    return desk_page()


def desk_page(errors: Mapping[str, str] | None = None) -> str:
    """The desk, with what was ticked and typed if that was refused."""
    found = cluster.clusters.desk(db(), member=member(), area=request.values.get("area"))
    return render_template(
        "clusters/desk.html",
        desk=found,
        reason=_failure(found.failed),
        strength=strength,
        language_of=language_of,
        reasons=cluster.reasons.listed(db()),
        errors=errors or {},
        values=request.form if errors else {},
        chosen=request.form.getlist("chosen") if errors else [],
        share=share_done,
        done=done(),
    )


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
    cluster.proposals.queue_run(db(), member=member())
    return redirect(url_for("clusters.run"), code=303)


@door.get("/clusters/run")
@login_required  # type: ignore[untyped-decorator]
def run() -> Response:
    """How far a run is. The page asks again by itself while one is under way, unless a reader turned that off."""
    found, quiet = cluster.clusters.desk(db(), member=member()), "stil" in request.args
    page = render_template(
        "clusters/run.html", desk=found, reason=_failure(found.failed), share=share_done, quiet=quiet
    )
    answer = make_response(page)
    if found.queued and not quiet:
        answer.headers["Refresh"] = str(_AGAIN_S)
    return answer


def share_done(progress: Progress | None) -> float:
    """Which part of a run is done, in [0, 1]: a guess by its phases, for nobody knows how long each takes."""
    if progress is None:
        return 0.0
    within = progress.done / progress.total if progress.total else 0.0
    return (PHASES.index(progress.phase) + within) / len(PHASES)


def _failure(failed: str | None) -> str:
    """Why a run failed. A refusal of ours is in the catalogue; anything else is shown as it is."""
    return gettext(failed.removeprefix("Refusal: ")) if failed else ""


@door.route("/clusters/reasons", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def reasons() -> ResponseReturnValue:
    """The reasons from which coordinators choose when they reject."""
    kept, errors = cluster.reasons.to_edit(db(), member=member()), {}
    given = request.form.get("reasons", "\n".join(kept))
    if request.method == "POST":
        try:
            cluster.reasons.set_all(db(), member=member(), text=given)
        except Invalid as refused:
            errors = {refused.field: say(refused)}
        else:
            flash(gettext("De lijst met redenen is bewaard."))
            return redirect(url_for("clusters.reasons"), code=303)
    page = render_template("clusters/reasons.html", values={"reasons": given}, errors=errors)
    return page, Invalid.status if errors else 200


@door.get("/clusters/<int:cluster_id>")
def show(cluster_id: int) -> ResponseReturnValue:
    """One cluster: accepted ones for everybody, others for coordinators; one that was merged lives on in another."""
    try:
        return page(cluster.clusters.get(db(), cluster_id=cluster_id, member=member()))
    except NotFound:
        into = cluster.clusters.successor(db(), cluster_id=cluster_id)
        if into is None:
            raise
        return redirect(url_for("clusters.show", cluster_id=into), code=302)


def language_of(found: Cluster) -> str:
    """The language of a cluster's name and terms: Dutch where a member is, else that of the central member."""
    languages = [one.lang for one in found.members]
    return "nl" if "nl" in languages or not languages else languages[0]


def read_seen(given: str | None) -> Seen | None:
    """A cluster as a person saw it, as forms carry it; none for what cannot be read."""
    found = [number(part) for part in (given or "").split(".")]
    return Seen(found[0], found[1]) if len(found) == 2 and found[0] is not None and found[1] is not None else None


def read_item(given: str | None) -> ItemKey | None:
    """An item as forms carry it; none for what cannot be read."""
    kind, _, item_id = (given or "").partition(".")
    found = number(item_id)
    return (Kind(kind), found) if kind in set(Kind) and found is not None else None


def refused(cluster_id: int, invalid: Invalid) -> ResponseReturnValue:
    """The page of a cluster with what was wrong in the form, and what was typed."""
    found = cluster.clusters.get(db(), cluster_id=cluster_id, member=member())
    return page(found, errors={invalid.field: say(invalid)}), invalid.status


def overtaken(conflict: Conflict, *seen: Seen | None) -> ResponseReturnValue:
    """What stands now, and what happened since the person looked."""
    assert isinstance(conflict.current, Cluster)
    known = {one.id: one.revision for one in seen if one}
    since = known.get(conflict.current.id, conflict.current.revision)
    return page(conflict.current, overtaken=say(conflict), since=since), conflict.status


def reader() -> Reader:
    """What reads texts in this process."""
    return Reader(encoder(), index())


def page(found: Cluster, *, errors: dict[str, str] | None = None, overtaken: str = "", since: int | None = None) -> str:
    """The page of a cluster: what everybody sees, and for coordinators what they need to decide."""
    asking = member()
    coordinates = asking is not None and asking.is_coordinator
    became = cluster.projects.became(db(), kind="cluster", item_id=found.id)
    municipalities = cluster.clusters.municipalities(db(), cluster_id=found.id)
    return render_template(
        "clusters/show.html",
        found=found,
        projects=became,
        may_submit=found.state == "accepted"
        and cluster.projects.may_submit(became)
        and cluster.projects.may_record(db(), member=asking, cluster_id=found.id),
        lang=language_of(found),
        strength=strength,
        municipalities=municipalities,
        map=tile_map([one.id for one in municipalities]),
        related=cluster.clusters.related(db(), cluster_id=found.id, member=asking) if found.live else [],
        coordinates=coordinates,
        errors=errors or {},
        values=request.form if errors or overtaken else {"name": found.name},
        overtaken=overtaken,
        since=since,
        name_at_most=NAME_AT_MOST,
        reason_at_most=REASON_AT_MOST,
        done=done(at=found.id),
        **(_for_coordinators(found) if coordinates else {}),
    )


def _for_coordinators(found: Cluster) -> dict[str, Any]:
    asking = member()
    review = cluster.reviews.review(db(), reader=reader(), member=asking, found=found)
    return {
        "review": review,
        "graph": graph(len(found.members), review.relations),
        "history": cluster.clusters.history(db(), cluster_id=found.id, member=asking),
        "undoable": cluster.clusters.undoable(db(), cluster_id=found.id, member=asking),
        "items": {one.key: one for one in found.members},
        "others": cluster.clusters.others(db(), cluster_id=found.id, member=asking),
        "reasons": cluster.reasons.listed(db()),
        "upcoming": cluster.clusters.next_after(db(), cluster_id=found.id),
        "tomorrow": cluster.clusters.tomorrow(),
        "told_after": cluster.steps.UNDONE_WITHIN_MINUTES,
    }


def done(*, at: int | None = None) -> list[tuple[int, Cluster, Action]]:
    """The steps that the reader just took, to be undone at once; none on a page that was not reached by one."""
    asking = member()
    steps = [step for step in map(number, request.args.getlist("done")) if step is not None]
    if not steps or asking is None or not asking.is_coordinator:
        return []
    return cluster.steps.taken_by(db(), steps=steps[:DONE_AT_MOST], member=asking, at=at)
