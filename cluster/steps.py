"""Steps of coordinators on a cluster: accept, reject, rename, lock, snooze, and undo whatever a person did."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

import data.clusters
import data.judgements
import data.steps
import data.work
from cluster.clusters import get, today
from cluster.engine.texts import one_line
from cluster.people import must_coordinate, text_wrong
from data.steps import Taken
from data.store import now, transaction
from models.clusters import (
    NAME_AT_MOST,
    REASON_AT_MOST,
    Action,
    Cluster,
    ClusterState,
    ItemKey,
    Judgement,
    Seen,
)
from models.errors import N_, Conflict, Invalid, NotFound, refuse
from models.people import Member

SNOOZE_AT_MOST_DAYS = 366

# Letters about an accepted cluster wait so long: who accepted the wrong one undoes it at once, and nobody hears of it.
UNDONE_WITHIN_MINUTES = 10

OVERTAKEN = N_("Dit cluster is intussen veranderd. Je beslissing is niet bewaard.")
_LOCKED = N_("Dit cluster staat op slot. Haal het eerst van slot als je iets wilt veranderen.")
_ALIVE = (ClusterState.PROPOSED, ClusterState.ACCEPTED)


def accept(db: Database, *, seen: Seen, member: Member | None) -> int:
    """Accept a proposal: its members are judged to have the same need, each with each. Returns the step.

    Who stands behind the members hears of it by letter, once.
    """
    return _decide(db, seen=seen, member=member, state=ClusterState.ACCEPTED, reason=None)


def reject(db: Database, *, seen: Seen, member: Member | None, reason: str) -> int:
    """Reject a cluster with a reason: its members are judged different, each from each, so it does not come back."""
    must_coordinate(member)
    reason = one_line(reason)
    empty = N_("Schrijf waarom je dit cluster verwerpt.")
    refuse(text_wrong("reason", reason, at_most=REASON_AT_MOST, missing=empty))
    return _decide(db, seen=seen, member=member, state=ClusterState.REJECTED, reason=reason)


# From which state a person may bring a cluster where, and what that says about its members.
_MAY_DECIDE = {
    ClusterState.ACCEPTED: (Action.ACCEPTED, (ClusterState.PROPOSED,), Judgement.SAME),
    ClusterState.REJECTED: (Action.REJECTED, _ALIVE, Judgement.DIFFERENT),
}


def _decide(db: Database, *, seen: Seen, member: Member | None, state: ClusterState, reason: str | None) -> int:
    who = must_coordinate(member)
    action, states, judgement = _MAY_DECIDE[state]
    with transaction(db):
        found = get(db, cluster_id=seen.id, member=who)
        if again := did(db, found, seen=seen, action=action, who=who):
            return again
        must_stand(found, seen=seen, states=states)
        if len(found.members) < 2:
            raise Conflict(
                N_("In dit cluster zitten geen twee ideeën of projecten meer. Er is niets veranderd."), current=found
            )
        moment = now()
        step = data.steps.take(
            db,
            cluster_id=found.id,
            action=action,
            member_id=who.id,
            why=reason,
            # Who decides, decides about what was shown: members that are not public any more are no part of it.
            members=[(one.key, one.fit) for one in found.members],
            state=state,
            decided_at=moment,
            decided_by=who.id,
            snoozed_until=None,
            reason=reason,
        )
        pairs = data.judgements.every_pair([one.key for one in found.members])
        judge(db, pairs=pairs, judgement=judgement, who=who, reason=reason, cluster_id=found.id, step=step)
        if state is ClusterState.ACCEPTED:
            tell_later(db, cluster_id=found.id)
    return step


def rename(db: Database, *, seen: Seen, member: Member | None, name: str) -> int | None:
    """Give a cluster a name that no run will change; the name that it has from a person changes nothing."""
    who = must_coordinate(member)
    name = one_line(name)
    refuse(text_wrong("name", name, at_most=NAME_AT_MOST, missing=N_("Geef het cluster een naam.")))
    with transaction(db):
        found = get(db, cluster_id=seen.id, member=who)
        if found.name == name and found.named_by_person:
            return None
        must_stand(found, seen=seen, states=_ALIVE)
        return data.steps.take(
            db, cluster_id=found.id, action=Action.RENAMED, member_id=who.id, why=name, name=name, named_by_person=1
        )


def lock(db: Database, *, seen: Seen, member: Member | None, reason: str = "") -> int:
    """Put a cluster on the lock: no run touches it or suggests anything for it, and people unlock it first."""
    return _plainly(db, seen=seen, member=member, action=Action.LOCKED, reason=reason, locked=1)


def unlock(db: Database, *, seen: Seen, member: Member | None, reason: str = "") -> int:
    """Take the lock off a cluster."""
    return _plainly(db, seen=seen, member=member, action=Action.UNLOCKED, reason=reason, locked=0)


def snooze(db: Database, *, seen: Seen, member: Member | None, until: str) -> int:
    """Leave a proposal for later: it comes back by itself on that day."""
    must_coordinate(member)
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise Invalid("until", N_("Kies een dag.")) from None
    present = date.fromisoformat(today())
    if not present < day <= present + timedelta(days=SNOOZE_AT_MOST_DAYS):
        raise Invalid("until", N_("Kies een dag na vandaag, en hoogstens een jaar later."))
    return _plainly(
        db, seen=seen, member=member, action=Action.SNOOZED, reason=day.isoformat(), snoozed_until=day.isoformat()
    )


def _plainly(db: Database, *, seen: Seen, member: Member | None, action: Action, reason: str, **columns: Any) -> int:
    """A step that touches no members and says nothing about them."""
    who, why = must_coordinate(member), checked_reason(reason)
    states = (ClusterState.PROPOSED,) if action is Action.SNOOZED else _ALIVE
    with transaction(db):
        found = get(db, cluster_id=seen.id, member=who)
        if again := did(db, found, seen=seen, action=action, who=who):
            return again
        must_stand(found, seen=seen, states=states, locked=None if action is Action.UNLOCKED else False)
        return data.steps.take(db, cluster_id=found.id, action=action, member_id=who.id, why=why, **columns)


def taken_by(
    db: Database, *, steps: Sequence[int], member: Member | None, at: int | None = None
) -> list[tuple[int, Cluster, Action]]:
    """What a member did in these steps, as far as it can be undone.

    Of each step a cluster, `at` if it is one of them, and what happened to it.
    """
    who = must_coordinate(member)
    found = data.steps.undoable_of(db, steps=steps, member_id=who.id)
    chosen = {step: next((one for one in clusters if one[0] == at), clusters[0]) for step, clusters in found.items()}
    current = data.clusters.by_id(db, ids=[cluster_id for cluster_id, _ in chosen.values()])
    return [(step, current[cluster_id], action) for step, (cluster_id, action) in chosen.items()]


def decide_many(
    db: Database, *, member: Member | None, every: Sequence[Seen], what: str, reason: str = "", until: str = ""
) -> tuple[list[int], list[Cluster]]:
    """Accept, reject or snooze several proposals, one by one; returns the steps, and those that changed meanwhile."""
    must_coordinate(member)
    if not every:
        raise Invalid("chosen", N_("Vink minstens één voorstel aan."))
    steps: dict[str, Callable[[Seen], int]] = {
        "accept": lambda seen: accept(db, seen=seen, member=member),
        "reject": lambda seen: reject(db, seen=seen, member=member, reason=reason),
        "snooze": lambda seen: snooze(db, seen=seen, member=member, until=until),
    }
    if what not in steps:
        raise Invalid("what", N_("Kies een van de mogelijkheden."))
    taken, overtaken = [], []
    for seen in every:
        try:
            taken.append(steps[what](seen))
        except Conflict as conflict:
            if isinstance(conflict.current, Cluster):
                overtaken.append(conflict.current)
    return taken, overtaken


def undo_many(db: Database, *, steps: Sequence[int], member: Member | None) -> tuple[int, list[Conflict]]:
    """Take back several steps, one by one; returns how many, and why the others stand."""
    must_coordinate(member)
    count, refused = 0, []
    for step in steps:
        try:
            undo(db, step=step, member=member)
            count += 1
        except Conflict as conflict:
            refused.append(conflict)
    return count, refused


def undo(db: Database, *, step: int, member: Member | None, reason: str = "") -> list[int]:
    """Take back a step, as a step of its own; returns the clusters that it was about, the one it began with first.

    Members, state and name are as before, and what the step said about pairs counts no more. Only the last step that
    stands can be undone, on each cluster that it touched: whatever happened since would be lost.
    """
    who, why = must_coordinate(member), checked_reason(reason)
    with transaction(db):
        taken = data.steps.taken(db, step=step)
        if not taken or any(one.member_id is None for one in taken):
            raise NotFound
        if all(one.undone for one in taken) and data.steps.undone_by(db, step=step) == who.id:
            return [one.cluster_id for one in taken]
        for one in taken:
            _must_be_last(db, one, step=step)
        number = None
        for one in taken:
            number = data.steps.restore(db, found=one, member_id=who.id, why=why, step=number)
        assert number is not None
        data.steps.supersede(db, step=step, by=number)
        ids = [one.cluster_id for one in taken]
        for one in taken:
            if one.before["cluster"]["state"] in _ALIVE:
                release(db, keys=sorted(one.items), without=ids, step=number)
        return ids


def _must_be_last(db: Database, one: Taken, *, step: int) -> None:
    current = data.clusters.get(db, cluster_id=one.cluster_id)
    assert current is not None
    if one.undone:
        raise Conflict(N_("Deze stap is al ongedaan gemaakt."), current=current)
    if data.steps.undoable(db, cluster_id=one.cluster_id) != step:
        said = N_("‘%(name)s’ is na deze stap nog veranderd. De stap is niet ongedaan gemaakt.")
        raise Conflict(said, current=current, name=current.name)
    if one.before["cluster"]["state"] not in _ALIVE:
        must_be_unattached(db, current)


def release(db: Database, *, keys: Sequence[ItemKey], without: Sequence[int], step: int) -> None:
    """Take items out of the proposals that runs put them in meanwhile; out of what people decided nobody takes them."""
    for cluster_id in data.steps.elsewhere(db, keys=keys, without=without):
        found = data.clusters.get(db, cluster_id=cluster_id)
        assert found is not None
        if found.state is ClusterState.ACCEPTED or found.locked:
            said = N_("Een idee of project uit deze stap zit intussen in ‘%(name)s’. Haal het daar eerst uit.")
            raise Conflict(said, current=found, name=found.name)
        left = [one for one in data.steps.members(db, cluster_id=cluster_id) if one[0] not in keys]
        falls = len(left) < 2
        data.steps.take(
            db,
            cluster_id=cluster_id,
            action=Action.DISSOLVED if falls else Action.REDRAWN,
            step=step,
            members=left,
            state=ClusterState.DISSOLVED if falls else found.state,
        )


def did(
    db: Database, found: Cluster, *, seen: Seen, action: Action, who: Member, items: Iterable[ItemKey] | None = None
) -> int | None:
    """The step, if this very person did this very thing already: the second half of a double click."""
    if found.revision != seen.revision + 1:
        return None
    last = data.steps.last(db, cluster_id=found.id)
    if last is None or (last.action, last.member_id) != (action, who.id):
        return None
    return last.step if items is None or set(last.items) == set(items) else None


def must_stand(
    found: Cluster, *, seen: Seen, states: tuple[ClusterState, ...] = _ALIVE, locked: bool | None = False
) -> None:
    """Refuse a step on a cluster that is not as the person saw it, or that is on the lock."""
    if found.revision != seen.revision or found.state not in states:
        raise Conflict(OVERTAKEN, current=found)
    if locked is not None and found.locked is not locked:
        raise Conflict(_LOCKED, current=found)


def must_be_unattached(db: Database, found: Cluster) -> None:
    """Refuse to empty a cluster that people work on: its cost plan and conversation have its id."""
    if data.steps.attached(db, cluster_id=found.id):
        said = N_("‘%(name)s’ heeft een kostenplan of een gesprek, en moet dus blijven bestaan.")
        raise Conflict(said, current=found, name=found.name)


def judge(
    db: Database,
    *,
    pairs: Iterable[data.judgements.Pair],
    judgement: Judgement,
    who: Member,
    reason: str | None,
    cluster_id: int,
    step: int,
) -> None:
    """Keep what a step says about pairs."""
    data.judgements.add(
        db, pairs=pairs, judgement=judgement, member_id=who.id, reason=reason, cluster_id=cluster_id, step=step
    )


def checked_reason(reason: str) -> str | None:
    """Why a step was taken, where that may stay empty."""
    text = one_line(reason)
    refuse(text_wrong("reason", text, at_most=REASON_AT_MOST))
    return text or None


def tell_later(db: Database, *, cluster_id: int) -> None:
    """Queue the letters about an accepted cluster."""
    later = (datetime.now(UTC) + timedelta(minutes=UNDONE_WITHIN_MINUTES)).isoformat(timespec="seconds")
    data.work.queue(db, kind="accepted", key=str(cluster_id), payload={"cluster_id": cluster_id}, not_before=later)
