"""Steps on a cluster, and taking them back, over a real store with the encoder that ships."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlite_utils import Database

import cluster.clusters
import cluster.contacts
import cluster.ideas
import cluster.proposals
import cluster.steps
import data.clusters
import data.ideas
import data.judgements
import data.steps
from cluster.engine.encoder import Encoder
from data.store import rows, transaction, value
from models.clusters import Action, Cluster, ClusterState, ItemKey, Judgement, Seen
from models.errors import Conflict, Invalid, NotAllowed, NotFound
from models.ideas import IdeaForm, IdeaState
from models.matches import Kind
from models.people import Member

Who = Callable[[str], Member]

GRAVES = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register."),
    ("Begraafplaats in kaart", "Een register van grafconcessies en graven op de begraafplaats, met een kaart."),
    ("Register voor de begraafplaats", "Graven en concessies op de begraafplaats bijhouden in een register."),
)


@pytest.fixture
def graves(db: Database, encoder: Encoder) -> Cluster:
    """A proposal of three ideas about graves."""
    post(db, GRAVES)
    cluster.proposals.propose(db, encoder=encoder)
    [found] = cluster.clusters.listed(db, states=[ClusterState.PROPOSED])
    return found


def post(db: Database, texts: tuple[tuple[str, str], ...]) -> list[ItemKey]:
    forms = [IdeaForm(title=title, description=body) for title, body in texts]
    with transaction(db):
        ids = [data.ideas.add(db, form=form, lang="nl", organisation_id=2, author_id=2) for form in forms]
    return [(Kind.IDEA, one) for one in ids]


def now(db: Database, one: Cluster) -> Cluster:
    found = data.clusters.get(db, cluster_id=one.id)
    assert found is not None
    return found


def stands(found: Cluster) -> tuple:
    return found.state, found.name, found.reason, found.locked, found.snoozed_until, found.decided_at, found.members


def soon(days: int = 7) -> str:
    return (date.fromisoformat(cluster.clusters.today()) + timedelta(days=days)).isoformat()


STEPS = {
    "accept": lambda db, seen, who: cluster.steps.accept(db, seen=seen, member=who),
    "reject": lambda db, seen, who: cluster.steps.reject(db, seen=seen, member=who, reason="Te ruim"),
    "rename": lambda db, seen, who: cluster.steps.rename(db, seen=seen, member=who, name="Rust en register"),
    "lock": lambda db, seen, who: cluster.steps.lock(db, seen=seen, member=who, reason="We overleggen nog"),
    "snooze": lambda db, seen, who: cluster.steps.snooze(db, seen=seen, member=who, until=soon()),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_can_be_undone_and_leaves_everything_as_it_was(
    db: Database, graves: Cluster, who: Who, name: str
) -> None:
    coordinator = who("coordinator")
    step = STEPS[name](db, graves.seen, coordinator)
    changed = now(db, graves)
    assert changed.revision == 2
    assert stands(changed) != stands(graves)
    assert cluster.steps.undo(db, step=step, member=coordinator, reason="Vergissing") == [graves.id]
    assert stands(now(db, graves)) == stands(graves)
    assert data.judgements.latest(db) == {}
    [undone, taken, _] = data.steps.history(db, cluster_id=graves.id)
    assert (undone.action, undone.who, undone.reason) == (Action.UNDONE, "Coordinator", "Vergissing")
    assert taken.undone


@pytest.mark.parametrize("name", STEPS)
def test_the_same_step_twice_is_one_step(db: Database, graves: Cluster, who: Who, name: str) -> None:
    first = STEPS[name](db, graves.seen, who("coordinator"))
    assert STEPS[name](db, graves.seen, who("coordinator")) in (first, None)
    assert now(db, graves).revision == 2


@pytest.mark.parametrize("name", STEPS)
def test_a_step_on_an_old_view_changes_nothing_and_tells_what_stands(
    db: Database, graves: Cluster, who: Who, name: str
) -> None:
    cluster.steps.rename(db, seen=graves.seen, member=who("coordinator"), name="Graven")
    before = rows(db, "select * from cluster_history"), now(db, graves)
    with pytest.raises(Conflict) as refused:
        STEPS[name](db, graves.seen, who("coordinator"))
    assert refused.value.current == before[1]
    assert (rows(db, "select * from cluster_history"), now(db, graves)) == before


@pytest.mark.parametrize("name", STEPS)
def test_only_coordinators_take_steps(db: Database, graves: Cluster, who: Who, name: str) -> None:
    step = cluster.steps.rename(db, seen=graves.seen, member=who("coordinator"), name="Graven")
    assert step is not None
    for member in (None, who("genk")):
        with pytest.raises(NotAllowed):
            STEPS[name](db, Seen(graves.id, 2), member)
        with pytest.raises(NotAllowed):
            cluster.steps.undo(db, step=step, member=member)


def test_undoing_twice_is_undoing_once_and_after_another_change_it_is_refused(
    db: Database, graves: Cluster, who: Who
) -> None:
    coordinator = who("coordinator")
    first = cluster.steps.rename(db, seen=graves.seen, member=coordinator, name="Graven")
    second = cluster.steps.accept(db, seen=Seen(graves.id, 2), member=coordinator)
    assert first is not None
    with pytest.raises(Conflict) as refused:
        cluster.steps.undo(db, step=first, member=coordinator)
    assert "Graven" in str(refused.value)
    for _ in range(2):
        cluster.steps.undo(db, step=second, member=coordinator)
    assert now(db, graves).revision == 4
    cluster.steps.undo(db, step=first, member=coordinator)
    assert now(db, graves).name == graves.name
    assert data.steps.undoable(db, cluster_id=graves.id) is None


def test_what_a_run_did_cannot_be_undone_nor_what_stands_before_it(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
) -> None:
    coordinator = who("coordinator")
    step = cluster.steps.rename(db, seen=graves.seen, member=coordinator, name="Graven")
    assert step is not None
    post(db, (("Graven en concessies", "Een register van concessies van graven op de begraafplaats."),))
    cluster.proposals.propose(db, encoder=encoder)
    with pytest.raises(Conflict):
        cluster.steps.undo(db, step=step, member=coordinator)
    redrawn = data.steps.history(db, cluster_id=graves.id)[0]
    assert (redrawn.action, redrawn.step is not None) == (Action.REDRAWN, True)
    for number in (redrawn.step, 999):
        with pytest.raises(NotFound):
            cluster.steps.undo(db, step=number or 0, member=coordinator)


def test_an_undone_judgement_stays_and_what_was_answered_before_it_counts_again(
    db: Database, graves: Cluster, who: Who
) -> None:
    a, b, _ = sorted(one.key for one in graves.members)
    with transaction(db):
        data.judgements.add(db, pairs=[(a, b)], judgement=Judgement.RELATED, member_id=who("genk").id)
    step = cluster.steps.accept(db, seen=graves.seen, member=who("coordinator"))
    assert data.judgements.latest(db)[a, b] is Judgement.SAME
    cluster.steps.undo(db, step=step, member=who("coordinator"))
    assert data.judgements.latest(db) == {(a, b): Judgement.RELATED}
    assert value(db, "select count(*) from judgements") == 4


def test_undoing_brings_back_members_that_were_hidden_when_it_was_decided(
    db: Database, graves: Cluster, who: Who
) -> None:
    gone = graves.members[0]
    with transaction(db):
        data.ideas.set_state(db, idea_id=gone.id, state=IdeaState.WITHDRAWN)
    step = cluster.steps.accept(db, seen=graves.seen, member=who("coordinator"))
    cluster.steps.undo(db, step=step, member=who("coordinator"))
    assert len(now(db, graves).members) == 2
    with transaction(db):
        data.ideas.set_state(db, idea_id=gone.id, state=IdeaState.OPEN)
    assert now(db, graves).members == graves.members


def test_a_rejection_that_is_undone_takes_its_members_back_from_newer_proposals(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
) -> None:
    coordinator = who("coordinator")
    step = cluster.steps.reject(db, seen=graves.seen, member=coordinator, reason="Te ruim")
    post(db, (("Graven en concessies", "Een register van concessies van graven op de begraafplaats."),))
    cluster.proposals.propose(db, encoder=encoder)
    [newer] = cluster.clusters.listed(db, states=[ClusterState.PROPOSED])
    assert {one.key for one in newer.members} & {one.key for one in graves.members}
    cluster.steps.undo(db, step=step, member=coordinator)
    [found] = cluster.clusters.listed(db, states=[ClusterState.PROPOSED])
    assert stands(found) == stands(graves)
    assert now(db, newer).state is ClusterState.DISSOLVED


def test_a_rejection_is_not_undone_once_a_member_was_accepted_elsewhere(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
) -> None:
    coordinator = who("coordinator")
    step = cluster.steps.reject(db, seen=graves.seen, member=coordinator, reason="Te ruim")
    post(db, (("Graven en concessies", "Een register van concessies van graven op de begraafplaats."),))
    cluster.proposals.propose(db, encoder=encoder)
    [newer] = cluster.clusters.listed(db, states=[ClusterState.PROPOSED])
    cluster.steps.accept(db, seen=newer.seen, member=coordinator)
    with pytest.raises(Conflict) as refused:
        cluster.steps.undo(db, step=step, member=coordinator)
    assert newer.name in str(refused.value)
    assert now(db, graves).state is ClusterState.REJECTED


def test_a_locked_proposal_stays_as_it_is_through_runs_and_asks_to_be_unlocked(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
) -> None:
    coordinator = who("coordinator")
    cluster.steps.lock(db, seen=graves.seen, member=coordinator)
    new = post(db, (("Graven en concessies", "Een register van concessies van graven op de begraafplaats."),))
    cluster.proposals.propose(db, encoder=encoder)
    locked = now(db, graves)
    assert locked.members == graves.members
    assert cluster.clusters.listed(db, states=[ClusterState.PROPOSED]) == [locked]
    for name in set(STEPS) - {"lock"}:
        with pytest.raises(Conflict) as refused:
            STEPS[name](db, locked.seen, coordinator)
        assert "slot" in str(refused.value)
    cluster.steps.unlock(db, seen=locked.seen, member=coordinator)
    cluster.proposals.propose(db, encoder=encoder)
    assert {one.key for one in now(db, graves).members} == {one.key for one in graves.members} | set(new)


def test_a_snoozed_proposal_waits_out_of_sight_and_comes_back_on_its_day(
    db: Database, graves: Cluster, who: Who
) -> None:
    coordinator = who("coordinator")
    cluster.steps.snooze(db, seen=graves.seen, member=coordinator, until=soon())
    desk = cluster.clusters.desk(db, member=coordinator)
    assert (desk.proposed, [one.id for one in desk.snoozed]) == ([], [graves.id])
    assert desk.totals[ClusterState.PROPOSED] == 0
    assert cluster.clusters.waiting(db) == 0
    assert desk.reviewed == 1
    db.execute("update clusters set snoozed_until = ?", [cluster.clusters.today()])
    desk = cluster.clusters.desk(db, member=coordinator)
    assert ([one.id for one in desk.proposed], desk.snoozed) == ([graves.id], [])
    assert cluster.clusters.waiting(db) == 1
    assert desk.reviewed == 0


@pytest.mark.parametrize("until", ["", "morgen", "2020-01-01", "9999-01-01", soon(0)])
def test_a_proposal_is_snoozed_until_a_day_that_comes_soon(db: Database, graves: Cluster, who: Who, until: str) -> None:
    with pytest.raises(Invalid) as refused:
        cluster.steps.snooze(db, seen=graves.seen, member=who("coordinator"), until=until)
    assert refused.value.field == "until"
    assert now(db, graves) == graves


def test_endorsements_outlive_every_step(db: Database, graves: Cluster, who: Who) -> None:
    cluster.contacts.endorse(db, member=who("aalter"), idea_id=graves.members[0].id, role="learn", message="Dag")
    before = rows(db, "select * from endorsements"), rows(db, "select * from introductions")
    step = cluster.steps.accept(db, seen=graves.seen, member=who("coordinator"))
    cluster.steps.undo(db, step=step, member=who("coordinator"))
    cluster.steps.reject(db, seen=now(db, graves).seen, member=who("coordinator"), reason="Te ruim")
    assert (rows(db, "select * from endorsements"), rows(db, "select * from introductions")) == before
