"""Steps on clusters: each a form on a page, each to be undone, each compared with what the person saw."""

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import login_required

import cluster.clusters
import cluster.reasons
import cluster.regroupings
import cluster.reviews
import cluster.steps
from cluster.web.clusters import DONE_AT_MOST, desk_page, language_of, overtaken, read_item, read_seen, reader, refused
from cluster.web.context import db, member
from cluster.web.languages import say
from cluster.web.requests import number
from models.clusters import NAME_AT_MOST, REASON_AT_MOST, Cluster, ItemKey, Seen
from models.errors import Conflict, Invalid

door = Blueprint("steps", __name__)

# A cluster that nobody can have seen.
_NONE = Seen(0, 0)


@door.post("/clusters/<int:cluster_id>/accept")
@login_required  # type: ignore[untyped-decorator]
def accept(cluster_id: int) -> ResponseReturnValue:
    """Accept a proposal, and go on to the next one."""
    return _onward(cluster_id, lambda seen: cluster.steps.accept(db(), seen=seen, member=member()))


@door.post("/clusters/<int:cluster_id>/reject")
@login_required  # type: ignore[untyped-decorator]
def reject(cluster_id: int) -> ResponseReturnValue:
    """Reject a cluster with a reason, and go on to the next one."""
    said = _reason_to_reject()
    return _onward(cluster_id, lambda seen: cluster.steps.reject(db(), seen=seen, member=member(), reason=said))


@door.post("/clusters/<int:cluster_id>/snooze")
@login_required  # type: ignore[untyped-decorator]
def snooze(cluster_id: int) -> ResponseReturnValue:
    """Leave a proposal until a day, and go on to the next one."""
    until = request.form.get("until", "")
    return _onward(cluster_id, lambda seen: cluster.steps.snooze(db(), seen=seen, member=member(), until=until))


@door.post("/clusters/<int:cluster_id>/rename")
@login_required  # type: ignore[untyped-decorator]
def rename(cluster_id: int) -> ResponseReturnValue:
    """Give a cluster another name."""
    name = request.form.get("name", "")
    return _here(cluster_id, lambda seen: cluster.steps.rename(db(), seen=seen, member=member(), name=name))


@door.post("/clusters/<int:cluster_id>/lock")
@login_required  # type: ignore[untyped-decorator]
def lock(cluster_id: int) -> ResponseReturnValue:
    """Put a cluster on the lock."""
    return _here(cluster_id, lambda seen: cluster.steps.lock(db(), seen=seen, member=member(), reason=_why()))


@door.post("/clusters/<int:cluster_id>/unlock")
@login_required  # type: ignore[untyped-decorator]
def unlock(cluster_id: int) -> ResponseReturnValue:
    """Take the lock off a cluster."""
    return _here(cluster_id, lambda seen: cluster.steps.unlock(db(), seen=seen, member=member(), reason=_why()))


@door.post("/clusters/<int:cluster_id>/move")
@login_required  # type: ignore[untyped-decorator]
def move(cluster_id: int) -> ResponseReturnValue:
    """Move an item out of a cluster, or to another one."""
    to = request.form.get("to")
    target = (read_seen(to) or _NONE) if to else None
    return _here(cluster_id, lambda seen: _move(source=seen, target=target), target)


@door.post("/clusters/<int:cluster_id>/bring-in")
@login_required  # type: ignore[untyped-decorator]
def bring_in(cluster_id: int) -> ResponseReturnValue:
    """Bring an item into a cluster, out of the one that it is in, if any; or say that a suggested one is no part."""
    source, answer = read_seen(request.form.get("from")), request.form.get("answer")
    item = read_item(request.form.get("item"))

    def take(seen: Seen) -> int:
        if item and answer in cluster.regroupings.APART:
            return cluster.regroupings.decline(db(), member=member(), seen=seen, item=item, relation=answer)
        return _move(source=source, target=seen)

    return _here(cluster_id, take, source, to_desk=request.form.get("back") == "desk")


def _move(*, source: Seen | None, target: Seen | None) -> int:
    return cluster.regroupings.move(
        db(),
        reader=reader(),
        member=member(),
        item=read_item(request.form.get("item")),
        source=source,
        target=target,
        relation=request.form.get("relation", "related"),
        reason=_why(),
    )


@door.post("/clusters/<int:cluster_id>/merge")
@login_required  # type: ignore[untyped-decorator]
def merge(cluster_id: int) -> ResponseReturnValue:
    """Bring another cluster into this one."""
    other, seen = read_seen(request.form.get("other")), _seen(cluster_id)
    try:
        step, kept = cluster.regroupings.merge(
            db(), reader=reader(), member=member(), seen=seen, other=other, reason=_why()
        )
    except Conflict as conflict:
        return overtaken(conflict, seen, other)
    except Invalid as invalid:
        return refused(cluster_id, invalid)
    return redirect(url_for("clusters.show", cluster_id=kept, done=step), code=303)


@door.get("/clusters/<int:cluster_id>/split")
@login_required  # type: ignore[untyped-decorator]
def suggest_split(cluster_id: int) -> str:
    """Both parts of a suggested split, to be adjusted."""
    found = cluster.clusters.get(db(), cluster_id=cluster_id, member=member())
    review = cluster.reviews.review(db(), reader=reader(), member=member(), found=found)
    return _split_page(found, leaving=review.leaving)


