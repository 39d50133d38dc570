"""Regroupings: a person moves an item, merges two clusters, splits one, or answers what a run suggested.

What a person arranged is kept as judgements, so that every later run arranges it so too.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlite_utils import Database

import data.clusters
import data.judgements
import data.proposals
import data.steps
from cluster.clusters import get
from cluster.engine.texts import one_line
from cluster.figures import Reader, draw
from cluster.people import must_coordinate, text_wrong
from cluster.steps import checked_reason, did, judge, must_be_unattached, must_stand, tell_later
from data.store import now, transaction
from models.clusters import NAME_AT_MOST, Action, Cluster, ClusterState, Draft, ItemKey, Judgement, Seen
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.people import Member

Members = Sequence[tuple[ItemKey, float | None]]

# How what leaves relates to what stays: no same need, but perhaps worth a look.
APART = (Judgement.RELATED, Judgement.DIFFERENT)


def move(
    db: Database,
    *,
    reader: Reader,
    member: Member | None,
    item: ItemKey | None,
    source: Seen | None,
    target: Seen | None,
    relation: str = Judgement.RELATED,
    reason: str = "",
) -> int:
    """Move an item out of one cluster, into another, or from one to the other. Returns the step.

    It is judged the same as all members of the target, and `relation` to all that stay in the source. A source that
    keeps fewer than two members is dissolved. Who stands behind an accepted target hears of it by letter, once.
    """
    who, why = must_coordinate(member), checked_reason(reason)
    apart = _apart(relation)
    if item is None:
        raise Invalid("item", N_("Kies wat je wilt verplaatsen."))
    if source is None and target is None:
        raise NotFound
    left = _drawn(db, reader, [one for one in _members(db, source) if one[0] != item])
    grown = _drawn(db, reader, [*_members(db, target), (item, None)])
    with transaction(db):
        stays = get(db, cluster_id=source.id, member=who) if source else None
        gains = get(db, cluster_id=target.id, member=who) if target else None
        both = [(found, seen) for found, seen in ((stays, source), (gains, target)) if found and seen]
        for found, seen in both:
            if again := did(db, found, seen=seen, action=Action.MOVED, who=who, items=[item]):
                return again
        for found, seen in both:
            must_stand(found, seen=seen)
        step: int | None = None
        _must_be_movable(db, item, stays=stays, gains=gains)
        if stays:
            falls = len(left.members) < 2
            if falls:
                must_be_unattached(db, stays)
            columns = _columns(left) | ({"state": ClusterState.DISSOLVED} if falls else {})
            step = _take(db, stays, Action.MOVED, who, why, [item], step, left, **columns)
            others = [one.key for one in stays.members if one.key != item]
            pairs = data.judgements.across([item], others)
            judge(db, pairs=pairs, judgement=apart, who=who, reason=why, cluster_id=stays.id, step=step)
        if gains:
            step = _take(db, gains, Action.MOVED, who, why, [item], step, grown, **_columns(grown))
            pairs = data.judgements.across([item], [one.key for one in gains.members])
            judge(db, pairs=pairs, judgement=Judgement.SAME, who=who, reason=why, cluster_id=gains.id, step=step)
            _tell(db, gains)
    assert step is not None
    return step


def merge(
    db: Database, *, reader: Reader, member: Member | None, seen: Seen, other: Seen | None, reason: str = ""
) -> tuple[int, int]:
    """Bring all of another cluster into this one, each judged the same as each. Returns the step and what lives on.

    Of a proposal and an accepted cluster the accepted one lives on, for readers know it.
    """
    who, why = must_coordinate(member), checked_reason(reason)
    if other is None or seen.id == other.id:
        raise Invalid("other", N_("Kies een ander cluster."))
    both = _drawn(db, reader, [*_members(db, seen), *_members(db, other)])
    with transaction(db):
        this, that = (get(db, cluster_id=one.id, member=who) for one in (seen, other))
        if again := did(db, this, seen=seen, action=Action.MERGED, who=who):
            return again, this.merged_into or this.id
        must_stand(this, seen=seen)
        must_stand(that, seen=other)
        swapped = that.state is ClusterState.ACCEPTED and this.state is not ClusterState.ACCEPTED
        keeps, goes = (that, this) if swapped else (this, that)
        must_be_unattached(db, goes)
        items = [one.key for one in goes.members]
        step = _take(db, keeps, Action.MERGED, who, why, items, None, both, snoozed_until=None, **_columns(both))
        nothing = {"state": ClusterState.DISSOLVED, "merged_into": keeps.id, "snoozed_until": None}
        data.steps.take(
            db,
            cluster_id=goes.id,
            action=Action.MERGED,
            member_id=who.id,
            why=why,
            items=items,
            step=step,
            members=(),
            **nothing,
        )
        pairs = data.judgements.every_pair([one.key for one in (*keeps.members, *goes.members)])
        judge(db, pairs=pairs, judgement=Judgement.SAME, who=who, reason=why, cluster_id=keeps.id, step=step)
        _tell(db, keeps)
    return step, keeps.id


def split(
    db: Database,
    *,
    reader: Reader,
    member: Member | None,
    seen: Seen,
    leaving: Iterable[ItemKey],
    name: str = "",
    relation: str = Judgement.RELATED,
    reason: str = "",
) -> tuple[int, int]:
    """Part a cluster in two: `leaving` go to a new one in the same state. Returns the step and the new cluster.

    Each part is judged the same within, and `relation` to the other. Without a name it gets one from its texts.
    """
    who, why, name = must_coordinate(member), checked_reason(reason), one_line(name)
    refuse(text_wrong("split_name", name, at_most=NAME_AT_MOST))
    apart = _apart(relation)
    every, out = _members(db, seen), set(leaving)
    parts = [_drawn(db, reader, [one for one in every if (one[0] in out) is leaves]) for leaves in (False, True)]
    with transaction(db):
        found = get(db, cluster_id=seen.id, member=who)
        if again := did(db, found, seen=seen, action=Action.SPLIT, who=who, items=out):
            return again, next(one.cluster_id for one in data.steps.taken(db, step=again) if one.cluster_id != seen.id)
        must_stand(found, seen=seen)
        keys = {one.key for one in found.members}
        if not out <= keys or len(out) < 2 or len(keys - out) < 2:
            raise Invalid("leaving", N_("Elk deel heeft minstens twee ideeën of projecten nodig."))
        new = data.steps.begin(db, name=name or parts[1].name or found.name, terms=parts[1].terms)
        stays, goes = parts
        step = _take(db, found, Action.SPLIT, who, why, sorted(out), None, stays, **_columns(stays))
        decided = {"decided_at": now(), "decided_by": who.id} if found.state is ClusterState.ACCEPTED else {}
        data.steps.take(
            db,
            cluster_id=new,
            action=Action.SPLIT,
            member_id=who.id,
            why=why,
            items=sorted(out),
            step=step,
            members=goes.members,
            state=found.state,
            named_by_person=int(bool(name)),
            **_columns(goes),
            **decided,
        )
        for part in (sorted(keys - out), sorted(out)):
            pairs = data.judgements.every_pair(part)
            judge(db, pairs=pairs, judgement=Judgement.SAME, who=who, reason=why, cluster_id=found.id, step=step)
        pairs = data.judgements.across(sorted(keys - out), sorted(out))
        judge(db, pairs=pairs, judgement=apart, who=who, reason=why, cluster_id=found.id, step=step)
        if found.state is ClusterState.ACCEPTED:
            tell_later(db, cluster_id=new)
    return step, new


def decline(
    db: Database, *, member: Member | None, seen: Seen, item: ItemKey, relation: str = Judgement.RELATED
) -> int:
    """Answer that a suggested item does not belong to an accepted cluster: no run suggests it again."""
    who, apart = must_coordinate(member), _apart(relation)
    with transaction(db):
        found = get(db, cluster_id=seen.id, member=who)
        if again := did(db, found, seen=seen, action=Action.DECLINED, who=who, items=[item]):
            return again
        must_stand(found, seen=seen, states=(ClusterState.ACCEPTED,))
        data.proposals.forget_suggestion(db, cluster_id=found.id, item=item)
        step = data.steps.take(
            db, cluster_id=found.id, action=Action.DECLINED, member_id=who.id, items=[item], why=None
        )
        pairs = data.judgements.across([item], [one.key for one in found.members])
        judge(db, pairs=pairs, judgement=apart, who=who, reason=None, cluster_id=found.id, step=step)
    return step


def _apart(relation: str) -> Judgement:
    if relation not in APART:
        raise Invalid("relation", N_("Kies een van de mogelijkheden."))
    return Judgement(relation)


def _members(db: Database, seen: Seen | None) -> Members:
    return data.steps.members(db, cluster_id=seen.id) if seen else []


def _drawn(db: Database, reader: Reader, members: Members) -> Draft:
    return draw(db, reader=reader, members=members)


def _columns(draft: Draft) -> dict[str, Any]:
    """Figures of a cluster with new members; its name and terms stay, for people know it by them."""
    return {"cohesion": draft.cohesion, "weakest": json.dumps(draft.weakest) if draft.weakest else None}


def _take(
    db: Database,
    found: Cluster,
    action: Action,
    who: Member,
    why: str | None,
    items: Sequence[ItemKey],
    step: int | None,
    draft: Draft,
    **columns: Any,
) -> int:
    return data.steps.take(
        db,
        cluster_id=found.id,
        action=action,
        member_id=who.id,
        why=why,
        items=items,
        step=step,
        members=draft.members,
        **columns,
    )


def _must_be_movable(db: Database, item: ItemKey, *, stays: Cluster | None, gains: Cluster | None) -> None:
    """Refuse to move what is not public, not where the person saw it, or there already."""
    if item not in data.clusters.public(db, keys=[item]):
        raise NotFound
    held = data.clusters.live_of(db, keys=[item]).get(item)
    if gains and held and held.id == gains.id:
        raise Conflict(N_("Dit zit al in dit cluster."), current=gains)
    if (held.id if held else None) != (stays.id if stays else None):
        said = N_("Dit zit intussen in een ander cluster. Er is niets verplaatst.")
        raise Conflict(said, current=gains or stays)


def _tell(db: Database, found: Cluster) -> None:
    if found.state is ClusterState.ACCEPTED:
        tell_later(db, cluster_id=found.id)
