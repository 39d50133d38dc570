"""The style page: made of what stands here, and its colours can be read."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

import cluster.ideas
from cluster.web import style
from models.ideas import IdeaForm
from models.people import Member

Page = Callable[..., Any]


def test_there_is_no_style_page_in_production(app: Flask, page: Page) -> None:
    page("genk").get("/stijl")
    app.extensions["medestanders"].settings.demo = False
    page("genk").get("/stijl", status=404)
    page("coordinator").client.get("/stijl").close()
    assert app.test_client().get("/stijl").status_code == 404


def test_it_shows_what_stands_here(page: Page, app_db: Database, who: Callable[[str], Member]) -> None:
    assert page().get("/stijl").find("a", string="Grafconcessies opvolgen") is None
    form = IdeaForm(title="Grafconcessies opvolgen", description="De graven van de begraafplaats.")
    cluster.ideas.post(app_db, encoder=None, member=who("genk"), form=form)
    assert page().get("/stijl").find("a", string="Grafconcessies opvolgen")


def test_after_its_form_errors_stand_at_their_fields_and_on_top(page: Page) -> None:
    shown = page().get("/stijl?fout=1")
    assert shown.title.text.startswith("Fout:")
    assert {link["href"] for link in shown.select("#errors a")} == {"#title", "#intent", "#files"}
    assert len(shown.select(".error")) == 3
    assert page().get("/stijl").select_one("#errors") is None


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_every_text_and_every_edge_can_be_seen(palette: str) -> None:
    colours = style.palettes()[palette]
    for pairs, least in ((style.TEXTS, 4.5), (style.EDGES, 3.0)):
        faint = [pair for pair in pairs if style.contrast(*(colours[name] for name in pair)) < least]
        assert not faint, faint


def test_contrast_is_what_wcag_says() -> None:
    assert style.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_what_it_tells_of_the_stylesheet_stands_there() -> None:
    assert style.declared(".lead")["font-size"] == "1.2rem"
    assert style.declared(":root")["--gap"] == "1rem"
    assert style.declared(".nowhere") == {}
