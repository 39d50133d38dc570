"""The page that tells coordinators whether suggestions come true, and the worker that looks."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.ideas
import data.evaluations
import data.judgements
from cluster.engine.encoder import Encoder, LazyEncoder
from cluster.web import worker
from data.store import transaction, value
from models.clusters import Judgement
from models.ideas import IdeaForm
from models.matches import Kind, Relation
from models.people import Member

Page = Callable[..., Any]


@pytest.fixture
def judged(app_db: Database, who: Callable[[str], Member], encoder: Encoder) -> int:
    """Twenty-four judged pairs; how many."""
    ids = [
        cluster.ideas.post(
            app_db,
            encoder=None,
            member=who("genk"),
            form=IdeaForm(title=f"Graven {number}", description="Een register van graven."),
        )
        for number in range(25)
    ]
    with transaction(app_db):
        for at, other in enumerate(ids[1:]):
            pair = ((Kind.IDEA, ids[0]), (Kind.IDEA, other))
            judgement = Judgement.SAME if at % 3 else Judgement.DIFFERENT
            data.judgements.add(app_db, pairs=[pair], judgement=judgement, member_id=None)
    return 24


def test_without_answers_it_says_where_to_give_them(page: Page) -> None:
    shown = page("coordinator").get("/matches/quality")
    assert "Er zijn nog geen oordelen." in shown.text
    assert shown.select_one("main a[href='/clusters']")
    assert "/matches/quality" in str(page("coordinator").get("/clusters"))


def test_until_somebody_looked_there_is_no_share(page: Page, judged: int) -> None:
    shown = page("coordinator").get("/matches/quality")
    assert "0 paren zijn vergeleken" in shown.text
    assert "vanaf twintig verschijnt hier een grafiek" in shown.text
    assert not shown.select("main svg")


def test_the_worker_looks_and_the_page_draws_what_the_table_says(
    app: Flask, page: Page, app_db: Database, judged: int
) -> None:
    services = app.extensions["medestanders"]
    worker.work(services, once=True)
    assert value(app_db, "select count(*) from assessments") == judged

    shown = page("coordinator").get("/matches/quality")

    assert "24 paren zijn vergeleken" in shown.text
    points, lines = (
        shown.select("svg.curve circle"),
        shown.select("[role=region][aria-labelledby=curve-title] tbody tr"),
    )
    assert len(points) == len(lines) == 10
    assert all(12 <= float(point["cy"]) <= 312 and 56 <= float(point["cx"]) <= 356 for point in points)
    [band] = [one for one in shown.select("[role=region][aria-labelledby=bands-title] tbody tr") if "16" in one.text]
    assert [cell.text for cell in band.select("td")][:3] == ["24", "16", "67%"]
    assert len(shown.select("[role=region][aria-labelledby=months-title] tbody tr")) == 1


def test_a_figure_is_written_as_readers_write_it(page: Page, app_db: Database, judged: int) -> None:
    with transaction(app_db):
        for pair in data.evaluations.not_assessed(app_db, encoder="e", at_most=99):
            data.evaluations.assess(app_db, pair=pair, encoder="e", relation=Relation.SAME_NEED, probability=0.5)
    shown = page("coordinator").get("/matches/quality")
    assert "0,250" in shown.text  # the Brier score of who always says a half
    assert "47% tot 82%" in shown.text


def test_without_an_encoder_the_look_waits(app: Flask, page: Page, app_db: Database, judged: int) -> None:
    services = app.extensions["medestanders"]
    services.encoder = LazyEncoder(missing)
    worker.work(services, once=True)
    assert value(app_db, "select attempts from jobs where kind = 'assess' and done_at is null") == 1
    assert "De encoder is niet geladen." in page("coordinator").get("/matches/quality").text


def missing() -> Encoder:
    raise OSError("weg")