@door.post("/clusters/<int:cluster_id>/split")
@login_required  # type: ignore[untyped-decorator]
def split(cluster_id: int) -> ResponseReturnValue:
    """Part a cluster in two."""
    seen, given = _seen(cluster_id), request.form.getlist("leaving")
    leaving = {item for item in map(read_item, given) if item}
    try:
        step, _ = cluster.regroupings.split(
            db(),
            reader=reader(),
            member=member(),
            seen=seen,
            leaving=leaving,
            name=request.form.get("split_name", ""),
            relation=request.form.get("relation", "related"),
            reason=_why(),
        )
    except Conflict as conflict:
        return overtaken(conflict, seen)
    except Invalid as invalid:
        found = cluster.clusters.get(db(), cluster_id=cluster_id, member=member())
        return _split_page(found, leaving=leaving, errors={invalid.field: say(invalid)}), invalid.status
    return redirect(url_for("clusters.show", cluster_id=cluster_id, done=step), code=303)


def _split_page(
    found: Cluster, *, leaving: frozenset[ItemKey] | set[ItemKey], errors: Mapping[str, str] | None = None
) -> str:
    return render_template(
        "clusters/split.html",
        found=found,
        leaving=leaving,
        errors=errors or {},
        values=request.form if errors else {"relation": "related"},
        lang=language_of(found),
        name_at_most=NAME_AT_MOST,
        reason_at_most=REASON_AT_MOST,
    )


@door.post("/clusters/steps/<int:step>/undo")
@login_required  # type: ignore[untyped-decorator]
def undo(step: int) -> ResponseReturnValue:
    """Take back a step, and look again at the cluster where that was asked."""
    seen = read_seen(request.form.get("seen"))
    try:
        clusters = cluster.steps.undo(db(), step=step, member=member(), reason=_why())
    except Conflict as conflict:
        return overtaken(conflict, seen)
    flash(gettext("Ongedaan gemaakt. Alles staat weer zoals ervoor."))
    back = seen.id if seen and seen.id in clusters else clusters[0]
    return redirect(url_for("clusters.show", cluster_id=back), code=303)


@door.post("/clusters/decide")
@login_required  # type: ignore[untyped-decorator]
def decide_many() -> ResponseReturnValue:
    """Accept, reject or snooze all proposals that were ticked."""
    every = [seen for seen in map(read_seen, request.form.getlist("chosen")) if seen]
    try:
        steps, missed = cluster.steps.decide_many(
            db(),
            member=member(),
            every=every,
            what=request.form.get("what", ""),
            reason=_reason_to_reject(),
            until=request.form.get("until", ""),
        )
    except Invalid as invalid:
        return desk_page({invalid.field: say(invalid)}), invalid.status
    for one in missed:
        flash(gettext("‘%(name)s’ is intussen veranderd en bleef zoals het is.", name=one.name))
    return redirect(url_for("clusters.desk", area=request.form.get("area") or None, done=steps), code=303)


@door.post("/clusters/steps/undo")
@login_required  # type: ignore[untyped-decorator]
def undo_many() -> ResponseReturnValue:
    """Take back what was decided with one press."""
    given = map(number, request.form.getlist("step")[:DONE_AT_MOST])
    count, refused = cluster.steps.undo_many(db(), steps=[step for step in given if step], member=member())
    if count:
        flash(ngettext("%(num)s beslissing ongedaan gemaakt.", "%(num)s beslissingen ongedaan gemaakt.", count))
    for conflict in refused:
        flash(say(conflict))
    return redirect(url_for("clusters.desk"), code=303)


def _seen(cluster_id: int) -> Seen:
    """Which revision the person saw; one that cannot be read is none that stands."""
    return Seen(cluster_id, number(request.form.get("revision")) or 0)


def _why() -> str:
    return request.form.get("reason", "")


def _reason_to_reject() -> str:
    return cluster.reasons.said(chosen=request.form.get("chosen_reason", ""), typed=_why())


def _onward(cluster_id: int, take: Callable[[Seen], int]) -> ResponseReturnValue:
    """Take a step after which the next proposal waits."""
    seen = _seen(cluster_id)
    try:
        step = take(seen)
    except Conflict as conflict:
        return overtaken(conflict, seen)
    except Invalid as invalid:
        return refused(cluster_id, invalid)
    after = cluster.clusters.next_after(db(), cluster_id=cluster_id)
    where = url_for("clusters.show", cluster_id=after, done=step) if after else url_for("clusters.desk", done=step)
    return redirect(where, code=303)


def _here(
    cluster_id: int, take: Callable[[Seen], int | None], *others: Seen | None, to_desk: bool = False
) -> ResponseReturnValue:
    """Take a step after which the cluster is looked at again."""
    seen = _seen(cluster_id)
    try:
        step = take(seen)
    except Conflict as conflict:
        return overtaken(conflict, seen, *others)
    except Invalid as invalid:
        return refused(cluster_id, invalid)
    if to_desk:
        return redirect(url_for("clusters.desk", done=step), code=303)
    return redirect(url_for("clusters.show", cluster_id=cluster_id, done=step), code=303)
