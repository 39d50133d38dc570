"""Fits: learnt from labelled ideas and people's answers, kept, and in use only once somebody says so."""

from collections.abc import Callable
from itertools import combinations

import pytest
from sqlite_utils import Database

import data.fits
import data.judgements
from cluster import fits, ideas, matches
from cluster.engine.encoder import Encoder
from cluster.engine.index import Index
from cluster.engine.quality import Labelled
from cluster.engine.relations import fitted
from data.store import transaction
from models.clusters import Judgement
from models.errors import Invalid, NotFound
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member

TOPICS = {
    "pool": ["Zwembad reserveren", "Een baan in het zwembad boeken", "Zwembaden krijgen een boekingspagina"],
    "snow": ["Strooiroutes plannen", "Waar strooien we bij gladheid?", "Sneeuwruimen met sensoren"],
    "books": ["Bibliotheek altijd open", "Boeken lenen buiten de uren", "De bib zonder balie"],
}


@pytest.fixture
def labelled() -> Labelled:
    texts = [f"{title}. Idee van een gemeente." for titles in TOPICS.values() for title in titles]
    topics = [topic for topic, titles in TOPICS.items() for _ in titles]
    return Labelled(texts=texts, topics=topics, languages=["nl"] * len(texts), queries=list(range(len(texts))))


@pytest.fixture
def answered(db: Database, who: Callable[[str], Member], encoder: Encoder) -> Database:
    posted = [
        (topic, ideas.post(db, encoder=encoder, member=who("genk"), form=IdeaForm(title=title, description="Idee.")))
        for topic, titles in TOPICS.items()
        for title in titles
    ]
    with transaction(db):
        for (one, a), (other, b) in combinations(posted, 2):
            said = Judgement.SAME if one == other else Judgement.DIFFERENT
            pair = ((Kind.IDEA, a), (Kind.IDEA, b))
            data.judgements.add(db, pairs=[pair], judgement=said, member_id=who("coordinator").id)
    return db


def test_what_people_answered_is_learnt_from(answered: Database, encoder: Encoder, labelled: Labelled) -> None:
    _, alone = fits.fit(answered, encoder=encoder, ideas=None)
    assert (alone.pairs, alone.judged) == (36, 36)
    _, both = fits.fit(answered, encoder=encoder, ideas=labelled)
    assert (both.pairs, both.judged) == (72, 36)
    assert both.relations.same[0] > 0


def test_a_fit_is_in_use_only_once_somebody_says_so(
    answered: Database, encoder: Encoder, labelled: Labelled, who: Callable[[str], Member]
) -> None:
    shipped = fitted(encoder.name)
    fit_id, found = fits.fit(answered, encoder=encoder, ideas=labelled)
    assert fits.in_use(answered, encoder=encoder.name) == shipped
    fits.use(answered, fit_id=fit_id, member_id=who("coordinator").id)
    assert fits.in_use(answered, encoder=encoder.name) == found.relations
    assert fits.in_use(answered, encoder="another") is None
    (kept,) = data.fits.listed(answered, at_most=5)
    assert kept["figures"]["judged"] == 36
    assert kept["used_at"] is not None

    first, *_ = matches.similar(answered, encoder=encoder, index=Index(), title="Zwembad boeken", description="")
    with transaction(answered):
        answered.execute("update relation_fits set relations = json_set(relations, '$.same[2]', -99.0)")
    later, *_ = matches.similar(answered, encoder=encoder, index=Index(), title="Zwembad boeken", description="")
    assert first.probability is not None
    assert later.probability == 0


def test_nothing_to_learn_from_is_said(db: Database, encoder: Encoder) -> None:
    with pytest.raises(Invalid, match="te weinig voorbeelden"):
        fits.fit(db, encoder=encoder, ideas=None)
    with pytest.raises(NotFound):
        fits.use(db, fit_id=1)
