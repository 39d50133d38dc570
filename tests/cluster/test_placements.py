"""A new text goes where it belongs at once: into a proposal, or nowhere."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

import cluster.clusters
import cluster.ideas
import cluster.matches
import cluster.placements
import cluster.proposals
import cluster.steps
import data.judgements
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.figures import Reader
from data.store import rows, transaction, value
from models.clusters import Cluster, ClusterState, ItemKey, Judgement
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member

Who = Callable[[str], Member]

GRAVES = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register."),
    ("Begraafplaats in kaart", "Een register van grafconcessies en graven op de begraafplaats, met een kaart."),
    ("Register voor de begraafplaats", "Graven en concessies op de begraafplaats bijhouden in een register."),
)
NEW = ("Graven en concessies", "Een register van concessies van graven op de begraafplaats.")


@pytest.fixture
def reader(encoder: Encoder) -> Reader:
    return Reader(encoder, Index())


@pytest.fixture
def graves(db: Database, reader: Reader, who: Who) -> Cluster:
    """A proposal of three ideas about graves."""
    for text in GRAVES:
        post(db, who, text)
    cluster.proposals.propose(db, encoder=reader.encoder)
    [found] = cluster.clusters.listed(db, states=[ClusterState.PROPOSED])
    return found


def post(db: Database, who: Who, text: tuple[str, str]) -> ItemKey:
    form = IdeaForm(title=text[0], description=text[1])
    return Kind.IDEA, cluster.ideas.post(db, encoder=None, member=who("genk"), form=form)


def placed(db: Database, reader: Reader, item: ItemKey) -> int | None:
    assert reader.encoder is not None
    cluster.matches.embed(db, encoder=reader.encoder, kind=item[0], item_id=item[1])
    return cluster.placements.place(db, reader=reader, item=item)


def members(db: Database, found: Cluster) -> set[ItemKey]:
    kept = rows(db, "select kind, item_id from cluster_members where cluster_id = ?", [found.id])
    return {(Kind(one["kind"]), one["item_id"]) for one in kept}


def test_a_new_idea_is_in_its_proposal_before_any_run_and_the_next_run_leaves_it_there(
    db: Database, reader: Reader, graves: Cluster, who: Who
) -> None:
    item = post(db, who, NEW)
    assert placed(db, reader, item) == graves.id
    assert members(db, graves) == {one.key for one in graves.members} | {item}
    name, revision = value(db, "select name from clusters"), value(db, "select revision from clusters")
    assert (name, revision) == (graves.name, graves.revision + 1)
    assert placed(db, reader, item) is None
    assert value(db, "select revision from clusters") == revision
    cluster.proposals.propose(db, encoder=reader.encoder)
    assert value(db, "select revision from clusters") == revision


def test_an_idea_that_belongs_nowhere_is_left_alone(db: Database, reader: Reader, graves: Cluster, who: Who) -> None:
    item = post(db, who, ("Zwembad reserveren", "Een tijdslot kiezen om baantjes te trekken."))
    assert placed(db, reader, item) is None
    assert cluster.placements.place(db, reader=Reader(None), item=item) is None
    assert value(db, "select revision from clusters") == graves.revision


@pytest.mark.parametrize("why", ["judged apart", "locked", "accepted", "rejected"])
def test_what_people_decided_is_left_alone(db: Database, reader: Reader, graves: Cluster, who: Who, why: str) -> None:
    item, coordinator = post(db, who, NEW), who("coordinator")
    if why == "judged apart":
        with transaction(db):
            pair = (graves.members[1].key, item)
            data.judgements.add(db, pairs=[pair], judgement=Judgement.RELATED, member_id=coordinator.id)
    elif why == "locked":
        cluster.steps.lock(db, seen=graves.seen, member=coordinator)
    elif why == "accepted":
        cluster.steps.accept(db, seen=graves.seen, member=coordinator)
    else:
        cluster.steps.reject(db, seen=graves.seen, member=coordinator, reason="Te ruim")
    assert placed(db, reader, item) is None
    assert item not in members(db, graves)
