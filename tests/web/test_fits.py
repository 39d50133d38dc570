"""What is learnt from answers: asked for by a button, told before it is used, and in use once somebody says so."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.fits
import cluster.ideas
import data.judgements
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import worker
from data.store import transaction, value
from models.clusters import Judgement
from models.ideas import IdeaForm
from models.matches import Kind
from models.people import Member

Page = Callable[..., Any]

TOPICS = (
    ("Zwembad reserveren", "Een baan in het zwembad boeken", "Zwembaden krijgen een boekingspagina"),
    ("Strooiroutes plannen", "Waar strooien we bij gladheid?", "Sneeuwruimen met sensoren"),
    ("Bibliotheek altijd open", "Boeken lenen buiten de uren", "De bib zonder balie"),
)


@pytest.fixture
def answered(app_db: Database, who: Callable[[str], Member], encoder: Encoder) -> Database:
    """Nine ideas on three topics, and an answer of a coordinator about each two."""
    posted = [
        (topic, cluster.ideas.post(app_db, encoder=encoder, member=who("genk"), form=IdeaForm(title, "Idee.")))
        for topic, titles in enumerate(TOPICS)
        for title in titles
    ]
    with transaction(app_db):
        for (one, a), (other, b) in combinations(posted, 2):
            said = Judgement.SAME if one == other else Judgement.DIFFERENT
            pair = ((Kind.IDEA, a), (Kind.IDEA, b))
            data.judgements.add(app_db, pairs=[pair], judgement=said, member_id=who("coordinator").id)
    return app_db


def test_a_fit_is_made_by_the_worker_and_changes_nothing_until_it_is_used(
    app: Flask, page: Page, answered: Database, encoder: Encoder
) -> None:
    visitor, before = page("coordinator"), cluster.fits.in_use(answered, encoder=encoder.name)
    assert "Nog niets" in visitor.get("/matches/fits").text
    for _ in range(2):
        found = visitor.submit("/matches/fits")
    assert "Medestanders is aan het leren" in found.text
    assert value(answered, "select count(*) from jobs where kind = 'fit'") == 1
    worker.work(app.extensions["medestanders"], once=True)
    found = visitor.get("/matches/fits")
    changed, right = (one.text for one in found.select("#effect ~ .figures b"))
    assert int(changed) > 0
    promised = right.partition(" → ")[2]
    assert "van de 36" in found.text
    assert cluster.fits.in_use(answered, encoder=encoder.name) == before
    found = visitor.submit(found.select_one("#effect ~ form")["action"], at="/matches/fits")
    assert found.select_one("tbody .tag").text == "in gebruik"
    assert not found.select("#effect")
    assert cluster.fits.in_use(answered, encoder=encoder.name) != before
    used_by = value(answered, "select m.email from relation_fits f join members m on m.id = f.used_by")
    assert used_by == "coordinator@test.example"
    # Learnt again from the same answers, it would change nothing any more.
    visitor.submit("/matches/fits")
    worker.work(app.extensions["medestanders"], once=True)
    again = [one.text for one in visitor.get("/matches/fits").select("#effect ~ .figures b")]
    assert again == ["0", f"{promised} → {promised}"]


def test_too_few_answers_are_told_and_the_button_is_offered_again(app: Flask, page: Page, app_db: Database) -> None:
    visitor = page("coordinator")
    visitor.submit("/matches/fits")
    worker.work(app.extensions["medestanders"], once=True)
    found = visitor.get("/matches/fits")
    assert "Er zijn te weinig voorbeelden" in found.text
    assert found.find("button", string="Leer opnieuw")
    assert value(app_db, "select count(*) from relation_fits") == 0


def test_without_an_encoder_the_page_stands(app: Flask, page: Page) -> None:
    app.extensions["medestanders"].encoder = LazyEncoder(_missing)
    page("coordinator").get("/matches/fits")


def _missing() -> Encoder:
    raise OSError("weg")
