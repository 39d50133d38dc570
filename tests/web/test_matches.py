"""What is suggested beside a text, and to whom *ook wij* is offered."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from cluster.web import worker

Page = Callable[..., Any]
ASKED = {"title": "Zwembad boeken", "description": "Online banen reserveren."}


@pytest.fixture
def posted(page: Page) -> None:
    page("genk").submit("/ideas/new", title="Zwembad reserveren", description="Banen online boeken.")


def test_a_me_too_is_offered_to_those_who_can_give_it(page: Page, posted: None) -> None:
    offered = "a[href='/ideas/1/endorse']"
    for who, count in ((None, 1), ("aalter", 1), ("genk", 0), ("coordinator", 0)):
        panel = page(who).submit("/ideas/similar", at="/calls", **ASKED)
        assert panel.select_one("a[href='/ideas/1']")
        assert len(panel.select(offered)) == count, who


def test_beside_ones_own_idea_stands_what_became_of_a_me_too(page: Page, posted: None) -> None:
    page("aalter").submit("/ideas/new", **ASKED)
    offered = "a.button[href='/ideas/1/endorse']"
    assert page("aalter").get("/ideas/2").select_one(offered)
    page("aalter").submit("/ideas/1/endorse", role="learn")
    for state, word in (("asked", "Gevraagd"), ("agreed", "In contact")):
        if state == "agreed":
            page("genk").submit("/introductions/1/agree", at="/introductions/1")
        beside = page("aalter").get("/ideas/2")
        assert not beside.select(offered)
        assert word in beside.select_one(".lane a[href='/introductions/1']").text
        said = beside.find("p", string="Zelf zeiden jullie ‘ook wij’ bij:").find_next("ul")
        assert (said.select_one("a")["href"], said.select("a")[1]["href"]) == ("/ideas/1", "/introductions/1")
    assert "Zelf zeiden jullie" not in page("kortrijk").get("/ideas/2").text
    # Others are offered it as before.
    assert page("kortrijk").get("/ideas/2").select_one(offered)
    page("aalter").submit("/ideas/1/endorsement/withdraw", at="/ideas/1")
    assert page("aalter").get("/ideas/2").select_one(offered)


def test_what_came_later_and_says_the_same_stands_on_the_overview_of_who_was_first(app: Flask, page: Page) -> None:
    services = app.extensions["medestanders"]
    first = {"title": "Grafconcessies", "description": "De concessies van graven opvolgen met een register."}
    later = {"title": "Register", "description": "Een register om de concessies van graven op te volgen."}
    for name, fields in (("genk", first), ("aalter", later)):
        page(name).submit("/ideas/new", **fields)
        worker.work(services, once=True)
    overview = page("genk").get("/").find("section", attrs={"aria-labelledby": "echoes"})
    assert overview.find("a", href="/ideas/2", string="Register")
    assert "Aalter" in overview.get_text()
    assert page("aalter").get("/").find("section", attrs={"aria-labelledby": "echoes"}) is None
    panel = page("genk").submit("/ideas/similar", at="/ideas/new", title="Zonnepanelen", description="", status=200)
    assert "Misschien verwant" not in panel.get_text()
