"""Runs and decisions over a real store, with the encoder that ships."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from sqlite_utils import Database

import cluster.clusters
import cluster.judgements
import cluster.proposals
import cluster.steps
import data.clusters
import data.contacts
import data.ideas
import data.judgements
import data.steps
from cluster.engine.encoder import Encoder
from cluster.imports import Row
from data.store import row, rows, transaction, value
from models.clusters import Action, Body, Cluster, ClusterState, ItemKey, Judgement, Seen
from models.errors import Conflict, ImportRefused, Invalid, NotAllowed, NotFound, Refusal
from models.ideas import IdeaForm, IdeaState
from models.matches import Kind
from models.people import Member

Who = Callable[[str], Member]

GRAVES = (
    ("Grafconcessies opvolgen", "De concessies van graven op de begraafplaats opvolgen met een register."),
    ("Begraafplaats in kaart", "Een register van grafconcessies en graven op de begraafplaats, met een kaart."),
    ("Register voor de begraafplaats", "Graven en concessies op de begraafplaats bijhouden in een register."),
)
PARKING = (
    ("Parkeervergunning aanvragen", "Bewoners vragen hun parkeervergunning voor de bewonerszone aan."),
    ("Bewonerszone en parkeervergunning", "Een parkeervergunning voor bewoners van de bewonerszone."),
)
ALONE = (("Zwembad reserveren", "Een tijdslot kiezen om baantjes te trekken."),)


def post(db: Database, texts: Iterable[tuple[str, str]], *, by: str = "Genk", lang: str = "nl") -> list[ItemKey]:
    organisation = value(db, "select id from organisations where name = ?", [by])
    forms = [IdeaForm(title=title, description=body) for title, body in texts]
    with transaction(db):
        ids = [data.ideas.add(db, form=form, lang=lang, organisation_id=organisation, author_id=None) for form in forms]
    return [(Kind.IDEA, idea_id) for idea_id in ids]


def keys(found: Cluster) -> set[ItemKey]:
    return {one.key for one in found.members}


def state(db: Database) -> list[dict]:
    return [rows(db, f"select * from {name}") for name in ("clusters", "cluster_members", "cluster_history")]


def proposed(db: Database) -> list[Cluster]:
    return cluster.clusters.listed(db, states=[ClusterState.PROPOSED])


@pytest.fixture
def graves(db: Database, encoder: Encoder) -> Cluster:
    """A proposal of three ideas about graves; two about parking make another."""
    post(db, [*GRAVES, *PARKING, *ALONE])
    cluster.proposals.propose(db, encoder=encoder)
    [found] = [one for one in proposed(db) if len(one.members) == 3]
    return found


def test_a_run_on_an_empty_store_proposes_nothing(db: Database, encoder: Encoder):
    run = cluster.proposals.propose(db, encoder=encoder)
    assert (run.items, run.added, run.dissolved) == (0, 0, 0)
    assert cluster.clusters.waiting(db) == 0


def test_a_run_proposes_groups_with_a_readable_name_and_leaves_the_rest_alone(db: Database, encoder: Encoder):
    graves, parking = post(db, GRAVES), post(db, PARKING)
    post(db, ALONE)
    run = cluster.proposals.propose(db, encoder=encoder)
    assert run.added == 2
    found = proposed(db)
    assert [keys(one) for one in found] == [set(graves), set(parking)]
    assert found[0].name == "Register, begraafplaats en concessies" or " en " in found[0].name
    assert found[0].members[0].fit == max(one.fit or 0 for one in found[0].members)
    assert found[0].weakest is not None
    assert set(found[0].weakest) <= set(graves)


def test_a_second_run_with_nothing_new_changes_nothing(db: Database, encoder: Encoder, graves: Cluster):
    before = state(db)
    run = cluster.proposals.propose(db, encoder=encoder)
    assert (run.added, run.changed, run.dissolved) == (0, 0, 0)
    assert state(db) == before


def test_a_new_idea_joins_its_proposal_and_id_and_given_name_stay(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
):
    coordinator = who("coordinator")
    cluster.steps.rename(db, seen=Seen(graves.id, 1), member=coordinator, name="Rust en register")
    [new] = post(db, [("Graven en concessies", "Een register van concessies van graven op de begraafplaats.")])
    cluster.proposals.propose(db, encoder=encoder)
    found = cluster.clusters.get(db, cluster_id=graves.id, member=coordinator)
    assert keys(found) == keys(graves) | {new}
    assert (found.name, found.revision) == ("Rust en register", 3)


def test_a_proposal_that_is_clearly_wrong_is_dissolved_and_its_members_go_where_they_belong(
    db: Database, encoder: Encoder, graves: Cluster
):
    one, other = sorted(keys(graves))[:2]
    [pool] = [key for key in post(db, ALONE) if key not in keys(graves)]
    with transaction(db):
        # As if an earlier run, with other weights, had put them so.
        data.steps.take(db, cluster_id=graves.id, action=Action.REDRAWN, members=[(one, 0.4), (other, 0.4)])
        wrong = data.steps.begin(db, name="Onzin")
        [third] = keys(graves) - {one, other}
        members = [(pool, 0.4), (third, 0.4)]
        data.steps.take(db, cluster_id=wrong, action=Action.PROPOSED, members=members, state=ClusterState.PROPOSED)
    cluster.proposals.propose(db, encoder=encoder)
    found = data.clusters.get(db, cluster_id=wrong)
    assert found is None or found.state is ClusterState.DISSOLVED
    again = data.clusters.get(db, cluster_id=graves.id)
    assert again is not None
    assert keys(again) == keys(graves)


def test_a_proposal_that_fell_apart_is_dissolved(db: Database, encoder: Encoder, graves: Cluster):
    with transaction(db):
        for _, idea_id in keys(graves):
            data.ideas.set_state(db, idea_id=idea_id, state=IdeaState.WITHDRAWN)
    run = cluster.proposals.propose(db, encoder=encoder)
    assert run.dissolved == 1
    found = data.clusters.get(db, cluster_id=graves.id)
    assert found is not None
    assert found.state is ClusterState.DISSOLVED


def move(db: Database, found: Cluster, after: IdeaState) -> None:
    with transaction(db):
        for _, idea_id in keys(found):
            data.ideas.set_state(db, idea_id=idea_id, state=after)


def test_a_group_that_fell_apart_comes_back_with_its_id_and_given_name(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
):
    coordinator = who("coordinator")
    cluster.steps.rename(db, seen=Seen(graves.id, 1), member=coordinator, name="Rust en register")
    move(db, graves, IdeaState.WITHDRAWN)
    cluster.proposals.propose(db, encoder=encoder)
    db.execute("update clusters set updated_at = '2020-01-01T00:00:00+00:00' where id = ?", [graves.id])
    move(db, graves, IdeaState.OPEN)
    run = cluster.proposals.propose(db, encoder=encoder)
    assert (run.added, run.changed, run.dissolved) == (1, 0, 0)
    found = cluster.clusters.get(db, cluster_id=graves.id, member=coordinator)
    assert (found.state, found.name, found.revision) == (ClusterState.PROPOSED, "Rust en register", 4)
    assert keys(found) == keys(graves)
    actions = [event.action for event in data.steps.history(db, cluster_id=graves.id)]
    assert actions == ["proposed", "dissolved", "renamed", "proposed"]
    before = state(db)
    cluster.proposals.propose(db, encoder=encoder)
    assert state(db) == before


@pytest.mark.parametrize("late", [False, True])
def test_a_group_without_a_given_name_comes_back_with_its_id_only_of_late(
    db: Database, encoder: Encoder, graves: Cluster, late: bool
):
    move(db, graves, IdeaState.WITHDRAWN)
    cluster.proposals.propose(db, encoder=encoder)
    if late:
        db.execute("update clusters set updated_at = '2020-01-01T00:00:00+00:00' where id = ?", [graves.id])
    move(db, graves, IdeaState.OPEN)
    cluster.proposals.propose(db, encoder=encoder)
    [found] = [one for one in proposed(db) if keys(one) == keys(graves)]
    assert (found.id == graves.id) is not late


def test_what_waits_is_what_the_desk_shows(db: Database, graves: Cluster, who: Who):
    assert cluster.clusters.waiting(db) == 2
    with transaction(db):
        for _, idea_id in list(keys(graves))[:2]:
            data.ideas.set_state(db, idea_id=idea_id, state=IdeaState.WITHDRAWN)
    desk = cluster.clusters.desk(db, member=who("coordinator"))
    assert cluster.clusters.waiting(db) == len(desk.proposed) == desk.totals[ClusterState.PROPOSED] == 1


def test_accepting_makes_it_public_counts_as_judgement_and_no_run_changes_it(
    db: Database, encoder: Encoder, graves: Cluster, who: Who
):
    with pytest.raises(NotFound):
        cluster.clusters.get(db, cluster_id=graves.id, member=who("genk"))
    cluster.steps.accept(db, seen=Seen(graves.id, 1), member=who("coordinator"))
    found = cluster.clusters.get(db, cluster_id=graves.id, member=None)
    assert found.state is ClusterState.ACCEPTED
    assert set(data.judgements.latest(db).values()) == {Judgement.SAME}
    assert len(data.judgements.latest(db)) == 3
    post(db, GRAVES)
    cluster.proposals.propose(db, encoder=encoder)
    again = cluster.clusters.get(db, cluster_id=graves.id, member=None)
    # The same needs posted once more are related, and nothing else about it changes.
    assert replace(again, area=None) == found
    assert again.area in {one.area for one in proposed(db)} - {None}
    assert all(not keys(one) & keys(found) for one in proposed(db))
    kind, item_id = graves.members[0].key
    assert cluster.clusters.of_item(db, kind=kind, item_id=item_id) == again


def test_a_rejected_cluster_does_not_come_back(db: Database, encoder: Encoder, graves: Cluster, who: Who):
    cluster.steps.reject(db, seen=Seen(graves.id, 1), member=who("coordinator"), reason="Te ruim")
    cluster.proposals.propose(db, encoder=encoder)
    assert all(len(keys(one) & keys(graves)) < 2 for one in proposed(db))
    found = data.clusters.get(db, cluster_id=graves.id)
    assert found is not None
    assert (found.state, found.reason) == (ClusterState.REJECTED, "Te ruim")


def test_a_rejection_needs_a_reason_of_bearable_length(db: Database, graves: Cluster, who: Who):
    for reason in ("", " \n ", "x" * 1_001, "\ufffd"):
        with pytest.raises(Invalid) as refused:
            cluster.steps.reject(db, seen=Seen(graves.id, 1), member=who("coordinator"), reason=reason)
        assert refused.value.field == "reason"


def test_a_name_must_be_there_and_fit(db: Database, graves: Cluster, who: Who):
    for name in ("", "\u0000", "x" * 121):
        with pytest.raises(Invalid):
            cluster.steps.rename(db, seen=Seen(graves.id, 1), member=who("coordinator"), name=name)


def test_who_decides_on_an_old_view_hears_so_and_changes_nothing(db: Database, graves: Cluster, who: Who):
    coordinator = who("coordinator")
    cluster.steps.rename(db, seen=Seen(graves.id, 1), member=coordinator, name="Graven")
    before = state(db)
    with pytest.raises(Conflict) as refused:
        cluster.steps.accept(db, seen=Seen(graves.id, 1), member=coordinator)
    assert isinstance(refused.value.current, Cluster)
    assert refused.value.current.name == "Graven"
    assert state(db) == before
    assert data.judgements.latest(db) == {}


def test_the_same_decision_twice_changes_nothing(db: Database, graves: Cluster, who: Who):
    coordinator = who("coordinator")
    for _ in range(2):
        cluster.steps.rename(db, seen=Seen(graves.id, 1), member=coordinator, name="Graven")
    for _ in range(2):
        cluster.steps.accept(db, seen=Seen(graves.id, 2), member=coordinator)
    actions = [(event.action, event.who) for event in data.steps.history(db, cluster_id=graves.id)]
    assert actions == [("accepted", "Coordinator"), ("renamed", "Coordinator"), ("proposed", None)]


def test_an_accepted_cluster_can_still_be_rejected_and_leaves_the_public(db: Database, graves: Cluster, who: Who):
    coordinator = who("coordinator")
    cluster.steps.accept(db, seen=Seen(graves.id, 1), member=coordinator)
    cluster.steps.reject(db, seen=Seen(graves.id, 2), member=coordinator, reason="Vergissing")
    with pytest.raises(NotFound):
        cluster.clusters.get(db, cluster_id=graves.id, member=None)
    assert set(data.judgements.latest(db).values()) == {Judgement.DIFFERENT}


def test_judgements_of_pairs_are_obeyed_by_the_next_run(db: Database, encoder: Encoder, who: Who):
    graves, [pool] = post(db, GRAVES[:2]), post(db, ALONE)
    with transaction(db):
        data.judgements.add(db, pairs=[(pool, graves[0])], judgement=Judgement.SAME, member_id=None)
        data.judgements.add(db, pairs=[(graves[0], graves[1])], judgement=Judgement.RELATED, member_id=None)
    cluster.proposals.propose(db, encoder=encoder)
    assert [keys(one) for one in proposed(db)] == [{graves[0], pool}]


def test_the_latest_judgement_of_a_pair_counts(db: Database, encoder: Encoder):
    graves = post(db, GRAVES[:2])
    post(db, ALONE)
    with transaction(db):
        for judgement in (Judgement.DIFFERENT, Judgement.UNSURE):
            data.judgements.add(db, pairs=[tuple(graves)], judgement=judgement, member_id=None)
    cluster.proposals.propose(db, encoder=encoder)
    assert [keys(one) for one in proposed(db)] == [set(graves)]


def test_clusters_that_people_called_related_share_an_area_until_they_are_called_different(
    db: Database, encoder: Encoder, who: Who
):
    post(db, [*GRAVES, *PARKING])
    cluster.proposals.propose(db, encoder=encoder)
    graves, parking = sorted(proposed(db), key=lambda one: -len(one.members))
    pairs, coordinator = [(graves.members[0].key, parking.members[0].key)], who("coordinator")

    def areas(judgement: Judgement) -> list[str | None]:
        with transaction(db):
            data.judgements.add(db, pairs=pairs, judgement=judgement, member_id=None)
        cluster.proposals.propose(db, encoder=encoder)
        return [one.area for one in proposed(db)]

    def linked(member: Member | None) -> list[int]:
        return [one.id for one in cluster.clusters.related(db, cluster_id=graves.id, member=member)]

    assert areas(Judgement.DIFFERENT) == [None, None]
    assert linked(coordinator) == []
    one, other = areas(Judgement.RELATED)
    assert one == other is not None
    assert (linked(coordinator), linked(None)) == ([parking.id], [])
    cluster.steps.accept(db, seen=parking.seen, member=coordinator)
    cluster.proposals.propose(db, encoder=encoder)
    assert data.clusters.get(db, cluster_id=parking.id).area == one
    assert (linked(coordinator), linked(None)) == ([parking.id], [parking.id])
    before = state(db)
    cluster.proposals.propose(db, encoder=encoder)
    assert state(db) == before
    desk = cluster.clusters.desk(db, member=coordinator, area=one)
    assert ([found.id for found in desk.proposed], desk.areas) == ([graves.id], [(one, 1)])


def test_contradictory_judgements_are_shown_at_the_desk_and_the_items_left_alone(
    db: Database, encoder: Encoder, who: Who
):
    a, b, c = post(db, GRAVES)
    with transaction(db):
        data.judgements.add(db, pairs=[(a, b), (b, c)], judgement=Judgement.SAME, member_id=None)
        data.judgements.add(db, pairs=[(c, a)], judgement=Judgement.DIFFERENT, member_id=None)
    run = cluster.proposals.propose(db, encoder=encoder)
    assert run.contradictions == ((a, c),)
    assert proposed(db) == []
    desk = cluster.clusters.desk(db, member=who("coordinator"))
    assert [(one.key, other.key) for one, other in desk.contradictions] == [(a, c)]


def test_only_coordinators_see_the_desk_and_decide(db: Database, graves: Cluster, who: Who):
    for member in (None, who("genk")):
        for attempt in (
            lambda member=member: cluster.clusters.desk(db, member=member),
            lambda member=member: cluster.proposals.queue_run(db, member=member),
            lambda member=member: cluster.clusters.history(db, cluster_id=graves.id, member=member),
            lambda member=member: cluster.steps.accept(db, seen=Seen(graves.id, 1), member=member),
            lambda member=member: cluster.steps.rename(db, seen=Seen(graves.id, 1), member=member, name="Van mij"),
            lambda member=member: cluster.steps.reject(db, seen=Seen(graves.id, 1), member=member, reason="Nee"),
        ):
            with pytest.raises(NotAllowed):
                attempt()


def test_asking_for_a_run_twice_queues_one(db: Database, who: Who):
    for _ in range(2):
        cluster.proposals.queue_run(db, member=who("coordinator"))
    assert value(db, "select count(*) from jobs where kind = 'propose'") == 1
    assert cluster.clusters.desk(db, member=who("coordinator")).queued


def test_a_body_is_one_government_that_stands_for_many_municipalities(db: Database, encoder: Encoder, who: Who) -> None:
    with transaction(db):
        names = "'Aalter', 'Genk', 'Kortrijk'"
        db.execute(
            f"""insert or ignore into stands_for (body_id, municipality_id) select b.id, m.id from organisations b
            join organisations m on m.name in ({names}) where b.name = 'Streekverband'"""
        )
    post(db, PARKING, by="Streekverband")
    post(db, PARKING[:1], by="Streekverband")
    post(db, GRAVES[:1], by="Aalter")
    post(db, GRAVES[1:2], by="Genk")
    cluster.proposals.propose(db, encoder=encoder)
    found = cluster.clusters.desk(db, member=who("coordinator")).proposed
    assert {(one.governments, one.municipalities) for one in found} == {(1, 3), (2, 2)}


def test_the_desk_orders_by_municipalities_and_counts_each_once(db: Database, encoder: Encoder, who: Who):
    post(db, PARKING, by="Genk")
    post(db, GRAVES[:1], by="Aalter")
    post(db, GRAVES[1:2], by="Streekverband")
    cluster.proposals.propose(db, encoder=encoder)
    first, second = cluster.clusters.desk(db, member=who("coordinator")).proposed
    assert (first.municipalities, first.inhabitants) == (2, 28_000 + 77_000)
    assert (second.municipalities, second.inhabitants) == (1, 66_000)
    # Aalter stands there itself, and the body stands for it too.
    assert (first.own, first.bodies) == (1, (Body("Streekverband", 2),))
    assert (second.own, second.bodies) == (1, ())
    names = [one.name for one in cluster.clusters.municipalities(db, cluster_id=first.id)]
    assert names == ["Aalter", "Kortrijk"]


def test_a_withdrawn_member_does_not_show_and_is_no_part_of_a_decision(db: Database, graves: Cluster, who: Who):
    gone = graves.members[0]
    with transaction(db):
        data.ideas.set_state(db, idea_id=gone.id, state=IdeaState.WITHDRAWN)
    cluster.steps.accept(db, seen=Seen(graves.id, 1), member=who("coordinator"))
    with transaction(db):
        data.ideas.set_state(db, idea_id=gone.id, state=IdeaState.OPEN)
    found = cluster.clusters.get(db, cluster_id=graves.id, member=None)
    assert keys(found) == keys(graves) - {gone.key}
    assert len(data.judgements.latest(db)) == 1


def test_without_an_encoder_a_run_says_so(db: Database):
    with pytest.raises(Refusal):
        cluster.proposals.propose(db, encoder=None)


def answer(a: str, b: str, judgement: str = "different", **more: str) -> Row:
    return Row(1, {"a": a, "b": b, "judgement": judgement, **more})


def test_questions_are_answered_by_a_file_and_not_asked_again(db: Database, encoder: Encoder, graves: Cluster) -> None:
    asked = cluster.proposals.questions(db, encoder=encoder, at_most=3)
    assert asked
    assert all(0 <= probability <= 1 for _, _, probability in asked)
    a, b, _ = asked[0]
    given = answer(a.reference, b.reference, by="iemand", reason="Een ander soort graf.")
    done = cluster.judgements.import_rows(db, rows=[given])
    assert (done.added, done.unchanged) == (1, 0)
    kept = row(db, "select judgement, given_by, reason, member_id from judgements")
    assert kept == {
        "judgement": "different",
        "given_by": "iemand",
        "reason": "Een ander soort graf.",
        "member_id": None,
    }
    assert cluster.judgements.import_rows(db, rows=[given]).unchanged == 1
    later = cluster.proposals.questions(db, encoder=encoder, at_most=50)
    assert {a.key, b.key} not in [{one.key, other.key} for one, other, _ in later]
    cluster.proposals.propose(db, encoder=encoder)
    assert all(not {a.key, b.key} <= keys(found) for found in proposed(db))


def test_answers_about_what_is_not_there_are_refused_all_together(db: Database, graves: Cluster) -> None:
    one, other, *_ = [member.reference for member in graves.members]
    bad = [
        answer(one, "idea:99999"),
        answer(one, one),
        answer(one, other, "perhaps"),
        Row(4, {"a": one, "b": other}),
    ]
    with pytest.raises(ImportRefused) as refused:
        cluster.judgements.import_rows(db, rows=[answer(one, other), *bad])
    assert [field for _, field, _ in refused.value.rows] == ["b", "b", "judgement", "judgement"]
    assert value(db, "select count(*) from judgements") == 0
