"""Moving, merging and splitting, and what every later run makes of it; with the encoder that ships."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

import cluster.clusters
import cluster.figures
import cluster.proposals
import cluster.regroupings
import cluster.steps
import data.clusters
import data.ideas
import data.judgements
import data.migrations
import data.people
import data.proposals
import data.steps
import data.store
from cluster.engine.encoder import Encoder
from cluster.figures import Reader
from data.store import rows, transaction, value
from models.clusters import Action, Cluster, ClusterState, ItemKey, Judgement, Seen
from models.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from models.ideas import IdeaForm, IdeaState
from models.matches import Kind
from models.people import Member
from tests.conftest import furnish

Who = Callable[[str], Member]

GRAVES = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register."),
    ("Begraafplaats in kaart", "Een register van grafconcessies en graven op de begraafplaats, met een kaart."),
    ("Register voor de begraafplaats", "Graven en concessies op de begraafplaats bijhouden in een register."),
    ("Concessies van graven", "Een register van graven op de begraafplaats met hun concessies."),
)
PARKING = (
    ("Parkeervergunning aanvragen", "Bewoners vragen hun parkeervergunning voor de bewonerszone aan."),
    ("Bewonerszone en parkeervergunning", "Een parkeervergunning voor bewoners van de bewonerszone."),
    ("Parkeren in de bewonerszone", "Bewoners met een parkeervergunning parkeren in hun bewonerszone."),
)
ALONE = (("Zwembad reserveren", "Een tijdslot kiezen om baantjes te trekken."),)


def post(db: Database, texts: Iterable[tuple[str, str]], *, by: int = 2) -> list[ItemKey]:
    forms = [IdeaForm(title=title, description=body) for title, body in texts]
    with transaction(db):
        ids = [data.ideas.add(db, form=form, lang="nl", organisation_id=by, author_id=None) for form in forms]
    return [(Kind.IDEA, one) for one in ids]


def keys(found: Cluster) -> set[ItemKey]:
    return {one.key for one in found.members}


def proposed(db: Database) -> list[Cluster]:
    return cluster.clusters.listed(db, states=[ClusterState.PROPOSED])


def now(db: Database, one: Cluster | int) -> Cluster:
    found = data.clusters.get(db, cluster_id=one if isinstance(one, int) else one.id)
    assert found is not None
    return found


@pytest.fixture
def reader(encoder: Encoder) -> Reader:
    return Reader(encoder)


@pytest.fixture
def both(db: Database, encoder: Encoder) -> tuple[Cluster, Cluster]:
    """A proposal of four ideas about graves, one of three about parking, and an idea about swimming."""
    post(db, [*GRAVES, *PARKING, *ALONE])
    cluster.proposals.propose(db, encoder=encoder)
    graves, parking = proposed(db)
    assert (len(graves.members), len(parking.members)) == (4, 3)
    return graves, parking


SWIMMING = (Kind.IDEA, 8)


def stands(db: Database) -> list[tuple]:
    return [
        (one.id, one.state, one.name, one.cohesion, one.weakest, one.merged_into, one.members)
        for one in data.clusters.listed(db, states=list(ClusterState))
        if one.members
    ]


def test_an_item_that_is_moved_out_stays_out_in_every_run(
    db: Database, encoder: Encoder, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, _ = both
    item = graves.members[1].key
    cluster.regroupings.move(
        db, reader=reader, member=who("coordinator"), item=item, source=graves.seen, target=None, relation="different"
    )
    left = now(db, graves)
    assert keys(left) == keys(graves) - {item}
    assert left.name == graves.name
    assert left.cohesion is not None
    assert set(data.judgements.latest(db).values()) == {Judgement.DIFFERENT}
    cluster.proposals.propose(db, encoder=encoder)
    assert keys(now(db, graves)) == keys(left)
    assert all(item not in keys(one) for one in proposed(db))


def test_an_item_that_is_moved_to_another_cluster_stays_there(
    db: Database, encoder: Encoder, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    item = graves.members[0].key
    step = cluster.regroupings.move(
        db, reader=reader, member=who("coordinator"), item=item, source=graves.seen, target=parking.seen, reason="Fout"
    )
    cluster.proposals.propose(db, encoder=encoder)
    assert keys(now(db, graves)) == keys(graves) - {item}
    assert keys(now(db, parking)) == keys(parking) | {item}
    [event, _] = data.steps.history(db, cluster_id=graves.id)
    assert (event.action, event.items, event.others) == (Action.MOVED, (item,), ((parking.id, parking.name),))
    assert (event.reason, event.step) == ("Fout", step)


def test_an_item_in_no_cluster_is_brought_in(
    db: Database, encoder: Encoder, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, _ = both
    cluster.regroupings.move(
        db, reader=reader, member=who("coordinator"), item=SWIMMING, source=None, target=graves.seen
    )
    cluster.proposals.propose(db, encoder=encoder)
    assert keys(now(db, graves)) == {*keys(graves), SWIMMING}


def test_what_is_moved_must_be_where_the_person_saw_it(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    coordinator, item = who("coordinator"), graves.members[0].key
    before = stands(db)
    for source, target, moved in (
        (None, parking.seen, item),
        (parking.seen, graves.seen, item),
        (graves.seen, graves.seen, item),
        (Seen(graves.id, 7), parking.seen, item),
        (graves.seen, Seen(parking.id, 7), item),
    ):
        with pytest.raises(Conflict) as refused:
            cluster.regroupings.move(db, reader=reader, member=coordinator, item=moved, source=source, target=target)
        assert isinstance(refused.value.current, Cluster)
    for source, moved in ((None, item), (graves.seen, (Kind.IDEA, 999))):
        with pytest.raises(NotFound):
            cluster.regroupings.move(db, reader=reader, member=coordinator, item=moved, source=source, target=None)
    with pytest.raises(Invalid):
        cluster.regroupings.move(
            db, reader=reader, member=coordinator, item=item, source=graves.seen, target=None, relation="same"
        )
    assert stands(db) == before
    assert data.judgements.latest(db) == {}


def test_a_cluster_that_keeps_one_member_is_dissolved_but_not_while_people_work_on_it(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    _, parking = both
    coordinator = who("coordinator")
    a, b, _ = (one.key for one in parking.members)
    for item in (a, b):
        cluster.regroupings.move(
            db, reader=reader, member=coordinator, item=item, source=now(db, parking).seen, target=None
        )
    assert now(db, parking).state is ClusterState.DISSOLVED


def test_merged_clusters_stay_together_under_the_name_of_the_first(
    db: Database, encoder: Encoder, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    _, kept = cluster.regroupings.merge(
        db, reader=reader, member=who("coordinator"), seen=graves.seen, other=parking.seen
    )
    assert kept == graves.id
    cluster.proposals.propose(db, encoder=encoder)
    found = now(db, graves)
    assert (keys(found), found.name) == (keys(graves) | keys(parking), graves.name)
    gone = now(db, parking)
    assert (gone.state, gone.members, gone.merged_into) == (ClusterState.DISSOLVED, (), graves.id)


def test_of_a_proposal_and_an_accepted_cluster_the_accepted_one_lives_on(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    cluster.steps.accept(db, seen=parking.seen, member=who("coordinator"))
    _, kept = cluster.regroupings.merge(
        db, reader=reader, member=who("coordinator"), seen=graves.seen, other=now(db, parking).seen
    )
    assert kept == parking.id
    assert now(db, parking).state is ClusterState.ACCEPTED
    assert cluster.clusters.successor(db, cluster_id=graves.id) == parking.id


def test_a_cluster_with_a_conversation_is_not_merged_away(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    db.execute("insert into threads (cluster_id, created_at) values (?, '')", [parking.id])
    with pytest.raises(Conflict) as refused:
        cluster.regroupings.merge(db, reader=reader, member=who("coordinator"), seen=graves.seen, other=parking.seen)
    assert parking.name in str(refused.value)
    with pytest.raises(Invalid):
        cluster.regroupings.merge(db, reader=reader, member=who("coordinator"), seen=graves.seen, other=graves.seen)


def test_a_split_stays_split_and_both_parts_stay_whole(
    db: Database, encoder: Encoder, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, _ = both
    out = {one.key for one in graves.members[2:]}
    _, new = cluster.regroupings.split(
        db, reader=reader, member=who("coordinator"), seen=graves.seen, leaving=out, name="Concessies"
    )
    for _ in range(2):
        assert (keys(now(db, graves)), keys(now(db, new))) == (keys(graves) - out, out)
        assert (now(db, new).name, now(db, new).named_by_person) == ("Concessies", True)
        cluster.proposals.propose(db, encoder=encoder)
    assert now(db, new).state is ClusterState.PROPOSED


def test_a_part_of_one_and_items_of_others_are_no_split(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    members = [one.key for one in graves.members]
    for out in ([], members[:1], members[:3], members, [*members[:2], SWIMMING]):
        with pytest.raises(Invalid) as refused:
            cluster.regroupings.split(db, reader=reader, member=who("coordinator"), seen=graves.seen, leaving=out)
        assert refused.value.field == "leaving"
    assert proposed(db) == [graves, parking]


def test_a_split_is_suggested_where_a_cluster_holds_least(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    every = [one.key for one in (*graves.members, *parking.members)]
    assert cluster.figures.halves(db, reader=reader, keys=every) == keys(parking)
    assert cluster.figures.halves(db, reader=reader, keys=every[:3]) == set()
    assert cluster.figures.halves(db, reader=Reader(None), keys=every) == set()


def test_a_run_suggests_for_an_accepted_cluster_and_a_person_answers(
    db: Database, encoder: Encoder, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, _ = both
    coordinator = who("coordinator")
    cluster.steps.accept(db, seen=graves.seen, member=coordinator)
    [yes, no] = post(
        db,
        [
            ("Graven en concessies", "Een register van concessies van graven op de begraafplaats."),
            ("Graven op de begraafplaats", "De concessies van graven in een register."),
        ],
    )
    cluster.proposals.propose(db, encoder=encoder)
    accepted = now(db, graves)
    assert keys(accepted) == keys(graves)
    suggested = {one.item.key: one for one in data.proposals.suggestions(db, at_most=10)}
    assert set(suggested) == {yes, no}
    assert suggested[yes].cluster == accepted.seen
    assert suggested[yes].proposal is not None
    cluster.regroupings.decline(db, member=coordinator, seen=accepted.seen, item=no)
    cluster.regroupings.move(
        db,
        reader=reader,
        member=coordinator,
        item=yes,
        source=suggested[yes].proposal,
        target=now(db, graves).seen,
    )
    assert keys(now(db, graves)) == keys(graves) | {yes}
    for _ in range(2):
        assert data.proposals.suggestions(db, at_most=10) == []
        cluster.proposals.propose(db, encoder=encoder)
    assert keys(now(db, graves)) == keys(graves) | {yes}
    assert all(no not in keys(one) or not keys(one) & keys(graves) for one in proposed(db))


def test_nothing_is_suggested_for_a_locked_cluster(
    db: Database, encoder: Encoder, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, _ = both
    cluster.steps.accept(db, seen=graves.seen, member=who("coordinator"))
    cluster.steps.lock(db, seen=now(db, graves).seen, member=who("coordinator"))
    post(db, [("Graven en concessies", "Een register van concessies van graven op de begraafplaats.")])
    cluster.proposals.propose(db, encoder=encoder)
    assert data.proposals.suggestions(db, at_most=10) == []


def test_without_an_encoder_clusters_are_regrouped_all_the_same(
    db: Database, encoder: Encoder, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, parking = both
    blind, coordinator = Reader(None), who("coordinator")
    out = [one.key for one in graves.members[2:]]
    _, new = cluster.regroupings.split(db, reader=blind, member=coordinator, seen=graves.seen, leaving=out)
    cluster.regroupings.merge(db, reader=blind, member=coordinator, seen=now(db, new).seen, other=now(db, parking).seen)
    found = now(db, new)
    assert keys(found) == {*out, *keys(parking)}
    assert (found.cohesion, found.weakest) == (None, None)
    cluster.proposals.propose(db, encoder=encoder)
    assert now(db, new).cohesion is not None


REGROUPED = {
    "move": lambda db, reader, who, one, other: cluster.regroupings.move(
        db, reader=reader, member=who, item=one.members[0].key, source=one.seen, target=other.seen
    ),
    "move out": lambda db, reader, who, one, other: cluster.regroupings.move(
        db, reader=reader, member=who, item=one.members[0].key, source=one.seen, target=None
    ),
    "bring in": lambda db, reader, who, one, other: cluster.regroupings.move(
        db, reader=reader, member=who, item=SWIMMING, source=None, target=one.seen
    ),
    "merge": lambda db, reader, who, one, other: cluster.regroupings.merge(
        db, reader=reader, member=who, seen=one.seen, other=other.seen
    )[0],
    "split": lambda db, reader, who, one, other: cluster.regroupings.split(
        db, reader=reader, member=who, seen=one.seen, leaving=[each.key for each in one.members[:2]]
    )[0],
}


@pytest.mark.parametrize("name", REGROUPED)
@pytest.mark.parametrize("accepted", [False, True])
def test_every_regrouping_is_taken_once_and_can_be_undone(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who, name: str, accepted: bool
) -> None:
    coordinator = who("coordinator")
    if accepted:
        for one in both:
            cluster.steps.accept(db, seen=one.seen, member=coordinator)
    graves, parking = (now(db, one) for one in both)
    before, judged = stands(db), data.judgements.latest(db)
    step = REGROUPED[name](db, reader, coordinator, graves, parking)
    assert REGROUPED[name](db, reader, coordinator, graves, parking) == step
    assert stands(db) != before
    assert data.judgements.latest(db) != judged
    cluster.steps.undo(db, step=step, member=coordinator)
    assert sorted(stands(db)) == sorted(before)
    assert data.judgements.latest(db) == judged


@pytest.mark.parametrize("name", REGROUPED)
def test_a_regrouping_is_not_undone_once_any_of_its_clusters_changed(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who, name: str
) -> None:
    step = REGROUPED[name](db, reader, who("coordinator"), *both)
    touched = [one for one in data.steps.taken(db, step=step) if now(db, one.cluster_id).live]
    last = now(db, touched[-1].cluster_id)
    cluster.steps.rename(db, seen=last.seen, member=who("coordinator"), name="Anders")
    before = stands(db)
    with pytest.raises(Conflict) as refused:
        cluster.steps.undo(db, step=step, member=who("coordinator"))
    assert refused.value.current == now(db, last)
    assert stands(db) == before


@pytest.mark.parametrize("name", REGROUPED)
@pytest.mark.parametrize("which", [0, 1])
def test_a_regrouping_on_an_old_view_or_a_locked_cluster_changes_nothing(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who, name: str, which: int
) -> None:
    if which and name in {"move out", "bring in", "split"}:
        return  # the other cluster takes no part
    coordinator = who("coordinator")
    for _ in range(2):
        cluster.steps.lock(db, seen=both[which].seen, member=coordinator)
        before = stands(db)
        with pytest.raises(Conflict):
            REGROUPED[name](db, reader, coordinator, *both)
        with pytest.raises(Conflict):
            REGROUPED[name](db, reader, coordinator, *(now(db, one) for one in both))
        assert stands(db) == before
    with pytest.raises(NotAllowed):
        REGROUPED[name](db, reader, who("genk"), *both)


def test_members_that_are_hidden_for_a_while_come_back_where_they_were(
    db: Database, reader: Reader, both: tuple[Cluster, Cluster], who: Who
) -> None:
    graves, _ = both
    hidden = graves.members[-1].key
    with transaction(db):
        data.ideas.set_state(db, idea_id=hidden[1], state=IdeaState.WITHDRAWN)
    item = graves.members[0].key
    cluster.regroupings.move(db, reader=reader, member=who("coordinator"), item=item, source=graves.seen, target=None)
    assert keys(now(db, graves)) == keys(graves) - {item, hidden}
    with transaction(db):
        data.ideas.set_state(db, idea_id=hidden[1], state=IdeaState.OPEN)
    assert keys(now(db, graves)) == keys(graves) - {item}


WORDS = ("propose", "accept", "reject", "move", "bring in", "merge", "split", "lock", "undo")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=14))
def test_whatever_people_do_runs_obey_it_and_change_no_decision(
    encoder: Encoder, words: list[tuple[str, int, int]]
) -> None:
    db = data.store.connect(":memory:")
    with transaction(db):
        data.migrations.migrate(db)
    furnish(db)
    post(db, [*GRAVES, *PARKING, *ALONE])
    coordinator = data.people.by_email(db, email="coordinator@test.example")
    assert coordinator is not None
    reader = Reader(encoder)
    cluster.proposals.propose(db, encoder=encoder)
    for word, a, b in words:
        try:
            _take(db, reader, coordinator, word, a, b)
        except Refusal:
            continue
        _check(db)
    decided = _decided(db)
    cluster.proposals.propose(db, encoder=encoder)
    _check(db)
    assert _decided(db) == decided
    _obeyed(db)
    data.store.close(db)


def _take(db: Database, reader: Reader, who: Member, word: str, a: int, b: int) -> None:
    live = data.clusters.listed(db, states=[ClusterState.PROPOSED, ClusterState.ACCEPTED])
    if word == "propose":
        decided = _decided(db)
        cluster.proposals.propose(db, encoder=reader.encoder)
        assert _decided(db) == decided
        _obeyed(db)
    elif word == "undo":
        steps = [one["step"] for one in rows(db, "select distinct step from cluster_history where member_id > 0")]
        if steps:
            cluster.steps.undo(db, step=steps[-1 - a % len(steps)], member=who)
    elif live:
        one, other = live[a % len(live)], live[b % len(live)]
        if word == "accept":
            cluster.steps.accept(db, seen=one.seen, member=who)
        elif word == "reject":
            cluster.steps.reject(db, seen=one.seen, member=who, reason="Te ruim")
        elif word == "move" and one.members:
            item = one.members[b % len(one.members)].key
            target = None if one.id == other.id else other.seen
            cluster.regroupings.move(db, reader=reader, member=who, item=item, source=one.seen, target=target)
        elif word == "bring in":
            cluster.regroupings.move(
                db, reader=reader, member=who, item=(Kind.IDEA, 1 + b % 8), source=None, target=one.seen
            )
        elif word == "merge":
            cluster.regroupings.merge(db, reader=reader, member=who, seen=one.seen, other=other.seen)
        elif word == "split":
            out = [each.key for each in one.members[: 1 + b % 4]]
            cluster.regroupings.split(db, reader=reader, member=who, seen=one.seen, leaving=out)
        elif word == "lock":
            (cluster.steps.unlock if one.locked else cluster.steps.lock)(db, seen=one.seen, member=who)


def _decided(db: Database) -> list[tuple]:
    return [
        (one.id, one.state, one.name, one.locked, one.revision, one.members)
        for one in sorted(data.clusters.listed(db, states=list(ClusterState)), key=lambda one: one.id)
        if one.state in (ClusterState.ACCEPTED, ClusterState.REJECTED) or one.locked
    ]


def _check(db: Database) -> None:
    """Nothing is in two clusters, and no revision is told twice."""
    live = data.clusters.listed(db, states=[ClusterState.PROPOSED, ClusterState.ACCEPTED])
    held = [member.key for one in live for member in one.members]
    assert len(held) == len(set(held))
    assert value(db, "select count(*) from cluster_history group by cluster_id, revision order by 1 desc limit 1") == 1


def _obeyed(db: Database) -> None:
    """No proposal joins what was judged apart; what was judged the same is together, unless that contradicts itself."""
    judged = data.judgements.latest(db)
    at = {member.key: one.id for one in proposed(db) if not one.locked for member in one.members}
    held = {member.key for one in data.clusters.listed(db, states=[ClusterState.ACCEPTED]) for member in one.members}
    held |= {member.key for one in proposed(db) if one.locked for member in one.members}
    run = data.proposals.last_run(db)
    assert run is not None
    loose = _together([pair for pair, said in judged.items() if said is Judgement.SAME and not held & set(pair)])
    broken = {key for pair in run.contradictions for group in loose if set(pair) & group for key in group}
    for (a, b), said in judged.items():
        if a in held or b in held:
            continue
        if said is Judgement.SAME and a not in broken:
            assert at.get(a) == at.get(b) is not None
        elif said in (Judgement.DIFFERENT, Judgement.RELATED) and a in at:
            assert at[a] != at.get(b)


def _together(pairs: list[tuple[ItemKey, ItemKey]]) -> list[set[ItemKey]]:
    groups: list[set[ItemKey]] = []
    for pair in pairs:
        joined = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in joined] + [set(pair).union(*joined)]
    return groups
