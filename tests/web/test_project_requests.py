"""The queue of questions for contact, as coordinators and askers see it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

import cluster.project_requests
import cluster.projects
import data.store
from cluster.imports import Row
from models.people import Member


@pytest.fixture
def asked(app_db: Database, who: Callable[[str], Member]) -> str:
    """The address of what Kortrijk asked about a project of Genk."""
    row = {"id": "P", "title": "Slim loket", "description": "Tekst", "municipality": "Genk"}
    cluster.projects.import_rows(app_db, rows=[Row(1, row)])
    cluster.project_requests.ask(app_db, member=who("kortrijk"), project_id=1, message="Werkt het?")
    return "/projects/requests/1"


def test_a_coordinator_answers_and_the_asker_reads_it_at_each_step(
    page: Callable[..., Any], app_db: Database, asked: str
) -> None:
    coordinator, kortrijk = page("coordinator"), page("kortrijk")
    assert kortrijk.get("/projects/1").select_one("#meedoen ~ .notice .tag").get_text() == "Gevraagd"
    (link,) = coordinator.get("/projects/requests").select("main li.card a")
    assert link["href"] == asked
    assert "kortrijk@test.example" in coordinator.get(asked).main.get_text()
    assert "kortrijk@test.example" not in kortrijk.get(asked).main.get_text()

    coordinator.submit(f"{asked}/take-up", at=asked, revision="1")
    assert kortrijk.get(asked).select_one(".tag.looking")
    refused = coordinator.submit(f"{asked}/answer", at=asked, status=422, revision="2", found="no", answer="")
    assert refused.select_one("#answer-error")
    assert refused.select_one("[name=found][value=no]").has_attr("checked")
    coordinator.submit(f"{asked}/answer", at=asked, revision="2", found="yes", answer="Bel <b>An</b>.")

    assert "Bel <b>An</b>." in kortrijk.get(asked).main.get_text()
    assert kortrijk.get("/projects/requests").select_one(".tag.answered")
    letter = data.store.row(app_db, "select * from letters where recipient = 'kortrijk@test.example'")
    assert letter is not None
    assert letter["subject"] == "Antwoord op jullie vraag over “Slim loket”"
    late = coordinator.submit(f"{asked}/answer", at=asked, status=409, revision="2", found="no", answer="Niemand")
    assert late.select_one("#answer").get_text().strip() == "Niemand"
    assert "Bel <b>An</b>." in late.main.get_text()
    assert coordinator.get("/projects/requests?state=answered").select("main li.card")
    assert not coordinator.get("/projects/requests").select("main li.card")


def test_who_asked_nothing_is_told_where_to_ask(page: Callable[..., Any]) -> None:
    assert page("aalter").get("/projects/requests").select_one(".empty a")["href"] == "/projects"
