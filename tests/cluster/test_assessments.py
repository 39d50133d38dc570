"""What people judged is set beside what the service says of it, once, and counted."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

import cluster.assessments
import cluster.ideas
import data.evaluations
import data.judgements
import data.work
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from data.store import transaction, value
from models.clusters import ItemKey, Judgement
from models.errors import NotAllowed
from models.ideas import IdeaForm
from models.matches import Kind, Relation
from models.people import Member

Who = Callable[[str], Member]


def post(db: Database, encoder: Encoder | None, who: Who, title: str, body: str) -> ItemKey:
    form = IdeaForm(title=title, description=body)
    return Kind.IDEA, cluster.ideas.post(db, encoder=encoder, member=who("genk"), form=form)


def judge(
    db: Database, a: ItemKey, b: ItemKey, judgement: Judgement, *, by: Member | None = None, at: str | None = None
) -> None:
    with transaction(db):
        data.judgements.add(db, pairs=[(a, b)], judgement=judgement, member_id=by.id if by else None)
        if at:
            db.execute("update judgements set given_at = ? where id = (select max(id) from judgements)", [at])


def say(db: Database, a: ItemKey, b: ItemKey, relation: Relation | None, probability: float | None) -> None:
    with transaction(db):
        pair = (min(a, b), max(a, b))
        data.evaluations.assess(db, pair=pair, encoder="e", relation=relation, probability=probability)


def test_an_answer_queues_one_look_however_many_there_are(db: Database, who: Who) -> None:
    a, b, c = (post(db, None, who, f"Idee {number}", "Tekst") for number in range(3))
    before = data.work.waiting(db)
    judge(db, a, b, Judgement.SAME)
    judge(db, b, c, Judgement.DIFFERENT)
    assert data.work.waiting(db) == before + 1


def test_the_service_says_of_a_judged_pair_what_readers_see(db: Database, encoder: Encoder, who: Who) -> None:
    a = post(db, encoder, who, "Grafconcessies opvolgen", "De concessies van graven opvolgen met een register.")
    b = post(db, encoder, who, "Graven opvolgen", "Een register om concessies van graven op te volgen.")
    c = post(db, encoder, who, "Zwembad", "Een baan reserveren om te zwemmen.")
    judge(db, a, b, Judgement.SAME)
    judge(db, c, a, Judgement.DIFFERENT)

    assert cluster.assessments.assess_missing(db, encoder=encoder, index=Index()) == 2
    assert cluster.assessments.assess_missing(db, encoder=encoder, index=Index()) == 0
    alike, apart = sorted(data.evaluations.assessed(db), key=lambda one: one.judgement is Judgement.DIFFERENT)
    assert (alike.encoder, alike.relation) == (encoder.name, Relation.SAME_NEED)
    assert (alike.probability or 0) > 0.6 > (apart.probability or 0)
    assert apart.relation is None


def test_what_is_gone_is_not_suggested_and_that_is_kept_too(db: Database, encoder: Encoder, who: Who) -> None:
    a = post(db, encoder, who, "Graven", "Een register van graven.")
    gone = post(db, encoder, who, "Graven in kaart", "Een kaart van graven.")
    cluster.ideas.withdraw(db, member=who("genk"), idea_id=gone[1])
    judge(db, a, gone, Judgement.SAME)
    judge(db, a, (Kind.PROJECT, 99), Judgement.SAME)
    assert cluster.assessments.assess_missing(db, encoder=encoder, index=Index()) == 2
    assert {(one.relation, one.probability) for one in data.evaluations.assessed(db)} == {(None, None)}


def test_the_last_answer_counts_and_a_coordinators_goes_before(db: Database, who: Who) -> None:
    a, b, c = (post(db, None, who, f"Idee {number}", "Tekst") for number in range(3))
    judge(db, a, b, Judgement.SAME, by=who("coordinator"))
    judge(db, b, a, Judgement.DIFFERENT, by=who("genk"))
    judge(db, a, c, Judgement.SAME)
    judge(db, a, c, Judgement.RELATED)
    found = {one.pair: one.judgement for one in data.evaluations.assessed(db)}
    assert found == {(a, b): Judgement.SAME, (a, c): Judgement.RELATED}


def test_words_are_counted_as_people_would(db: Database, who: Who) -> None:
    keys = [post(db, None, who, f"Idee {number}", "Tekst") for number in range(8)]
    first, *others = keys
    for other, judgement, relation, at in zip(
        others,
        (*[Judgement.SAME] * 2, Judgement.RELATED, Judgement.RELATED, Judgement.DIFFERENT, Judgement.UNSURE, "same"),
        (*[Relation.SAME_NEED] * 3, *[Relation.RELATED] * 2, Relation.SAME_NEED, None),
        ("2026-01-31", "2026-02-01", "2026-02-03", *["2026-03-01"] * 4),
        strict=True,
    ):
        judge(db, first, other, Judgement(judgement), at=f"{at}T08:00:00+00:00")
        say(db, first, other, relation, 0.5 if relation else None)

    found = cluster.assessments.live(db, member=who("coordinator"))

    assert found.judged == {
        Judgement.SAME: 3, Judgement.RELATED: 2, Judgement.DIFFERENT: 1, Judgement.UNSURE: 1
    }  # fmt: skip
    assert found.looked_at == 6
    assert {band.relation: (band.right.hits, band.right.count) for band in found.bands} == {
        Relation.SAME_NEED: (2, 3),
        Relation.STRONGLY_RELATED: (0, 0),
        Relation.RELATED: (1, 2),
        None: (1, 1),
    }
    assert found.curve == []
    assert [(one.month, one.judged, one.same_need.hits, one.suggested.count) for one in found.months] == [
        ("2026-03", 3, 0, 2),
        ("2026-02", 2, 1, 2),
        ("2026-01", 1, 1, 1),
    ]


def test_what_was_said_first_stays_and_another_encoder_speaks_anew(db: Database, who: Who) -> None:
    a, b = (post(db, None, who, f"Idee {number}", "Tekst") for number in range(2))
    judge(db, a, b, Judgement.SAME)
    say(db, a, b, Relation.RELATED, 0.2)
    say(db, a, b, Relation.SAME_NEED, 0.9)
    assert [one.probability for one in data.evaluations.assessed(db)] == [0.2]
    assert data.evaluations.not_assessed(db, encoder="e", at_most=9) == []
    assert data.evaluations.not_assessed(db, encoder="other", at_most=9) == [(a, b)]


def test_twenty_pairs_make_a_curve(db: Database, who: Who) -> None:
    keys = [post(db, None, who, f"Idee {number}", "Tekst") for number in range(21)]
    for at, other in enumerate(keys[1:]):
        judge(db, keys[0], other, Judgement.SAME if at % 2 else Judgement.DIFFERENT)
        say(db, keys[0], other, None, at % 2 * 0.8 + 0.1)
    found = cluster.assessments.live(db, member=who("coordinator"))
    assert [(one.mean, one.share.value) for one in found.curve] == [(pytest.approx(0.1), 0)] * 5 + [
        (pytest.approx(0.9), 1)
    ] * 5
    assert (found.error, found.brier, found.base_rate) == pytest.approx((0.1, 0.01, 0.25))


def test_it_is_for_coordinators_alone(db: Database, who: Who) -> None:
    for member in (None, who("genk")):
        with pytest.raises(NotAllowed):
            cluster.assessments.live(db, member=member)
    assert value(db, "select count(*) from assessments") == 0
