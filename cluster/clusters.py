"""Clusters: runs propose, coordinators decide, and no run ever changes what a person decided."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlite_utils import Database

import cluster.fits
import cluster.matches
import data.clusters
import data.judgements
import data.ledger
import data.matches
import data.people
import data.work
from cluster.engine import grouping, lexical, proposals
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.proposals import Proposal, Text
from cluster.engine.texts import one_line, readable
from cluster.imports import Fields, Imported, Row, check
from cluster.people import must_coordinate
from data.store import now, transaction
from models.clusters import (
    NAME_AT_MOST,
    REASON_AT_MOST,
    Cluster,
    ClusterItem,
    ClusterState,
    Draft,
    Event,
    ItemKey,
    Judgement,
    Run,
)
from models.errors import N_, Conflict, Invalid, NotFound, Refusal
from models.ledger import Act
from models.matches import Kind
from models.people import Member, Organisation

# Mean P(same need) from which groups merge, chosen on the development ideas with the bundled encoder: there pairs are
# right in 0.61 of cases at 0.15, and in 0.72 at 0.25, which finds a third less. A coordinator sees every proposal, so
# this asks for less than *same need* in words.
MERGE_AT_LEAST = 0.15

# Somebody may decide while a run computes; it then starts again from what stands.
_TRIES = 3

# Each list of the desk shows this many.
ON_DESK_AT_MOST = 50

_BATCH = 200

# A proposal that fell apart comes back with its id within this time; one that a person named, always.
_BACK_WITHIN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Desk:
    """What coordinators review: proposals by worth, and what was decided, latest first, each list of bearable length.

    `totals` tells how many there are of each; `failed` tells why the last run that was asked for did not succeed.
    """

    proposed: list[Cluster]
    accepted: list[Cluster]
    rejected: list[Cluster]
    totals: dict[ClusterState, int]
    queued: bool
    failed: str | None
    last_run: Run | None
    contradictions: list[tuple[ClusterItem, ClusterItem]]


def propose(db: Database, *, encoder: Encoder | None) -> Run:
    """Group everything public and bring the proposals up to date; with nothing new nothing changes.

    Judgements are always obeyed, contradictory ones reported. Accepted clusters stay as they are and their members
    are not proposed elsewhere; rejected ones stay too. A group keeps the id of the proposal it continues, and the
    name if a person gave it; a proposal that fell apart is dissolved.
    """
    if encoder is None:
        raise Refusal(N_("De encoder is niet geladen. Zonder encoder kunnen we geen clusters zoeken."))
    cluster.matches.embed_missing(db, encoder=encoder)
    for _ in range(_TRIES):
        stamp = data.clusters.stamp(db)
        drafts, contradictions, count = _drafts(db, encoder=encoder)
        with transaction(db):
            if data.clusters.stamp(db) == stamp:
                run = _reconcile(db, drafts, contradictions=contradictions, encoder=encoder.name, items=count)
                data.clusters.add_run(db, run=run)
                return run
    raise Conflict(N_("Er werd intussen te veel beslist. Zoek later opnieuw naar clusters."))


def queue_run(db: Database, *, member: Member | None) -> None:
    """Ask the worker for a run, now; asking again while one is due or under way changes nothing."""
    must_coordinate(member)
    with transaction(db):
        if not data.clusters.run_queued(db):
            data.work.queue(db, kind="propose", key="clusters")


def desk(db: Database, *, member: Member | None) -> Desk:
    """The review desk, for coordinators only."""
    must_coordinate(member)
    proposed = listed(db, states=[ClusterState.PROPOSED])
    last_run = data.clusters.last_run(db)
    queued = data.clusters.run_queued(db)
    pairs = last_run.contradictions if last_run else ()
    items = {item.key: item for item in data.clusters.items(db)} if pairs else {}
    return Desk(
        proposed=sorted(proposed, key=lambda one: (-one.worth, -len(one.members), one.id))[:ON_DESK_AT_MOST],
        accepted=data.clusters.listed(db, states=[ClusterState.ACCEPTED], at_most=ON_DESK_AT_MOST),
        rejected=data.clusters.listed(db, states=[ClusterState.REJECTED], at_most=ON_DESK_AT_MOST),
        totals={**data.clusters.totals(db), ClusterState.PROPOSED: len(proposed)},
        queued=queued,
        failed=None if queued else data.clusters.run_error(db),
        last_run=last_run,
        contradictions=[(items[a], items[b]) for a, b in pairs if a in items and b in items],
    )


def listed(db: Database, *, states: list[ClusterState]) -> list[Cluster]:
    """Clusters of two members or more in these states, by id; for scripts on this machine."""
    found = data.clusters.listed(db, states=states)
    return sorted((one for one in found if len(one.members) > 1), key=lambda one: one.id)


# What leaves of a cluster: one row for each idea or project in it.
EXPORTED = (
    *("cluster", "state", "name", "terms", "reason", "decided_at", "municipalities", "inhabitants"),
    *("item", "title", "organisation", "lang"),
)


def exported(db: Database, *, member: Member | None) -> Iterator[dict[str, object]]:
    """All clusters by id, a row for each of their ideas and projects; for coordinators only."""
    must_coordinate(member)
    return _rows(db)


def _rows(db: Database) -> Iterator[dict[str, object]]:
    last = 0
    while found := data.clusters.batch(db, after_id=last, at_most=_BATCH):
        for one in found:
            for item in one.members:
                yield {
                    **{name: getattr(one, name) for name in EXPORTED if hasattr(one, name)},
                    **{name: getattr(item, name) for name in ("title", "organisation", "lang")},
                    "cluster": one.id,
                    "item": item.reference,
                }
        last = found[-1].id


def references(db: Database, *, pairs: tuple[tuple[ItemKey, ItemKey], ...]) -> list[tuple[str, str]]:
    """How files and commands name these pairs of public items."""
    names = {item.key: item.reference for item in data.clusters.items(db)} if pairs else {}
    return [(names[a], names[b]) for a, b in pairs if a in names and b in names]


def waiting(db: Database) -> int:
    """How many proposals wait for a coordinator; as many as the desk tells."""
    return data.clusters.count(db, state=ClusterState.PROPOSED)


def of_item(db: Database, *, kind: Kind, item_id: int) -> Cluster | None:
    """The accepted cluster of an idea or project, if any."""
    return data.clusters.of_item(db, kind=kind, item_id=item_id)


def get(db: Database, *, cluster_id: int, member: Member | None) -> Cluster:
    """A cluster: accepted ones for everybody, all others for coordinators; nobody else learns that they exist."""
    found = data.clusters.get(db, cluster_id=cluster_id)
    if found is None or (found.state is not ClusterState.ACCEPTED and not (member and member.is_coordinator)):
        raise NotFound
    return found


def municipalities(db: Database, *, cluster_id: int) -> list[Organisation]:
    """The municipalities behind a cluster, each once, by name."""
    behind = data.clusters.organisations_behind(db, cluster_id=cluster_id)
    return data.people.reach(db, organisation_ids=behind)


def history(db: Database, *, cluster_id: int, member: Member | None) -> list[Event]:
    """What happened to a cluster, latest first; for coordinators only."""
    must_coordinate(member)
    return data.clusters.history(db, cluster_id=cluster_id)


def accept(db: Database, *, cluster_id: int, revision: int, member: Member | None) -> None:
    """Accept a proposal: its members are judged to have the same need, each with each."""
    _decide(db, cluster_id=cluster_id, revision=revision, member=member, state=ClusterState.ACCEPTED, reason=None)


def reject(db: Database, *, cluster_id: int, revision: int, member: Member | None, reason: str) -> None:
    """Reject a cluster with a reason: its members are judged different, each from each, so it does not come back."""
    must_coordinate(member)
    reason = _text("reason", reason, at_most=REASON_AT_MOST, empty=N_("Schrijf waarom je dit cluster verwerpt."))
    _decide(db, cluster_id=cluster_id, revision=revision, member=member, state=ClusterState.REJECTED, reason=reason)


def rename(db: Database, *, cluster_id: int, revision: int, member: Member | None, name: str) -> None:
    """Give a cluster a name that no run will change."""
    who = must_coordinate(member)
    name = _text("name", name, at_most=NAME_AT_MOST, empty=N_("Geef het cluster een naam."))
    with transaction(db):
        found = get(db, cluster_id=cluster_id, member=who)
        if found.name == name and found.named_by_person:
            return
        _must_stand(found, revision=revision, states=(ClusterState.PROPOSED, ClusterState.ACCEPTED))
        data.clusters.rename(db, cluster=found, name=name, member_id=who.id)
        about = f"cluster:{cluster_id}"
        data.ledger.add(db, act=Act.CLUSTER_DECIDED, member_id=who.id, about=about, what="renamed")


# From which state a person may bring a cluster where, and what that says about its members.
_MAY_DECIDE = {
    ClusterState.ACCEPTED: ((ClusterState.PROPOSED,), Judgement.SAME),
    ClusterState.REJECTED: ((ClusterState.PROPOSED, ClusterState.ACCEPTED), Judgement.DIFFERENT),
}


def _decide(
    db: Database, *, cluster_id: int, revision: int, member: Member | None, state: ClusterState, reason: str | None
) -> None:
    who = must_coordinate(member)
    states, judgement = _MAY_DECIDE[state]
    with transaction(db):
        found = get(db, cluster_id=cluster_id, member=who)
        if _did(db, found, revision=revision, state=state, who=who):
            return
        _must_stand(found, revision=revision, states=states)
        if len(found.members) < 2:
            raise Conflict(
                N_("In dit cluster zitten geen twee ideeën of projecten meer. Er is niets veranderd."), current=found
            )
        data.clusters.keep_public_members(db, cluster=found)
        data.clusters.set_state(db, cluster=found, state=state, member_id=who.id, reason=reason)
        about = f"cluster:{cluster_id}"
        data.ledger.add(db, act=Act.CLUSTER_DECIDED, member_id=who.id, about=about, what=state.value)
        pairs = data.judgements.every_pair([one.key for one in found.members])
        data.judgements.add(
            db, pairs=pairs, judgement=judgement, member_id=who.id, reason=reason, cluster_id=cluster_id
        )


def _did(db: Database, found: Cluster, *, revision: int, state: ClusterState, who: Member) -> bool:
    """Whether this very person did this very thing already: the second half of a double click."""
    if found.state is not state or found.revision != revision + 1:
        return False
    return data.clusters.history(db, cluster_id=found.id)[0].member_id == who.id


def _must_stand(found: Cluster, *, revision: int, states: tuple[ClusterState, ...]) -> None:
    if found.revision != revision or found.state not in states:
        raise Conflict(N_("Dit cluster is intussen veranderd. Je beslissing is niet bewaard."), current=found)


def _text(field: str, given: str, *, at_most: int, empty: str) -> str:
    text = one_line(given)
    if not text:
        raise Invalid(field, empty)
    if len(text) > at_most:
        raise Invalid(
            field,
            N_("Dit zijn %(count)s tekens. Gebruik er hoogstens %(at_most)s."),
            at_most=at_most,
            count=len(text),
        )
    if not readable(text):
        raise Invalid(field, N_("Hier staan tekens die we niet kunnen lezen. Typ ze opnieuw."))
    return text


def _drafts(db: Database, *, encoder: Encoder) -> tuple[list[Draft], tuple[tuple[ItemKey, ItemKey], ...], int]:
    """What a run would propose now, with the pairs whose judgements contradict others, and how many items it read."""
    items, vectors = _items(db, encoder=encoder)
    judged = _judged(db, items)
    found, contradictions = proposals.propose(
        [Text(item.title, item.body, item.lang) for item in items],
        vectors,
        fitted=cluster.fits.in_use(db, encoder=encoder.name),
        must=_pairs(judged[Judgement.SAME]),
        # Related is not the same: a cluster is one need.
        cannot=_pairs(judged[Judgement.DIFFERENT] + judged[Judgement.RELATED]),
        at_least=MERGE_AT_LEAST,
        places=frozenset().union(*(lexical.words(item.organisation) for item in items)),
    )
    drafts = [_draft(proposal, items) for proposal in found]
    return drafts, tuple((items[one.pair[0]].key, items[one.pair[1]].key) for one in contradictions), len(items)


def _judged(db: Database, items: list[ClusterItem]) -> dict[Judgement, list[tuple[int, int]]]:
    """What people judged about these items, as places in the list, the smaller first."""
    place = {item.key: at for at, item in enumerate(items)}
    judged: dict[Judgement, list[tuple[int, int]]] = {judgement: [] for judgement in Judgement}
    for (a, b), judgement in data.judgements.latest(db).items():
        if a in place and b in place:
            judged[judgement].append((min(place[a], place[b]), max(place[a], place[b])))
    return judged


def questions(db: Database, *, encoder: Encoder | None, at_most: int) -> list[tuple[ClusterItem, ClusterItem, float]]:
    """The pairs of public items outside accepted clusters whose answer helps most, with P(same need)."""
    if encoder is None:
        raise Refusal(N_("De encoder is niet geladen. Zonder encoder kunnen we geen clusters zoeken."))
    items, vectors = _items(db, encoder=encoder)
    judged = _judged(db, items)
    found = proposals.questions(
        [Text(item.title, item.body, item.lang) for item in items],
        vectors,
        fitted=cluster.fits.in_use(db, encoder=encoder.name),
        must=_pairs(judged[Judgement.SAME]),
        cannot=_pairs(judged[Judgement.DIFFERENT] + judged[Judgement.RELATED]),
        at_least=MERGE_AT_LEAST,
        asked={pair for pairs in judged.values() for pair in pairs},
        at_most=at_most,
    )
    return [(items[a], items[b], probability) for a, b, probability in found]


def import_judgements(db: Database, *, rows: Iterable[Row]) -> Imported:
    """Keep answers about pairs of public items: all rows, or none with ImportRefused saying what is wrong where.

    They count as a coordinator's. The same file again adds nothing.
    """
    keys = {item.reference: item.key for item in data.clusters.items(db)}

    def read(row: Fields) -> dict[str, Any]:
        pair = [row.found(name, look_up=keys.get, what="een idee of project", required=True) for name in ("a", "b")]
        if pair[0] is not None and pair[0] == pair[1]:
            row.refuse("b", "Dit is hetzelfde als a. Noem twee verschillende.")
        judgement = row.choice("judgement", Judgement, Judgement.UNSURE) if row.has("judgement") else None
        if judgement is None:
            row.refuse("judgement", f"Vul dit in. Kies uit: {', '.join(Judgement)}.")
        # Each row is about a pair; what is said twice of one pair counts twice, in order.
        return {
            "external_id": None,
            "pair": pair,
            "judgement": judgement,
            "by": row.text("by", at_most=200),
            "reason": row.text("reason", at_most=REASON_AT_MOST, lines=True),
        }

    ready, found = check(rows, read)
    with transaction(db):
        latest = data.judgements.latest(db)
        for values in ready:
            first, second = sorted(values["pair"])
            if latest.get((first, second)) is values["judgement"]:
                found.unchanged += 1
                continue
            data.judgements.add(
                db,
                pairs=[(first, second)],
                judgement=values["judgement"],
                member_id=None,
                by=values["by"],
                reason=values["reason"],
            )
            latest[first, second] = values["judgement"]
            found.added += 1
    return found


def _items(db: Database, *, encoder: Encoder) -> tuple[list[ClusterItem], Vectors]:
    """What may be proposed, with vectors of shape (n, d): everything public that is in no accepted cluster."""
    vectors = dict(data.matches.all_public(db, encoder=encoder.name).put)
    taken = set().union(*data.clusters.keys_by_cluster(db, state=ClusterState.ACCEPTED).values())
    items = [item for item in data.clusters.items(db) if item.key in vectors and item.key not in taken]
    rows = [np.frombuffer(vectors[item.key], dtype=np.float32) for item in items]
    return items, np.stack(rows) if rows else np.zeros((0, encoder.dimensions), dtype=np.float32)


def _pairs(pairs: list[tuple[int, int]]) -> grouping.Pairs:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _draft(proposal: Proposal, items: list[ClusterItem]) -> Draft:
    return Draft(
        name=proposal.name[:NAME_AT_MOST],
        terms=proposal.terms,
        cohesion=proposal.cohesion,
        weakest=(items[proposal.weakest[0]].key, items[proposal.weakest[1]].key),
        members=tuple((items[at].key, fit) for at, fit in zip(proposal.items, proposal.fits, strict=True)),
    )


def _reconcile(
    db: Database,
    drafts: list[Draft],
    *,
    contradictions: tuple[tuple[ItemKey, ItemKey], ...],
    encoder: str,
    items: int,
) -> Run:
    """Bring the proposals that stand to what a run found, inside the caller's transaction.

    A group that continues no standing proposal may be one that fell apart before: that one comes back.
    """
    standing = data.clusters.keys_by_cluster(db, state=ClusterState.PROPOSED)
    clusters = {one.id: one for one in data.clusters.listed(db, states=[ClusterState.PROPOSED])}
    ids = list(standing)
    groups = [{key for key, _ in draft.members} for draft in drafts]
    continued = _continued(standing, groups)
    new = [group for group, one in zip(groups, continued, strict=True) if one is None]
    back = iter(_continued(data.clusters.fallen(db, since=_days_ago(_BACK_WITHIN_DAYS)), new))
    added = changed = 0
    for draft, members, cluster_id in zip(drafts, groups, continued, strict=True):
        if cluster_id is None:
            _add(db, draft, before=next(back))
            added += 1
        elif standing[cluster_id] != members:
            data.clusters.redraw(db, cluster=clusters[cluster_id], draft=draft)
            changed += 1
        elif _figures(clusters[cluster_id]) != (draft.cohesion, draft.weakest, draft.members):
            data.clusters.refresh(db, cluster=clusters[cluster_id], draft=draft)
    fallen = [clusters[cluster_id] for cluster_id in ids if cluster_id not in continued]
    for one in fallen:
        data.clusters.set_state(db, cluster=one, state=ClusterState.DISSOLVED, member_id=None)
    return Run(
        encoder=encoder,
        items=items,
        added=added,
        changed=changed,
        dissolved=len(fallen),
        contradictions=contradictions,
        ended_at=now(),
    )


def _continued(before: dict[int, set[ItemKey]], groups: list[set[ItemKey]]) -> list[int | None]:
    """The id of the cluster that each group continues, if any."""
    ids = list(before)
    return [None if at is None else ids[at] for at in grouping.heirs([before[one] for one in ids], groups)]


def _add(db: Database, draft: Draft, *, before: int | None) -> None:
    """Add a proposal, or bring back the one `before`, with its id and the name that a person gave."""
    known = data.clusters.get(db, cluster_id=before) if before else None
    if known:
        data.clusters.redraw(db, cluster=known, draft=draft)
    else:
        data.clusters.add(db, draft=draft)


def _days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


def _figures(found: Cluster) -> tuple[object, ...]:
    return found.cohesion, found.weakest, tuple((one.key, one.fit) for one in found.members)
